namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Threading
open System.Threading.Tasks
open CuteDl.Core.Optimizers

/// Runs a study's trials on several threads until no further trial is needed. The assignment of trials to threads does not affect the
/// results.
[<Sealed>]
type internal Scheduler
    (
        study: StudyDesign,
        planner: Planner,
        source: ITrialSource,
        store: IStudyStore,
        workers: int,
        saveEvery: TimeSpan,
        progress: StudyProgress -> unit
    ) =

    let gate = obj ()
    let results = Dictionary<string, TrialResult>(store.Results)

    let decisions =
        Dictionary<string, StudyDecision>(store.Decisions |> Seq.map (fun decision -> KeyValuePair(decision.Key, decision)))

    let slots = Dictionary<string, TrialSlot>()
    let beginning = HashSet<string>()
    let tasks = study.Tasks |> List.map (fun task -> task.Name, task) |> Map.ofList
    let clock = Stopwatch.StartNew()
    let mutable failure: exn | null = null
    let mutable shareAtStart = ValueNone

    let pruning =
        match study.Protocol with
        | Fair(tuning, _, _) -> tuning.Pruning
        | Document _ -> NoPruning

    let isDocument =
        match study.Protocol with
        | Document _ -> true
        | Fair _ -> false

    let find id =
        match results.TryGetValue id with
        | true, result -> ValueSome result
        | _ -> ValueNone

    // Runs of the document's protocol have no step budget, so all have the same weight.
    let budget (trial: Trial) = if isDocument then 1.0 else float tasks[trial.Task].Steps
    let makePlan () = PlanIndex(planner.Make find, budget, results.ContainsKey)
    let mutable index = makePlan ()

    let keep (decision: StudyDecision) =
        if decisions.TryAdd(decision.Key, decision) then
            store.Keep decision

    do index.Plan.Decisions |> Array.iter keep

    /// Returns the curves of the earlier trials that reached a step; ValueNone until it is known for each earlier trial whether it does.
    let earlier (trial: Trial) (step: int64) : Curve array voption =
        let found =
            index.Before trial
            |> Array.map (fun other ->
                match find other with
                | ValueSome result -> ValueSome(if result.Steps >= step then ValueSome result.Curve else ValueNone)
                | ValueNone ->
                    match slots.TryGetValue other with
                    | true, slot when slot.Reached >= step -> ValueSome(ValueSome slot.Curve)
                    | _ -> ValueNone)

        if found |> Array.forall _.IsSome then
            ValueSome(found |> Array.choose (fun curve -> if curve.Value.IsSome then Some curve.Value.Value else None))
        else
            ValueNone

    let decide (slot: TrialSlot) (step: int64) (others: Curve array) : bool =
        let target = slot.Task.Target
        let threshold = Pruning.threshold pruning target step others slot.Trial.Setting
        let objective = Pruning.best target slot.Curve step
        let goesOn = objective >= threshold
        let comparison = if goesOn then "at least" else "below"

        keep
            { Kind = if goesOn then DecisionKind.WentOn else DecisionKind.Pruned
              About = slot.Trial.Id
              At = step
              Reason =
                if Double.IsNegativeInfinity threshold then
                    FormattableString.Invariant $"The trial has {objective:G6}. Too few trials before it have come this far to end any."
                else
                    FormattableString.Invariant
                        $"The trial has {objective:G6}, {comparison} the threshold {threshold:G6} from {others.Length} trials before it." }

        goesOn

    let next () : Work =
        let consider (struct (id: string, trial: Trial)) =
            if beginning.Contains id then
                Work.Nothing
            else
                match slots.TryGetValue id with
                | false, _ -> Work.Begin(trial, tasks[trial.Task])
                | true, slot when slot.IsBusy -> Work.Nothing
                | true, slot ->
                    match slot.Rungs with
                    | step :: rest when slot.Reached >= step ->
                        match earlier trial step with
                        | ValueNone -> Work.Nothing
                        | ValueSome others when decide slot step others ->
                            slot.Rungs <- rest
                            Work.GoOn slot
                        | ValueSome _ -> Work.End slot
                    | _ -> Work.GoOn slot

        let found =
            index.Unfinished
            |> Seq.map consider
            |> Seq.tryFind (function
                | Work.Nothing -> false
                | _ -> true)

        match found with
        | Some work -> work
        | None when beginning.Count > 0 || slots.Values |> Seq.exists _.IsBusy -> Work.Wait
        | None -> Work.Nothing

    let share () =
        index.Share(if isDocument then 0.0 else slots.Values |> Seq.sumBy (fun slot -> float slot.Step))

    let news (trial: Trial) state step (curve: Curve) (result: TrialResult | null) : StudyProgress =
        let achieved = share ()

        if shareAtStart.IsNone then
            shareAtStart <- ValueSome achieved

        let gained = achieved - shareAtStart.Value
        let last = curve.Steps.Length - 1

        { Trial = trial
          State = state
          Step = step
          Budget = tasks[trial.Task].Steps
          Newest =
            if last >= 0 then
                Nullable { Step = curve.Steps[last]; Loss = curve.Loss[last]; Accuracy = curve.Accuracy[last] }
            else
                Nullable()
          Result = result
          Finished = index.Plan.Trials.Length - index.Unfinished.Length
          Planned = index.Plan.Trials.Length
          Share = achieved
          Elapsed = clock.Elapsed
          Left = if gained > 0.01 then Nullable(clock.Elapsed * ((1.0 - achieved) / gained)) else Nullable() }

    let locked (act: unit -> 'result) : 'result = lock gate act

    let finish (slot: TrialSlot) (cancellation: CancellationToken) =
        let result = slot.Run.Result cancellation
        store.Keep result

        let news =
            locked (fun () ->
                slots.Remove slot.Trial.Id |> ignore
                results[slot.Trial.Id] <- result
                index <- makePlan ()
                index.Plan.Decisions |> Array.iter keep
                let news = news slot.Trial TrialState.Finished result.Steps result.Curve result
                Monitor.PulseAll gate
                news)

        progress news

    let train (slot: TrialSlot) (cancellation: CancellationToken) =
        let run = slot.Run
        let goal = List.tryHead slot.Rungs |> Option.defaultValue Int64.MaxValue
        let every = int64 slot.Task.ValidateEvery
        let mutable reported = 0L
        let mutable settled = slot.Settled

        while not run.HasEnded && settled < goal && not cancellation.IsCancellationRequested do
            slot.IsBroken <- true
            run.RunTo(min goal ((settled / every + 1L) * every), cancellation)
            slot.IsBroken <- false
            settled <- if cancellation.IsCancellationRequested then slot.Settled else run.Step

            if Stopwatch.GetElapsedTime slot.LastSaved >= saveEvery && not run.HasEnded then
                store.Save(slot.Trial, run)
                slot.LastSaved <- Stopwatch.GetTimestamp()

            if Stopwatch.GetElapsedTime(reported).TotalSeconds >= 0.25 then
                reported <- Stopwatch.GetTimestamp()

                locked (fun () ->
                    slot.Step <- run.Step
                    news slot.Trial TrialState.Running run.Step run.Curve null)
                |> progress

        if run.HasEnded then
            finish slot cancellation
        else
            locked (fun () ->
                slot.Curve <- run.Curve
                slot.Reached <- settled
                slot.Step <- run.Step
                slot.IsBusy <- false
                let news = news slot.Trial TrialState.Waiting run.Step run.Curve null
                Monitor.PulseAll gate
                news)
            |> progress

    let start (trial: Trial) (task: StudyTask) : TrialSlot =
        let run =
            match store.Restore(trial, source) with
            | ValueSome run -> run
            | ValueNone -> source.Start trial

        let rungs = if trial.Phase = Phase.Tuning then Pruning.rungs pruning task else []

        let slot =
            TrialSlot(trial, task, run, rungs |> List.filter (fun step -> step >= run.Step), IsBusy = true)

        locked (fun () ->
            beginning.Remove trial.Id |> ignore
            slots[trial.Id] <- slot
            news trial TrialState.Running run.Step run.Curve null)
        |> progress

        slot

    let take (cancellation: CancellationToken) : Work =
        locked (fun () ->
            let mutable work = next ()

            while work.IsWait && not cancellation.IsCancellationRequested do
                Monitor.Wait gate |> ignore
                work <- next ()

            match work with
            | _ when cancellation.IsCancellationRequested -> Work.Nothing
            | Work.Begin(trial, _) ->
                beginning.Add trial.Id |> ignore
                work
            | Work.GoOn slot
            | Work.End slot ->
                slot.IsBusy <- true
                work
            | _ -> work)

    let work (cancel: CancellationTokenSource) =
        let mutable atWork = true

        while atWork && not cancel.IsCancellationRequested do
            let mutable about = "a trial"

            try
                match take cancel.Token with
                | Work.Begin(trial, task) ->
                    about <- trial.Id
                    train (start trial task) cancel.Token
                | Work.GoOn slot ->
                    about <- slot.Trial.Id
                    train slot cancel.Token
                | Work.End slot ->
                    about <- slot.Trial.Id
                    finish slot cancel.Token
                | _ -> atWork <- false
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

    /// The current plan.
    member _.Plan = index.Plan

    /// The results so far, in the order of the plan.
    member _.Results: TrialResult array =
        index.Plan.Trials
        |> Array.choose (fun trial ->
            match find trial.Id with
            | ValueSome result -> Some result
            | ValueNone -> None)

    /// All decisions, ordered by kind, subject and step.
    member _.Decisions: StudyDecision array =
        decisions.Values
        |> Seq.sortBy (fun decision -> decision.Kind, decision.About, decision.At)
        |> Seq.toArray
