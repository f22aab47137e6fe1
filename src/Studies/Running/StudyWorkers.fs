namespace CuteDl.Studies

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Diagnostics
open System.Threading
open System.Threading.Tasks
open CuteDl.Core.Models
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// Runs a study's trials on several threads until no further trial is needed: carries out the commands of a schedule, and tells it what
/// happened.
[<Sealed>]
type internal StudyWorkers
    (
        study: StudyDesign,
        planner: Planner,
        source: ITrialSource,
        store: IStudyStore,
        workers: int,
        threads: int,
        saveEvery: TimeSpan,
        progress: StudyProgress -> unit
    ) =

    // Guards the state of the schedule. Nothing is trained, read or written inside.
    let gate = obj ()
    let schedule = Schedule(study, planner)
    let mutable state, first = schedule.Start(store.Results.Values, store.Decisions)
    let slots = ConcurrentDictionary<string, TrialSlot>()
    let tasks = study.Tasks |> List.map (fun task -> task.Name, task) |> Map.ofList
    let clock = Stopwatch.StartNew()
    let exceptions = ConcurrentDictionary<string, exn>()
    let mutable failure: exn | null = null
    let mutable shareAtStart = ValueNone

    let locked (act: unit -> 'result) : 'result = lock gate act

    // How often workers asked for work. An idle worker asks only after an event that can give it some.
    let mutable asked = 0L

    // The number of decisions that are being stored. Nothing starts before.
    let mutable pending = List.length first

    /// Changes the state by an event. Returns the commands, of which the decisions are counted as pending.
    let next (event: ScheduleEvent) : ScheduleCommand list =
        let following, commands = schedule.Next(state, event)
        state <- following

        pending <- pending + (commands |> List.filter _.IsDecision |> List.length)

        match event with
        // A waiting worker that asks again must not wake the others, or they would wake each other without end.
        | ScheduleEvent.WorkerIsFree
        // Steps under way make nothing ready for training.
        | ScheduleEvent.Advanced _ -> ()
        | ScheduleEvent.Paused _
        | ScheduleEvent.Reached _
        | ScheduleEvent.Claimed _
        | ScheduleEvent.SetAside _
        | ScheduleEvent.Readmitted _
        | ScheduleEvent.Finished _
        | ScheduleEvent.WorkerIsLost _ -> Monitor.PulseAll gate

        commands

    /// Stores the decisions among commands, outside of the lock.
    let recorded (commands: ScheduleCommand list) : unit =
        for command in commands do
            match command with
            | ScheduleCommand.Record decision ->
                store.Keep decision

                locked (fun () ->
                    pending <- pending - 1
                    Monitor.PulseAll gate)
            | ScheduleCommand.Refuse trial ->
                raise (
                    StudyException
                        $"Two trainings of the trial {trial.Id} ended differently. Equal trials must have equal results. Look for a rule or a task that keeps something between trials."
                )
            | ScheduleCommand.Train _
            | ScheduleCommand.Prune _
            | ScheduleCommand.Wait
            | ScheduleCommand.Stop -> ()

    do recorded first

    /// Waits until the schedule has something to train, or nothing more for any worker.
    let ask (cancellation: CancellationToken) : ScheduleCommand list =
        locked (fun () ->
            let mutable commands = []

            while commands.IsEmpty && not cancellation.IsCancellationRequested do
                asked <- asked + 1L

                match (if pending > 0 then [ ScheduleCommand.Wait ] else next ScheduleEvent.WorkerIsFree) with
                | [ ScheduleCommand.Wait ] -> Monitor.Wait gate |> ignore
                | answer -> commands <- answer

            commands)

    let progressOf
        (trial: Trial)
        (reason: TrialEvent)
        (trialState: TrialState)
        (step: int64)
        (newest: Nullable<Score>)
        (moment: TrialMoment)
        (result: TrialResult | null)
        : StudyProgress =
        let achieved = schedule.Share state

        if shareAtStart.IsNone then
            shareAtStart <- ValueSome achieved

        let gained = achieved - shareAtStart.Value

        { Trial = trial
          Event = reason
          State = trialState
          Step = step
          Budget = tasks[trial.Task].Steps
          Newest = newest
          TrainingLoss = moment.TrainingLoss
          LearningRates = moment.LearningRates
          Result = result
          Finished = state.Index.Plan.Trials.Length - state.Index.UnfinishedCount
          Planned = state.Index.Plan.Expected
          Share = achieved
          Elapsed = clock.Elapsed
          Left = if gained > 0.01 then Nullable(clock.Elapsed * ((1.0 - achieved) / gained)) else Nullable() }

    /// Tells the schedule what happened, stores the decisions that follow, and reports the progress at this moment.
    let tell
        (event: ScheduleEvent)
        (trial: Trial)
        (reason: TrialEvent)
        (trialState: TrialState)
        (step: int64)
        (newest: Nullable<Score>)
        (moment: TrialMoment)
        (result: TrialResult | null)
        =
        let struct (commands, report) =
            locked (fun () ->
                let commands = next event
                struct (commands, progressOf trial reason trialState step newest moment result))

        recorded commands
        progress report

    let keep (result: TrialResult) (model: TrainedModel | null) =
        store.Keep(result, model)
        slots.TryRemove result.Trial.Id |> ignore
        let newest, moment = TrialMoment.AtEnd result
        tell (ScheduleEvent.Finished result) result.Trial TrialEvent.Ended TrialState.Finished result.Steps newest moment result

    /// Calls code of a rule or a task. Its exception fails the trial, and is kept for this process.
    let guarded (trial: Trial) (curve: unit -> Curve) (act: unit -> 'result) : Result<'result, TrialResult> =
        TrialFailure.guard trial curve (fun () ->
            try
                act ()
            with error ->
                exceptions[trial.Id] <- error
                reraise ())

    let finish (slot: TrialSlot) (cancellation: CancellationToken) =
        let result () = struct (slot.Run.Result cancellation, slot.Run.Model())

        match guarded slot.Trial (fun () -> slot.Run.Curve) result with
        | Ok(struct (result, model)) -> keep result model
        | Error result -> keep result null

    /// Reports a trial that is training.
    let advanced (slot: TrialSlot) (assignment: int64) (reason: TrialEvent) =
        let run = slot.Run
        let event = ScheduleEvent.Advanced(slot.Trial.Id, assignment, run.Step)
        tell event slot.Trial reason TrialState.Running run.Step run.Newest run.Moment null

    /// Returns a trial of this process, started or restored if it is new.
    let slotOf (trial: Trial) (assignment: int64) : Result<TrialSlot, TrialResult> =
        match slots.TryGetValue trial.Id with
        | true, slot -> Ok slot
        | _ ->
            let run =
                match store.Restore(trial, source) with
                | ValueSome run -> Ok run
                | ValueNone -> guarded trial (fun () -> Curve.Empty) (fun () -> source.Start trial)

            run
            |> Result.map (fun run ->
                let slot = TrialSlot(trial, tasks[trial.Task], run)
                slots[trial.Id] <- slot
                advanced slot assignment TrialEvent.Begun
                slot)

    /// Trains to a step, with all validations that are due there, or to the end of the trial.
    let trainTo (goal: int64) (slot: TrialSlot) (assignment: int64) (cancellation: CancellationToken) : Result<int64, TrialResult> =
        let run = slot.Run
        slot.LastReported <- 0L

        let afterStride () =
            if Stopwatch.GetElapsedTime slot.LastSaved >= saveEvery && not run.HasEnded then
                store.Save(slot.Trial, run)
                slot.LastSaved <- Stopwatch.GetTimestamp()

            let newest = run.Newest

            if newest <> slot.Reported then
                slot.Reported <- newest
                slot.LastReported <- Stopwatch.GetTimestamp()
                advanced slot assignment TrialEvent.Validated
            elif Stopwatch.GetElapsedTime(slot.LastReported).TotalSeconds >= 0.25 then
                slot.LastReported <- Stopwatch.GetTimestamp()
                advanced slot assignment TrialEvent.Moved

        let step (next: int64) =
            guarded slot.Trial (fun () -> run.Curve) (fun () -> run.RunTo(next, cancellation))

        slot.TrainTo(goal, step, afterStride, cancellation)

    /// Carries out the assignment of a trial: trains it to a step, and ends it there or lets it wait.
    let carryOut (trial: Trial) (assignment: int64) (goalOf: ITrialRun -> int64) (isLast: bool) (cancellation: CancellationToken) =
        use _ = ThreadBudget.Enter threads

        match slotOf trial assignment with
        | Error failed -> keep failed null
        | Ok slot ->
            let run = slot.Run
            let goal = goalOf run

            match trainTo goal slot assignment cancellation with
            | Error failed -> keep failed null
            | Ok reached when run.HasEnded || (isLast && reached >= goal) -> finish slot cancellation
            | Ok reached ->
                // Reported before the schedule knows it: from then on, another worker can train the trial and report it.
                progress (locked (fun () -> progressOf trial TrialEvent.Moved TrialState.Waiting run.Step run.Newest run.Moment null))
                let paused = ScheduleEvent.Paused(trial.Id, assignment, run.Step, reached, run.Curve)
                recorded (locked (fun () -> next paused))

    let work (cancel: CancellationTokenSource) =
        let mutable isAtWork = true

        while isAtWork && not cancel.IsCancellationRequested do
            let mutable about = "a trial"

            try
                let commands = ask cancel.Token
                recorded commands

                for command in commands do
                    match command with
                    | ScheduleCommand.Train(trial, pauses, assignment) ->
                        about <- trial.Id

                        let goal (run: ITrialRun) =
                            pauses |> List.tryFind (fun step -> step >= run.Step) |> Option.defaultValue Int64.MaxValue

                        carryOut trial assignment goal false cancel.Token
                    | ScheduleCommand.Prune(trial, at, assignment) ->
                        about <- trial.Id
                        carryOut trial assignment (fun _ -> at) true cancel.Token
                    | ScheduleCommand.Stop -> isAtWork <- false
                    | ScheduleCommand.Wait
                    | ScheduleCommand.Record _
                    | ScheduleCommand.Refuse _ -> ()
            with
            | :? OperationCanceledException when cancel.IsCancellationRequested -> ()
            | error ->
                locked (fun () ->
                    if isNull failure then
                        failure <- StudyException($"Failure in {about}: {Refusal.sentence error}", error)

                    Monitor.PulseAll gate)

                cancel.Cancel()

        // Wakes waiting workers: this worker is done.
        locked (fun () -> Monitor.PulseAll gate)

    /// Runs until no further trial is needed or until cancelled. Then it saves the running trials.
    member _.Run(cancellation: CancellationToken) : unit =
        use cancel = CancellationTokenSource.CreateLinkedTokenSource cancellation
        use _ = cancel.Token.Register(fun () -> locked (fun () -> Monitor.PulseAll gate))

        // Each worker has its own thread, because trials run for long without waiting.
        let threads =
            [| for _ in 1..workers -> Task.Factory.StartNew((fun () -> work cancel), TaskCreationOptions.LongRunning) |]

        Task.WaitAll threads

        for slot in slots.Values do
            if slot.Run.Step > 0L && not slot.IsBroken then
                try
                    store.Save(slot.Trial, slot.Run)
                with error ->
                    // Only the first failure is reported. The other trials can still be saved.
                    if isNull failure then
                        failure <- StudyException($"The trial {slot.Trial.Id} cannot be saved. {Refusal.sentence error}", error)

        match failure with
        | null -> ()
        | failure -> raise failure

    /// How often workers asked for work, waiting ones included.
    member _.Asked = asked

    /// The exceptions that trials threw in this process, by the trial's name.
    member _.Exceptions: IReadOnlyDictionary<string, exn> = exceptions

    /// The current plan.
    member _.Plan = state.Index.Plan

    /// The results so far, in the order of the plan.
    member _.Results: TrialResult array = schedule.Results state

    /// The trials that a cancelled run left under way, in the order of the plan.
    member _.Interrupted: TrialResult array =
        state.Index.Plan.Trials
        |> Array.choose (fun trial ->
            match slots.TryGetValue trial.Id with
            | true, slot -> Some(TrialResult.OfInterruption(trial, slot.Task, slot.Run.Step, slot.Run.Curve))
            | _ -> None)

    /// Returns the model of a trial that a cancelled run left under way; null if it has none.
    member _.ModelUnderWay(trial: Trial) : TrainedModel | null =
        match slots.TryGetValue trial.Id with
        | true, slot when not slot.IsBroken -> slot.Run.Model()
        | _ -> null

    /// All decisions, ordered by kind, subject and step.
    member _.Decisions: StudyDecision array = schedule.Decisions state
