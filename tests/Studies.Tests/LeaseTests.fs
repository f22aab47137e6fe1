/// The lease protocol: trials on machines that get lost, in simulated time.
module CuteDl.Studies.Tests.LeaseTests

open System
open System.Threading
open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.FormulaTrials
open CuteDl.Studies.Tests.LeaseSimulation

let private seconds (number: float) = TimeSpan.FromSeconds number
let private worker name : WorkerIdentity = { Name = name; Version = version; Data = data; Problem = "" }
let private slot name : WorkerSlot = { Worker = name; Number = 1 }

/// A coordinator that a test talks to.
type private Coordinator(study: StudyDesign) =
    let board = board study
    let mutable stored = StoredLeases.Empty

    let start (epoch: int64) (now: float) =
        let state, effects = board.Start(epoch, stored, seconds now)
        stored <- effects |> List.fold (fun stored effect -> stored.With effect) stored
        state

    let mutable state = start 1L 0.0

    member _.Board = board
    member _.State = state
    member _.Stored = stored

    member _.Tell(now: float, request: LeaseRequest) : LeaseReply =
        let next, effects, reply = board.Next(state, seconds now, request)
        state <- next
        stored <- effects |> List.fold (fun stored effect -> stored.With effect) stored
        reply

    /// The coordinator dies, and another one starts from what is stored.
    member _.Restart(epoch: int64, now: float) = state <- start epoch now

    member own.Take(now: float, name: string) : Lease =
        match own.Tell(now, LeaseRequest.Take(worker name, 1)) with
        | LeaseReply.Granted lease -> lease
        | reply -> failtest $"%A{reply}"

    member own.Beat(now: float, lease: Lease, step: int64) : LeaseReply =
        own.Tell(now, LeaseRequest.Beat(lease.Token, lease.Slot, lease.Trial.Id, step))

    member own.Complete(now: float, name: string, result: TrialResult) : LeaseReply =
        own.Tell(now, LeaseRequest.Complete(slot name, result))

    /// Trains everything that a worker gets until it gets no more. Returns the last answer.
    member own.WorkOff(now: float, name: string) : LeaseReply =
        let rec go () =
            match own.Tell(now, LeaseRequest.Take(worker name, 1)) with
            | LeaseReply.Granted lease ->
                let run: ITrialRun = Formula(lease.Trial, 0L, 0L, ignore)

                let rec carryOut (work: LeaseWork) =
                    run.RunTo(work.GoalFrom run.Step, CancellationToken.None)

                    match work with
                    | LeaseWork.Train _ when not run.HasEnded ->
                        match own.Tell(now, LeaseRequest.Reach(lease.Token, lease.Slot, lease.Trial.Id, run.Step, run.Step, run.Curve)) with
                        | LeaseReply.Continue work -> carryOut work
                        | LeaseReply.MustPark -> own.Tell(now, LeaseRequest.Park(lease.Token, lease.Trial.Id)) |> ignore
                        | reply -> failtest $"%A{reply}"
                    | LeaseWork.Train _
                    | LeaseWork.Prune _ -> own.Complete(now, name, run.Result CancellationToken.None) |> ignore

                carryOut lease.Work
                go ()
            | reply -> reply

        go ()

let private resultOf (trial: Trial) : TrialResult =
    let run: ITrialRun = Formula(trial, 0L, 0L, ignore)
    run.RunTo(Int64.MaxValue, CancellationToken.None)
    run.Result CancellationToken.None

let private isRight (study: StudyDesign) (expected: string array * StudyDecision array) (seed: int) (slots: int) (weather: Weather) =
    let simulation = Simulation(study, seed, slots, weather)
    simulation.Run()
    Expect.sequenceEqual (fst simulation.Outcome) (fst expected) "results"
    Expect.sequenceEqual (snd simulation.Outcome) (snd expected) "decisions"
    Expect.equal (simulation.Kept.Values |> Seq.distinct |> List.ofSeq) [ 1 ] "each trial's result is stored once"
    Expect.equal simulation.Kept.Count (fst expected).Length "trials"
    true

let private fair = { Deaths = 0; Suspensions = 0; Restarts = 0 }
let private stormy = { Deaths = 1; Suspensions = 2; Restarts = 2 }

let tests =
    testList
        "leases"
        [ for pruning in prunings do
              let expected = lazy (undisturbed (study pruning) 2 1)

              testPropertyWith
                  (Share.OneIn(25, "Each case is a study."))
                  $"%A{pruning}: lost and repeated messages change nothing"
                  (fun (seed: int) (slots: uint8) -> isRight (study pruning) expected.Value seed (1 + int slots % 6) fair)

              testPropertyWith
                  (Share.OneIn(12, "Each case is a study on machines that get lost."))
                  $"%A{pruning}: workers and coordinators that die or stand still change nothing"
                  (fun (seed: int) (slots: uint8) -> isRight (study pruning) expected.Value seed (2 + int slots % 6) stormy)

          testPropertyWith
              (Share.OneIn(50, "Each case is a study with five tunings."))
              "nested tuning: workers and coordinators that die change nothing"
              (let expected = lazy (undisturbed (nested (Median 2)) 2 1)
               fun (seed: int) -> isRight (nested (Median 2)) expected.Value seed 5 stormy)

          testCase "the simulation does what it says: coordinators start again, and trials are set aside" (fun () ->
              let simulation = Simulation(study (Median 2), 1, 3, { Deaths = 8; Suspensions = 2; Restarts = 3 })
              simulation.Run()
              Expect.isGreaterThan simulation.Epoch 5L "coordinators"
              Expect.isGreaterThan simulation.Resumed 0 "resumed"
              Expect.equal simulation.Outcome (undisturbed (study (Median 2)) 2 1) "and the results are the same")

          testCase "a silent worker's trial is lent again when its lease is over, and not before" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let first = coordinator.Take(0.0, "a")
              Expect.equal (coordinator.Beat(10.0, first, 5L)) LeaseReply.GoOn "it lives"
              // The lease now ends at second 40.
              coordinator.Tell(39.9, LeaseRequest.Tick) |> ignore
              Expect.notEqual (coordinator.Take(39.9, "b")).Trial first.Trial "another trial"
              coordinator.Tell(40.0, LeaseRequest.Tick) |> ignore
              let second = coordinator.Take(40.0, "c")
              Expect.equal second.Trial first.Trial "the same trial"
              Expect.notEqual second.Token first.Token "another lease"
              Expect.equal (coordinator.Beat(41.0, first, 6L)) LeaseReply.Lost "the first worker comes too late")

          testCase "an equal late result is accepted, whoever trained it, and the other worker is told" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let first = coordinator.Take(0.0, "a")
              coordinator.Tell(30.0, LeaseRequest.Tick) |> ignore
              let second = coordinator.Take(30.0, "b")
              let result = resultOf first.Trial
              Expect.equal (coordinator.Complete(31.0, "a", result)) LeaseReply.Kept "late, but the first result"
              Expect.equal (coordinator.Beat(32.0, second, 7L)) LeaseReply.Lost "no more work on it"

              let slower =
                  { result with
                      Seconds = 9.0
                      Curve = { result.Curve with Seconds = Array.map (fun _ -> 3.0) result.Curve.Seconds } }

              Expect.equal (coordinator.Complete(33.0, "b", slower)) LeaseReply.Known "equal but for the seconds"
              Expect.equal coordinator.Stored.Results.Length 1 "stored once"
              Expect.isEmpty (coordinator.Board.Notices coordinator.State) "nothing to tell")

          testCase "a different result of a trial is a violation: the first is kept, with both hashes" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let trial = (coordinator.Take(0.0, "a")).Trial
              let kept = resultOf trial
              let other = { kept with Parameters = 1UL }
              coordinator.Complete(1.0, "a", kept) |> ignore

              let violation =
                  { Trial = trial.Id
                    Kept = ResultHash.ofResult kept
                    Other = ResultHash.ofResult other
                    Worker = "b" }

              for _ in 1..2 do
                  Expect.equal (coordinator.Complete(2.0, "b", other)) (LeaseReply.Differs violation) "told"

              Expect.equal coordinator.Stored.Violations [ violation ] "stored once"
              Expect.equal coordinator.Stored.Results [ kept ] "the first result"
              coordinator.Restart(2L, 0.0)
              let notice = List.exactlyOne (coordinator.Board.Notices coordinator.State)

              for part in [ trial.Id; violation.Kept; violation.Other; "b" ] do
                  Expect.stringContains notice part "the notice"

              let last =
                  { kept with
                      Curve = { kept.Curve with Loss = Array.map (fun loss -> loss + 1e-16) kept.Curve.Loss } }

              Expect.notEqual (ResultHash.ofResult last) violation.Kept "the last bit counts")

          testCase "a trial that ends three leases without progress is set aside, and the study goes on" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let poison = (coordinator.Take(0.0, "a0")).Trial

              for attempt, now in [ 1, 30.0; 2, 60.0 ] do
                  coordinator.Tell(now, LeaseRequest.Tick) |> ignore
                  Expect.isEmpty (coordinator.Board.Aside coordinator.State) "not yet"
                  Expect.equal (coordinator.Take(now, $"a{attempt}")).Trial poison "once more"

              // The count outlives the coordinator.
              coordinator.Restart(2L, 0.0)
              coordinator.Tell(30.0, LeaseRequest.Tick) |> ignore
              Expect.equal (coordinator.Board.Aside coordinator.State |> List.map fst) [ poison.Id ] "set aside"
              Expect.notEqual (coordinator.Take(30.0, "b")).Trial poison "others are lent"
              coordinator.Restart(3L, 0.0)
              Expect.equal (coordinator.WorkOff(0.0, "c")) LeaseReply.Wait "b has a trial"
              Expect.equal (coordinator.WorkOff(30.0, "c")) LeaseReply.Wait "until its lease is over"
              Expect.equal (coordinator.WorkOff(31.0, "c")) LeaseReply.Over "nothing else can be trained"
              Expect.isTrue (coordinator.Board.IsOver coordinator.State) "over"
              Expect.isFalse coordinator.State.Schedule.Index.Plan.IsComplete "not complete"
              Expect.isGreaterThan (coordinator.Board.Results coordinator.State).Length 30 "the others"
              let notice = List.exactlyOne (coordinator.Board.Notices coordinator.State)

              for part in [ poison.Id; "The worker a0 did not answer"; "The worker a2 did not answer" ] do
                  Expect.stringContains notice part "the notice"

              coordinator.Tell(100.0, LeaseRequest.Retry) |> ignore
              Expect.equal (coordinator.WorkOff(100.0, "d")) LeaseReply.Over "all trials"

              Expect.equal
                  (coordinator.Board.Results coordinator.State |> Array.map TrialJson.write, coordinator.Board.Decisions coordinator.State)
                  (undisturbed (study NoPruning) 2 1)
                  "as in one process")

          testCase "a trial that comes further under each lease is never set aside" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let mutable trials = []

              for attempt in 1..10 do
                  let now = 30.0 * float attempt
                  let lease = coordinator.Take(now - 30.0, $"a{attempt}")
                  trials <- lease.Trial :: trials
                  coordinator.Beat(now - 30.0, lease, int64 attempt) |> ignore
                  coordinator.Tell(now, LeaseRequest.Tick) |> ignore

              Expect.equal (List.distinct trials).Length 1 "ten times the same trial")

          testCase "a machine's failure counts as an attempt, and a worker that leaves does not" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let poison = (coordinator.Take(0.0, "a")).Trial

              for _ in 1..5 do
                  let lease = coordinator.Take(0.0, "a")
                  coordinator.Tell(0.0, LeaseRequest.Release(lease.Token, lease.Trial.Id, "")) |> ignore

              for _ in 1..3 do
                  let lease = coordinator.Take(0.0, "a")
                  Expect.equal lease.Trial poison "the same trial"

                  coordinator.Tell(0.0, LeaseRequest.Release(lease.Token, lease.Trial.Id, "No memory is left."))
                  |> ignore

              Expect.stringContains (List.exactlyOne (coordinator.Board.Notices coordinator.State)) "No memory is left." "why")

          testCase "a holder that comes back gets its lease again, if nobody else has the trial" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let lease = coordinator.Take(0.0, "a")
              coordinator.Tell(1000.0, LeaseRequest.Tick) |> ignore
              Expect.isEmpty coordinator.State.Leases "over"
              Expect.equal (coordinator.Beat(1001.0, lease, 3L)) LeaseReply.GoOn "again"
              Expect.notEqual (coordinator.Take(1002.0, "b")).Trial lease.Trial "nobody else gets it"
              coordinator.Restart(2L, 5.0)
              Expect.equal (coordinator.Beat(34.0, lease, 4L)) LeaseReply.GoOn "the lease outlives the coordinator"
              Expect.equal (coordinator.Take(34.0, "a")) coordinator.State.Leases[lease.Trial.Id] "the same slot asks again")

          testCase "a trial that waits at a pruning check is parked, and its slot gets another" (fun () ->
              let coordinator = Coordinator(study (Median 2))
              let first, second = coordinator.Take(0.0, "a"), coordinator.Take(0.0, "b")

              // The next setting with the same seed.
              let lease = coordinator.Take(0.0, "c")
              Expect.equal (lease.Trial.Seed, lease.Trial.Setting) (first.Trial.Seed, first.Trial.Setting + 1) "the next setting"

              let reach (now: float) (lease: Lease) =
                  let pauses =
                      match lease.Work with
                      | LeaseWork.Train pauses -> pauses
                      | LeaseWork.Prune _ -> []

                  let run: ITrialRun = Formula(lease.Trial, 0L, 0L, ignore)
                  run.RunTo(pauses.Head, CancellationToken.None)

                  coordinator.Tell(now, LeaseRequest.Reach(lease.Token, lease.Slot, lease.Trial.Id, run.Step, run.Step, run.Curve)),
                  pauses.Tail

              Expect.equal (fst (reach 1.0 lease)) LeaseReply.MustPark "the trial before it has not come so far"
              Expect.equal (coordinator.Tell(1.0, LeaseRequest.Park(lease.Token, lease.Trial.Id))) LeaseReply.Noted "parked"
              let next = coordinator.Take(1.0, "c")
              Expect.isFalse (List.contains next.Trial [ first.Trial; second.Trial; lease.Trial ]) "another trial"
              let reply, rest = reach 2.0 first
              Expect.equal reply (LeaseReply.Continue(LeaseWork.Train rest)) "the first trial never waits"
              Expect.equal (coordinator.Take(2.0, "d")).Trial lease.Trial "now it can go on")

          testCase "workers with another version or other data get nothing, and are shown with the reason" (fun () ->
              let coordinator = Coordinator(study NoPruning)

              let refused (worker: WorkerIdentity) =
                  match coordinator.Tell(0.0, LeaseRequest.Take(worker, 1)) with
                  | LeaseReply.Refused reason ->
                      Expect.equal coordinator.State.Workers[worker.Name].Refusal (ValueSome reason) "shown"
                      reason
                  | reply -> failtest $"%A{reply}"

              Expect.stringContains (refused { worker "old" with Version = "0.9.0" }) "version 0.9.0" "version"
              Expect.stringContains (refused { worker "other" with Data = "x" }) "data" "data"
              Expect.equal (refused { worker "blind" with Problem = "No images." }) "No images." "its own problem"
              Expect.isEmpty coordinator.State.Leases "nothing is lent"
              coordinator.Tell(299.0, LeaseRequest.Tick) |> ignore
              Expect.equal coordinator.State.Workers.Count 3 "still shown"
              coordinator.Tell(301.0, LeaseRequest.Tick) |> ignore
              Expect.isEmpty coordinator.State.Workers "forgotten when they have been silent for ten leases")

          testCase "a result of another study is rejected" (fun () ->
              let coordinator = Coordinator(study NoPruning)
              let result = resultOf (coordinator.Take(0.0, "a")).Trial

              for trial in
                  [ { result.Trial with Setting = 999 }
                    { result.Trial with Optimizer = "adam" }
                    { result.Trial with Values = [| struct ("lr", 0.5) |] } ] do
                  match coordinator.Complete(1.0, "a", { result with Trial = trial }) with
                  | LeaseReply.Rejected reason -> Expect.stringContains reason trial.Id "why"
                  | reply -> failtest $"%A{reply}"

              Expect.isEmpty coordinator.Stored.Results "nothing is stored")

          longTest
              "A study of ten thousand trials takes seconds."
              "ten thousand trials on 64 slots: a decision takes 5 ms at most"
              (fun () ->
                  for pruning in [ NoPruning; SuccessiveHalving 3 ] do
                      let small = study pruning

                      let study =
                          { small with
                              Tasks = [ for name in [ "one"; "two"; "three"; "four"; "five" ] -> task name ]
                              Contenders = [ for name in [ "a"; "b"; "c"; "d" ] -> contender name (LogUniform(1e-4, 1000.0)) ]
                              Protocol =
                                  FairProtocol.make (
                                      { tuning pruning with Trials = 100; Seeds = [ 1000..1004 ]; Search = Sobol },
                                      confirmation,
                                      None
                                  ) }

                      let board = board study
                      let random = Random 1
                      let mutable state, _ = board.Start(1L, StoredLeases.Empty, TimeSpan.Zero)
                      let held = System.Collections.Generic.List<struct (Lease * ITrialRun)>()
                      let times = System.Collections.Generic.List<float>()
                      let mutable isOver = false

                      let tell (request: LeaseRequest) =
                          let start = System.Diagnostics.Stopwatch.GetTimestamp()
                          let next, _, reply = board.Next(state, TimeSpan.Zero, request)
                          times.Add (System.Diagnostics.Stopwatch.GetElapsedTime start).TotalMilliseconds
                          state <- next
                          reply

                      let rec carryOut (lease: Lease) (run: ITrialRun) (work: LeaseWork) : struct (Lease * ITrialRun) voption =
                          run.RunTo(work.GoalFrom run.Step, CancellationToken.None)

                          match work with
                          | LeaseWork.Train _ when not run.HasEnded ->
                              match tell (LeaseRequest.Reach(lease.Token, lease.Slot, lease.Trial.Id, run.Step, run.Step, run.Curve)) with
                              | LeaseReply.Continue work -> ValueSome(struct ({ lease with Work = work }, run))
                              | _ ->
                                  tell (LeaseRequest.Park(lease.Token, lease.Trial.Id)) |> ignore
                                  ValueNone
                          | _ ->
                              tell (LeaseRequest.Complete(lease.Slot, run.Result CancellationToken.None)) |> ignore
                              ValueNone

                      while not isOver do
                          for name in 1..64 do
                              if not (held.Exists(fun (struct (lease, _)) -> lease.Slot.Worker = string name)) then
                                  match tell (LeaseRequest.Take(worker (string name), 1)) with
                                  | LeaseReply.Granted lease -> held.Add(struct (lease, Formula(lease.Trial, 0L, 0L, ignore)))
                                  | LeaseReply.Over -> isOver <- true
                                  | _ -> ()

                          for _ in 1 .. min 16 held.Count do
                              let at = random.Next held.Count
                              let struct (lease, run) = held[at]
                              held.RemoveAt at
                              carryOut lease run lease.Work |> ValueOption.iter held.Add

                      Expect.isGreaterThan state.Schedule.Results.Count 10_000 "trials"
                      let sorted = times |> Seq.sort |> Seq.toArray
                      let mean, last = Array.average sorted, Array.last sorted
                      let high = sorted[sorted.Length * 999 / 1000]
                      printfn $"{pruning}: {sorted.Length} decisions, mean {mean:F3} ms, 99.9 percent {high:F2} ms, longest {last:F1} ms"
                      Expect.isLessThan mean 5.0 "the mean")

          testCase "tokens are read as they are written" (fun () ->
              let token = { Epoch = 3L; Number = 17L }
              Expect.equal (LeaseToken.Parse(string token)) token "3.17"

              for text in [ ""; "3"; "3.x"; "3.17.1"; "-3.17" ] do
                  Expect.throwsT<FormatException> (fun () -> LeaseToken.Parse text |> ignore) text) ]
