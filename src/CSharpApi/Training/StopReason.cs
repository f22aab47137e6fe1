namespace CuteDl;

/// <summary>Why a run ended.</summary>
public enum StopReason
{
    /// <summary>No smaller validation loss for too many validations.</summary>
    NoImprovement,

    /// <summary>The validation loss still fell, but gained too little.</summary>
    TooSlow,

    /// <summary>The validation accuracy stayed above its target.</summary>
    TargetHeld,

    /// <summary>The epochs allowed were used up.</summary>
    MaxEpochs,

    /// <summary>The steps allowed were used up.</summary>
    MaxSteps,

    /// <summary>A loss was NaN or infinite.</summary>
    Diverged,

    /// <summary>It was asked to end.</summary>
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
            StopReason.MaxEpochs => "epochs used up",
            StopReason.MaxSteps => "steps used up",
            StopReason.Diverged => "diverged",
            StopReason.Cancelled => "cancelled",
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "there is no such reason."),
        };
}
