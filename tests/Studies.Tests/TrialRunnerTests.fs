/// Trials that are really trained: what comes of them, through snapshots, and held against a replay.
module CuteDl.Studies.Tests.TrialRunnerTests

open System
open System.IO
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Studies

/// Three classes of eight pixels: each class lights up pixels of its own, with noise.
let private images (count: int) (purpose: string) : DataSet =
    let random = RandomStream.stream 11 purpose
    let labels = Array.init count (fun i -> i % 3)
    let pixel label i = if i % 3 = label then 128 + random.Next 128 else random.Next 160

    DataSet(
        8,
        [| for label in labels do
               for i in 0..7 -> byte (pixel label i) |],
        labels,
        3
    )

let private files = DataParts.create (images 80 "training") (Some(images 30 "test"))

let private prepareUnder stopRules steps every split precision problem target : PreparedTask =
    let problem: IProblem =
        match problem with
        | Some problem -> problem
        | None ->
            { Source = Held("small", files)
              Split = split
              Layers = [ Dense(6, ReLU); Dropout 0.2; Dense(3, Linear) ]
              Loss = SoftmaxCrossEntropy
              Weights = Drawn Glorot
              Batch = 16
              Order = Shuffled
              Mean = OverExamples
              ScoresTraining = false }

    { Name = "task"
      Problem = problem
      Precision = precision
      Steps = steps
      ValidateEvery = every
      Target = target }
    |> PreparedTask.prepareUnder stopRules (DataReader(fun _ -> files))

let private prepareFor = prepareUnder []
let private prepareDocument = prepareUnder StopRule.document
let private prepare = prepareFor 40L 3

let private split = HoldOut(20, 4)
let private network precision = prepare split precision None (Target.Accuracy 0.6)

let private trial phase seed optimizer =
    { Phase = phase
      Task = "task"
      Contender = "one"
      Setting = 0
      Seed = seed
      Optimizer = optimizer
      Values = [||] }

let private finish (run: TrialRun) : TrialResult =
    run.RunToEnd(ignore, CancellationToken.None)
    run.Result CancellationToken.None

let private train task trial = finish (TrialRunner.start task trial)

/// Without what is not repeatable, and with NaN equal to NaN.
let private repeatable (result: TrialResult) : string =
    TrialJson.write { result with Seconds = 0.0; SecondsToTarget = 0.0; Curve = { result.Curve with Seconds = [||] } }

let private texts =
    [ "adam(lr=0.02)"
      "momentum(lr=cosine(0.05, steps=40)) | ema(0.9)"
      "fixed(lr=1e30)"
      "skip_non_finite(3) | accumulate(2) | adamw | lookahead(3)" ]

let private throughFile (content: Safetensors) : Safetensors =
    use stream = new MemoryStream()
    Safetensors.write stream content
    stream.Position <- 0L
    Safetensors.readStream "memory" stream

let private noImages = DataReader(fun _ -> invalidOp "A function has no images.")

let private functions: IProblem list =
    [ Quadratic(5, 100.0); Rosenbrock 4; LogisticRegression(3, 17); NoisyQuadratic(3, 10.0, 2) ]

let private cases =
    gen {
        let! text = Gen.elements texts
        let! precision = Gen.elements [ TaskPrecision.Single; TaskPrecision.Double ]
        let! problem = Gen.elements (None :: List.map Some functions)

        let! phase =
            Gen.elements [ Phase.Tuning; Phase.Confirmation; Phase.Defaults; Phase.Frontier; Phase.Document; Phase.Run ]

        let! cuts = Gen.listOf (Gen.choose (0, 45))
        let! seed = Gen.choose (0, 1000)
        return text, precision, problem, phase, List.truncate 3 (List.sort cuts), seed
    }

let private resumed =
    property
        "snapshotted, kept in a file and resumed is never stopped, bit for bit"
        cases
        (fun (text, precision, problem, phase, cuts, seed) ->
            let isAsGiven = phase = Phase.Document || phase = Phase.Run
            let split = if isAsGiven then TestAsValidation else split
            // A patience of 3 validations ends some of these runs early.
            let rules = if isAsGiven then [ Stagnation(3, 0.01); StopRule.Target(0.5, 2) ] else []
            let task = prepareUnder rules 40L 3 split precision problem (Target.Loss 0.5)
            let trial = trial phase seed text

            let last =
                (TrialRunner.start task trial, cuts)
                ||> List.fold (fun run cut ->
                    run.RunTo(int64 cut, ignore, CancellationToken.None)
                    TrialRunner.resume task trial "memory" (throughFile (run.Snapshot())))

            let whole = train task trial
            Expect.equal (repeatable (finish last)) (repeatable whole) "result"
            Expect.equal (Replay.check task whole ignore CancellationToken.None) BitEqual "replay")

let private results =
    testList
        "result"
        [ testCase "best, final, at-stop and test are kept apart" (fun () ->
              let task = network TaskPrecision.Single
              let tuned = train task (trial Phase.Tuning 1 "adam(lr=0.02)")
              Expect.equal (tuned.Ending, tuned.Steps) (Ending.Completed, 40L) "end"
              Expect.equal tuned.Curve.Steps [| 3L; 6L; 9L; 12L; 15L; 18L; 21L; 24L; 27L; 30L; 33L; 36L; 39L; 40L |] "validations"
              Expect.equal tuned.Final.Value.Step 40L "final"
              Expect.equal tuned.Best.Value.Accuracy (Array.max tuned.Curve.Accuracy) "best"
              let first = Array.IndexOf(tuned.Curve.Accuracy, Array.max tuned.Curve.Accuracy)
              Expect.equal tuned.Best.Value.Step tuned.Curve.Steps[first] "the first best"
              Expect.isFalse tuned.AtStop.HasValue "no stop rule"
              Expect.isFalse tuned.Test.HasValue "tuning does not see the test set"
              let confirmed = train task (trial Phase.Confirmation 1 "adam(lr=0.02)")
              Expect.equal confirmed.Parameters tuned.Parameters "the same training"
              Expect.equal confirmed.Test.Value.Step 40L "test"
              let reached = Array.findIndex (fun accuracy -> accuracy >= 0.6) tuned.Curve.Accuracy
              Expect.equal tuned.StepsToTarget (float tuned.Curve.Steps[reached]) "steps to the target"
              Expect.equal tuned.ExamplesToTarget (16.0 * tuned.StepsToTarget) "examples")
          testCase "the test score is that of the test images" (fun () ->
              // The same images as validation and as test: the scores are equal.
              let task = prepare TestAsValidation TaskPrecision.Double None (Target.Accuracy 0.6)
              Expect.isFalse (train task (trial Phase.Confirmation 1 "adam(lr=0.02)")).Test.HasValue "already validated on"
              let split = Partition.split [| 60; 20 |] 4 files.Training
              let same = { files with Test = Some split[1] }
              let task = PreparedTask.prepare (DataReader(fun _ -> same)) task.Task

              let other =
                  PreparedTask.prepare (DataReader(fun _ -> same)) { (network TaskPrecision.Double).Task with Name = "task" }

              Expect.equal split[0].Count 60 "the rest"
              let result = train other (trial Phase.Confirmation 1 "momentum(lr=0.05) | ema(0.9)")
              let last = result.Final.Value
              Expect.equal result.Test.Value (Score(40L, last.Loss, last.Accuracy)) "scores"
              Expect.notEqual task.Identity other.Identity "identities of other splits")
          testCase "a diverged trial is a result" (fun () ->
              let result = train (network TaskPrecision.Single) (trial Phase.Confirmation 1 "fixed(lr=1e30)")
              Expect.equal result.Ending Ending.Diverged "end"
              Expect.isTrue (Double.IsInfinity result.StepsToTarget || result.StepsToTarget < float result.Steps) "target"
              Expect.isFalse (result.Final.HasValue || result.AtStop.HasValue || result.Test.HasValue) "no such values"
              Expect.isGreaterThan result.Health.FirstNonFinite 0L "first step that was not finite")
          testCase "a trial whose state overflows has diverged, also after a resume, and can be replayed" (fun () ->
              // At 1e76 the loss is finite, but the gradient is too large to square.
              let task = prepareFor 40L 3 split TaskPrecision.Double (Some(Rosenbrock 4)) (Target.Loss 0.5)

              let trial = trial Phase.Confirmation 1 "adam(lr=1e76)"
              let result = train task trial
              Expect.equal (result.Ending, result.Steps, result.Health.FirstNonFinite) (Ending.Diverged, 16L, 17L) "end"
              Expect.equal result.Curve.Steps [| 3L; 6L; 9L; 12L; 15L |] "validations"
              Expect.all result.Curve.Loss Double.IsFinite "losses"
              let run = TrialRunner.start task trial
              run.RunTo(16L, ignore, CancellationToken.None)
              let resumed = finish (TrialRunner.resume task trial "memory" (throughFile (run.Snapshot())))
              Expect.equal (repeatable resumed) (repeatable result) "resumed"
              Expect.equal (Replay.check task result ignore CancellationToken.None) BitEqual "replay")
          testCase "a pruned trial is a result, and can be replayed" (fun () ->
              let task = network TaskPrecision.Single
              let run = TrialRunner.start task (trial Phase.Tuning 1 "adam(lr=0.02)")
              run.RunTo(12L, ignore, CancellationToken.None)
              let result = run.Result CancellationToken.None
              Expect.equal (result.Ending, result.Steps, result.Final.HasValue) (Ending.Pruned, 12L, false) "end"
              Expect.equal result.Curve.Steps [| 3L; 6L; 9L; 12L |] "validated where it ended"
              Expect.equal (Replay.check task result ignore CancellationToken.None) BitEqual "replay")
          testCase "a trial that an exception ended can be replayed: it fails again in the same way" (fun () ->
              let task = network TaskPrecision.Double
              // β₁ reaches 1 after five steps.
              let trial = trial Phase.Tuning 1 "adam(beta1=linear(0.9, steps=30, end=1.5))"
              let run = TrialRunner.start task trial

              let error =
                  try
                      run.RunTo(Int64.MaxValue, ignore, CancellationToken.None)
                      failtest "nothing was thrown"
                  with :? ArgumentException as error ->
                      error

              let result = TrialResult.OfFailure(trial, run.Curve, error)
              Expect.equal (result.Ending, result.Steps) (Ending.Failed, 3L) "end"
              Expect.equal (Replay.check task result ignore CancellationToken.None) BitEqual "replay"

              match Replay.check task { result with Failure = "another" } ignore CancellationToken.None with
              | Differs(_, _, what) -> Expect.stringContains what "failure" "another reason"
              | BitEqual -> failtest "another reason")
          testCase "the document's protocol ends by its stop rules" (fun () ->
              // 5000 epochs of 80 images in batches of 16, each validated.
              let task = prepareDocument 25_000L 5 TestAsValidation TaskPrecision.Single None (Target.Accuracy 0.6)
              let result = train task (trial Phase.Document 1 "fixed(lr=0.000001)")
              Expect.isTrue (result.Ending = Ending.TooSlow || result.Ending = Ending.NoImprovement) "end"
              Expect.equal result.Curve.Steps[0] 5L "validated each epoch"
              Expect.equal result.AtStop.Value.Step result.Steps "at stop"
              Expect.isFalse (result.Final.HasValue || result.Test.HasValue) "no such values"
              Expect.equal result.FingerprintEvery 2 "25,000 steps, 20,000 marks at most"
              let short = prepareDocument 10L 5 TestAsValidation TaskPrecision.Single None (Target.Accuracy 0.6)
              let result' = train short (trial Phase.Document 1 "fixed(lr=0.000001)")
              Expect.equal (result'.Ending, result'.Steps) (Ending.Completed, 10L) "or by the task's budget"
              Expect.equal (Replay.check task result ignore CancellationToken.None) BitEqual "replay")
          testCase "hidden relu units that died are counted" (fun () ->
              let task = network TaskPrecision.Double
              let run = TrialRunner.start task (trial Phase.Tuning 1 "fixed(lr=0)")
              let content = run.Snapshot()
              let name = "parameter:layers.0.bias"
              let dying = { content.Tensors[name] with Cells = F64 [| 0.0; -1e3; 1e3; -1e3; 1e3; 1e3 |] }
              let content = { content with Tensors = content.Tensors.Add(name, dying) }
              let result = finish (TrialRunner.resume task run.Trial "memory" content)
              Expect.isGreaterThanOrEqual result.Health.DeadUnits[0] 2 "units"
              Expect.isLessThanOrEqual result.Health.DeadUnits[0] 3 "not those that are lit"
              Expect.equal result.Health.DeadUnits.Length 1 "one hidden relu layer") ]

/// The result of a trial one of whose initial weights has another bit.
let private flipped (task: PreparedTask) (trial: Trial) (place: int) (bit: int) : TrialResult =
    let run = TrialRunner.start task trial
    let content = run.Snapshot()
    let name = "parameter:layers.0.weight"

    match content.Tensors[name].Cells with
    | F32 weights ->
        let weights = Array.copy weights
        weights[place] <- BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits weights[place] ^^^ (1 <<< bit))
        let tensor = { content.Tensors[name] with Cells = F32 weights }
        finish (TrialRunner.resume task trial "memory" { content with Tensors = content.Tensors.Add(name, tensor) })
    | _ -> failtest "not in single precision"

let private replays =
    testList
        "replay"
        [ property
              "finds one flipped bit of an initial weight, at the first step whose loss differs"
              (Gen.zip3 (Gen.choose (0, 47)) (Gen.choose (0, 22)) (Gen.choose (0, 1000)))
              (fun (place, bit, seed) ->
                  let task = network TaskPrecision.Single
                  let trial = trial Phase.Tuning seed "adam(lr=0.02)"
                  let honest = train task trial
                  let other = flipped task trial place bit

                  let first =
                      Seq.tryFindIndex id (Seq.map2 (<>) honest.Fingerprint other.Fingerprint)
                      |> Option.map (fun i -> int64 i + 1L)

                  match Replay.check task other ignore CancellationToken.None, first with
                  | Differs(from, until, "training loss"), Some first -> Expect.equal (from, until) (first, first) "step"
                  | Differs(from, until, _), first ->
                      Expect.isTrue (from <= until && (first.IsNone || until < first.Value)) "before the first loss that differs"
                  // The last of the bits may be rounded away before it has made a difference.
                  | BitEqual, _ -> Expect.equal (repeatable other) (repeatable honest) "results")
          testCase "tells of another end, other steps and other parameters" (fun () ->
              let task = network TaskPrecision.Single
              let result = train task (trial Phase.Tuning 1 "adam(lr=0.02)")
              let check result = Replay.check task result ignore CancellationToken.None
              Expect.equal (check { result with Parameters = result.Parameters ^^^ 1UL }) (Differs(40L, 40L, "parameters")) "parameters"

              match check { result with Ending = Ending.Diverged } with
              | Differs(41L, 41L, what) -> Expect.stringContains what "Diverged" "end"
              | other -> failtest $"%A{other}"

              let accuracy = Array.copy result.Curve.Accuracy
              accuracy[2] <- accuracy[2] + 0.1

              Expect.equal
                  (check { result with Curve = { result.Curve with Accuracy = accuracy } })
                  (Differs(7L, 9L, "validation"))
                  "validation") ]

let private refusals =
    let refused name change (said: string) =
        testCase name (fun () ->
            let task = network TaskPrecision.Single
            let mine = trial Phase.Tuning 1 "adam(lr=0.02)"
            let run = TrialRunner.start task mine
            run.RunTo(5L, ignore, CancellationToken.None)
            let task, trial, content = change (task, mine, run.Snapshot())

            try
                TrialRunner.resume task trial "a file" content |> ignore
                failtest "nothing was thrown"
            with :? DataFormatException as error ->
                Expect.stringContains error.Message said "message")

    testList
        "refuses a snapshot"
        [ refused "of another seed" (fun (task, trial, content) -> task, { trial with Seed = 2 }, content) "tuning/task/one/0/2"
          refused
              "of another optimizer"
              (fun (task, trial, content) -> task, { trial with Optimizer = "adam(lr=0.03)" }, content)
              "adam(lr=0.03)"
          refused "of another task" (fun (_, trial, content) -> network TaskPrecision.Double, trial, content) "double"
          refused
              "with too few marks"
              (fun (task, trial, content) ->
                  task,
                  trial,
                  { content with
                      Tensors = content.Tensors.Add("trial:marks", { Shape = [ 2 ]; Cells = U8 [| 1uy; 2uy |] }) })
              "trial:marks" ]

let private gradients =
    let points =
        gen {
            let! problem = Gen.elements functions
            let! seed = Gen.choose (0, 1000)
            return problem, seed
        }

    property "a function's gradient is that of finite differences" points (fun (problem, seed) ->
        let instance = problem.Prepare("task", noImages).Start<float> seed
        let workload = instance.Workload
        let point = instance.Initial

        let evaluate (point: float array) =
            point.CopyTo workload.Parameters
            workload.Train 0L

        evaluate point |> ignore
        let gradient = workload.Gradient.ToArray()

        for i in 0 .. point.Length - 1 do
            let at offset =
                let moved = Array.copy point
                moved[i] <- moved[i] + offset
                evaluate moved

            let h = 1e-5
            let slope = (at h - at -h) / (2.0 * h)
            Expect.isTrue (abs (slope - gradient[i]) <= 1e-5 * (1.0 + abs slope)) $"element {i}: {gradient[i]}, expected {slope}")

let private sweeps =
    let workload seed : IWorkload<float> =
        ((Quadratic(4, 10.0) :> IProblem).Prepare("bowl", noImages).Start<float> seed).Workload

    testList
        "rate finder"
        [ testCase "touches neither optimizer nor parameters, and finds a rate that learns" (fun () ->
              let workload = workload 1
              let kept = [| 9.0; 8.0; 7.0; 6.0 |]
              kept.CopyTo workload.Parameters
              let initial = [| 1.0; -1.0; 2.0; 1.0 |]
              let optimizer = Expression.parse "momentum(lr=0.3)"

              let sweep () =
                  RateFinder.sweep RateFinder.defaults workload optimizer initial CancellationToken.None

              let found = sweep ()
              Expect.equal (workload.Parameters.ToArray()) kept "the workload's parameters"
              Expect.equal initial [| 1.0; -1.0; 2.0; 1.0 |] "the initial ones"
              Expect.equal (string optimizer) (string (Expression.parse "momentum(lr=0.3)")) "optimizer"
              Expect.equal (sweep ()) found "once more"
              Expect.equal found.End Exploded "beyond 2/λ it explodes"
              Expect.equal found.Points[0].Rate 1e-7 "from the lowest"
              Expect.equal found.Points[0].Smoothed found.Points[0].Loss "without the bias of a mean that begins at 0"
              Expect.isTrue (found.Steepest.Value > 1e-5 && found.Steepest.Value < 1.0) $"steepest {found.Steepest}"
              Expect.isTrue (found.TenthOfLeast.Value > 1e-5 && found.TenthOfLeast.Value < 0.2) $"a tenth {found.TenthOfLeast}")
          testCase "says nothing where the loss nowhere falls" (fun () ->
              let options = { RateFinder.defaults with Low = 10.0; High = 1000.0 }

              let found =
                  RateFinder.sweep options (workload 1) (Expression.parse "fixed(lr=1)") [| 1.0; 1.0; 1.0; 1.0 |] CancellationToken.None

              Expect.equal (found.Steepest, found.TenthOfLeast) (ValueNone, ValueNone) "suggestions"
              Expect.equal found.End Exploded "end")
          testCase "refuses an optimizer without a rate" (fun () ->
              Expect.throwsT<ArgumentException>
                  (fun () ->
                      RateFinder.sweep
                          { RateFinder.defaults with Argument = "rate" }
                          (workload 1)
                          (Expression.parse "adam")
                          [| 1.0; 1.0; 1.0; 1.0 |]
                          CancellationToken.None
                      |> ignore)
                  "no such argument") ]

let tests = testList "trials" [ resumed; results; replays; refusals; gradients; sweeps ]
