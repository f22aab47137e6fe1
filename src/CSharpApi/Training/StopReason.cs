using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>The reason why a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StopReason>))]
public enum StopReason
{
    /// <summary>The validation loss did not improve for too many validations.</summary>
    [JsonStringEnumMemberName("no-improvement")]
    NoImprovement,

    /// <summary>The validation loss fell too slowly.</summary>
    [JsonStringEnumMemberName("too-slow")]
    TooSlow,

    /// <summary>The validation accuracy stayed above its target.</summary>
    [JsonStringEnumMemberName("target-held")]
    TargetHeld,

    /// <summary>All steps were taken that the limits of epochs and steps allow.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>A loss was NaN or infinite, or the optimizer could not take a step because gradients or its state were.</summary>
    [JsonStringEnumMemberName("diverged")]
    Diverged,

    /// <summary>The caller cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>An exception ended it: see <see cref="RunResult.Failure"/>.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>Stop reasons for readers.</summary>
public static class StopReasonText
{
    /// <summary>Returns the reason in words: "target held".</summary>
    /// <param name="reason">The reason.</param>
    public static string InWords(this StopReason reason) =>
        reason switch
        {
            StopReason.NoImprovement => "no improvement",
            StopReason.TooSlow => "too slow",
            StopReason.TargetHeld => "target held",
            StopReason.Completed => "step limit reached",
            StopReason.Diverged => "diverged",
            StopReason.Cancelled => "cancelled",
            StopReason.Failed => "failed",
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason must be a member of StopReason."),
        };
}
