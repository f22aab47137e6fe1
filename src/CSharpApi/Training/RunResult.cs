using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>What came of one run: all that its <c>result.json</c> holds.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record RunResult
{
    /// <summary>The format of this record.</summary>
    public const string CurrentSchema = "cutedl/result/1";

    /// <summary>The format: <see cref="CurrentSchema"/>.</summary>
    [JsonPropertyName("schema")]
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The run's name: a documented one, or the optimizer's text form.</summary>
    [JsonPropertyName("run")]
    public required string Run { get; init; }

    /// <summary>The optimizer's text form.</summary>
    [JsonPropertyName("optimizer")]
    public required string Optimizer { get; init; }

    /// <summary>The seed of shuffles, dropouts and, where they are random, initial weights.</summary>
    [JsonPropertyName("seed")]
    public required int Seed { get; init; }

    /// <summary>The numbers computed with.</summary>
    [JsonPropertyName("precision")]
    public required Precision Precision { get; init; }

    /// <summary>The model: <c>784-10(relu) softmax-cross-entropy</c>.</summary>
    [JsonPropertyName("model")]
    public required string Model { get; init; }

    /// <summary>How it was trained.</summary>
    [JsonPropertyName("settings")]
    public required RunSettings Settings { get; init; }

    /// <summary>The steps (batches) taken.</summary>
    [JsonPropertyName("steps")]
    public required long Steps { get; init; }

    /// <summary>Why it ended.</summary>
    [JsonPropertyName("stop")]
    public required StopReason Stop { get; init; }

    /// <summary>One entry for each validation; empty if the run ended before its first one.</summary>
    [JsonPropertyName("history")]
    public required RunHistory History { get; init; }

    /// <summary>
    /// The outputs that are 0 for every image, training and validation, because their relu has died: classes that get no gradient.
    /// </summary>
    [JsonPropertyName("dead_logits")]
    public required IReadOnlyList<int> DeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>The outputs that are above 0 for some image, but for less than one in a thousand of the training images.</summary>
    [JsonPropertyName("almost_dead_logits")]
    public required IReadOnlyList<int> AlmostDeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>
    /// The largest validation accuracy that dead and almost dead logits leave: an image of class c can be right only where logit c
    /// is above 0 (class 0 excepted, which is answered where all are 0).
    /// </summary>
    [JsonPropertyName("accuracy_ceiling")]
    public required double AccuracyCeiling { get; init; }

    /// <summary>How long it took, in seconds.</summary>
    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }

    /// <summary>On what it was computed.</summary>
    [JsonPropertyName("environment")]
    public required RunEnvironment Environment { get; init; }

    /// <summary>What the dead logits do, in words; empty if none is dead. Up to ten classes are named, more are counted.</summary>
    [JsonIgnore]
    public string DeadLogitsText
    {
        get
        {
            string[] parts = [.. Classes(DeadLogits, "dead"), .. Classes(AlmostDeadLogits, "almost dead")];
            var effect = AccuracyCeiling < 1
                ? FormattableString.Invariant($"at most {AccuracyCeiling:P0} can be right")
                : "it is answered only where all logits are 0";
            return parts.Length == 0 ? "" : $"{string.Join(", ", parts)}: {effect}";
        }
    }

    /// <summary>Writes the record as JSON, with names in snake_case. NaN and infinities are strings.</summary>
    public string ToJson() => Json.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote. The result equals the record that was written.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="System.Text.Json.JsonException">
    /// The text is not such a record: a member is missing, null or of another type, or a number is out of its range.
    /// </exception>
    public static RunResult FromJson(string json) => Json.ReadRun(json);

    /// <summary>One line: <c>adam, seed 0: target held after 4690 steps, validation accuracy 0.9123</c>.</summary>
    public override string ToString()
    {
        var accuracy = History.Count > 0 ? FormattableString.Invariant($", validation accuracy {History.ValAccuracy[^1]:0.0000}") : "";
        return FormattableString.Invariant($"{Run}, seed {Seed}: {Stop.InWords()} after {Steps} steps{accuracy}");
    }

    // The text names at most this many classes. The lists have all of them.
    private const int MostNamed = 10;

    private static IEnumerable<string> Classes(IReadOnlyList<int> logits, string state) =>
        logits.Count switch
        {
            0 => [],
            1 => [$"class {logits[0]} is {state}"],
            > MostNamed => [$"{logits.Count} classes are {state}"],
            _ => [$"classes {string.Join(", ", logits)} are {state}"],
        };
}

/// <summary>The validations of a run, oldest first: arrays of equal length.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record RunHistory
{
    /// <summary>The training steps taken before each validation.</summary>
    [JsonPropertyName("steps")]
    public required IReadOnlyList<long> Steps { get; init => field = ValueList.Of(value); }

    /// <summary>The training loss of the last batch before it.</summary>
    [JsonPropertyName("loss")]
    public required IReadOnlyList<double> Loss { get; init => field = ValueList.Of(value); }

    /// <summary>The mean validation loss, as <see cref="RunSettings.ValidationMean"/> averages it.</summary>
    [JsonPropertyName("val_loss")]
    public required IReadOnlyList<double> ValLoss { get; init => field = ValueList.Of(value); }

    /// <summary>The share of validation images answered rightly.</summary>
    [JsonPropertyName("val_accuracy")]
    public required IReadOnlyList<double> ValAccuracy { get; init => field = ValueList.Of(value); }

    /// <summary>How many validations there were.</summary>
    [JsonIgnore]
    public int Count => Steps.Count;

    /// <summary>One line: <c>12 validations, steps 100 to 1200</c>.</summary>
    public override string ToString() =>
        Count == 0
            ? "no validations"
            : FormattableString.Invariant($"{Count} validation{(Count == 1 ? "" : "s")}, steps {Steps[0]} to {Steps[^1]}");
}

/// <summary>How a run was trained.</summary>
public sealed record RunSettings
{
    /// <summary>The data set: <c>mnist</c>, or the absolute path of a folder.</summary>
    [JsonPropertyName("data")]
    public required string Data { get; init; }

    /// <summary>The SHA-256 of all images and labels, which a replay compares.</summary>
    [JsonPropertyName("data_checksum")]
    public required string DataChecksum { get; init; }

    /// <summary>How the validation loss averages the images' losses.</summary>
    [JsonPropertyName("validation_mean")]
    public required ValidationMean ValidationMean { get; init; }

    /// <summary>Images a step.</summary>
    [JsonPropertyName("batch")]
    public required int Batch { get; init; }

    /// <summary>In which order an epoch goes through the images.</summary>
    [JsonPropertyName("order")]
    public required Order Order { get; init; }

    /// <summary>Where the parameters began: <c>reference</c>, <c>normal(0.01)</c>, <c>glorot</c>, <c>he</c>, or the absolute path of a file.</summary>
    [JsonPropertyName("initial_weights")]
    public required string InitialWeights { get; init; }

    /// <summary>The most epochs.</summary>
    [JsonPropertyName("max_epochs")]
    public required int MaxEpochs { get; init; }

    /// <summary>The most steps, if limited.</summary>
    [JsonPropertyName("max_steps")]
    public required long? MaxSteps { get; init; }

    /// <summary>Steps between validations; an epoch, if not said.</summary>
    [JsonPropertyName("validate_every")]
    public required int? ValidateEvery { get; init; }

    /// <summary>Validations without a gain that end a run.</summary>
    [JsonPropertyName("patience")]
    public required int Patience { get; init; }

    /// <summary>The least gain over as many validations.</summary>
    [JsonPropertyName("min_gain")]
    public required double MinGain { get; init; }

    /// <summary>The validation accuracy to stay above.</summary>
    [JsonPropertyName("target")]
    public required double Target { get; init; }

    /// <summary>For how many validations.</summary>
    [JsonPropertyName("hold")]
    public required int Hold { get; init; }
}
