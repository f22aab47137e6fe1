namespace CuteDl.Studies

open System.Diagnostics

/// A trial under way, between the workers that take turns with it.
[<AllowNullLiteral>]
type internal TrialSlot(trial: Trial, task: StudyTask, run: ITrialRun, rungs: int64 list) =
    // A validation that was interrupted is made up when the trial goes on; until then its step is not reached.
    let settled () =
        let isDue = run.Step > 0L && run.Step % int64 task.ValidateEvery = 0L
        let isMissing = isDue && Array.tryLast run.Curve.Steps <> Some run.Step
        if isMissing then run.Step - 1L else run.Step

    member _.Trial = trial
    member _.Task = task
    member _.Run = run
    /// The rungs that lie before it, the next first.
    member val Rungs = rungs with get, set
    /// Its validations when it last stood still: for decisions about others while it trains.
    member val Curve = run.Curve with get, set
    /// Its steps when it last stood still, all due validations taken.
    member val Reached = settled () with get, set
    /// Its steps now, all due validations taken.
    member _.Settled = settled ()
    /// Its steps now, for progress.
    member val Step = run.Step with get, set
    member val IsBusy = false with get, set
    /// Whether it failed within a step, so that where it stands is nowhere to go on from.
    member val IsBroken = false with get, set
    member val LastSaved = Stopwatch.GetTimestamp() with get, set

/// What a worker is to do next.
[<RequireQualifiedAccess>]
type internal Work =
    | Begin of Trial * StudyTask
    | GoOn of TrialSlot
    | End of TrialSlot
    | Wait
    | Nothing
