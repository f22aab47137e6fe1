/// Tests studies over trainers of one's own.
module CuteDl.Studies.Tests.TrainerTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests
open CuteDl.Studies.Tests.ProblemKindTests

let private budget = 24L
let private every = 5

/// The steps of all validations: every fifth, and the last.
let private due = [ for step in int64 every .. int64 every .. budget - 1L -> step ] @ [ budget ]

let private lossAt (trial: TrialToTrain) (step: int64) : float =
    let rate = trial.Trial.Values |> Array.sumBy (fun struct (_, value) -> value)
    exp (-rate * float step) + float (trial.Trial.Seed * 7 % 11) / 1000.0

let private trained (trial: TrialToTrain) (_: CancellationToken) : Score seq =
    seq { for step in due -> Score(step, lossAt trial step, nan) }

let private studyOver (trainer: OwnTrainer) : StudyDesign =
    { Name = "trainer"
      Tasks =
        [ { Name = "mine"
            Problem = trainer
            Precision = TaskPrecision.Single
            Steps = budget
            ValidateEvery = every
            Target = Target.Loss 0.1 } ]
      Metrics = Metric.Defaults
      Contenders =
        [ for name in [ "fixed"; "momentum" ] ->
              { Name = name
                Label = name
                Optimizer = Expression.parse $"{name}()"
                Space = [ "lr", LogUniform(0.01, 1.0) ] } ]
      Protocol =
        FairProtocol.make (
            { Search = Sobol
              Trials = 5
              Seeds = [ 1000; 1001 ]
              Objective = TimeToTarget
              Pruning = SuccessiveHalving 2
              Extensions = 1
              Nested = false },
            { Seeds = [ 1..3 ]; Alpha = 0.05; EqualWithin = 1.05; InterimLooks = None; Defaults = false },
            None
        ) }

let private source (study: StudyDesign) : struct (ITrialSource * struct (string * string) array) =
    let trials = PreparedTrials.Of(noImages, study)
    struct (trials, trials.DataHashes)

let private text (result: TrialResult) =
    TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0; Curve = { result.Curve with Seconds = [||] } }

let private texts (outcome: StudyOutcome) = outcome.Results |> Array.map text |> Array.toList

let private inMemory (study: StudyDesign) : StudyOutcome =
    use run = StudyRun.InMemory(study, false, PreparedTrials.Of(noImages, study))
    run.Run({ RunOptions.Defaults with Workers = 1 }, ignore, CancellationToken.None)

let private expected = lazy (texts (inMemory (studyOver (OwnTrainer.From("mine", trained)))))

/// Carries out a study in a folder, with a cancellation after each of some numbers of reports.
let private interrupted (study: StudyDesign) (workers: int) (pauses: int list) (folder: string) : StudyOutcome =
    let rec sitting (isFirst: bool) (pauses: int list) =
        let struct (trials, data) = source study
        use cancel = new CancellationTokenSource()
        let mutable reports = 0

        let progress (_: StudyProgress) =
            match pauses with
            | pause :: _ when Interlocked.Increment(&reports) >= pause -> cancel.Cancel()
            | _ -> ()

        let run =
            if isFirst then
                StudyRun.Begin(study, false, folder, trials, data)
            else
                StudyRun.Resume(folder, Some study, (fun study -> source study))

        let outcome =
            using run (fun run -> run.Run({ Workers = workers; Threads = 1; SaveEvery = TimeSpan.Zero }, progress, cancel.Token))

        match pauses with
        | _ :: rest -> sitting false rest
        | [] -> outcome

    sitting true pauses

/// A trainer that counts how often it was opened and closed.
let private counted (opened: int ref) (closed: int ref) : OwnTrainer =
    OwnTrainer.From(
        "mine",
        fun trial cancellation ->
            seq {
                Interlocked.Increment opened |> ignore

                try
                    yield! trained trial cancellation
                finally
                    Interlocked.Increment closed |> ignore
            }
    )

let private failure (train: TrialToTrain -> CancellationToken -> Score seq) : TrialResult =
    let outcome = inMemory (studyOver (OwnTrainer.From("mine", train)))
    Expect.isTrue outcome.IsComplete "the study is complete"
    outcome.Results |> Array.find (fun result -> result.HasFailed)

let tests =
    testList
        "trainers"
        [ propertyWith
              (Share.OneIn(12, "each case is a study in a folder"))
              "any number of workers and interruptions gives the same results, and closes what it opened"
              (Gen.zip (Gen.choose (1, 4)) (Gen.listOf (Gen.choose (1, 30))))
              (fun (workers, pauses) ->
                  let opened, closed = ref 0, ref 0

                  inFolder (fun folder ->
                      let outcome = interrupted (studyOver (counted opened closed)) workers (List.truncate 4 pauses) folder
                      Expect.isTrue outcome.IsComplete "complete"
                      Expect.equal (texts outcome) expected.Value "results")

                  Expect.equal closed.Value opened.Value "closed")

          testCase "validations become the curve and the scores of a trial" (fun () ->
              let result =
                  (inMemory (studyOver (OwnTrainer.From("mine", trained)))).Results
                  |> Array.find (fun result -> result.Trial.Phase = Phase.Confirmation)

              let trial =
                  { Trial = result.Trial
                    Optimizer = Expression.parse "fixed()"
                    Steps = budget
                    ValidateEvery = every }

              let losses = due |> List.map (lossAt trial)
              Expect.equal (List.ofArray result.Curve.Steps) due "steps"
              Expect.equal (List.ofArray result.Curve.Loss) losses "losses"
              Expect.equal result.Final.Value.Loss (List.last losses) "final"
              Expect.equal result.Best.Value.Loss (List.min losses) "best"

              let reached =
                  List.zip due losses |> List.tryFind (fun (_, loss) -> loss <= 0.1) |> Option.map (fst >> float)

              Expect.equal result.StepsToTarget (defaultArg reached infinity) "steps to the target"
              Expect.equal (text (TrialJson.read (TrialJson.write result))) (text result) "read again")

          testCase "a pruned trial is not trained further" (fun () ->
              let outcome = inMemory (studyOver (OwnTrainer.From("mine", trained)))
              let pruned = outcome.Results |> Array.filter (fun result -> result.Ending = Ending.Pruned)
              Expect.isNonEmpty pruned "pruned trials"
              Expect.isTrue (pruned |> Array.forall (fun (result: TrialResult) -> result.Steps < budget)) "steps")

          testCase "stop rules end a trial of a trainer" (fun () ->
              let study =
                  { studyOver (OwnTrainer.From("mine", trained)) with
                      Protocol = RunsProtocol.make [ 1 ] [ CuteDl.Core.Training.Stagnation(1, 1e6) ] }

              let results = (inMemory study).Results
              Expect.isNonEmpty results "trials"
              Expect.isTrue (results |> Array.forall (fun result -> result.Ending = Ending.TooSlow)) "endings"
              Expect.isTrue (results |> Array.forall (fun result -> result.AtStop.HasValue)) "scores at the stop")

          testCase "an accuracy outside of its range fails the trial" (fun () ->
              let wrong trial cancellation =
                  trained trial cancellation |> Seq.map (fun (score: Score) -> Score(score.Step, score.Loss, 1.5))

              let outcome = inMemory (studyOver (OwnTrainer.From("mine", wrong, classes = 3)))

              Expect.all
                  outcome.Results
                  (fun result -> result.Failure.StartsWith "The trainer 'mine' gave the accuracy 1.5 at step 5.")
                  "failures")

          testCase "a trial that goes on after a cancellation starts anew" (fun () ->
              use cancel = new CancellationTokenSource()

              let stopping trial cancellation =
                  trained trial cancellation
                  |> Seq.map (fun (score: Score) ->
                      if score.Step > 10L then
                          cancel.Cancel()

                      score)

              let study = studyOver (OwnTrainer.From("mine", stopping))
              let trial = (inMemory (studyOver (OwnTrainer.From("mine", trained)))).Results[0].Trial
              let source: ITrialSource = PreparedTrials.Of(noImages, study)
              let run = source.Start trial
              run.RunTo(budget, cancel.Token)
              Expect.isFalse run.HasEnded "it was cancelled"
              run.RunTo(budget, CancellationToken.None)
              Expect.equal (List.ofArray run.Curve.Steps) due "each validation once")

          testCase "the trainer gets the optimizer of the trial" (fun () ->
              let check (trial: TrialToTrain) cancellation =
                  if string trial.Optimizer <> trial.Trial.Optimizer then
                      failwith "another optimizer"

                  trained trial cancellation

              Expect.isFalse
                  (Array.exists
                      (fun (result: TrialResult) -> result.HasFailed)
                      (inMemory (studyOver (OwnTrainer.From("mine", check)))).Results)
                  "failures")

          testCase "exceptions, wrong steps and an early end fail the trial with a reason" (fun () ->
              let take count (more: Score list) (trial: TrialToTrain) (cancellation: CancellationToken) =
                  Seq.append (Seq.truncate count (trained trial cancellation)) more

              Expect.equal (failure (fun _ _ -> failwith "No device.")).Failure "No device." "at the start"

              let late =
                  failure (fun trial cancellation ->
                      seq {
                          yield! take 2 [] trial cancellation
                          failwith "Out of range."
                      })

              Expect.equal (late.Failure, late.Curve.Steps.Length) ("Out of range.", 2) "later"

              Expect.equal
                  (failure (take 1 [ Score(11L, 1.0, nan) ])).Failure
                  "The trainer 'mine' gave a validation at step 11, but the next one is due at step 10. Validate after each 5 steps, and after the last step."
                  "another step"

              Expect.equal
                  (failure (take 2 [])).Failure
                  "The trainer 'mine' ended after 10 of 24 steps. Give validations up to the last step."
                  "an early end")

          testCase "a loss that is not finite ends the trial as diverged" (fun () ->
              let result =
                  failure (fun trial cancellation ->
                      trained trial cancellation
                      |> Seq.map (fun (score: Score) -> if score.Step > 10L then Score(score.Step, nan, score.Accuracy) else score))

              Expect.equal (result.Ending, result.Steps) (Ending.Diverged, 15L) "ending")

          testCase "a study resumes only with the same version" (fun () ->
              inFolder (fun folder ->
                  let over version = studyOver (OwnTrainer.From("mine", trained, version = version))
                  let struct (trials, data) = source (over "1")
                  using (StudyRun.Begin(over "1", false, folder, trials, data)) ignore

                  try
                      StudyRun.Resume(folder, Some(over "2"), (fun study -> source study)) |> ignore
                      failtest "Nothing was thrown."
                  with :? StudyException as error ->
                      Expect.stringContains error.Message "of the task 'mine' differ" "message"))

          testCase "its trials cannot be replayed, and the message says so" (fun () ->
              let study = studyOver (OwnTrainer.From("mine", trained))
              let result = (inMemory study).Results[0]

              try
                  Replay.check (PreparedTask.prepare noImages study.Tasks[0]) result ignore CancellationToken.None
                  |> ignore

                  failtest "Nothing was thrown."
              with :? NotSupportedException as error ->
                  Expect.stringContains error.Message "The trainer 'mine' trains its trials itself" "message") ]
