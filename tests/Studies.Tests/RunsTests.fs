/// The protocol that trains contenders as they are given: cut and resumed, replayed, and on the source document's runs.
module CuteDl.Studies.Tests.RunsTests

open System
open System.IO
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Tests.JournalTests

let private contender (name: string) (optimizer: Optimizer) : Contender = { Name = name; Label = name; Optimizer = optimizer; Space = [] }

let private source (images: DataReader) (study: StudyDesign) : struct (ITrialSource * struct (string * string) array) =
    let trials = PreparedTrials.Of(images, study)
    struct (trials, trials.DataHashes)

let private toEnd (run: StudyRun) (workers: int) (cancellation: CancellationToken) : StudyOutcome =
    run.Run({ Workers = workers; Threads = 1; SaveEvery = TimeSpan.MaxValue }, ignore, cancellation)

let private inMemory (images: DataReader) (study: StudyDesign) : StudyOutcome =
    let struct (trials, _) = source images study
    use run = StudyRun.InMemory(study, false, trials)
    toEnd run 2 CancellationToken.None

/// Without times, which are not repeatable.
let private repeatable (result: TrialResult) : string =
    TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0; Curve = { result.Curve with Seconds = [||] } }

/// Cancels a study as soon as its trials have taken a number of steps in all.
let private cutAfter (steps: int64) (cancel: CancellationTokenSource) (inner: ITrialSource) : ITrialSource =
    let left = ref steps

    let cutting (run: ITrialRun) =
        { new ITrialRun with
            member _.Step = run.Step
            member _.HasEnded = run.HasEnded
            member _.Newest = run.Newest
            member _.Moment = run.Moment
            member _.Curve = run.Curve

            member _.RunTo(step, cancellation) =
                let start = run.Step
                run.RunTo(min step (start + max 0L (Volatile.Read &left.contents)), cancellation)

                if Interlocked.Add(&left.contents, start - run.Step) <= 0L then
                    cancel.Cancel()

            member _.Save path = run.Save path
            member _.Result cancellation = run.Result cancellation
            member _.Model() = run.Model() }

    { new ITrialSource with
        member _.Start trial = cutting (inner.Start trial)
        member _.Restore(trial, path) = cutting (inner.Restore(trial, path)) }

let private optimizers =
    [ "adam(lr=0.02)"
      "momentum(lr=cosine(0.05, steps=100%)) | ema(0.9)"
      "fixed(lr=1e30)"
      "accumulate(2) | adamw | lookahead(3)" ]

let private cases =
    gen {
        let! steps = Gen.choose (1, 40)
        let! every = Gen.choose (1, steps)
        let! precision = Gen.elements [ TaskPrecision.Single; TaskPrecision.Double ]

        let! layers =
            Gen.elements ([ [ Dense(3, ReLU) ]; [ Dense(4, Tanh); Dropout 0.3; Dense(5, Linear) ] ]: Layer list list)

        let! weights = Gen.elements [ Some He; Some(Normal 0.01); None ]
        let! order = Gen.elements [ Shuffled; FileOrder ]
        let! mean = Gen.elements [ OverBatches; OverExamples ]
        let! split = Gen.elements [ TestAsValidation; HoldOut(20, 3) ]
        let! patience = Gen.choose (1, 6)
        let! hold = Gen.choose (1, 6)

        let! rules =
            Gen.elements
                [ []
                  [ Stagnation(patience, 0.01) ]
                  [ EarlyStopping patience ]
                  [ Stagnation(patience, 0.0); StopRule.Target(0.3, hold) ]
                  [ EarlyStopping patience; ReachedAccuracy 0.9; ReachedLoss 0.1 ] ]

        let! optimizers = Gen.elements [ List.truncate 2 optimizers; List.skip 2 optimizers ]
        let! workers = Gen.choose (1, 2)
        let! cuts = Gen.listOfLength 3 (Gen.choose (1, 60))

        let studyIn (folder: string) : StudyDesign =
            let given =
                match weights with
                | Some initialization -> Drawn initialization
                | None -> File(Path.Combine(folder, "weights.npz"), 1000)

            let images =
                { StartingWeightsTests.problemOf layers given with Order = order; Mean = mean; Split = split }

            let task name (problem: IProblem) target : StudyTask =
                { Name = name
                  Problem = problem
                  Precision = precision
                  Steps = int64 steps
                  ValidateEvery = every
                  Target = target }

            { Name = "runs"
              Tasks = [ task "images" images (Accuracy 0.5); task "bowl" (Quadratic(5, 100.0)) (Target.Loss 0.1) ]
              Metrics = Metric.Defaults
              Contenders = [ for i, text in List.indexed optimizers -> contender $"c{i}" (Expression.parse text) ]
              Protocol = RunsProtocol.make [ 0; 7 ] rules }

        return layers, studyIn, workers, cuts
    }

let private contentOf (outcome: StudyOutcome) (result: TrialResult) : Safetensors option =
    match outcome.Models.Of result.Trial with
    | null -> None
    | model -> Some(TrainedModelFile.toContent model)

/// The loss of a trial's validation at the parameters of its model.
let private lossOf (task: PreparedTask) (trial: Trial) (model: TrainedModel) : float =
    let parameters =
        [| for name in model.TensorNames do
               match (model.Tensor name).Cells with
               | F32 values -> yield! Array.map float values
               | F64 values -> yield! values
               | I64 _
               | U8 _ -> failtest "whole numbers" |]

    let validate (workload: IWorkload<'T>) =
        parameters |> Array.iteri (fun i value -> workload.Parameters[i] <- 'T.CreateTruncating value)

        let struct (quality, _) = (workload.Validate CancellationToken.None).Value
        quality.Loss

    match task.Task.Precision with
    | TaskPrecision.Double -> validate (task.Problem.Start<float> trial.Seed).Workload
    | _ -> validate (task.Problem.Start<float32> trial.Seed).Workload

/// The model of a result is the one of the validation with the smallest loss under early stopping; else the last.
let private hasItsModel (task: PreparedTask) (outcome: StudyOutcome) (result: TrialResult) : unit =
    match outcome.Models.Of result.Trial with
    | null -> Expect.isTrue (result.Ending = Ending.Diverged || task.Task.Name = "bowl") $"{result.Trial} has no model"
    | model ->
        let losses = result.Curve.Loss

        let best =
            if List.exists StopRule.keepsBest task.StopRules then
                Array.findIndex ((=) (Array.min losses)) losses
            else
                losses.Length - 1

        Expect.equal model.Notes["cutedl.trial.step"] (string result.Curve.Steps[best]) "step"
        Expect.equal (lossOf task result.Trial model) losses[best] "loss"

let private resumed =
    propertyWith
        (Share.OneIn(4, "Each case is two studies, one in up to four sessions."))
        "cut at any step and resumed, runs have the same bits as uncut, and replays find them again"
        cases
        (fun (layers, studyIn, workers, cuts) ->
            inFolder (fun parent ->
                StartingWeightsTests.save (Path.Combine(parent, "weights.npz")) F64 layers 5
                let study = studyIn parent
                let folder = Path.Combine(parent, "study")
                let ofImages = source StartingWeightsTests.reader

                for i, cut in List.indexed cuts do
                    use cancel = new CancellationTokenSource()

                    let cutting (study: StudyDesign) =
                        let struct (trials, data) = ofImages study
                        struct (cutAfter cut cancel trials, data)

                    use run =
                        if i = 0 then
                            let struct (trials, data) = cutting study
                            StudyRun.Begin(study, false, folder, trials, data)
                        else
                            StudyRun.Resume(folder, Some study, cutting)

                    toEnd run workers cancel.Token |> ignore

                use run = StudyRun.Resume(folder, Some study, ofImages)
                let outcome = toEnd run workers CancellationToken.None
                let whole = inMemory StartingWeightsTests.reader study
                Expect.isTrue whole.IsComplete "complete"
                Expect.equal (outcome.Results |> Array.map repeatable) (whole.Results |> Array.map repeatable) "results"
                (run :> IDisposable).Dispose()
                let read = StudyRun.Read(folder, Some study)
                Expect.equal (read.Results |> Array.map repeatable) (whole.Results |> Array.map repeatable) "in the journal"
                let expected = whole.Results |> Array.map (contentOf whole)
                Expect.equal (outcome.Results |> Array.map (contentOf outcome)) expected "models"
                Expect.equal (read.Results |> Array.map (contentOf read)) expected "models in the folder"

                let tasks =
                    Map [ for task in PreparedTrials.Of(StartingWeightsTests.reader, study).Tasks -> task.Task.Name, task ]

                for result in read.Results do
                    hasItsModel tasks[result.Trial.Task] read result

                    Expect.equal
                        (Replay.check tasks[result.Trial.Task] result ignore CancellationToken.None)
                        BitEqual
                        $"{result.Trial}: replay"))

let private ofImages (folder: string) (protocol: Protocol) : StudyDesign =
    let layers: Layer list = [ Dense(3, Linear) ]

    { Name = "models"
      Tasks =
        [ { Name = "images"
            Problem = { StartingWeightsTests.problemOf layers (Drawn He) with Split = HoldOut(20, 3) }
            Precision = TaskPrecision.Single
            Steps = 20L
            ValidateEvery = 5
            Target = Accuracy 0.5 } ]
      Metrics = Metric.Defaults
      Contenders = [ contender "adam" (Expression.parse "adam(lr=0.02)") ]
      Protocol = protocol }

let private models =
    testList
        "models"
        [ testCase "of other protocols are kept only if they are asked for" (fun () ->
              inFolder (fun parent ->
                  let study =
                      ofImages parent (AsGivenProtocol.make { AsGivenProtocol.kind.Confirmation with Seeds = [ 1; 2 ] })

                  let trials = PreparedTrials.Of(StartingWeightsTests.reader, study)

                  for asked in [ false; true ] do
                      let trials = if asked then trials.KeepingModels() else trials
                      let folder = Path.Combine(parent, $"{asked}")
                      use run = StudyRun.Begin(study, false, folder, trials, trials.DataHashes)
                      let outcome = toEnd run 1 CancellationToken.None

                      let files =
                          Directory.GetFiles(Path.Combine(folder, "trials"), "*.safetensors", SearchOption.AllDirectories)

                      Expect.equal files.Length (if asked then 2 else 0) "files"

                      for result in outcome.Results do
                          Expect.equal (contentOf outcome result).IsSome asked "model"))

          testCase "that are missing, damaged or exchanged are named when they are asked for" (fun () ->
              inFolder (fun parent ->
                  let study = ofImages parent (RunsProtocol.make [ 1; 2 ] [])
                  let folder = Path.Combine(parent, "study")
                  let struct (trials, data) = source StartingWeightsTests.reader study
                  use run = StudyRun.Begin(study, false, folder, trials, data)
                  let results = (toEnd run 1 CancellationToken.None).Results
                  (run :> IDisposable).Dispose()

                  let path (seed: int) =
                      Path.Combine(folder, "trials", "run", "images", "adam", "0", $"{seed}.safetensors")

                  let read () = StudyRun.Read(folder, Some study)

                  let refused (expected: string) =
                      try
                          (read ()).Models.Of results[0].Trial |> ignore
                          failtest "nothing was thrown"
                      with
                      | :? StudyException
                      | :? DataFormatException as error -> Expect.stringContains error.Message expected "message"

                  Expect.isNotNull ((read ()).Models.Of results[0].Trial) "the model"
                  File.Copy(path 2, path 1, overwrite = true)
                  refused "does not belong to the trial run/images/adam/0/1"
                  File.WriteAllBytes(path 1, File.ReadAllBytes(path 2)[..99])
                  refused (path 1)
                  File.Delete(path 1)
                  refused "is missing, so the model of the trial run/images/adam/0/1 is lost."
                  // The other results stay, and nothing is trained again.
                  use run = StudyRun.Resume(folder, Some study, source StartingWeightsTests.reader)
                  let again = toEnd run 1 CancellationToken.None
                  Expect.equal (again.Results |> Array.map repeatable) (results |> Array.map repeatable) "results"
                  Expect.isNotNull (again.Models.Of results[1].Trial) "the other model"))

          testCase "of a cancelled run are those so far" (fun () ->
              inFolder (fun parent ->
                  let study = ofImages parent (RunsProtocol.make [ 1 ] [])
                  use cancel = new CancellationTokenSource()
                  let struct (trials, _) = source StartingWeightsTests.reader study
                  use run = StudyRun.InMemory(study, false, cutAfter 7L cancel trials)
                  let outcome = toEnd run 1 cancel.Token
                  let model = nonNull (outcome.Models.Of outcome.Interrupted[0].Trial)
                  Expect.equal model.Notes["cutedl.trial.step"] "7" "step")) ]

let private withoutBest =
    testCase "a checkpoint without best parameters is not continued if they are needed" (fun () ->
        let study = ofImages "" (RunsProtocol.make [ 1 ] [ EarlyStopping 2 ])

        let prepare (protocol: Protocol) =
            let trials = PreparedTrials.Of(StartingWeightsTests.reader, { study with Protocol = protocol })
            trials.Tasks[0]

        // The protocol as_given keeps no models.
        let forgetful = prepare { AsGivenProtocol.kind.Protocol with StopRules = study.Protocol.StopRules }
        let trial = (Planner(study, false, fun _ _ -> true).Make(fun _ -> ValueNone)).Trials[0]
        let run = TrialRunner.start forgetful trial
        run.RunTo(10L, ignore, CancellationToken.None)
        let snapshot = run.Snapshot()
        TrialRunner.resume forgetful trial "saved" snapshot |> ignore

        try
            TrialRunner.resume (prepare study.Protocol) trial "saved" snapshot |> ignore
            failtest "nothing was thrown"
        with :? DataFormatException as error ->
            Expect.stringContains error.Message "does not have the parameters of its best validation" "message")

let private rules =
    testCase "a trial does not resume under other stop rules" (fun () ->
        let task: StudyTask =
            { Name = "bowl"
              Problem = Quadratic(3, 10.0)
              Precision = TaskPrecision.Single
              Steps = 20L
              ValidateEvery = 1
              Target = Target.Loss 0.1 }

        let prepare rules =
            PreparedTask.prepareUnder rules (DataReader(fun _ -> invalidOp "A function has no images.")) task

        let trial =
            { Phase = Phase.Run
              Task = "bowl"
              Contender = "adam"
              Setting = 0
              Seed = 1
              Optimizer = "adam(lr=0.1)"
              Values = [||] }

        let all =
            [ []
              [ Stagnation(3, 0.0) ]
              [ Stagnation(3, 0.1) ]
              [ StopRule.Target(0.9, 3) ]
              [ EarlyStopping 3 ]
              [ ReachedAccuracy 0.9 ]
              [ ReachedLoss 0.9 ]
              StopRule.document ]

        for first in all do
            let run = TrialRunner.start (prepare first) trial
            run.RunTo(2L, ignore, CancellationToken.None)

            for second in all do
                let resume () = TrialRunner.resume (prepare second) trial "memory" (run.Snapshot()) |> ignore

                if first = second then
                    resume ()
                else
                    Expect.throwsT<DataFormatException> resume $"%A{first}, %A{second}")

let private mnist: Lazy<DataParts> =
    lazy (MnistFormat.readFolder 10 (IO.Path.Combine(AppContext.BaseDirectory, "mnist")))

let private epoch = 938

/// One of the document's runs, as a study.
let private documented (run: DocumentedRun) (precision: TaskPrecision) (epochs: int) : StudyDesign =
    { Name = "document"
      Tasks =
        [ { Name = "mnist"
            Problem =
              { Source = Mnist
                Split = TestAsValidation
                Layers = [ Dense(10, ReLU) ]
                Loss = SoftmaxCrossEntropy
                Weights = Reference
                Batch = 64
                Order = FileOrder
                Mean = OverBatches
                ScoresTraining = false }
            Precision = precision
            Steps = int64 epochs * int64 epoch
            ValidateEvery = epoch
            Target = Accuracy 0.91 } ]
      Metrics = Metric.Defaults
      Contenders = [ contender run.Name run.Optimizer ]
      Protocol = RunsProtocol.make [ 0 ] StopRule.document }

let private resultOf (run: DocumentedRun) precision epochs : TrialResult =
    (inMemory (DataReader(fun _ -> mnist.Value)) (documented run precision epochs)).Results[0]

/// Trains in one call, without a study.
let private trained<'T when 'T: unmanaged and 'T :> Numerics.IFloatingPointIeee754<'T>> (run: DocumentedRun) (epochs: int) : Training<'T> =
    let model = Model.create 784 [ Dense(10, ReLU) ] SoftmaxCrossEntropy

    let workload: IWorkload<'T> =
        NetworkWorkload<'T>(model, DataParts.testAsValidation mnist.Value, 64, FileOrder, 0, OverBatches)

    let initial = (StartingWeights.read model Reference).Value |> Array.map 'T.CreateTruncating

    let limits =
        { MaxSteps = Some(int64 epochs * int64 epoch)
          ValidateEvery = None
          StopRules = StopRule.document
          Diagnose = false
          KeepBest = false }

    let training =
        Training<'T>(workload, limits, TrainingSnapshot.start run.Optimizer workload.Layout initial, (fun _ _ -> ()))

    training.Advance(Int64.MaxValue, ignore, CancellationToken.None)
    training

let private expectBits (result: TrialResult) (training: Training<'T>) =
    let history = training.History
    Expect.equal result.Curve.Steps [| for v in history -> v.Step |] "steps"
    Expect.equal result.Curve.TrainingLoss [| for v in history -> v.TrainingLoss |] "training losses"
    Expect.equal result.Curve.Loss [| for v in history -> v.Loss |] "validation losses"
    Expect.equal result.Curve.Accuracy [| for v in history -> v.Accuracy |] "accuracies"
    Expect.equal result.Parameters (BitHash.ofAll (training.Workload.Parameters.ToArray())) "parameters"

let private expectClose (what: string) (actual: float array) (expected: float array) =
    Expect.equal actual.Length expected.Length $"{what}: count"

    Array.iteri2
        (fun i a b -> Expect.isLessThanOrEqual (abs (a - b)) (1e-8 * max (abs a) (abs b)) $"{what} of epoch {i + 1}")
        actual
        expected

/// Compares with the run of another program: see tests/Core.Tests/reference/README.md.
let private expectReference (result: TrialResult) (run: DocumentedRun) =
    let reference = Reference.run run.Name
    let first (values: float array) = Array.truncate result.Curve.Steps.Length values
    Expect.equal (Array.map float result.Curve.Steps) (first reference.HistorySteps) "steps"
    expectClose "training loss" result.Curve.TrainingLoss (first reference.TrainingLosses)
    expectClose "validation loss" result.Curve.Loss (first reference.ValidationLosses)
    expectClose "accuracy" result.Curve.Accuracy (first reference.ValidationAccuracies)

let private beginning (run: DocumentedRun) =
    testCase "the first epoch has the bits of a training without a study, and agrees with numpy" (fun () ->
        let result = resultOf run TaskPrecision.Double 1
        Expect.equal (result.Ending, result.Curve.Steps.Length) (Ending.Completed, 1) "end"
        expectBits result (trained<float> run 1)
        expectReference result run)

let private longer (run: DocumentedRun) =
    longTest "It trains for 20 epochs." "20 epochs have the bits of a training without a study, in both precisions" (fun () ->
        expectBits (resultOf run TaskPrecision.Single 20) (trained<float32> run 20)
        expectBits (resultOf run TaskPrecision.Double 20) (trained<float> run 20))

let private whole (run: DocumentedRun) =
    longTest "A run takes up to 945,504 steps." "the whole run agrees with numpy, and ends at the same step for the same reason" (fun () ->
        let reference = Reference.run run.Name
        let result = resultOf run TaskPrecision.Double 5000

        let reason =
            match result.Ending with
            | Ending.TooSlow -> "gained less than 0.001 over 20 validations"
            | Ending.TargetHeld -> "validation accuracy over 0.91 in 20 validations"
            | other -> string other

        Expect.equal (result.Steps, reason) (reference.Steps, reference.Stop) "end"
        Expect.equal result.Curve.Steps.Length reference.HistorySteps.Length "validations"
        expectReference result run
        Expect.equal (List.ofArray result.Health.DeadLogits) reference.DeadLogits "dead logits")

let tests =
    testList
        "runs"
        [ resumed
          models
          withoutBest
          rules
          testList "document's runs" [ for run in DocumentedRuns.all -> testList run.Name [ whole run; longer run; beginning run ] ] ]
