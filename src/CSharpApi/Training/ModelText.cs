using CuteDl.Core.Networks;

namespace CuteDl;

/// <summary>Describes models for readers.</summary>
internal static class ModelText
{
    /// <summary>Returns <c>784-10(relu) softmax-cross-entropy</c>, without the number of inputs if it is unknown.</summary>
    public static string Of(int? inputs, IEnumerable<Layer> layers, Loss loss)
    {
        var parts = layers.Select(layer => layer.ToString());
        return $"{string.Join('-', inputs is { } known ? parts.Prepend($"{known}") : parts)} {loss}";
    }
}
