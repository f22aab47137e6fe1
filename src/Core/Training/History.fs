namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open CuteDl.Core.Models

/// <summary>The reason why a run ended.</summary>
type StopReason =
    /// <summary>The validation loss did not improve for too many validations.</summary>
    | NoImprovement
    /// <summary>The validation loss still decreased, but too slowly.</summary>
    | TooSlow
    /// <summary>The validation accuracy stayed above its target.</summary>
    | TargetHeld
    /// <summary>The limit of steps was reached.</summary>
    | MaxSteps
    /// <summary>
    /// A loss was NaN or infinite, or the optimizer could not take a step because gradients or its state were not finite.
    /// </summary>
    | Diverged

    /// <summary>Returns the name in lower case, with hyphens: <c>no-improvement</c>, <c>too-slow</c>, <c>target-held</c>, ...</summary>
    override reason.ToString() =
        match reason with
        | NoImprovement -> "no-improvement"
        | TooSlow -> "too-slow"
        | TargetHeld -> "target-held"
        | MaxSteps -> "max-steps"
        | Diverged -> "diverged"

/// <summary>The mean that a validation loss is.</summary>
type ValidationMean =
    /// <summary>The mean over the examples, whatever the batch size.</summary>
    | OverExamples
    /// <summary>
    /// The mean of the batches' mean losses, with the batch size of training. A smaller last batch has the same weight as the others. The
    /// source document's runs use this mean.
    /// </summary>
    | OverBatches

    /// <summary>Returns <c>examples</c> or <c>batches</c>.</summary>
    override mean.ToString() =
        match mean with
        | OverExamples -> "examples"
        | OverBatches -> "batches"

/// <summary>The result of one validation.</summary>
[<Struct>]
type Validation =
    {
        /// <summary>The number of training steps before it.</summary>
        Step: int64
        /// <summary>The training loss of the last batch before it.</summary>
        TrainingLoss: float
        /// <summary>The metrics on the validation examples. The loss is a mean as <c>ValidationMean</c> says.</summary>
        Quality: Quality
        /// <summary>
        /// The metrics on all training examples, with a loss that is the same mean; <c>Quality.Unknown</c> unless the workload scores them.
        /// </summary>
        Training: Quality
    }

    /// <summary>The mean validation loss; see <c>ValidationMean</c>.</summary>
    member validation.Loss = validation.Quality.Loss

    /// <summary>The validation accuracy; NaN for problems without classes.</summary>
    member validation.Accuracy = validation.Quality.Accuracy

/// <summary>Finds validations.</summary>
module Validation =
    /// <summary>Returns the index of the smallest finite loss, of equal ones the first; −1 if none is finite.</summary>
    /// <param name="history">The validations.</param>
    let best (history: IReadOnlyList<Validation>) : int =
        let mutable best = -1

        for i in 0 .. history.Count - 1 do
            if Double.IsFinite history[i].Loss && (best < 0 || history[i].Loss < history[best].Loss) then
                best <- i

        best

/// <summary>All validations of a run so far, oldest first. New ones are appended.</summary>
type History = System.Collections.Generic.IReadOnlyList<Validation>
