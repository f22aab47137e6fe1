using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>The summary of one run: a row of <c>summary.json</c>.</summary>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record SummaryRow
{
    /// <summary>The name of the run.</summary>
    [JsonPropertyName("run")]
    public required string Run { get; init; }

    /// <summary>The text form of the optimizer.</summary>
    [JsonPropertyName("optimizer")]
    public required string Optimizer { get; init; }

    /// <summary>The seed.</summary>
    [JsonPropertyName("seed")]
    public required int Seed { get; init; }

    /// <summary>The number of steps taken.</summary>
    [JsonPropertyName("steps")]
    public required long Steps { get; init; }

    /// <summary>The largest validation accuracy; null without a validation, or if the targets are numbers.</summary>
    [JsonPropertyName("accuracy_max")]
    public required double? AccuracyMax { get; init; }

    /// <summary>The last validation accuracy; null without a validation, or if the targets are numbers.</summary>
    [JsonPropertyName("accuracy_final")]
    public required double? AccuracyFinal { get; init; }

    /// <summary>The smallest finite validation loss; null if there is none.</summary>
    [JsonPropertyName("val_loss_min")]
    public required double? ValLossMin { get; init; }

    /// <summary>The last validation loss; null without a validation.</summary>
    [JsonPropertyName("val_loss_final")]
    public required double? ValLossFinal { get; init; }

    /// <summary>The reason why the run ended.</summary>
    [JsonPropertyName("stop")]
    public required StopReason Stop { get; init; }

    /// <summary>The message of the exception that ended the run; empty if there was none.</summary>
    [JsonPropertyName("failure")]
    public required string Failure { get; init; }

    /// <summary>The indices of dead outputs: relu outputs that are 0 for every image.</summary>
    [JsonPropertyName("dead_logits")]
    public required IReadOnlyList<int> DeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>The indices of the outputs that are above 0 for less than one in a thousand training images.</summary>
    [JsonPropertyName("almost_dead_logits")]
    public required IReadOnlyList<int> AlmostDeadLogits { get; init => field = ValueList.Of(value); }

    /// <summary>The effect of the dead logits, in words; empty if none is dead.</summary>
    [JsonPropertyName("dead_logits_text")]
    public required string DeadLogitsText { get; init; }

    /// <summary>The training time in seconds, without validations. Not repeatable.</summary>
    [JsonPropertyName("seconds")]
    public required double Seconds { get; init; }

    /// <summary>The figures that the source document reports; empty if it reports none.</summary>
    [JsonPropertyName("documented")]
    public required string Documented { get; init; }

    /// <summary>Returns the row of a result.</summary>
    /// <param name="result">The result.</param>
    public static SummaryRow Of(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var losses = result.History.ValLoss;
        var accuracies = result.History.ValAccuracy;
        var finite = losses.Where(double.IsFinite).ToArray();
        return new SummaryRow
        {
            Run = result.Run,
            Optimizer = result.Optimizer,
            Seed = result.Seed,
            Steps = result.Steps,
            AccuracyMax = accuracies.Count > 0 && result.HasAccuracy ? accuracies.Max() : null,
            AccuracyFinal = accuracies.Count > 0 && result.HasAccuracy ? accuracies[^1] : null,
            ValLossMin = finite.Length > 0 ? finite.Min() : null,
            ValLossFinal = losses.Count > 0 ? losses[^1] : null,
            Stop = result.Stop,
            Failure = result.Failure,
            DeadLogits = result.DeadLogits,
            AlmostDeadLogits = result.AlmostDeadLogits,
            DeadLogitsText = result.DeadLogitsText,
            Seconds = result.Seconds,
            Documented = Figures(result),
        };
    }

    // The document's results apply only to its own optimizer and model.
    private static string Figures(RunResult result)
    {
        var documented = Core.Training.DocumentedRuns.all.FirstOrDefault(run => run.Name == result.Run);
        var isDocumented = documented is not null
            && documented.Optimizer.ToString() == result.Optimizer
            && result.ModelText.StartsWith("784-10(relu) ", StringComparison.Ordinal)
            && result.Settings is { Data: "mnist", Batch: 64, Order: Order.File };
        return isDocumented ? documented!.Figures : "";
    }
}
