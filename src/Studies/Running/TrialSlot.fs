namespace CuteDl.Studies

open System.Diagnostics

/// A running trial, which workers take in turns.
[<AllowNullLiteral>]
type internal TrialSlot(trial: Trial, task: StudyTask, run: ITrialRun, rungs: int64 list) =
    // An interrupted validation is repeated when the trial continues. Until then its step does not count as reached.
    let settled () =
        let isDue = run.Step > 0L && run.Step % int64 task.ValidateEvery = 0L
        let isMissing = isDue && Array.tryLast run.Curve.Steps <> Some run.Step
        if isMissing then run.Step - 1L else run.Step

    member _.Trial = trial
    member _.Task = task
    member _.Run = run
    /// The steps of its remaining pruning checks, ascending.
    member val Rungs = rungs with get, set
    /// Its validations when it last paused. Other trials are compared with them while it trains.
    member val Curve = run.Curve with get, set
    /// Its steps when it last paused, with all due validations done.
    member val Reached = settled () with get, set
    /// Its current steps, with all due validations done.
    member _.Settled = settled ()
    /// Its current steps, for progress reports.
    member val Step = run.Step with get, set
    member val IsBusy = false with get, set
    /// True if it threw mid-step; its state is inconsistent and must not be saved.
    member val IsBroken = false with get, set
    member val LastSaved = Stopwatch.GetTimestamp() with get, set

/// The next action of a worker.
[<RequireQualifiedAccess>]
type internal Work =
    | Begin of Trial * StudyTask
    | GoOn of TrialSlot
    | End of TrialSlot
    | Wait
    | Nothing
