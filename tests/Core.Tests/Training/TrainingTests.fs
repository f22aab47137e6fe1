/// The loop as a value: driven in pieces, interrupted, snapshotted and restored, it computes what it computes in one go.
module CuteDl.Core.Tests.TrainingTests

open System
open System.IO
open System.Numerics
open System.Threading
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.SmallRuns

let private texts =
    [ "adam(lr=0.01)"
      "fixed(lr=1000)"
      "momentum(lr=cosine(0.05, steps=20)) | ema(0.9)"
      "adam(lr=plateau(0.02, factor=0.5, patience=1)) | swa()"
      "skip_non_finite(3) | { \"*.bias\": accumulate(2) | sgd(lr=0.1, momentum=0.9) | ema, \"*\": clip_norm(0.1) | prodigy | ema }"
      "noise(0.01, seed=3) | adamw | lookahead(3)"
      "schedule_free_adamw(lr=0.02)" ]

type private Case =
    { Text: string
      Order: Order
      BatchSize: int
      ValidateEvery: int option
      Steps: int
      StopRules: StopRule list
      Cuts: int list
      HasNumbers: bool
      ScoresTraining: bool
      Seed: int }

let private cases =
    gen {
        let! text = Gen.elements texts
        let! order = Gen.elements [ FileOrder; Shuffled ]
        let! batchSize = Gen.elements [ 7; 16; 64 ]
        let! every = Gen.oneof [ Gen.constant None; Gen.map Some (Gen.choose (1, 9)) ]
        let! steps = Gen.choose (1, 30)
        let! rules = Gen.elements [ []; [ Stagnation(2, 0.001) ]; [ Target(0.3, 2) ] ]
        let! cuts = Gen.listOf (Gen.choose (0, steps + 3))
        let! hasNumbers = Gen.elements [ false; true ]
        let! scoresTraining = Gen.elements [ false; true ]
        let! seed = Gen.choose (0, 1_000_000)

        return
            { Text = text
              Order = order
              BatchSize = batchSize
              ValidateEvery = every
              Steps = steps
              StopRules = rules
              Cuts = List.truncate 4 (List.sort cuts)
              HasNumbers = hasNumbers
              ScoresTraining = scoresTraining
              Seed = seed }
    }

let private limits (case: Case) =
    { MaxSteps = Some(int64 case.Steps)
      ValidateEvery = case.ValidateEvery
      StopRules = case.StopRules
      Diagnose = true
      KeepBest = true }

/// The made-up data, with classes or with three numbers as targets.
let private dataOf (case: Case) : DataSets =
    let asNumbers (set: DataSet) =
        let numbers =
            [| for label in set.Targets.Classes do
                   for j in 0..2 -> if j = label then 0.9 else 0.05 * float (label + 1) |]

        DataSet(set.Shape, set.Features, Targets.Values(3, numbers))

    if case.HasNumbers then
        { data with Training = asNumbers data.Training; Validation = asNumbers data.Validation }
    else
        data

let private workload<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (case: Case) : IWorkload<'T> =
    NetworkWorkload<'T>(model, dataOf case, case.BatchSize, case.Order, case.Seed, OverExamples, case.ScoresTraining)

let private start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (case: Case) : TrainingSnapshot<'T> =
    Model.initialParameters<'T> model Glorot case.Seed
    |> TrainingSnapshot.start (Expression.parse case.Text) (workload<'T> case).Layout

/// Through a file's bytes and back.
let private throughFile (snapshot: TrainingSnapshot<'T>) : TrainingSnapshot<'T> =
    use stream = new MemoryStream()
    Safetensors.write stream (TrainingSnapshot.toContent snapshot)
    stream.Position <- 0L
    TrainingSnapshot.ofContent<'T> snapshot.Checkpoint.Optimizer "memory" (Safetensors.readStream "memory" stream)

let private metrics (quality: Quality) : float list = [ quality.Loss; quality.Accuracy; quality.RSquared; quality.MeanAbsoluteError ]

/// All of a snapshot that is repeatable.
let private bits (precision: Precision<'T>) (snapshot: TrainingSnapshot<'T>) =
    let of' (value: float) = if Double.IsNaN value then 1UL else BitConverter.DoubleToUInt64Bits value
    let state = snapshot.Checkpoint.State

    {| Parameters = Array.map precision.Bits snapshot.Checkpoint.Parameters
       Best = Array.map precision.Bits snapshot.Best
       Slots = [ for name in state.SlotNames -> name, Array.map precision.Bits (state[name].ToArray()) ]
       Numbers = [ for name, value in state.Numbers -> name, of' value ]
       Counts = (state.Step, snapshot.Step, snapshot.FirstNonFinite, snapshot.Stop)
       Loss = of' snapshot.TrainingLoss
       Validations =
        [ for v in snapshot.History do
              for quality in [ v.Quality; v.Training ] do
                  v.Step, of' v.TrainingLoss, List.map of' (metrics quality) ]
       Diagnoses = [ for d in Array.append snapshot.Diagnoses [| snapshot.Newest |] -> of' d.GradientNorm, of' d.UpdateRatio ] |}

type private Losses = Collections.Generic.List<struct (int64 * float)>

let private training (case: Case) (losses: Losses) (snapshot: TrainingSnapshot<'T>) =
    Training<'T>(workload<'T> case, limits case, snapshot, (fun step loss -> losses.Add(struct (step, loss))))

let private atOnce<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (case: Case) =
    let losses = Losses()
    let training = training case losses (start<'T> case)
    training.Advance(Int64.MaxValue, ignore, CancellationToken.None)
    training.Snapshot(), losses.ToArray()

let private inPieces (precision: Precision<'T>) =
    property $"in pieces is at once, bit for bit, in {precision.Name}" cases (fun case ->
        let losses = Losses()
        let training = training case losses (start<'T> case)

        for cut in case.Cuts @ [ case.Steps + 1 ] do
            training.Advance(int64 cut, ignore, CancellationToken.None)

            if training.Stop.IsNone then
                Expect.equal training.Step (int64 cut) "steps taken"

        let whole, expected = atOnce<'T> case
        Expect.equal (bits precision (training.Snapshot())) (bits precision whole) "end"
        Expect.equal (losses.ToArray()) expected "losses")

let private restored (precision: Precision<'T>) =
    property $"snapshotted, kept in a file and restored is never stopped, bit for bit, in {precision.Name}" cases (fun case ->
        let losses = Losses()

        let last =
            (start<'T> case, case.Cuts @ [ case.Steps + 1 ])
            ||> List.fold (fun snapshot cut ->
                let before = bits precision snapshot
                let training = training case losses snapshot
                training.Advance(int64 cut, ignore, CancellationToken.None)
                Expect.equal (bits precision snapshot) before "the snapshot it began from is not touched"
                throughFile (training.Snapshot()))

        let whole, expected = atOnce<'T> case
        Expect.equal (bits precision last) (bits precision whole) "end"
        Expect.equal (losses.ToArray()) expected "losses")

/// Cancels now and then, while a step or a validation is under way.
type private Interrupting<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(inner: IWorkload<'T>, seed: int) =
    let random = Random seed
    member val Source = new CancellationTokenSource() with get, set

    member private this.Perhaps() =
        if random.Next 3 = 0 then
            this.Source.Cancel()

    interface IWorkload<'T> with
        member _.Layout = inner.Layout
        member _.Parameters = inner.Parameters
        member _.Gradient = inner.Gradient
        member _.StepsAnEpoch = inner.StepsAnEpoch

        member this.Train(step) =
            this.Perhaps()
            inner.Train step

        member this.Validate(cancellation) =
            this.Perhaps()
            inner.Validate cancellation

let private interrupted (precision: Precision<'T>) =
    property $"cancelled in the midst of steps and validations, and gone on with, in {precision.Name}" cases (fun case ->
        let interrupting = Interrupting<'T>(workload<'T> case, case.Seed)
        let training = Training<'T>(interrupting, limits case, start<'T> case, (fun _ _ -> ()))
        let mutable calls = 0

        while training.Stop.IsNone do
            calls <- calls + 1
            interrupting.Source <- new CancellationTokenSource()
            training.Advance(Int64.MaxValue, ignore, interrupting.Source.Token)
            Expect.isLessThan calls 1000 "goes on"

        Expect.equal (bits precision (training.Snapshot())) (bits precision (fst (atOnce<'T> case))) "end")

let private scoring (precision: Precision<'T>) =
    property $"scoring the training examples changes nothing else, in {precision.Name}" cases (fun case ->
        let whole scoresTraining = fst (atOnce<'T> { case with ScoresTraining = scoresTraining })
        let scored = whole true
        let withoutTraining = [| for v in scored.History -> { v with Training = Quality.Unknown } |]
        Expect.equal (bits precision { scored with History = withoutTraining }) (bits precision (whole false)) "the rest"

        for v in scored.History do
            let applies = if case.HasNumbers then [ true; false; true; true ] else [ true; true; false; false ]

            for quality in [ v.Quality; v.Training ] do
                // A diverged training has metrics that are NaN.
                if Double.IsFinite quality.Loss then
                    Expect.equal (metrics quality |> List.map (Double.IsNaN >> not)) applies $"{quality}")

let private sameAsTrainer =
    property "diagnosing changes nothing" cases (fun case ->
        let case = { case with HasNumbers = false }

        let options =
            { TrainingOptions.Document with
                BatchSize = case.BatchSize
                Order = case.Order
                Seed = case.Seed
                MaxSteps = Some(int64 case.Steps)
                ValidateEvery = case.ValidateEvery
                ValidationMean = OverExamples
                StopRules = case.StopRules }

        let initial = Model.initialParameters<float> model Glorot case.Seed

        let result =
            Trainer.train model (Expression.parse case.Text) options data initial ignore CancellationToken.None

        let diagnosing = training case (Losses()) (start<float> case)
        diagnosing.Advance(Int64.MaxValue, ignore, CancellationToken.None)
        Expect.equal result.Stop diagnosing.Stop "reason"
        Expect.equal result.Steps diagnosing.Step "steps"
        let learned = diagnosing.AtLearned(fun () -> diagnosing.Workload.Parameters.ToArray())
        Precision.expectSameBits Precision.double result.Parameters learned "parameters")

let private best (precision: Precision<'T>) =
    property $"the best parameters are the learned ones of the validation with the smallest loss, in {precision.Name}" cases (fun case ->
        let training = training case (Losses()) (start<'T> case)
        let learned = Collections.Generic.List<'T array>()

        for step in 1L .. int64 case.Steps do
            training.Advance(step, ignore, CancellationToken.None)

            if training.History.Count > learned.Count then
                learned.Add(training.AtLearned(fun () -> training.Workload.Parameters.ToArray()))

        let losses = [| for v in training.History -> v.Loss |]

        match losses |> Array.filter Double.IsFinite with
        | [||] -> Expect.isTrue training.Best.IsNone "nothing is best"
        | finite ->
            let index = losses |> Array.findIndex ((=) (Array.min finite))
            let struct (step, parameters) = training.Best.Value
            Expect.equal step training.History[index].Step "step"
            Precision.expectSameBits precision parameters learned[index] "parameters")

/// ½ Σ x², whose gradient is x, and infinite from a step on.
type private Bowl(layout: Layout, infiniteFrom: int64) =
    let length = layout.Length
    let parameters: float array = Array.zeroCreate length
    let gradient: float array = Array.zeroCreate length

    interface IWorkload<float> with
        member _.Layout = layout
        member _.Parameters = Span parameters
        member _.Gradient = ReadOnlySpan gradient
        member _.StepsAnEpoch = 1

        member _.Train(step) =
            parameters.CopyTo(gradient, 0)

            if step >= infiniteFrom then
                gradient[0] <- infinity

            0.5 * Array.sumBy (fun x -> x * x) parameters

        member _.Validate _ =
            let loss = 0.5 * Array.sumBy (fun x -> x * x) parameters
            ValueSome(struct (Quality.Of(struct (loss, nan)), Quality.Unknown))

let private inBowlOf (tensors: (string * int list) list) (text: string) (infiniteFrom: int64) (initial: float array) =
    let bowl = Bowl(Layout.OfShapes tensors, infiniteFrom)
    let start = TrainingSnapshot.start (Expression.parse text) (bowl :> IWorkload<float>).Layout initial

    let limits =
        { MaxSteps = Some 6L; ValidateEvery = Some 2; StopRules = []; Diagnose = true; KeepBest = false }

    let training = Training<float>(bowl, limits, start, (fun _ _ -> ()))
    training.Advance(Int64.MaxValue, ignore, CancellationToken.None)
    training

let private inBowl (text: string) (infiniteFrom: int64) (initial: float array) =
    inBowlOf [ "x", [ initial.Length ] ] text infiniteFrom initial

let private diagnoses =
    testList
        "diagnoses"
        [ testCase "are the norm of the last gradient, and of the update beside the weights before it" (fun () ->
              // w halves at each step, g = w.
              let training = inBowl "fixed(lr=0.5)" Int64.MaxValue [| 3.0; 0.0; 4.0 |]
              Expect.equal [ for d in training.Diagnoses -> d.GradientNorm ] [ 2.5; 0.625; 0.15625 ] "‖g‖ at steps 2, 4, 6"
              Expect.equal [ for d in training.Diagnoses -> d.UpdateRatio ] [ 0.5; 0.5; 0.5 ] "‖Δ‖ / ‖w‖"
              Expect.equal training.FirstNonFinite 0L "all finite"
              Expect.isTrue (Seq.forall Double.IsNaN [ for v in training.History -> v.Accuracy ]) "no classes")
          testCase "leave out frozen tensors" (fun () ->
              // The first gradient is infinite from step 4 on, and frozen.
              for frozen in [ [ 5.0; 3.0; 4.0 ]; [ 5.0; 3.0; 4.0; 7.0 ] ] do
                  let tensors = [ "a", [ 1 ]; "b", [ 2 ]; "c", [ frozen.Length - 3 ] ]
                  let text = "{ \"a\": freeze, \"c\": freeze, \"*\": fixed(lr=0.5) }"
                  let training = inBowlOf tensors text 3L (Array.ofList frozen)
                  Expect.equal [ for d in training.Diagnoses -> d.GradientNorm ] [ 2.5; 0.625; 0.15625 ] "‖g‖"
                  Expect.equal [ for d in training.Diagnoses -> d.UpdateRatio ] [ 0.5; 0.5; 0.5 ] "‖Δ‖ / ‖w‖"
                  Expect.equal training.FirstNonFinite 0L "no gradient that is used is infinite")
          testCase "tell of the first gradient that is not finite, though the optimizer skips it" (fun () ->
              let training = inBowl "skip_non_finite(5) | fixed(lr=0.5)" 3L [| 3.0; 0.0; 4.0 |]
              Expect.equal (training.Stop, training.FirstNonFinite, training.Step) (ValueSome MaxSteps, 4L, 6L) "run")
          testCase "tell of the first loss that is not finite" (fun () ->
              let training = inBowl "fixed(lr=0.5)" 3L [| 3.0; 0.0; 4.0 |]
              Expect.equal (training.Stop, training.FirstNonFinite) (ValueSome Diverged, 4L) "run")
          testCase "count seconds of training that never fall" (fun () ->
              let training = inBowl "fixed(lr=0.5)" Int64.MaxValue [| 1.0 |]

              for before, after in Seq.pairwise [ for d in training.Diagnoses -> d.Seconds ] do
                  Expect.isTrue (before >= 0.0 && after >= before) "seconds"

              Expect.isTrue (training.Seconds >= training.Diagnoses[2].Seconds) "in all") ]

let private refusals =
    let snapshot () = (inBowl "adam" Int64.MaxValue [| 1.0; 2.0 |]).Snapshot()

    let refused name (change: Safetensors -> Safetensors) (optimizer: string) (said: string) =
        testCase name (fun () ->
            let content = change (TrainingSnapshot.toContent (snapshot ()))

            try
                TrainingSnapshot.ofContent<float> (Expression.parse optimizer) "a file" content |> ignore
                failtest "nothing was thrown"
            with :? DataFormatException as error ->
                Expect.stringContains error.Message said "message")

    let without key (content: Safetensors) = { content with Tensors = content.Tensors.Remove key }
    let replaced key tensor (content: Safetensors) = { content with Tensors = content.Tensors.Add(key, tensor) }

    testList
        "refuses"
        [ refused
              "a checkpoint alone"
              (fun content -> { content with Metadata = content.Metadata.Remove TrainingSnapshot.FormatKey })
              "adam"
              TrainingSnapshot.FormatKey
          refused "another optimizer" id "momentum" "slot:velocity"
          refused "a missing number" (without "training:elapsed") "adam" "training:elapsed"
          refused
              "columns of other lengths"
              (replaced "training:validation.loss" { Shape = [ 1 ]; Cells = F64 [| 0.0 |] })
              "adam"
              "must have 3"
          refused
              "metrics of another length"
              (replaced "training:validation.r_squared" { Shape = [ 2 ]; Cells = F64 [| 0.0; 0.5 |] })
              "adam"
              "must have 3"
          refused "validations of the future" (replaced "training:step" { Shape = []; Cells = I64 [| 5L |] }) "adam" "has 5 steps"
          testCase "a snapshot of other tensors" (fun () ->
              let start = TrainingSnapshot.start (Expression.parse "adam") (Layout.Flat 2) [| 1.0; 2.0 |]

              let limits =
                  { MaxSteps = Some 6L; ValidateEvery = None; StopRules = []; Diagnose = false; KeepBest = false }

              Expect.throwsT<ArgumentException>
                  (fun () -> Training<float>(Bowl(Layout.OfShapes [ "x", [ 2 ] ], 9L), limits, start, (fun _ _ -> ())) |> ignore)
                  "layout")
          testCase "a snapshot without its best parameters" (fun () ->
              let limits =
                  { MaxSteps = Some 6L; ValidateEvery = Some 2; StopRules = []; Diagnose = false; KeepBest = false }

              let bowl = Bowl(Layout.Flat 2, 9L)

              let training =
                  Training<float>(
                      bowl,
                      limits,
                      TrainingSnapshot.start (Expression.parse "adam") (Layout.Flat 2) [| 1.0; 2.0 |],
                      (fun _ _ -> ())
                  )

              training.Advance(2L, ignore, CancellationToken.None)
              let keeping = { limits with KeepBest = true }

              Expect.throwsT<ArgumentException>
                  (fun () -> Training<float>(bowl, keeping, training.Snapshot(), (fun _ _ -> ())) |> ignore)
                  "best") ]

let tests =
    testList
        "loop"
        [ inPieces Precision.single
          inPieces Precision.double
          restored Precision.single
          restored Precision.double
          interrupted Precision.single
          interrupted Precision.double
          scoring Precision.single
          scoring Precision.double
          sameAsTrainer
          best Precision.single
          best Precision.double
          diagnoses
          refusals ]
