using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>What came of one run: all that its <c>result.json</c> holds.</summary>
public sealed record RunResult
{
    /// <summary>The format of this record.</summary>
    public const string CurrentSchema = "cutedl/result/1";

    /// <summary>The format: <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The run's name: a documented one, or the optimizer's text form.</summary>
    public required string Run { get; init; }

    /// <summary>The optimizer's text form.</summary>
    public required string Optimizer { get; init; }

    /// <summary>The seed of shuffles, dropouts and, where they are random, initial weights.</summary>
    public required int Seed { get; init; }

    /// <summary>The numbers computed with.</summary>
    public required Precision Precision { get; init; }

    /// <summary>The model: <c>784-10(relu) softmax-cross-entropy</c>.</summary>
    public required string Model { get; init; }

    /// <summary>How it was trained.</summary>
    public required RunSettings Settings { get; init; }

    /// <summary>The steps (batches) taken.</summary>
    public required long Steps { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason Stop { get; init; }

    /// <summary>One entry a validation.</summary>
    public required RunHistory History { get; init; }

    /// <summary>
    /// The outputs that are 0 for every image, training and validation, because their relu has died: classes that get no gradient.
    /// </summary>
    public required IReadOnlyList<int> DeadLogits { get; init; }

    /// <summary>The most accuracy that the dead logits leave: 1 less the share of validation images of their classes.</summary>
    public required double AccuracyCeiling { get; init; }

    /// <summary>How long it took, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>On what it was computed.</summary>
    public required RunEnvironment Environment { get; init; }

    /// <summary>What the dead logits do, in words; empty if none is dead.</summary>
    [JsonIgnore]
    public string DeadLogitsText =>
        DeadLogits.Count switch
        {
            0 => "",
            1 => FormattableString.Invariant($"class {DeadLogits[0]} is dead: at most {AccuracyCeiling:P0} can be right"),
            _ => FormattableString.Invariant(
                $"classes {string.Join(", ", DeadLogits)} are dead: at most {AccuracyCeiling:P0} can be right"),
        };

    /// <summary>The record as JSON, names in snake_case; NaN and infinities as strings.</summary>
    public string ToJson() => Json.Write(this);

    /// <summary>The record that <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="System.Text.Json.JsonException">The text is not such a record.</exception>
    public static RunResult FromJson(string json) => Json.Read(json);
}

/// <summary>The validations of a run, oldest first: arrays of equal length.</summary>
public sealed record RunHistory
{
    /// <summary>The training steps taken before each validation.</summary>
    public required IReadOnlyList<long> Steps { get; init; }

    /// <summary>The training loss of the last batch before it.</summary>
    public required IReadOnlyList<double> Loss { get; init; }

    /// <summary>The mean of the validation batches' mean losses.</summary>
    public required IReadOnlyList<double> ValLoss { get; init; }

    /// <summary>The share of validation images answered rightly.</summary>
    public required IReadOnlyList<double> ValAccuracy { get; init; }

    /// <summary>How many validations there were.</summary>
    [JsonIgnore]
    public int Count => Steps.Count;
}

/// <summary>How a run was trained.</summary>
public sealed record RunSettings
{
    /// <summary>The data set: <c>mnist</c>, or a folder.</summary>
    public required string Data { get; init; }

    /// <summary>Images a step.</summary>
    public required int Batch { get; init; }

    /// <summary>In which order an epoch goes through the images.</summary>
    public required Order Order { get; init; }

    /// <summary>Where the parameters began: <c>reference</c>, <c>normal(0.01)</c>, <c>glorot</c>, <c>he</c>, or a file.</summary>
    public required string InitialWeights { get; init; }

    /// <summary>The most epochs.</summary>
    public required int MaxEpochs { get; init; }

    /// <summary>The most steps, if limited.</summary>
    public required long? MaxSteps { get; init; }

    /// <summary>Steps between validations; an epoch, if not said.</summary>
    public required int? ValidateEvery { get; init; }

    /// <summary>Validations without a gain that end a run.</summary>
    public required int Patience { get; init; }

    /// <summary>The least gain over as many validations.</summary>
    public required double MinGain { get; init; }

    /// <summary>The validation accuracy to stay above.</summary>
    public required double Target { get; init; }

    /// <summary>For how many validations.</summary>
    public required int Hold { get; init; }
}
