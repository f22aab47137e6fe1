using System.Text.Json.Serialization;

namespace CuteDl;

/// <summary>Why a run ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StopReason>))]
public enum StopReason
{
    /// <summary>No smaller validation loss for too many validations.</summary>
    [JsonStringEnumMemberName("no-improvement")]
    NoImprovement,

    /// <summary>The validation loss still fell, but gained too little.</summary>
    [JsonStringEnumMemberName("too-slow")]
    TooSlow,

    /// <summary>The validation accuracy stayed above its target.</summary>
    [JsonStringEnumMemberName("target-held")]
    TargetHeld,

    /// <summary>It reached the limit of epochs.</summary>
    [JsonStringEnumMemberName("max-epochs")]
    MaxEpochs,

    /// <summary>It reached the limit of steps.</summary>
    [JsonStringEnumMemberName("max-steps")]
    MaxSteps,

    /// <summary>A loss was NaN or infinite, or the optimizer could not take a step because gradients or its state were.</summary>
    [JsonStringEnumMemberName("diverged")]
    Diverged,

    /// <summary>It was asked to end.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>Stop reasons for readers.</summary>
public static class StopReasonText
{
    /// <summary>The reason in words: "target held".</summary>
    /// <param name="reason">The reason.</param>
    public static string InWords(this StopReason reason) =>
        reason switch
        {
            StopReason.NoImprovement => "no improvement",
            StopReason.TooSlow => "too slow",
            StopReason.TargetHeld => "target held",
            StopReason.MaxEpochs => "epoch limit reached",
            StopReason.MaxSteps => "step limit reached",
            StopReason.Diverged => "diverged",
            StopReason.Cancelled => "cancelled",
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason must be a member of StopReason."),
        };
}
