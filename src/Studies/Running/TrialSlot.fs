namespace CuteDl.Studies

open System.Diagnostics
open System.Threading

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
    /// The time of the newest report; 0 if the next one is due at once.
    member val LastReported = 0L with get, set

    /// <summary>Trains to a step, with all validations that are due there, or to the end of the trial.</summary>
    /// <param name="goal">The step.</param>
    /// <param name="advance">Trains to a step. It returns a result if code of a rule or of the task failed.</param>
    /// <param name="afterStride">Called about ten times per second, between two steps.</param>
    /// <param name="cancellation">Interrupts the training.</param>
    /// <returns>The steps that were taken with all due validations, or the result of a trial that failed.</returns>
    member slot.TrainTo
        (goal: int64, advance: int64 -> Result<unit, TrialResult>, afterStride: unit -> unit, cancellation: CancellationToken)
        : Result<int64, TrialResult> =
        let every = int64 task.ValidateEvery
        let mutable reached = slot.Reached
        let mutable failed = None

        while failed.IsNone && not run.HasEnded && reached < goal && not cancellation.IsCancellationRequested do
            // Not beyond the next validation, so that each is reported.
            let next = min (reached + slot.Stride) (min goal ((reached / every + 1L) * every))
            let start = Stopwatch.GetTimestamp()
            slot.IsBroken <- true

            match advance next with
            | Error result -> failed <- Some result
            | Ok() ->
                slot.IsBroken <- false
                slot.Pace(Stopwatch.GetElapsedTime start)
                reached <- if cancellation.IsCancellationRequested then slot.Reached else run.Step
                afterStride ()

        match failed with
        | Some result -> Error result
        | None -> Ok reached
