/// Machines, a network and a coordinator, all of them unreliable and none of them real. A seed decides what happens next.
module internal CuteDl.Studies.Tests.LeaseSimulation

open System
open System.Collections.Generic
open System.Threading
open Expecto
open CuteDl.Studies
open CuteDl.Studies.Tests.FormulaTrials

let version = "1.0.0"
let data = "data"
let lease = TimeSpan.FromSeconds 30.0

let board (study: StudyDesign) = LeaseBoard(study, Planner(study, true, decideAt 2), version, data, lease)

/// A trial in the memory of a slot.
type Holding = { Token: LeaseToken; Run: ITrialRun; Work: LeaseWork }

/// A slot of a machine: it sends a message, and waits for the answer to just this message.
type Machine(worker: WorkerIdentity, number: int) =
    member _.Worker = worker
    member _.Slot: WorkerSlot = { Worker = worker.Name; Number = number }
    member val Holding: (Trial * Holding) voption = ValueNone with get, set
    /// The message without an answer, and its number.
    member val Waits: struct (int * LeaseRequest) voption = ValueNone with get, set
    /// It neither sends nor trains until then.
    member val SuspendedUntil = TimeSpan.Zero with get, set

type Message = { Number: int; From: Machine; Request: LeaseRequest }

/// How often workers are lost, in percent of what happens.
type Weather = { Deaths: int; Suspensions: int; Restarts: int }

type Simulation(study: StudyDesign, seed: int, slots: int, weather: Weather) =
    let random = Random seed
    let chance (percent: int) = random.Next 100 < percent
    let board = board study
    let mutable stored = StoredLeases.Empty
    let kept = Dictionary<string, int>()
    let mutable epoch = 0L
    let mutable now = TimeSpan.Zero
    let mutable names = 0
    let mutable numbers = 0
    let mutable isOver = false
    let mutable resumed = 0
    let requests = List<Message>()
    let replies = List<struct (Message * LeaseReply)>()
    // Written by machines, and read by all. An older checkpoint replaces no newer one.
    let checkpoints = Dictionary<string, int64>()

    let store (effects: LeaseEffect list) =
        for effect in effects do
            match effect with
            | LeaseEffect.KeepResult result ->
                let id = result.Trial.Id
                kept[id] <- (if kept.ContainsKey id then kept[id] else 0) + 1
            | LeaseEffect.KeepDecision decision ->
                if stored.Decisions |> List.exists (fun known -> known.Key = decision.Key) then
                    failtest $"{decision.Key} is decided twice"
            | LeaseEffect.KeepLease _
            | LeaseEffect.DropLease _
            | LeaseEffect.KeepAttempts _
            | LeaseEffect.KeepViolation _ -> ()

            stored <- stored.With effect

    let start () =
        epoch <- epoch + 1L
        // The clock of another machine.
        now <- TimeSpan.FromHours(float (random.Next 100))
        let state, effects = board.Start(epoch, stored, now)
        store effects
        state

    let mutable state = start ()

    let newMachine (number: int) : Machine =
        names <- names + 1
        // One machine in ten has another version or other data: it must get nothing.
        let version = if names % 10 = 9 then "0.9.0" else version
        let data = if names % 10 = 8 then "other data" else data
        Machine({ Name = $"worker {names}"; Version = version; Data = data; Problem = "" }, number)

    // The first machines have the right version and data, so that the study can end. The next machine replaces one that is lost.
    let machines = [| for number in 1..slots -> newMachine number |]

    let sendFrom (machine: Machine) (request: LeaseRequest) =
        numbers <- numbers + 1
        machine.Waits <- ValueSome(struct (numbers, request))
        requests.Add { Number = numbers; From = machine; Request = request }

    let saved (id: string) = if checkpoints.ContainsKey id then checkpoints[id] else 0L
    let save (id: string) (step: int64) = checkpoints[id] <- max step (saved id)

    /// Trains for a while, then tells.
    let train (machine: Machine) (trial: Trial) (holding: Holding) =
        let run, goal = holding.Run, holding.Work.GoalFrom holding.Run.Step
        run.RunTo(min goal (run.Step + int64 (random.Next 30)), CancellationToken.None)

        let isPruned =
            match holding.Work with
            | LeaseWork.Prune at -> run.Step >= at
            | LeaseWork.Train _ -> false

        if run.HasEnded || isPruned then
            sendFrom machine (LeaseRequest.Complete(machine.Slot, run.Result CancellationToken.None))
        elif run.Step >= goal then
            sendFrom machine (LeaseRequest.Reach(holding.Token, machine.Slot, trial.Id, run.Step, run.Step, run.Curve))
        else
            if chance 30 then
                save trial.Id run.Step

            sendFrom machine (LeaseRequest.Beat(holding.Token, machine.Slot, trial.Id, run.Step))

    let act (machine: Machine) =
        match machine.Waits with
        | ValueSome(struct (number, request)) ->
            // No answer yet: the same message again. A beat is not worth waiting for.
            match request with
            | LeaseRequest.Beat _ -> machine.Waits <- ValueNone
            | _ -> requests.Add { Number = number; From = machine; Request = request }
        | ValueNone ->
            match machine.Holding with
            | ValueSome(trial, holding) -> train machine trial holding
            | ValueNone -> sendFrom machine (LeaseRequest.Take(machine.Worker, machine.Slot.Number))

    let answer (machine: Machine) (reply: LeaseReply) =
        machine.Waits <- ValueNone

        let change (work: LeaseWork) =
            machine.Holding <- machine.Holding |> ValueOption.map (fun (trial, holding) -> trial, { holding with Work = work })

        match reply, machine.Holding with
        | LeaseReply.Granted lease, ValueNone ->
            Expect.equal (machine.Worker.Version, machine.Worker.Data) (version, data) "only equal workers get trials"
            let start = saved lease.Trial.Id
            let run: ITrialRun = Formula(lease.Trial, start, start, ignore)
            machine.Holding <- ValueSome(lease.Trial, { Token = lease.Token; Run = run; Work = lease.Work })
        | LeaseReply.Continue work, ValueSome _ -> change work
        | LeaseReply.MustPark, ValueSome(trial, holding) ->
            save trial.Id holding.Run.Step
            sendFrom machine (LeaseRequest.Park(holding.Token, trial.Id))
        | LeaseReply.Lost, _
        | LeaseReply.Kept, _
        | LeaseReply.Known, _
        | LeaseReply.Noted, _ -> machine.Holding <- ValueNone
        | LeaseReply.GoOn, ValueSome _ -> ()
        // The study may have been resumed after this answer was sent.
        | LeaseReply.Over, ValueNone -> isOver <- board.IsOver state
        | LeaseReply.Wait, ValueNone -> ()
        | LeaseReply.Refused reason, ValueNone -> Expect.notEqual (machine.Worker.Version, machine.Worker.Data) (version, data) reason
        | reply, _ -> failtest $"%A{reply}"

    let checkLeases () =
        let leases = state.Leases.Values |> List.ofSeq
        Expect.equal (leases |> List.distinctBy _.Slot).Length leases.Length "a slot has at most one lease"
        Expect.equal (leases |> List.distinctBy _.Token).Length leases.Length "a token has at most one lease"

        let stored =
            Set.ofList [ for lease in stored.Leases -> lease.Trial, string lease.Token, lease.Slot.Worker ]

        Expect.equal (Set.ofList [ for lease in leases -> lease.Trial.Id, string lease.Token, lease.Slot.Worker ]) stored "stored leases"

    let deliver (message: Message) =
        let next, effects, reply = board.Next(state, now, message.Request)

        if chance weather.Restarts then
            // The coordinator dies before or after it has stored, and does not answer.
            if chance 50 then
                store effects

            state <- start ()
        else
            store effects
            state <- next
            checkLeases ()

            if not (chance 15) then
                replies.Add(struct (message, reply))

    let pick (list: List<'item>) (percentKept: int) : 'item =
        let at = random.Next list.Count
        let item = list[at]

        if not (chance percentKept) then
            list.RemoveAt at

        item

    let step () =
        now <- now + TimeSpan.FromSeconds(random.NextDouble() * 2.0)
        let at = random.Next machines.Length

        if chance weather.Deaths then
            machines[at] <- newMachine machines[at].Slot.Number
        elif chance weather.Suspensions then
            machines[at].SuspendedUntil <- now + lease * 2.0
        elif requests.Count > 0 && chance 60 then
            deliver (pick requests 10)
        elif replies.Count > 0 && chance 60 then
            let struct (message, reply) = pick replies 10

            match message.From.Waits with
            | ValueSome(struct (number, _)) when number = message.Number && now >= message.From.SuspendedUntil -> answer message.From reply
            | _ -> ()
        elif now >= machines[at].SuspendedUntil then
            act machines[at]

    /// The results so far, in the order of the plan, and the decisions.
    member _.Outcome = board.Results state |> Array.map TrialJson.write, board.Decisions state

    /// How often each trial was kept, by its id.
    member _.Kept = kept

    /// How often the study had to be resumed, because trials were set aside.
    member _.Resumed = resumed

    /// The number of coordinators.
    member _.Epoch = epoch

    /// Runs until nothing is left, and no message is under way.
    member _.Run() =
        let mutable left = 200_000

        while not isOver && left > 0 do
            left <- left - 1
            step ()

            if isOver && not (board.Aside state).IsEmpty then
                // The chance killed three workers of one trial. Somebody resumes the study.
                resumed <- resumed + 1
                let next, effects, _ = board.Next(state, now, LeaseRequest.Retry)
                store effects
                state <- next
                isOver <- false

        Expect.isTrue isOver "it ends"

        // Late messages change nothing.
        for message in requests do
            let next, effects, _ = board.Next(state, now, message.Request)
            store effects
            state <- next
