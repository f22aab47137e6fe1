namespace CuteDl.Studies

open System

/// A worker, as the board knows it.
type internal WorkerState =
    {
        Identity: WorkerIdentity
        /// The time of its newest message.
        Seen: TimeSpan
        /// Why it gets nothing; none if it gets trials.
        Refusal: string voption
    }

/// The state of a board.
type internal LeaseState =
    {
        Schedule: ScheduleState
        Epoch: int64
        /// The number of leases of this epoch.
        Granted: int64
        /// The leases, by the ids of their trials.
        Leases: Map<string, Lease>
        /// By the ids of trials without a result.
        Attempts: Map<string, LeaseAttempts>
        /// Oldest first.
        Violations: Violation list
        /// By name. Workers that were silent for long and have no lease are forgotten.
        Workers: Map<string, WorkerState>
    }

/// <summary>
/// Lends the trials of a study to workers on any machines, as a pure function of messages and time. It knows no threads, clocks and
/// connections. Whatever happens to messages and workers, results and decisions are those of a run in one process.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="planner">The planner of the study.</param>
/// <param name="version">The version of the library that the workers must have.</param>
/// <param name="data">The data hash that the workers must have.</param>
/// <param name="length">The time after which a silent holder loses its lease.</param>
[<Sealed>]
type internal LeaseBoard(study: StudyDesign, planner: Planner, version: string, data: string, length: TimeSpan) =
    let schedule = Schedule(study, planner)

    /// The number of leases in a row without progress after which a trial is set aside.
    static let mostIdle = 3

    // A worker is shown for so many lengths of a lease after its last message.
    let forgetAfter = length * 10.0

    let refusalOf (worker: WorkerIdentity) : string voption =
        if worker.Version <> version then
            ValueSome
                $"It has version {worker.Version}, and the study was started with version {version}. Start a worker of version {version}."
        elif worker.Problem <> "" then
            ValueSome worker.Problem
        elif worker.Data <> data then
            ValueSome
                "Its data, or its rules and problems of the same names, differ from those that the study was started with. Give it the same ones."
        else
            ValueNone

    let seen (now: TimeSpan) (name: string) (state: LeaseState) : LeaseState =
        match state.Workers.TryGetValue name with
        | true, worker -> { state with Workers = Map.add name { worker with Seen = now } state.Workers }
        | _ -> state

    let effectsOf (commands: ScheduleCommand list) : LeaseEffect list =
        commands
        |> List.choose (function
            | ScheduleCommand.Record decision -> Some(LeaseEffect.KeepDecision decision)
            | ScheduleCommand.Train _
            | ScheduleCommand.Prune _
            | ScheduleCommand.Wait
            | ScheduleCommand.Stop
            | ScheduleCommand.Refuse _ -> None)

    /// Returns the state after an event that assigns nothing.
    let told (event: ScheduleEvent) (state: LeaseState) : LeaseState * LeaseEffect list =
        let next, commands = schedule.Next(state.Schedule, event)
        { state with Schedule = next }, effectsOf commands

    let attemptsOf (id: string) (state: LeaseState) : LeaseAttempts =
        match state.Attempts.TryGetValue id with
        | true, attempts -> attempts
        | _ -> LeaseAttempts.None

    let isAside (attempts: LeaseAttempts) = attempts.Idle >= mostIdle

    /// Makes a trial free again. A reason counts as an attempt.
    let ended (lease: Lease) (reason: string voption) (state: LeaseState) : LeaseState * LeaseEffect list =
        let id = lease.Trial.Id

        let state, _ =
            told (ScheduleEvent.WorkerIsLost(id, lease.Assignment)) { state with Leases = Map.remove id state.Leases }

        match reason with
        | ValueNone -> state, [ LeaseEffect.DropLease id ]
        | ValueSome reason ->
            let before = attemptsOf id state

            let attempts =
                if lease.HasProgress then
                    { Idle = 0; Furthest = max before.Furthest lease.Step; Reasons = [] }
                else
                    { before with Idle = before.Idle + 1; Reasons = before.Reasons @ [ reason ] }

            let state = { state with Attempts = Map.add id attempts state.Attempts }

            let state, _ = if isAside attempts then told (ScheduleEvent.SetAside id) state else state, []

            state, [ LeaseEffect.DropLease id; LeaseEffect.KeepAttempts(id, attempts) ]

    /// Ends the leases whose holders were silent for too long.
    let swept (now: TimeSpan) (state: LeaseState) : LeaseState * LeaseEffect list =
        let silent =
            [ for lease in state.Leases.Values do
                  if lease.Deadline <= now then
                      lease ]

        let state, effects =
            ((state, []), silent)
            ||> List.fold (fun (state, effects) lease ->
                let reason = $"The worker {lease.Slot.Worker} did not answer after step {lease.Step}."
                let state, more = ended lease (ValueSome reason) state
                state, effects @ more)

        let holds (name: string) = state.Leases.Values |> Seq.exists (fun lease -> lease.Slot.Worker = name)

        let forgotten =
            [ for worker in state.Workers.Values do
                  if now - worker.Seen > forgetAfter && not (holds worker.Identity.Name) then
                      worker.Identity.Name ]

        { state with
            Workers = (state.Workers, forgotten) ||> List.fold (fun workers name -> Map.remove name workers) },
        effects

    /// Makes a lease of the last command, if it assigns a trial.
    let lent (now: TimeSpan) (token: LeaseToken) (slot: WorkerSlot) (commands: ScheduleCommand list) (state: LeaseState) =
        let lend (trial: Trial) (work: LeaseWork) (assignment: int64) =
            let lease =
                { Token = token
                  Trial = trial
                  Slot = slot
                  Work = work
                  Assignment = assignment
                  Deadline = now + length
                  Step = 0L
                  HasProgress = false }

            ValueSome lease, { state with Leases = Map.add trial.Id lease state.Leases }

        match List.last commands with
        | ScheduleCommand.Train(trial, pauses, assignment) -> lend trial (LeaseWork.Train pauses) assignment
        | ScheduleCommand.Prune(trial, at, assignment) -> lend trial (LeaseWork.Prune at) assignment
        | ScheduleCommand.Record _
        | ScheduleCommand.Wait
        | ScheduleCommand.Stop
        | ScheduleCommand.Refuse _ -> ValueNone, state

    /// Keeps what a holder reported.
    let heard (now: TimeSpan) (step: int64) (lease: Lease) (state: LeaseState) : Lease * LeaseState * LeaseEffect list =
        let id = lease.Trial.Id
        let before = attemptsOf id state
        let isFurther = step > before.Furthest

        let lease =
            { lease with
                Deadline = now + length
                Step = max lease.Step step
                HasProgress = lease.HasProgress || isFurther }

        let state, _ =
            told (ScheduleEvent.Advanced(id, lease.Assignment, lease.Step)) { state with Leases = Map.add id lease state.Leases }

        if isFurther && isAside before then
            // It was set aside while its holder did not answer, and the holder still trains it.
            let attempts = { Idle = 0; Furthest = step; Reasons = [] }
            let state, _ = told (ScheduleEvent.Readmitted id) state
            lease, { state with Attempts = Map.add id attempts state.Attempts }, [ LeaseEffect.KeepAttempts(id, attempts) ]
        else
            lease, state, []

    /// Returns the lease of a token. If the lease has ended, and no other slot has the trial, the same slot gets it back.
    let holding (now: TimeSpan) (token: LeaseToken) (slot: WorkerSlot) (id: string) (state: LeaseState) =
        match state.Leases.TryGetValue id with
        | true, lease when lease.Token = token -> ValueSome lease, state, []
        | true, _ -> ValueNone, state, []
        | _ when state.Leases.Values |> Seq.exists (fun lease -> lease.Slot = slot) -> ValueNone, state, []
        | _ ->
            let next, commands = schedule.Next(state.Schedule, ScheduleEvent.Claimed id)

            match lent now token slot commands { state with Schedule = next } with
            | ValueSome lease, state -> ValueSome lease, state, effectsOf commands @ [ LeaseEffect.KeepLease lease.Stored ]
            | ValueNone, state -> ValueNone, state, []

    let take (now: TimeSpan) (worker: WorkerIdentity) (number: int) (state: LeaseState) =
        let slot: WorkerSlot = { Worker = worker.Name; Number = number }
        let refusal = refusalOf worker
        let known = { Identity = worker; Seen = now; Refusal = refusal }
        let state = { state with Workers = Map.add worker.Name known state.Workers }

        match refusal, state.Leases.Values |> Seq.tryFind (fun lease -> lease.Slot = slot) with
        | ValueSome reason, _ -> state, [], LeaseReply.Refused reason
        | ValueNone, Some lease ->
            let lease = { lease with Deadline = now + length }
            { state with Leases = Map.add lease.Trial.Id lease state.Leases }, [], LeaseReply.Granted lease
        | ValueNone, None ->
            let next, commands = schedule.Next(state.Schedule, ScheduleEvent.WorkerIsFree)
            let token: LeaseToken = { Epoch = state.Epoch; Number = state.Granted + 1L }

            match lent now token slot commands { state with Schedule = next } with
            | ValueSome lease, state ->
                { state with Granted = token.Number }, effectsOf commands @ [ LeaseEffect.KeepLease lease.Stored ], LeaseReply.Granted lease
            | ValueNone, state when List.contains ScheduleCommand.Stop commands -> state, [], LeaseReply.Over
            | ValueNone, state -> state, [], LeaseReply.Wait

    let reach (now: TimeSpan) (lease: Lease) (step: int64) (reached: int64) (curve: Curve) (state: LeaseState) =
        let id = lease.Trial.Id

        let next, commands =
            schedule.Next(state.Schedule, ScheduleEvent.Reached(id, lease.Assignment, step, reached, curve))

        let state = { state with Schedule = next }

        let go (work: LeaseWork) (assignment: int64) =
            let lease = { lease with Work = work; Assignment = assignment; Deadline = now + length }
            let state = { state with Leases = Map.add id lease state.Leases }
            state, effectsOf commands, LeaseReply.Continue work

        match List.last commands with
        | ScheduleCommand.Train(_, pauses, assignment) -> go (LeaseWork.Train pauses) assignment
        | ScheduleCommand.Prune(_, at, assignment) -> go (LeaseWork.Prune at) assignment
        | ScheduleCommand.Record _
        | ScheduleCommand.Wait
        | ScheduleCommand.Stop
        | ScheduleCommand.Refuse _ -> state, [], LeaseReply.MustPark

    let giveBack (token: LeaseToken) (id: string) (reason: string voption) (state: LeaseState) =
        match state.Leases.TryGetValue id with
        | true, lease when lease.Token = token ->
            let state, effects = ended lease reason state
            state, effects, LeaseReply.Noted
        | _ -> state, [], LeaseReply.Noted

    let complete (slot: WorkerSlot) (result: TrialResult) (state: LeaseState) =
        let id = result.Trial.Id

        let isOf (trial: Trial) =
            trial = result.Trial
            && trial.Values.Length = result.Trial.Values.Length
            && Array.forall2
                (fun (struct (a: string, x: float)) (struct (b, y)) ->
                    a = b && BitConverter.DoubleToInt64Bits x = BitConverter.DoubleToInt64Bits y)
                trial.Values
                result.Trial.Values

        match state.Schedule.Index.Find id, state.Schedule.Results.TryGetValue id with
        | ValueSome trial, (false, _) when isOf trial ->
            let hadLease = state.Leases.ContainsKey id

            let state, effects =
                told
                    (ScheduleEvent.Finished result)
                    { state with Leases = Map.remove id state.Leases; Attempts = Map.remove id state.Attempts }

            let stored =
                [ LeaseEffect.KeepResult result
                  if hadLease then
                      LeaseEffect.DropLease id ]

            state, stored @ effects, LeaseReply.Kept
        | ValueSome trial, (true, known) when isOf trial ->
            let kept, other = ResultHash.ofResult known, ResultHash.ofResult result

            if kept = other then
                state, [], LeaseReply.Known
            else
                let violation = { Trial = id; Kept = kept; Other = other; Worker = slot.Worker }

                let isNew = not (List.contains violation state.Violations)

                { state with Violations = if isNew then state.Violations @ [ violation ] else state.Violations },
                (if isNew then [ LeaseEffect.KeepViolation violation ] else []),
                LeaseReply.Differs violation
        | ValueSome trial, _ ->
            state, [], LeaseReply.Rejected $"The trial {id} has the optimizer {result.Trial.Optimizer} instead of {trial.Optimizer}."
        | ValueNone, _ -> state, [], LeaseReply.Rejected $"The study has no trial {id}."

    let retry (state: LeaseState) =
        let aside = state.Attempts |> Map.filter (fun _ attempts -> isAside attempts)

        let readmit (state: LeaseState) (id: string) =
            let attempts = { attemptsOf id state with Idle = 0; Reasons = [] }
            fst (told (ScheduleEvent.Readmitted id) { state with Attempts = Map.add id attempts state.Attempts })

        let state = (state, aside.Keys) ||> Seq.fold readmit
        state, [ for id in aside.Keys -> LeaseEffect.KeepAttempts(id, state.Attempts[id]) ], LeaseReply.Noted

    /// <summary>Returns the first state of a coordinator, and what is to be stored.</summary>
    /// <param name="epoch">The number of coordinators of this study so far, this one included.</param>
    /// <param name="stored">What earlier coordinators stored.</param>
    /// <param name="now">The time, on the clock of this coordinator. The deadlines of earlier coordinators do not count.</param>
    member _.Start(epoch: int64, stored: StoredLeases, now: TimeSpan) : LeaseState * LeaseEffect list =
        let started, commands = schedule.Start(stored.Results, stored.Decisions)

        let attempts = stored.Attempts |> Map.filter (fun id _ -> not (started.Results.ContainsKey id))

        let state =
            { Schedule = started
              Epoch = epoch
              Granted = 0L
              Leases = Map.empty
              Attempts = attempts
              Violations = List.rev stored.Violations
              Workers = Map.empty }

        let state =
            (state, attempts)
            ||> Map.fold (fun state id attempts -> if isAside attempts then fst (told (ScheduleEvent.SetAside id) state) else state)

        ((state, effectsOf commands), stored.Leases)
        ||> List.fold (fun (state, effects) lease ->
            match holding now lease.Token lease.Slot lease.Trial state with
            | ValueSome _, state, more -> state, effects @ more
            | ValueNone, state, _ -> state, effects @ [ LeaseEffect.DropLease lease.Trial ])

    /// <summary>Returns the state after a message, what is to be stored before the answer is sent, and the answer.</summary>
    /// <param name="state">The state.</param>
    /// <param name="now">The time, on the clock of this coordinator.</param>
    /// <param name="request">The message.</param>
    member _.Next(state: LeaseState, now: TimeSpan, request: LeaseRequest) : LeaseState * LeaseEffect list * LeaseReply =
        // Answers the holder of a lease.
        let held (token: LeaseToken) (slot: WorkerSlot) (id: string) (step: int64) answer (state: LeaseState) =
            match holding now token slot id (seen now slot.Worker state) with
            | ValueNone, state, effects -> state, effects, LeaseReply.Lost
            | ValueSome lease, state, effects ->
                let lease, state, more = heard now step lease state
                let state, others, reply = answer lease state
                state, effects @ more @ others, reply

        let answered (state: LeaseState) =
            match request with
            | LeaseRequest.Take(worker, slot) -> take now worker slot state
            | LeaseRequest.Beat(token, slot, id, step) -> held token slot id step (fun _ state -> state, [], LeaseReply.GoOn) state
            | LeaseRequest.Reach(token, slot, id, step, reached, curve) ->
                held token slot id step (fun lease state -> reach now lease step reached curve state) state
            | LeaseRequest.Park(token, id) -> giveBack token id ValueNone state
            | LeaseRequest.Release(token, id, "") -> giveBack token id ValueNone state
            | LeaseRequest.Release(token, id, failure) -> giveBack token id (ValueSome failure) state
            | LeaseRequest.Complete(slot, result) -> complete slot result (seen now slot.Worker state)
            | LeaseRequest.Retry -> retry state
            | LeaseRequest.Tick -> state, [], LeaseReply.Noted

        // First the message: a holder that answers late, but before anybody missed it, keeps its lease.
        let state, effects, reply = answered state
        let state, more = swept now state
        state, effects @ more, reply

    /// <summary>Returns the ids of the trials that were set aside, with their attempts.</summary>
    member _.Aside(state: LeaseState) : (string * LeaseAttempts) list = state.Attempts |> Map.toList |> List.filter (snd >> isAside)

    /// <summary>True if nothing is left to train. The study is then complete, unless trials were set aside.</summary>
    member _.IsOver(state: LeaseState) : bool =
        state.Leases.IsEmpty
        && match schedule.Next(state.Schedule, ScheduleEvent.WorkerIsFree) with
           | _, [ ScheduleCommand.Stop ] -> true
           | _ -> false

    /// <summary>Returns what a reader of the results must know, in sentences.</summary>
    member board.Notices(state: LeaseState) : string list =
        [ for id, attempts in board.Aside state do
              let reasons = String.Join(" ", attempts.Reasons)
              $"The trial {id} was set aside, because {mostIdle} leases ended without progress after step {attempts.Furthest}: {reasons}"
          for violation in state.Violations do
              $"Two trainings of the trial {violation.Trial} ended differently: {violation.Kept} was kept, and {violation.Worker} has {violation.Other}. Look for a rule or a task that keeps something between trials, or for a faulty machine." ]

    /// <summary>Returns the results in the order of the plan.</summary>
    member _.Results(state: LeaseState) : TrialResult array = schedule.Results state.Schedule

    /// <summary>Returns all decisions, ordered by kind, subject and step.</summary>
    member _.Decisions(state: LeaseState) : StudyDecision array = schedule.Decisions state.Schedule
