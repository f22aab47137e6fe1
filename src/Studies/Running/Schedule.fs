namespace CuteDl.Studies

open System
open System.Collections.Generic
open CuteDl.Core.Training

/// A trial without a result that was assigned to a worker at least once, as the schedule knows it.
type internal StartedTrial =
    {
        Trial: Trial
        Task: StudyTask
        /// The steps of its remaining pruning checks, ascending.
        Rungs: int64 list
        /// Its validations when it last paused. Other trials are compared with them while it trains.
        Curve: Curve
        /// Its steps when it last paused, with all due validations done.
        Reached: int64
        /// Its newest steps, for progress reports.
        Step: int64
        /// The number of the assignment that a worker carries out; none while the trial waits.
        Assignment: int64 voption
    }

/// What happened to a trial, or what a worker wants. Events can be lost, arrive twice or late: the results of a study are the same.
[<RequireQualifiedAccess>]
type internal ScheduleEvent =
    /// A worker is free. The last command of the answer is <c>Train</c>, <c>Prune</c>, <c>Wait</c> or <c>Stop</c>.
    | WorkerIsFree
    /// The trial of an assignment has taken some steps.
    | Advanced of id: string * assignment: int64 * step: int64
    /// The trial of an assignment paused: with its steps, its steps with all due validations done, and its validations.
    | Paused of id: string * assignment: int64 * step: int64 * reached: int64 * curve: Curve
    /// As <c>Paused</c>, but the worker keeps the trial. The last command of the answer is <c>Train</c> or <c>Prune</c> with a new assignment.
    /// It is <c>Wait</c> if the trial has to wait; then the assignment stays.
    | Reached of id: string * assignment: int64 * step: int64 * reached: int64 * curve: Curve
    /// A worker is training a trial, and no assignment says so. The last command of the answer is <c>Train</c> or <c>Prune</c>; or
    /// <c>Wait</c> if the trial is not free.
    | Claimed of id: string
    /// A trial is not assigned any more, because its workers get lost.
    | SetAside of id: string
    /// A trial that was set aside is assigned again.
    | Readmitted of id: string
    /// A trial has a result, and the result is stored.
    | Finished of TrialResult
    /// The worker of an assignment does not answer. Another one starts the trial again, or continues it from a checkpoint.
    | WorkerIsLost of id: string * assignment: int64

/// What a runner must do. The commands of one answer are carried out in order.
[<RequireQualifiedAccess>]
type internal ScheduleCommand =
    /// Store the decision before the next command.
    | Record of StudyDecision
    /// Train a trial, started anew or continued, to the first of these steps that is not before its own step, or to its end.
    | Train of Trial * pauses: int64 list * assignment: int64
    /// Train a trial to a step, if it is not there, and end it there.
    | Prune of Trial * at: int64 * assignment: int64
    /// Nothing can be trained until a trial pauses or ends. Ask again after the next event.
    | Wait
    /// Nothing is left to train.
    | Stop
    /// Refuse a second result of a trial, which differs from the first.
    | Refuse of Trial

    /// True if the command is to store a decision.
    member command.IsDecision =
        match command with
        | Record _ -> true
        | Train _
        | Prune _
        | Wait
        | Stop
        | Refuse _ -> false

/// The state of a schedule.
type internal ScheduleState =
    {
        /// The results, by the ids of their trials.
        Results: Map<string, TrialResult>
        /// The decisions, by their keys.
        Decisions: Map<string, StudyDecision>
        /// The trials that were started and have no result, by their ids.
        Started: Map<string, StartedTrial>
        /// The plan that follows from the results.
        Index: PlanIndex
        /// The number of assignments so far.
        Assignments: int64
        /// The ids of the trials that were set aside.
        Aside: Set<string>
    }

/// Decides which trial is trained next, as a pure function of events. It knows no threads, clocks and files: a runner tells it what happened
/// and carries out its commands. The order of the events does not change the results.
[<Sealed>]
type internal Schedule(study: StudyDesign, planner: Planner) =
    let tasks = study.Tasks |> List.map (fun task -> task.Name, task) |> Map.ofList

    let pruning =
        match study.Protocol.Tuning with
        | Some tuning -> tuning.Pruning
        | None -> NoPruning

    // Stop rules end most runs long before their last step. Then all runs have the same weight.
    let hasBudget =
        let rules = study.Protocol.StopRules

        study.Tasks
        |> List.forall (fun task ->
            let validations = (task.Steps - 1L) / int64 task.ValidateEvery + 1L
            rules |> List.forall (fun rule -> validations <= StopRule.earliest rule))

    let budget (task: string) = if hasBudget then float tasks[task].Steps else 1.0

    let find (results: Map<string, TrialResult>) (id: string) =
        match results.TryGetValue id with
        | true, result -> ValueSome result
        | _ -> ValueNone

    let indexOf (results: Map<string, TrialResult>) =
        PlanIndex.Of(planner.Make(find results), planner.IdOf, budget, results.ContainsKey)

    /// Adds decisions. Only new ones are recorded.
    let decided (decisions: StudyDecision seq) (state: ScheduleState) : ScheduleState * ScheduleCommand list =
        let fresh =
            [ for decision in decisions do
                  if not (state.Decisions.ContainsKey decision.Key) then
                      decision ]

        let known =
            (state.Decisions, fresh) ||> List.fold (fun known decision -> Map.add decision.Key decision known)

        { state with Decisions = known }, List.map ScheduleCommand.Record fresh

    /// Returns the curves of the earlier trials that reached a step; ValueNone until it is known for each of them whether it does.
    let earlier (state: ScheduleState) (trial: Trial) (step: int64) : Curve array voption =
        let curves = List<Curve>()

        let isKnown (other: string) =
            match find state.Results other with
            | ValueSome result ->
                if result.Steps >= step then
                    curves.Add result.Curve

                true
            | ValueNone ->
                match state.Started.TryGetValue other with
                | true, started when started.Reached >= step ->
                    curves.Add started.Curve
                    true
                | _ -> false

        if state.Index.Before trial |> Array.forall isKnown then ValueSome(curves.ToArray()) else ValueNone

    let judge (started: StartedTrial) (step: int64) (others: Curve array) : StudyDecision =
        let target = started.Task.Target
        let threshold = Pruning.threshold pruning target step others started.Trial.Setting
        let objective = Pruning.best target started.Curve step
        let goesOn = objective >= threshold
        let comparison = if goesOn then "at least" else "below"

        { Kind = if goesOn then DecisionKind.WentOn else DecisionKind.Pruned
          About = started.Trial.Id
          At = step
          Reason =
            if Double.IsNegativeInfinity threshold then
                FormattableString.Invariant $"The trial has {objective:G6}. Too few trials before it have come this far to end any."
            else
                FormattableString.Invariant
                    $"The trial has {objective:G6}, {comparison} the threshold {threshold:G6} from {others.Length} trials before it." }

    /// A trial passes a check only after the decision was recorded, so the checks without a decision are those that remain.
    let remainingRungs (state: ScheduleState) (trial: Trial) (task: StudyTask) : int64 list =
        let isDecided (step: int64) =
            state.Decisions.ContainsKey(StudyDecision.KeyOf(DecisionKind.WentOn, trial.Id, step))

        if trial.Phase = Phase.Tuning then
            Pruning.rungs pruning task |> List.filter (isDecided >> not)
        else
            []

    /// Assigns a trial to a worker.
    let assign (state: ScheduleState) (started: StartedTrial) (command: int64 -> ScheduleCommand) =
        let number = state.Assignments + 1L
        let started = { started with Assignment = ValueSome number }

        { state with Started = Map.add started.Trial.Id started state.Started; Assignments = number }, command number

    let train (state: ScheduleState) (started: StartedTrial) =
        assign state started (fun number -> ScheduleCommand.Train(started.Trial, started.Rungs, number))

    /// Returns the assignment of a trial without a result, if it can be trained or ended now.
    let consider (state: ScheduleState) (struct (id: string, trial: Trial)) : (ScheduleState * ScheduleCommand list) option =
        match state.Started.TryGetValue id with
        | false, _ ->
            let task = tasks[trial.Task]

            let state, command =
                train
                    state
                    { Trial = trial
                      Task = task
                      Rungs = remainingRungs state trial task
                      Curve = Curve.Empty
                      Reached = 0L
                      Step = 0L
                      Assignment = ValueNone }

            Some(state, [ command ])
        | true, started when started.Assignment.IsSome -> None
        | true, started ->
            match started.Rungs with
            | step :: rest when started.Reached >= step ->
                match earlier state trial step with
                | ValueNone -> None
                | ValueSome others ->
                    let decision = judge started step others
                    let state, records = decided [ decision ] state

                    let state, command =
                        if decision.Kind = DecisionKind.WentOn then
                            train state { started with Rungs = rest }
                        else
                            assign state started (fun number -> ScheduleCommand.Prune(trial, step, number))

                    Some(state, records @ [ command ])
            | _ ->
                let state, command = train state started
                Some(state, [ command ])

    /// Changes the trial of an assignment. Events of an assignment that ended change nothing.
    let changed (state: ScheduleState) (id: string) (assignment: int64) (change: StartedTrial -> StartedTrial) : ScheduleState =
        match state.Started.TryGetValue id with
        | true, started when started.Assignment = ValueSome assignment -> { state with Started = Map.add id (change started) state.Started }
        | _ -> state

    let finished (state: ScheduleState) (result: TrialResult) : ScheduleState * ScheduleCommand list =
        let id = result.Trial.Id

        match find state.Results id with
        | ValueSome known when ResultHash.ofResult known = ResultHash.ofResult result -> state, []
        | ValueSome _ -> state, [ ScheduleCommand.Refuse result.Trial ]
        | ValueNone ->
            let state =
                { state with
                    Results = Map.add id result state.Results
                    Started = Map.remove id state.Started
                    Aside = Set.remove id state.Aside
                    Index = state.Index.Without id }

            if state.Index.Plan.Awaits.Contains id then
                let index = indexOf state.Results
                decided index.Plan.Decisions { state with Index = index }
            else
                state, []

    /// Ends the assignment of a trial that paused, and assigns it again at once if it need not wait.
    let reached (state: ScheduleState) (id: string) (assignment: int64) (pause: StartedTrial -> StartedTrial) =
        match state.Started.TryGetValue id with
        | true, started when started.Assignment = ValueSome assignment ->
            let paused = pause started
            let free = { state with Started = Map.add id paused state.Started }

            match consider free (struct (id, started.Trial)) with
            | Some answer -> answer
            | None ->
                let kept = { paused with Assignment = ValueSome assignment }
                { free with Started = Map.add id kept free.Started }, [ ScheduleCommand.Wait ]
        | _ -> state, [ ScheduleCommand.Wait ]

    /// Assigns a trial that a worker has already.
    let claimed (state: ScheduleState) (id: string) =
        match state.Index.Find id with
        | ValueSome trial when not (state.Results.ContainsKey id) ->
            consider state (struct (id, trial)) |> Option.defaultValue (state, [ ScheduleCommand.Wait ])
        | _ -> state, [ ScheduleCommand.Wait ]

    /// <summary>Returns the first state, and the decisions that are to be recorded.</summary>
    /// <param name="results">The results of earlier sessions.</param>
    /// <param name="decisions">The decisions of earlier sessions.</param>
    member _.Start(results: TrialResult seq, decisions: StudyDecision seq) : ScheduleState * ScheduleCommand list =
        let results = Map.ofSeq (results |> Seq.map (fun result -> result.Trial.Id, result))
        let index = indexOf results

        decided
            index.Plan.Decisions
            { Results = results
              Decisions = Map.ofSeq (decisions |> Seq.map (fun decision -> decision.Key, decision))
              Started = Map.empty
              Index = index
              Assignments = 0L
              Aside = Set.empty }

    /// <summary>Returns the state after an event, and what the runner must do.</summary>
    member _.Next(state: ScheduleState, event: ScheduleEvent) : ScheduleState * ScheduleCommand list =
        let pause (step: int64) (reached: int64) (curve: Curve) (started: StartedTrial) =
            { started with
                Curve = (if reached >= started.Reached then curve else started.Curve)
                Reached = max reached started.Reached
                Step = step
                Assignment = ValueNone }

        match event with
        | ScheduleEvent.WorkerIsFree ->
            let isOpen (struct (id, _)) = not (state.Aside.Contains id)

            match state.Index.Unfinished |> Seq.filter isOpen |> Seq.tryPick (consider state) with
            | Some answer -> answer
            | None when state.Started |> Map.exists (fun _ started -> started.Assignment.IsSome) -> state, [ ScheduleCommand.Wait ]
            | None -> state, [ ScheduleCommand.Stop ]
        | ScheduleEvent.Advanced(id, assignment, step) -> changed state id assignment (fun started -> { started with Step = step }), []
        | ScheduleEvent.Paused(id, assignment, step, reached, curve) -> changed state id assignment (pause step reached curve), []
        | ScheduleEvent.Reached(id, assignment, step, at, curve) -> reached state id assignment (pause step at curve)
        | ScheduleEvent.Claimed id -> claimed state id
        | ScheduleEvent.SetAside id -> { state with Aside = Set.add id state.Aside }, []
        | ScheduleEvent.Readmitted id -> { state with Aside = Set.remove id state.Aside }, []
        | ScheduleEvent.Finished result -> finished state result
        | ScheduleEvent.WorkerIsLost(id, assignment) ->
            changed state id assignment (fun started -> { started with Assignment = ValueNone }), []

    /// <summary>Returns the finished share of the expected steps, in [0, 1]. The steps of started trials count.</summary>
    member _.Share(state: ScheduleState) : float =
        state.Index.Share(if hasBudget then state.Started.Values |> Seq.sumBy (fun started -> float started.Step) else 0.0)

    /// <summary>Returns the results in the order of the plan.</summary>
    member _.Results(state: ScheduleState) : TrialResult array =
        state.Index.Plan.Trials
        |> Array.choose (fun trial ->
            match find state.Results trial.Id with
            | ValueSome result -> Some result
            | ValueNone -> None)

    /// <summary>Returns all decisions, ordered by kind, subject and step.</summary>
    member _.Decisions(state: ScheduleState) : StudyDecision array = StudyDecision.InOrder state.Decisions.Values
