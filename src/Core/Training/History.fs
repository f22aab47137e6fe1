namespace CuteDl.Core.Training

/// <summary>Why a run ended.</summary>
type StopReason =
    /// <summary>No smaller validation loss for too many validations.</summary>
    | NoImprovement
    /// <summary>The validation loss still fell, but gained too little.</summary>
    | TooSlow
    /// <summary>The validation accuracy stayed above its target.</summary>
    | TargetHeld
    /// <summary>The epochs allowed were used up.</summary>
    | MaxEpochs
    /// <summary>The steps allowed were used up.</summary>
    | MaxSteps
    /// <summary>A loss was NaN or infinite.</summary>
    | Diverged
    /// <summary>Whoever started it asked it to end.</summary>
    | Cancelled

    /// <summary>no-improvement, too-slow, target-held, max-epochs, max-steps, diverged, cancelled.</summary>
    override reason.ToString() =
        match reason with
        | NoImprovement -> "no-improvement"
        | TooSlow -> "too-slow"
        | TargetHeld -> "target-held"
        | MaxEpochs -> "max-epochs"
        | MaxSteps -> "max-steps"
        | Diverged -> "diverged"
        | Cancelled -> "cancelled"

/// <summary>What one validation saw.</summary>
[<Struct>]
type Validation =
    {
        /// <summary>How many training steps were taken before it.</summary>
        Step: int64
        /// <summary>The training loss of the last batch before it.</summary>
        TrainingLoss: float
        /// <summary>The mean of the validation batches' mean losses; a smaller last batch counts as one.</summary>
        Loss: float
        /// <summary>The share of validation examples whose largest output is their class (the first largest, on ties).</summary>
        Accuracy: float
    }

/// <summary>All validations of a run so far, oldest first. Grows at the end only.</summary>
type History = System.Collections.Generic.IReadOnlyList<Validation>
