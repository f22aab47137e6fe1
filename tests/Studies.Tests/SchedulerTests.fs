/// A study's trials on several threads, with interruptions: trained by a formula in place of a network, so that thousands fit a test.
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

let private steps = 40L
let private every = 2

let private task name : StudyTask =
    { Name = name
      Problem = Quadratic(2, 10.0)
      Precision = TaskPrecision.Double
      Steps = steps
      ValidateEvery = every
      Target = Accuracy 0.8 }

let private contender name space : Contender =
    { Name = name
      Label = name
      Optimizer = Expression.parse "fixed(lr=0.01)"
      Space = [ "lr", space ] }

let private tuning pruning =
    { Search = Grid
      Trials = 6
      Seeds = [ 1000; 1001 ]
      Objective = TimeToTarget
      Pruning = pruning
      Extensions = 2
      Nested = false }

let private confirmation =
    { Seeds = [ 1; 2; 3 ]
      Alpha = 0.05
      EqualWithin = 1.05
      InterimLooks = Some { Seeds = [ 3; 5; 8 ] }
      Defaults = true }

let private study pruning =
    { Name = "test"
      Tasks = [ task "one"; task "two" ]
      Metrics = Metric.Defaults
      Contenders = [ contender "a" (LogUniform(1e-4, 1e-1)); contender "b" (LogUniform(0.1, 1000.0)) ]
      Protocol = FairProtocol.make (tuning pruning, confirmation, Some { Rates = [ 0.001; 0.1 ]; Seeds = [ 2000 ] }) }

/// With a tuning for each confirmation seed.
let private nested pruning =
    let study = study pruning
    let tuning = study.Protocol.Tuning |> Option.map (fun tuning -> { tuning with Nested = true })
    { study with Protocol = { study.Protocol with Tuning = tuning } }

/// A learning curve as a function of the trial and the step: the better, the nearer the rate is to 0.3.
let private accuracy (trial: Trial) (step: int64) : float =
    let rate =
        match trial.Values with
        | [| struct (_, rate) |] -> rate
        | _ -> 0.01

    let noise = float (trial.Seed * 7 % 11) / 200.0
    (1.0 - exp (-float step / 10.0 / (1.0 + abs (log10 rate + 0.5)))) - noise

let private curve (trial: Trial) (step: int64) : Curve =
    let steps = [| for s in int64 every .. int64 every .. step -> s |]
    let nothing = Array.create steps.Length 0.0

    { Steps = steps
      TrainingLoss = nothing
      Loss = steps |> Array.map (fun s -> 1.0 - accuracy trial s)
      Accuracy = steps |> Array.map (accuracy trial)
      RSquared = null
      MeanAbsoluteError = null
      Training = null
      GradientNorm = nothing
      UpdateRatio = nothing
      Seconds = nothing }

/// Counts steps, and lets something happen at each. As in a training, a validation may be interrupted: then it is made up later.
type private Formula(trial: Trial, start: int64, validatedAtStart: int64, onStep: unit -> unit) =
    let mutable step = start
    let mutable validated = validatedAtStart

    let validate (cancellation: CancellationToken) =
        if step % int64 every = 0L && not cancellation.IsCancellationRequested then
            validated <- step

    interface ITrialRun with
        member _.Step = step
        member _.HasEnded = step >= steps && validated = step
        member _.Moment = TrialMoment.Unknown
        member _.Curve = curve trial validated

        member _.Newest =
            let accuracy = accuracy trial validated

            if validated > 0L then Nullable(Score(validated, 1.0 - accuracy, accuracy)) else Nullable()

        member _.RunTo(goal, cancellation) =
            if step <= goal then
                validate cancellation

            while step < min goal steps && not cancellation.IsCancellationRequested do
                step <- step + 1L
                onStep ()
                validate cancellation

        member _.Save path = File.WriteAllText(path, $"{step} {validated}")

        member _.Result _ =
            let pruned = step < steps
            let curve = curve trial step

            let reached =
                Array.tryFindIndex (fun accuracy -> accuracy >= 0.8) curve.Accuracy
                |> Option.map (fun i -> float curve.Steps[i])
                |> Option.defaultValue infinity

            let best =
                if curve.Steps.Length = 0 then
                    Nullable()
                else
                    let i = curve.Accuracy |> Array.indexed |> Array.maxBy snd |> fst
                    Nullable(Score(curve.Steps[i], curve.Loss[i], curve.Accuracy[i]))

            { Trial = trial
              Ending = if pruned then Ending.Pruned else Ending.Completed
              Steps = step
              Curve = curve
              StepsToTarget = reached
              ExamplesToTarget = reached
              SecondsToTarget = 0.0
              Best = best
              Final = if pruned then Nullable() else best
              AtStop = Nullable()
              Test = Nullable()
              Health = Health.Sound
              Fingerprint = [||]
              FingerprintEvery = 1
              Parameters = 0UL
              Seconds = 0.0
              Failure = "" }

        member _.Model() = null

type private Formulas(onStep: unit -> unit) =
    /// Trials begun anew, by id: none may be begun twice in one sitting.
    member val Started = ConcurrentBag<string>()

    interface ITrialSource with
        member source.Start trial =
            source.Started.Add trial.Id
            Formula(trial, 0L, 0L, onStep)

        member _.Restore(trial, path) =
            match (File.ReadAllText path).Split ' ' with
            | [| step; validated |] -> Formula(trial, int64 step, int64 validated, onStep)
            | parts -> failtest $"{parts.Length} numbers in '{path}'"

let private decideAt look : int -> TrialResult array -> bool = fun number _ -> number >= look

let private sitting study look (store: IStudyStore) workers (source: ITrialSource) cancellation =
    let workers =
        StudyWorkers(
            study,
            Planner(study, true, decideAt look),
            source,
            store,
            workers,
            1,
            (if workers % 2 = 0 then TimeSpan.Zero else TimeSpan.MaxValue),
            ignore
        )

    workers.Run cancellation
    workers

let private outcome (workers: StudyWorkers) = workers.Results |> Array.map TrialJson.write, workers.Decisions

let private undisturbed study look workers =
    outcome (sitting study look (MemoryStore()) workers (Formulas ignore) CancellationToken.None)

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

let private prunings = [ NoPruning; Median 2; SuccessiveHalving 3 ]

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
        | ScheduleEvent.Advanced _ -> ()

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
