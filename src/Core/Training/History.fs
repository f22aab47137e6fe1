namespace CuteDl.Core.Training

/// <summary>Why a run ended.</summary>
type StopReason =
    /// <summary>No smaller validation loss for too many validations.</summary>
    | NoImprovement
    /// <summary>The validation loss still fell, but gained too little.</summary>
    | TooSlow
    /// <summary>The validation accuracy stayed above its target.</summary>
    | TargetHeld
    /// <summary>It reached the limit of epochs.</summary>
    | MaxEpochs
    /// <summary>It reached the limit of steps.</summary>
    | MaxSteps
    /// <summary>A loss was NaN or infinite, or the optimizer could not take a step because gradients or its state were.</summary>
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

/// <summary>How a validation loss averages the examples' losses.</summary>
type ValidationMean =
    /// <summary>The mean over the examples, whatever the batch size.</summary>
    | OverExamples
    /// <summary>
    /// The mean of the batches' mean losses, in batches of training's size. A smaller last batch counts as much as the others. The source
    /// document's runs are validated so.
    /// </summary>
    | OverBatches

    /// <summary>examples, batches.</summary>
    override mean.ToString() =
        match mean with
        | OverExamples -> "examples"
        | OverBatches -> "batches"

/// <summary>What one validation saw.</summary>
[<Struct>]
type Validation =
    {
        /// <summary>How many training steps were taken before it.</summary>
        Step: int64
        /// <summary>The training loss of the last batch before it.</summary>
        TrainingLoss: float
        /// <summary>The mean validation loss; see <c>ValidationMean</c>.</summary>
        Loss: float
        /// <summary>The share of validation examples whose largest output is their class (the first largest, on ties).</summary>
        Accuracy: float
    }

/// <summary>All validations of a run so far, oldest first. Grows at the end only.</summary>
type History = System.Collections.Generic.IReadOnlyList<Validation>
