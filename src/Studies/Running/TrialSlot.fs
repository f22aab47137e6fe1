namespace CuteDl.Studies

open System.Diagnostics

/// A trial that a worker of this process has started. One worker at a time has it.
[<AllowNullLiteral>]
type internal TrialSlot(trial: Trial, task: StudyTask, run: ITrialRun) =
    member _.Trial = trial
    member _.Task = task
    member _.Run = run

    /// Its steps, with all due validations done. An interrupted validation is repeated when the trial continues.
    member _.Reached: int64 =
        let isDue = run.Step > 0L && run.Step % int64 task.ValidateEvery = 0L
        let newest = run.Newest
        let isMissing = isDue && not (newest.HasValue && newest.Value.Step = run.Step)
        if isMissing then run.Step - 1L else run.Step

    /// The newest validation that was reported.
    member val Reported = run.Newest with get, set

    /// True if it threw mid-step; its state is inconsistent and must not be saved.
    member val IsBroken = false with get, set
    /// The number of steps until the next save or report can happen.
    member val Stride = 1L with get, set

    /// Adapts the stride to the time that the last one took, so that saves and reports can happen several times per second.
    member slot.Pace(elapsed: System.TimeSpan) : unit =
        if elapsed.TotalSeconds < 0.05 then
            slot.Stride <- min (1L <<< 40) (slot.Stride * 2L)
        elif elapsed.TotalSeconds > 0.25 then
            slot.Stride <- max 1L (slot.Stride / 2L)

    member val LastSaved = Stopwatch.GetTimestamp() with get, set
