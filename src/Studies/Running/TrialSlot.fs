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
        let isMissing = isDue && Array.tryLast run.Curve.Steps <> Some run.Step
        if isMissing then run.Step - 1L else run.Step

    /// True if it threw mid-step; its state is inconsistent and must not be saved.
    member val IsBroken = false with get, set
    member val LastSaved = Stopwatch.GetTimestamp() with get, set
