namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Threading
open CuteDl.Core.Models

/// <summary>What a training computes with at a step.</summary>
type TrialMoment =
    {
        /// <summary>The training loss of the newest step; NaN before the first, or if it is unknown.</summary>
        TrainingLoss: float
        /// <summary>The learning rates of the next step, each with the name of its part; empty if they are unknown.</summary>
        LearningRates: IReadOnlyList<KeyValuePair<string, float>>
    }

    /// <summary>Nothing is known of the training.</summary>
    static member Unknown = { TrainingLoss = nan; LearningRates = [||] }

    /// Returns the last validation of a trial, if it has one, and what is known of its training then.
    static member internal AtEnd(result: TrialResult) : Nullable<Score> * TrialMoment =
        let last = result.Curve.Steps.Length - 1
        let newest = if last >= 0 then Nullable(result.Curve.Score last) else Nullable()
        let loss = if last >= 0 then result.Curve.TrainingLoss[last] else nan
        newest, { TrialMoment.Unknown with TrainingLoss = loss }

/// <summary>A running trial. Not thread-safe.</summary>
type ITrialRun =
    /// <summary>The steps taken.</summary>
    abstract Step: int64

    /// <summary>True if the trial has ended: by its budget, divergence or a stop rule.</summary>
    abstract HasEnded: bool

    /// <summary>The newest validation, if there is one. Read after every validation, so it must not take time.</summary>
    abstract Newest: Nullable<Score>

    /// <summary>The training loss and the learning rates now.</summary>
    abstract Moment: TrialMoment

    /// <summary>The validations so far.</summary>
    abstract Curve: Curve

    /// <summary>Trains up to a step, to the end of the trial, or until cancelled. Cancellation takes effect within one batch.</summary>
    abstract RunTo: step: int64 * cancellation: CancellationToken -> unit

    /// <summary>Saves the state, so that the trial can continue bit-identically.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written.</exception>
    abstract Save: path: string -> unit

    /// <summary>Returns the result. A trial that has not ended counts as pruned.</summary>
    /// <param name="cancellation">Stops counting units and scoring the test set.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    abstract Result: cancellation: CancellationToken -> TrialResult

    /// <summary>
    /// Returns the model so far; null if models are not kept, if the problem has none, or if the trial diverged. With early stopping, it
    /// has the parameters of the best validation. Otherwise it has the last ones, or the optimizer's averages.
    /// </summary>
    abstract Model: unit -> TrainedModel | null

/// <summary>Starts trials. Thread-safe.</summary>
type ITrialSource =
    /// <summary>Starts a trial.</summary>
    abstract Start: trial: Trial -> ITrialRun

    /// <summary>Continues a trial from its saved state.</summary>
    /// <exception cref="T:System.FormatException">The file is damaged, or belongs to another trial.</exception>
    abstract Restore: trial: Trial * path: string -> ITrialRun
