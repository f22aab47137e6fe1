/// A study's trials on several threads, with interruptions.
module CuteDl.Studies.Tests.SchedulerTests

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests
open CuteDl.Studies.Tests.FormulaTrials

let private header = { Study = "{}"; UntilDecided = true; Data = [||]; Version = ""; OwnRules = [||] }

/// A store in a folder, as a new process would find it.
let private stored (folder: string) (act: IStudyStore -> 'result) : 'result =
    let folder = StudyFolder folder

    use journal =
        if File.Exists folder.Journal then Journal.Open folder.Journal else Journal.Create folder.Journal

    let records =
        journal.Records |> Seq.mapi (fun i record -> StudyRecord.read folder.Journal i record) |> Seq.toList

    let results =
        records
        |> List.choose (function
            | Finished result -> Some result
            | _ -> None)

    let decisions =
        records
        |> List.choose (function
            | Decided decision -> Some decision
            | _ -> None)

    act (FolderStore(folder, journal, header, results, decisions))

/// Workers on other machines, without threads: each case decides by its seed which event comes next. Messages arrive late, in any order and
/// twice, and workers are lost with or without their messages.
type private Cluster(study: StudyDesign, look: int, seed: int) =
    let random = Random seed
    let schedule = Schedule(study, Planner(study, true, decideAt look))
    let recorded = Dictionary<string, StudyDecision>()
    let messages = List<ScheduleEvent>()
    let checkpoints = Dictionary<string, int64>()
    // The assignments of which the schedule has heard neither an end nor a loss.
    let held = Dictionary<string, int64>()
    let mutable state, first = schedule.Start([], [])
    let mutable hasStopped = false

    let chance (percent: int) = random.Next 100 < percent

    /// Trains as a worker does, from its newest checkpoint. Returns the event at the end.
    let train (trial: Trial) (pauses: int64 list) (ending: int64 voption) (assignment: int64) : ScheduleEvent =
        let start =
            match checkpoints.TryGetValue trial.Id with
            | true, step -> step
            | _ -> 0L

        let run: ITrialRun = Formula(trial, start, start, ignore)

        let goal =
            match ending with
            | ValueSome step -> step
            | ValueNone -> pauses |> List.tryFind (fun step -> step >= start) |> Option.defaultValue Int64.MaxValue

        run.RunTo(goal, CancellationToken.None)

        if chance 30 then
            checkpoints[trial.Id] <- run.Step

        if run.HasEnded || ending.IsSome then
            ScheduleEvent.Finished(run.Result CancellationToken.None)
        else
            ScheduleEvent.Paused(trial.Id, assignment, run.Step, run.Step, run.Curve)

    let release (id: string) (assignment: int64) =
        match held.TryGetValue id with
        | true, number when number = assignment -> held.Remove id |> ignore
        | _ -> ()

    let send (trial: Trial) (assignment: int64) (event: ScheduleEvent) =
        Expect.isTrue (held.TryAdd(trial.Id, assignment)) $"{trial} has one worker at a time"
        let isLost = chance 10

        // A lost worker has sent its message, or not.
        if not isLost || chance 50 then
            messages.Add event

        if isLost then
            messages.Add(ScheduleEvent.WorkerIsLost(trial.Id, assignment))

    let deliver (event: ScheduleEvent) =
        match event with
        | ScheduleEvent.Paused(id, assignment, _, _, _)
        | ScheduleEvent.WorkerIsLost(id, assignment) -> release id assignment
        | ScheduleEvent.Finished result -> held.Remove result.Trial.Id |> ignore
        | ScheduleEvent.WorkerIsFree
        | ScheduleEvent.Advanced _
        | ScheduleEvent.Reached _
        | ScheduleEvent.Claimed _
        | ScheduleEvent.SetAside _
        | ScheduleEvent.Readmitted _ -> ()

        let next, commands = schedule.Next(state, event)
        state <- next

        for command in commands do
            match command with
            | ScheduleCommand.Record decision -> recorded.Add(decision.Key, decision)
            | ScheduleCommand.Train(trial, pauses, assignment) -> train trial pauses ValueNone assignment |> send trial assignment
            | ScheduleCommand.Prune(trial, at, assignment) -> train trial [] (ValueSome at) assignment |> send trial assignment
            | ScheduleCommand.Wait -> ()
            | ScheduleCommand.Stop -> hasStopped <- true
            | ScheduleCommand.Refuse trial -> failtest $"two results of {trial}"

    do
        for command in first do
            match command with
            | ScheduleCommand.Record decision -> recorded.Add(decision.Key, decision)
            | command -> failtest $"%A{command} at the start"

    /// Runs until nothing is left. Returns the results and the recorded decisions.
    member _.Run() =
        while not hasStopped || messages.Count > 0 do
            if messages.Count = 0 || (messages.Count < 6 && chance 40) then
                deliver ScheduleEvent.WorkerIsFree
            else
                let at = random.Next messages.Count
                let event = messages[at]

                if not (chance 20) then
                    messages.RemoveAt at

                deliver event

        let decisions =
            recorded.Values
            |> Seq.sortBy (fun decision -> decision.Kind, decision.About, decision.At)
            |> Seq.toArray

        schedule.Results state |> Array.map TrialJson.write, decisions

let tests =
    testList
        "scheduler"
        [ for pruning in prunings do
              testCase $"%A{pruning}: results do not depend on the number of workers" (fun () ->
                  let study = study pruning
                  let results, decisions = undisturbed study 2 1
                  Expect.isTrue (results.Length > 2 * 2 * 6 * 2) "trials"

                  for workers in [ 2; 3; 8 ] do
                      let again, decided = undisturbed study 2 workers
                      Expect.equal again results $"results with {workers} workers"
                      Expect.equal decided decisions $"decisions with {workers} workers")

              testPropertyWith
                  (Share.OneIn(12, "Each case is a study, with a sitting for each pause."))
                  $"%A{pruning}: interrupted anywhere, as often as one likes, it comes to the same"
                  (fun (pauses: uint16 list) (workers: uint8) ->
                      let study = study pruning
                      let expected = undisturbed study 2 1

                      inFolder (fun folder ->
                          let sit (steps: int) =
                              use cancel = new CancellationTokenSource()
                              let mutable left = steps

                              let onStep () =
                                  if Interlocked.Decrement(&left) = 0 then
                                      cancel.Cancel()

                              let source = Formulas onStep

                              stored folder (fun store ->
                                  let workers = sitting study 2 store (1 + int workers % 4) source cancel.Token

                                  Expect.equal
                                      (source.Started |> Seq.distinct |> Seq.length)
                                      source.Started.Count
                                      "no trial is begun twice"

                                  workers)

                          for pause in pauses do
                              sit (1 + int pause % 1500) |> ignore

                          outcome (sit -1) = expected))

              testPropertyWith
                  (Share.OneIn(4, "Each case is a study on workers that get lost."))
                  $"%A{pruning}: events may come in any order, late, twice or never"
                  (let expected = lazy (undisturbed (study pruning) 2 1)
                   fun (seed: int) -> Cluster(study pruning, 2, seed).Run() = expected.Value)

          testCase "idle workers ask for work only after an event that can give them some" (fun () ->
              let study =
                  { study NoPruning with
                      Tasks = [ task "one" ]
                      Contenders = [ { contender "a" (LogUniform(1e-4, 1e-1)) with Space = [] } ]
                      Protocol = RunsProtocol.make [ 1 ] [] }

              let workers = 8

              // Time for the idle workers to wake up, if they were to.
              let finished =
                  sitting study 1 (MemoryStore()) workers (Formulas(fun () -> Thread.Sleep 1)) CancellationToken.None

              Expect.equal finished.Results.Length 1 "trials"

              // Each asks when it begins, and once more when the only trial has ended.
              Expect.isLessThanOrEqual finished.Asked (2L * int64 workers + 1L) "questions")

          testPropertyWith
              (Share.OneIn(12, "Each case is a study with five tunings, on workers that get lost."))
              "nested tuning: events may come in any order, late, twice or never"
              (let expected = lazy (undisturbed (nested (Median 2)) 2 1)
               fun (seed: int) -> Cluster(nested (Median 2), 2, seed).Run() = expected.Value)

          testCase "a second result of a trial that differs from the first is refused, and an equal one changes nothing" (fun () ->
              let study = study NoPruning
              let schedule = Schedule(study, Planner(study, true, decideAt 2))
              let state, _ = schedule.Start([], [])

              match schedule.Next(state, ScheduleEvent.WorkerIsFree) with
              | state, [ ScheduleCommand.Train(trial, _, _) ] ->
                  let run: ITrialRun = Formula(trial, 0L, 0L, ignore)
                  run.RunTo(Int64.MaxValue, CancellationToken.None)
                  let result = run.Result CancellationToken.None
                  let known, _ = schedule.Next(state, ScheduleEvent.Finished result)
                  let again, commands = schedule.Next(known, ScheduleEvent.Finished result)
                  Expect.isEmpty commands "equal"
                  Expect.isTrue (obj.ReferenceEquals(again.Results, known.Results)) "nothing changed"
                  let _, commands = schedule.Next(known, ScheduleEvent.Finished { result with Parameters = 1UL })
                  Expect.equal commands [ ScheduleCommand.Refuse trial ] "other parameters"
              | _, commands -> failtest $"%A{commands}")

          testCase "an event does not change the state that it was given" (fun () ->
              let study = study (Median 2)
              let schedule = Schedule(study, Planner(study, true, decideAt 2))
              let first, _ = schedule.Start([], [])
              let second, commands = schedule.Next(first, ScheduleEvent.WorkerIsFree)
              let again, repeated = schedule.Next(first, ScheduleEvent.WorkerIsFree)
              Expect.equal repeated commands "the same commands"
              Expect.equal (again.Assignments, first.Assignments) (second.Assignments, 0L) "and numbers")

          testPropertyWith
              (Share.OneIn(10, "Each case makes a plan for each result of a study."))
              "a plan is only kept while a new one would be the same"
              (fun (seed: int) (isNested: bool) ->
                  let study = if isNested then nested NoPruning else study NoPruning
                  let random = Random seed
                  let schedule = Schedule(study, Planner(study, true, decideAt 2))
                  let fresh = Planner(study, true, decideAt 2)
                  let mutable state, _ = schedule.Start([], [])
                  let mutable kept = 0

                  while state.Index.UnfinishedCount > 0 do
                      let struct (_, trial) = Seq.item (random.Next state.Index.UnfinishedCount) state.Index.Unfinished
                      let run: ITrialRun = Formula(trial, 0L, 0L, ignore)
                      run.RunTo(Int64.MaxValue, CancellationToken.None)
                      let before = state.Index.Plan
                      state <- fst (schedule.Next(state, ScheduleEvent.Finished(run.Result CancellationToken.None)))
                      let plan = state.Index.Plan

                      if obj.ReferenceEquals(plan, before) then
                          kept <- kept + 1

                      let expected =
                          fresh.Make(fun id ->
                              match state.Results.TryGetValue id with
                              | true, result -> ValueSome result
                              | _ -> ValueNone)

                      Expect.equal
                          (plan.Trials, plan.Later, plan.Decisions, plan.LooksDone, plan.IsComplete)
                          (expected.Trials, expected.Later, expected.Decisions, expected.LooksDone, expected.IsComplete)
                          "plan"

                      let unfinished =
                          expected.Trials
                          |> Array.filter (fun trial -> not (state.Results.ContainsKey trial.Id))
                          |> Array.map _.Id

                      Expect.equal [| for struct (id, _) in state.Index.Unfinished -> id |] unfinished "unfinished"
                      let share = PlanIndex.Of(expected, _.Id, (fun _ -> float steps), state.Results.ContainsKey).Share 0.0
                      Expect.equal (state.Index.Share 0.0) share "share"

                  Expect.isTrue state.Index.Plan.IsComplete "complete"
                  Expect.isGreaterThan kept (state.Results.Count / 3) "most results change no plan")

          testCase "pruning ends trials, and says why" (fun () ->
              for pruning in List.tail prunings do
                  let _, decisions = undisturbed (study pruning) 1 2
                  let pruned = decisions |> Array.filter (fun decision -> decision.Kind = DecisionKind.Pruned)
                  Expect.isGreaterThan pruned.Length 0 $"%A{pruning}"
                  Expect.stringContains pruned[0].Reason "below the threshold" "why")

          testCase "extends a space whose best lies at its edge, and says so" (fun () ->
              let results, decisions = undisturbed (study NoPruning) 1 2
              let extended = decisions |> Array.filter (fun decision -> decision.Kind = DecisionKind.Extended)
              Expect.equal [ for decision in extended -> decision.About, decision.At ] [ "one/a", 1L; "two/a", 1L ] "a's rates end at 0.1"

              Expect.stringContains
                  extended[0].Reason
                  "The best of 6 settings is at the edge of the range of lr. 2 settings beyond it"
                  "why"

              let settings =
                  results
                  |> Array.map TrialJson.read
                  |> Array.filter (fun result -> result.Trial.Phase = Phase.Tuning && result.Trial.Contender = "a")
                  |> Array.map _.Trial.Setting

              Expect.equal (Array.max settings) 7 "two more")

          testCase "confirms every contender with the same seeds, as many as the looks ask for" (fun () ->
              for look, count in [ 1, 3; 2, 5; 3, 8; 4, 8 ] do
                  let results, decisions = undisturbed (study NoPruning) look 2
                  let looked = decisions |> Array.filter (fun decision -> decision.Kind = DecisionKind.Looked)
                  Expect.equal looked.Length (min look 3) "looks"

                  let seeds phase contender task =
                      [ for result in Array.map TrialJson.read results do
                            if result.Trial.Phase = phase && result.Trial.Contender = contender && result.Trial.Task = task then
                                result.Trial.Seed ]

                  for phase in [ Phase.Confirmation; Phase.Defaults ] do
                      for contender in [ "a"; "b" ] do
                          for task in [ "one"; "two" ] do
                              Expect.equal (seeds phase contender task) [ 1..count ] $"{phase} {contender} {task}")

          testCase "trials that end before the first checkpoint are kept" (fun () ->
              let study = study NoPruning

              inFolder (fun folder ->
                  let results =
                      stored folder (fun store ->
                          let workers =
                              StudyWorkers(
                                  study,
                                  Planner(study, true, decideAt 2),
                                  Formulas ignore,
                                  store,
                                  2,
                                  1,
                                  TimeSpan.FromHours 1.0,
                                  ignore
                              )

                          workers.Run CancellationToken.None
                          outcome workers)

                  Expect.equal results (undisturbed study 2 1) "results"))

          testCase "a result that cannot be kept ends the study with its name, and nothing before it is lost" (fun () ->
              let study = study NoPruning
              let expected = undisturbed study 2 1

              inFolder (fun folder ->
                  let failing (inner: IStudyStore) =
                      let mutable left = 5

                      { new IStudyStore with
                          member _.Results = inner.Results
                          member _.Decisions = inner.Decisions

                          member _.Keep(result: TrialResult, model) =
                              if Interlocked.Decrement(&left) <= 0 then
                                  raise (IOException "no space left on device")

                              inner.Keep(result, model)

                          member _.Keep(decision: StudyDecision) = inner.Keep decision
                          member _.Save(trial, run) = inner.Save(trial, run)
                          member _.Restore(trial, source) = inner.Restore(trial, source)
                          member _.Verify() = inner.Verify() }

                  let message =
                      stored folder (fun store ->
                          try
                              sitting study 2 (failing store) 2 (Formulas ignore) CancellationToken.None |> ignore
                              ""
                          with :? StudyException as error ->
                              error.Message)

                  Expect.stringStarts message "Failure in tuning/" "which"
                  Expect.stringEnds message ": no space left on device" "why"
                  let kept = stored folder (fun store -> store.Results.Count)
                  Expect.equal kept 4 "those before it"

                  let again =
                      stored folder (fun store -> outcome (sitting study 2 store 2 (Formulas ignore) CancellationToken.None))

                  Expect.equal again expected "goes on"))

          testCase "a trial that throws fails, with its validations so far, and the study goes on" (fun () ->
              for pruning in prunings do
                  let study = study pruning
                  let mutable steps = 0

                  let onStep () =
                      if Interlocked.Increment(&steps) = 333 then
                          invalidOp "a step failed"

                  let workers = sitting study 2 (MemoryStore()) 3 (Formulas onStep) CancellationToken.None
                  let failed = workers.Results |> Array.filter (fun result -> result.Ending = Ending.Failed)
                  Expect.isTrue workers.Plan.IsComplete "complete"
                  Expect.equal [ for result in failed -> result.Failure ] [ "a step failed" ] "one"

                  for result in failed do
                      Expect.equal (TrialJson.read (TrialJson.write result)) result "read again"
                      Expect.equal result.Steps (Array.tryLast result.Curve.Steps |> Option.defaultValue 0L) "its steps"
                      Expect.equal result.Curve (curve result.Trial result.Steps) "its validations")

          testCase "a trial that cannot start or give its result fails, and the study goes on" (fun () ->
              let study = study NoPruning

              for failsAtStart in [ true; false ] do
                  let inner: ITrialSource = Formulas ignore

                  let source =
                      { new ITrialSource with
                          member _.Start trial =
                              if trial.Setting <> 1 || trial.Phase <> Phase.Tuning then
                                  inner.Start trial
                              elif failsAtStart then
                                  invalidOp "no start"
                              else
                                  let run = inner.Start trial

                                  { new ITrialRun with
                                      member _.Step = run.Step
                                      member _.HasEnded = run.HasEnded
                                      member _.Newest = run.Newest
                                      member _.Moment = run.Moment
                                      member _.Curve = run.Curve
                                      member _.RunTo(step, cancellation) = run.RunTo(step, cancellation)
                                      member _.Save path = run.Save path
                                      member _.Result _ = raise (Exception "")
                                      member _.Model() = null }

                          member _.Restore(trial, path) = inner.Restore(trial, path) }

                  let results = (sitting study 2 (MemoryStore()) 2 source CancellationToken.None).Results
                  let failed = results |> Array.filter (fun result -> result.Ending = Ending.Failed)
                  Expect.equal (failed |> Array.distinctBy _.Trial.Setting).Length 1 "only that setting"
                  Expect.equal failed.Length 8 "on two tasks, with two optimizers and two seeds"
                  Expect.equal failed[0].Failure (if failsAtStart then "no start" else "Exception") "why"

                  for result in failed do
                      Expect.equal (TrialJson.read (TrialJson.write result)) result "read again")

          testCase
              "an error of the machine within a step ends the study: the trial is not saved where it stands, and the others are"
              (fun () ->
                  let study = study NoPruning

                  for failsToSave in [ false; true ] do
                      let saved = ConcurrentBag<string>()
                      let mutable steps = 0

                      let onStep () =
                          if Interlocked.Increment(&steps) = 333 then
                              raise (IOException "a step failed")

                      let inner: IStudyStore = MemoryStore()

                      let store =
                          { new IStudyStore with
                              member _.Results = inner.Results
                              member _.Decisions = inner.Decisions
                              member _.Keep(result: TrialResult, model) = inner.Keep(result, model)
                              member _.Keep(decision: StudyDecision) = inner.Keep decision

                              member _.Save(trial, _) =
                                  saved.Add trial.Id

                                  if failsToSave then
                                      raise (UnauthorizedAccessException "not here")

                              member _.Restore(_, _) = ValueNone
                              member _.Verify() = () }

                      let workers =
                          StudyWorkers(study, Planner(study, true, decideAt 2), Formulas onStep, store, 3, 1, TimeSpan.MaxValue, ignore)

                      let message =
                          try
                              workers.Run CancellationToken.None
                              ""
                          with :? StudyException as error ->
                              error.Message

                      Expect.stringEnds message ": a step failed" "the first failure is told"
                      Expect.isFalse (Seq.contains (message.Split(':')[0]) saved) "not the one that failed")

          testCase "trials under way that cannot be saved when it is cancelled are named" (fun () ->
              use cancel = new CancellationTokenSource()
              let mutable steps = 0

              let onStep () =
                  if Interlocked.Increment(&steps) = 100 then
                      cancel.Cancel()

              let store =
                  { new IStudyStore with
                      member _.Results = Dictionary()
                      member _.Decisions = []
                      member _.Keep(_: TrialResult, _) = ()
                      member _.Keep(_: StudyDecision) = ()
                      member _.Save(_, _) = raise (IOException "no space left on device")
                      member _.Restore(_, _) = ValueNone
                      member _.Verify() = () }

              let sit () = sitting (study NoPruning) 2 store 1 (Formulas onStep) cancel.Token |> ignore

              let message =
                  try
                      (sit ()
                       "")
                  with :? StudyException as error ->
                      error.Message

              Expect.stringEnds message "cannot be saved. no space left on device" "named") ]
