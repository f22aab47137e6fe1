/// The training loop: what a run computes, says and refuses.
module CuteDl.Core.Tests.TrainerTests

open System
open System.Threading
open Expecto
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.SmallRuns

let private sameRun (a: TrainingResult<float>) (b: TrainingResult<float>) =
    a.Steps = b.Steps && a.Stop = b.Stop && a.History = b.History && a.Parameters = b.Parameters

let private determinism =
    testList
        "determinism"
        [ testCase "the same seed gives the same bits, in both precisions" (fun () ->
              Expect.isTrue (sameRun (train adam options) (train adam options)) "float64"

              let single () =
                  let initial = Model.initialParameters<float32> model Glorot 5
                  (Trainer.train model adam options data initial ignore CancellationToken.None).Parameters

              Expect.equal (single ()) (single ()) "float32")
          testCase "another seed shuffles otherwise, from the same weights" (fun () ->
              let initial = Model.initialParameters<float> model Glorot 5

              let run seed =
                  Trainer.train model adam { options with Seed = seed } data initial ignore CancellationToken.None

              Expect.notEqual (run 6).Parameters (run 5).Parameters "parameters")
          testCase "the initial parameters are not touched" (fun () ->
              let initial = Model.initialParameters<float> model Glorot 5
              let before = Array.copy initial
              Trainer.train model adam options data initial ignore CancellationToken.None |> ignore
              Expect.equal initial before "parameters")
          testCase "watching a run does not change it" (fun () ->
              let watched = trainWith model adam options (fun _ -> Thread.Sleep 1) CancellationToken.None
              Expect.isTrue (sameRun watched (train adam options)) "run") ]

let private validationLoss =
    let lossOver (data: DataSets) mean batch =
        let workload: IWorkload<float> = NetworkWorkload<float>(model, data, batch, FileOrder, 5, mean)

        (Model.initialParameters<float> model Glorot 5).CopyTo workload.Parameters

        match workload.Validate CancellationToken.None with
        | ValueSome(struct (quality, _)) -> quality.Loss
        | ValueNone -> failtest "not cancelled"

    let lossOf mean batch = lossOver data mean batch

    // More images than two blocks of the network, and no whole number of blocks.
    let many =
        let set = data.Validation

        { data with
            Validation = DataSet.choose (Array.replicate 30 [| 0 .. set.Count - 1 |] |> Array.concat) set }

    // Losses of the examples, one by one.
    let losses =
        lazy
            [| for i in 0 .. data.Validation.Count - 1 ->
                   let one = DataSet.choose [| i |] data.Validation

                   let workload: IWorkload<float> =
                       NetworkWorkload<float>(model, { data with Validation = one }, 1, FileOrder, 5, OverBatches)

                   (Model.initialParameters<float> model Glorot 5).CopyTo workload.Parameters

                   match workload.Validate CancellationToken.None with
                   | ValueSome(struct (quality, _)) -> quality.Loss
                   | ValueNone -> failtest "not cancelled" |]

    testList
        "the validation loss"
        [ testCase "over examples is their mean, the same bits whatever the batch" (fun () ->
              Expect.isGreaterThan many.Validation.Count 512 "images"
              let expected = lossOver many OverExamples 1
              Close.relative (630.0 * Precision.double.Rounding) expected (Array.average losses.Value) "mean"

              for batch in [ 7; 10; 16; 21; 30; 300; 500; 1000 ] do
                  Expect.equal (lossOver many OverExamples batch) expected $"batches of {batch}")
          testCase "over batches is the mean of their means, as the document has it" (fun () ->
              for batch in [ 7; 10; 16; 30 ] do
                  let expected = losses.Value |> Array.chunkBySize batch |> Array.averageBy Array.average
                  Close.relative (30.0 * Precision.double.Rounding) (lossOf OverBatches batch) expected $"batches of {batch}"

              Expect.notEqual (lossOf OverBatches 16) (lossOf OverExamples 16) "a smaller last batch"
              Expect.equal TrainingOptions.Document.ValidationMean OverBatches "the document's") ]

/// The loop, written out: batches in order, the last one smaller.
let private byHand =
    testCase "a run is batches, gradients and pure steps, one after another" (fun () ->
        let model = Model.create 8 [ Dense(3, Linear) ] SoftmaxCrossEntropy
        let initial = Model.initialParameters<float> model Glorot 5
        let options = { options with Order = FileOrder; MaxEpochs = 2 }
        let result = Trainer.train model adam options data initial ignore CancellationToken.None

        let mutable parameters = initial
        let mutable state = Optimizer.init<float> adam initial.Length
        let mutable loss = nan

        for _ in 1..2 do
            for batch in Array.chunkBySize 16 [| 0..49 |] do
                let inputs: float array = Array.zeroCreate (batch.Length * 8)
                let targets: float array = Array.zeroCreate (batch.Length * 3)
                Batches.fill None data.Training 3 (ReadOnlySpan batch) (Span inputs) (Span targets)
                let struct (batchLoss, gradient) = Network.lossAndGradient model parameters inputs targets
                let next, delta = Optimizer.step adam state gradient
                loss <- batchLoss
                state <- next
                parameters <- Array.map2 (-) parameters delta

        Expect.equal result.Steps 8L "steps"
        Expect.equal (Array.last result.History).TrainingLoss loss "loss of the last batch, of 2 examples"
        Precision.expectSameBits Precision.double result.Parameters parameters "parameters")

let private averages =
    testCase "an optimizer that keeps averages is judged by them, and they are what it has learned" (fun () ->
        let steps count text =
            train (Expression.parse text) { options with MaxSteps = Some(int64 count); ValidateEvery = Some 1 }

        let each = [ for count in 1..5 -> (steps count "momentum(lr=0.1)").Parameters ]
        let result = steps 5 "momentum(lr=0.1) | swa()"

        let mean =
            Array.init result.Parameters.Length (fun i -> each |> List.averageBy (fun parameters -> parameters[i]))

        Array.iter2 (fun a b -> Close.within 1e-12 a b "a parameter") result.Parameters mean
        // The loss there is that of a model which does not move from there.
        let still =
            Trainer.train
                model
                (Expression.parse "fixed(lr=0)")
                { options with MaxSteps = Some 1L }
                data
                mean
                ignore
                CancellationToken.None

        Close.relative 1e-9 (Array.last result.History).Loss (Array.last still.History).Loss "loss of the averages"
        // Averages are looked at, not trained from.
        Expect.equal (Array.last result.History).TrainingLoss (Array.last (steps 5 "momentum(lr=0.1)").History).TrainingLoss "training")

let private validation =
    testCase "validation is the mean over its batches, a smaller last one counting as one, and the share of right answers" (fun () ->
        let model = Model.create 8 [ Dense(3, Linear) ] SoftmaxCrossEntropy
        let initial = Model.initialParameters<float> model Glorot 5
        let still = Optimizer.create { LearningRate = 0.0 }

        let result =
            Trainer.train model still { options with MaxEpochs = 1 } data initial ignore CancellationToken.None

        let losses, right =
            Array.chunkBySize 16 [| 0..20 |]
            |> Array.map (fun batch ->
                let inputs: float array = Array.zeroCreate (batch.Length * 8)
                let targets: float array = Array.zeroCreate (batch.Length * 3)
                Batches.fill None data.Validation 3 (ReadOnlySpan batch) (Span inputs) (Span targets)
                let network = Network<float>(model, batch.Length)
                initial.CopyTo network.Parameters
                inputs.CopyTo(network.Inputs, 0)
                targets.CopyTo(network.Targets, 0)
                let loss = network.Validate batch.Length

                let answers =
                    network.Outputs.ToArray()
                    |> Array.chunkBySize 3
                    |> Array.map (fun z -> Array.IndexOf(z, Array.max z))

                loss,
                Array.map2 (fun answer i -> if answer = data.Validation.Targets.Classes[i] then 1 else 0) answers batch
                |> Array.sum)
            |> Array.unzip

        Close.relative 1e-14 result.History[0].Loss (Array.average losses) "loss"
        Expect.equal result.History[0].Accuracy (float (Array.sum right) / 21.0) "accuracy")

let private ties =
    testCase "on equal answers the first class wins" (fun () ->
        let model = Model.create 8 [ Dense(3, Linear) ] SoftmaxCrossEntropy
        let still = Optimizer.create { LearningRate = 0.0 }
        let initial = Array.zeroCreate<float>(Model.parameterCount model)

        let result =
            Trainer.train model still { options with MaxEpochs = 1 } data initial ignore CancellationToken.None

        Expect.equal result.History[0].Accuracy (7.0 / 21.0) "all answers are class 0, a third of the examples"
        Close.relative 1e-15 result.History[0].Loss (log 3.0) "loss")

let private progress =
    testCase "progress goes forward, and tells of every validation" (fun () ->
        let events = Collections.Generic.List<TrainingProgress>()
        let result = trainWith model adam options events.Add CancellationToken.None

        for before, after in Seq.pairwise events do
            Expect.isTrue (after.Step >= before.Step) "steps"
            Expect.isTrue (after.Validations >= before.Validations) "validations"
            Expect.isTrue (after.Elapsed >= before.Elapsed) "time"

        let told =
            events
            |> Seq.choose (fun e -> if e.Newest.IsSome then Some e.Newest.Value else None)
            |> Seq.distinct
            |> Seq.toArray

        Expect.equal told result.History "validations told of")

let private deadLogits =
    testCase "a logit that a relu holds at 0 for every example is dead, and only such a one" (fun () ->
        let still = Optimizer.create { LearningRate = 0.0 }

        let logits activation =
            let model = Model.create 8 [ Dense(3, activation) ] SoftmaxCrossEntropy
            let initial = Array.init (Model.parameterCount model) (fun i -> if i % 3 = 1 then -1.0 else 1.0)
            (Trainer.train model still { options with MaxEpochs = 1 } data initial ignore CancellationToken.None).Logits

        let ofClass1 = data.Validation.Targets.Classes |> Array.filter ((=) 1) |> Array.length
        let ceiling = 1.0 - float ofClass1 / float data.Validation.Count
        Expect.equal (logits ReLU) { Dead = [ 1 ]; AlmostDead = []; AccuracyCeiling = ceiling } "relu"
        Expect.equal (logits Linear) LogitHealth.sound "linear")

let private almostDeadLogits =
    testCase "a logit that is above 0 for less than one in a thousand is almost dead" (fun () ->
        // Two outputs that see one input each; the second input is lit in one example of 2000, or in two.
        let model = Model.create 2 [ Dense(2, ReLU) ] SoftmaxCrossEntropy

        let logits lit =
            let features =
                [| for i in 0..1999 do
                       255uy
                       (if i < lit then 255uy else 0uy) |]

            let set = DataSet(2, features, Array.init 2000 (fun i -> i % 2), 2)
            let network = Network<float>(model, 64)
            [| 1.0; 0.0; 0.0; 1.0; 0.0; 0.0 |].CopyTo network.Parameters
            LogitHealth.measure network (DataSets.ofPair set set)

        // Of the thousand examples of class 1 only the second is lit.
        Expect.equal (logits 1) { Dead = []; AlmostDead = [ 1 ]; AccuracyCeiling = 0.5 } "one of 2000, of the other class"
        Expect.isEmpty (logits 2).AlmostDead "two of 2000")

let private refusals =
    let refusedOver data name (model: Model) options (initial: int option) argument =
        testCase name (fun () ->
            let initial = Array.zeroCreate<float>(defaultArg initial (Model.parameterCount model))

            try
                Trainer.train model adam options data initial ignore CancellationToken.None |> ignore
                failtest "nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName argument "the argument at fault")

    let refused name = refusedOver data name
    let none = DataSet(8, [||], [||], 3)
    let narrow = DataSet(4, Array.zeroCreate 40, Array.zeroCreate 10, 3)

    testList
        "refuses"
        [ refused "batches of 0" model { options with BatchSize = 0 } None "batchSize"
          refused "no steps" model { options with MaxSteps = Some 0L } None "MaxSteps"
          refused "validation every 0 steps" model { options with ValidateEvery = Some 0 } None "ValidateEvery"
          refused "a stop rule out of its range" model { options with StopRules = [ Target(2.0, 1) ] } None "accuracy"
          refused "examples of another length" (Model.create 7 [ Dense(3, Linear) ] MeanSquaredError) options None "data"
          refused "fewer outputs than classes" (Model.create 8 [ Dense(2, Linear) ] MeanSquaredError) options None "model"
          refused "initial parameters of another length" model options (Some 5) "initial"
          refusedOver { data with Validation = narrow } "validation examples of another length" model options None "data"
          refusedOver { data with Training = none } "an empty training set" model options None "data"
          refusedOver { data with Validation = none } "an empty validation set" model options None "data" ]

let tests =
    testList
        "training"
        [ determinism
          byHand
          validationLoss
          averages
          validation
          ties
          progress
          deadLogits
          almostDeadLogits
          refusals ]
