namespace CuteDl.Studies

open System.Threading

/// <summary>A running trial. Not thread-safe.</summary>
type ITrialRun =
    /// <summary>The steps taken.</summary>
    abstract Step: int64

    /// <summary>True if the trial has ended: by its budget, divergence or a stop rule.</summary>
    abstract HasEnded: bool

    /// <summary>The validations so far.</summary>
    abstract Curve: Curve

    /// <summary>Trains up to a step, the trial's end, or cancellation, which takes at most one batch.</summary>
    abstract RunTo: step: int64 * cancellation: CancellationToken -> unit

    /// <summary>Saves the state, so that the trial can continue with the same bits.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written.</exception>
    abstract Save: path: string -> unit

    /// <summary>Returns the result. A trial that has not ended counts as pruned.</summary>
    /// <param name="cancellation">Gives up counting units and scoring the test set.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    abstract Result: cancellation: CancellationToken -> TrialResult

/// <summary>Starts trials. Thread-safe.</summary>
type ITrialSource =
    /// <summary>Starts a trial.</summary>
    abstract Start: trial: Trial -> ITrialRun

    /// <summary>Continues a trial from its saved state.</summary>
    /// <exception cref="T:System.FormatException">The file is damaged, or of another trial.</exception>
    abstract Restore: trial: Trial * path: string -> ITrialRun
