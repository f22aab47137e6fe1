using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>A function that a layer applies to each of its sums z.</summary>
public enum Activation
{
    /// <summary>a = z</summary>
    Linear,

    /// <summary>a = max(z, 0); its derivative at 0 is 0.</summary>
    ReLU,

    /// <summary>a = z if z &gt; 0, else 0.01 z; its derivative at 0 is 0.01.</summary>
    [JsonStringEnumMemberName("leaky-relu")]
    LeakyReLU,

    /// <summary>a = 1 / (1 + e⁻ᶻ)</summary>
    Sigmoid,

    /// <summary>a = tanh z</summary>
    Tanh,

    /// <summary>a = z Φ(z) with the normal distribution function Φ, in its exact form.</summary>
    GELU,

    /// <summary>a = z / (1 + e⁻ᶻ), also called swish.</summary>
    SiLU,

    /// <summary>a = ln(1 + eᶻ)</summary>
    Softplus,
}

/// <summary>In which order an epoch goes through the examples.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Order>))]
public enum Order
{
    /// <summary>As they lie in the files, every epoch: the document's.</summary>
    [JsonStringEnumMemberName("file")]
    File,

    /// <summary>A new permutation each epoch, from seed and epoch alone.</summary>
    [JsonStringEnumMemberName("shuffle")]
    Shuffle,
}

/// <summary>How a validation loss averages the images' losses.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ValidationMean>))]
public enum ValidationMean
{
    /// <summary>The mean over the images, whatever the batch size.</summary>
    [JsonStringEnumMemberName("examples")]
    Examples,

    /// <summary>
    /// The mean of the batches' mean losses, in batches of training's size: the document's. A smaller last batch counts as much as the others.
    /// </summary>
    [JsonStringEnumMemberName("batches")]
    Batches,
}

/// <summary>The numbers that training computes with.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Precision>))]
public enum Precision
{
    /// <summary><see cref="float"/>, 32 bits.</summary>
    [JsonStringEnumMemberName("single")]
    Single,

    /// <summary><see cref="double"/>, 64 bits.</summary>
    [JsonStringEnumMemberName("double")]
    Double,
}
