namespace CuteDl.Studies

open System.Threading

/// <summary>A trial under way. Used by one thread at a time.</summary>
type ITrialRun =
    /// <summary>Steps taken.</summary>
    abstract Step: int64

    /// <summary>Whether it has come to its end: its budget, divergence, or a stop rule.</summary>
    abstract HasEnded: bool

    /// <summary>Its validations so far.</summary>
    abstract Curve: Curve

    /// <summary>Goes on until so many steps are taken, or it ends, or is cancelled, which is within one batch.</summary>
    abstract RunTo: step: int64 * cancellation: CancellationToken -> unit

    /// <summary>Saves where it is, so that it can go on from there bit for bit.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written.</exception>
    abstract Save: path: string -> unit

    /// <summary>What came of it; before its end, it counts as pruned.</summary>
    /// <param name="cancellation">Gives up counting units and scoring the test set.</param>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    abstract Result: cancellation: CancellationToken -> TrialResult

/// <summary>Begins trials. Used by several threads at a time.</summary>
type ITrialSource =
    /// <summary>Begins a trial.</summary>
    abstract Start: trial: Trial -> ITrialRun

    /// <summary>Goes on with a trial from where it was saved.</summary>
    /// <exception cref="T:System.FormatException">The file is damaged, or of another trial.</exception>
    abstract Restore: trial: Trial * path: string -> ITrialRun
