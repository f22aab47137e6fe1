/// Predictions and evaluations of trained models.
module CuteDl.Core.Tests.TrainedModelTests

open System
open System.Numerics
open System.Threading
open System.Threading.Tasks
open Expecto
open FsCheck
open FsCheck.FSharp
open MathNet.Numerics
open CuteDl.Testing
open CuteDl.Core.Data
open CuteDl.Core.Models
open CuteDl.Core.Networks
open CuteDl.Core.Training

let private several = Share.OneIn(4, "a case predicts hundreds of examples")

/// The outputs of a network with the model's parameters, all examples in one batch.
let private ofNetwork<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (sample: ModelSamples.Sample) (rows: int) : 'T array =
    let network = Network<'T>(sample.Model, rows)
    (ModelSamples.parameters<'T> sample).CopyTo network.Parameters
    let order = ReadOnlySpan(Array.init rows id)
    Batches.load (ModelSamples.standardization sample) (ModelSamples.dataSet sample rows true) order network.Batch
    network.Validate rows |> ignore
    network.Outputs.Slice(0, rows * sample.Model.Outputs).ToArray()

let private predictions (precision: Precision<'T>) =
    let sizes = Gen.frequency [ 3, Gen.choose (1, 6); 1, Gen.choose (250, 530) ]

    testList
        precision.Name
        [ propertyWith
              several
              "equal the network's forward pass, alone, in batches and on any thread"
              (Gen.zip ModelSamples.any sizes)
              (fun (sample, rows) ->
                  let model = ModelSamples.trained<'T> sample
                  let inputs = ModelSamples.inputs sample rows |> precision.OfAll
                  let expected = ofNetwork<'T> sample rows
                  let width = sample.Model.Inputs
                  Precision.expectSameBits precision (model.Predict(ReadOnlySpan inputs)) expected "all at once"
                  let alone: 'T array = Array.zeroCreate expected.Length

                  Parallel.For(
                      0,
                      rows,
                      fun row ->
                          model.Predict(
                              ReadOnlySpan(inputs, row * width, width),
                              Span(alone, row * sample.Model.Outputs, sample.Model.Outputs)
                          )
                  )
                  |> ignore

                  Precision.expectSameBits precision alone expected "one by one")

          testCase "allocate nothing into a span" (fun () ->
              for sample in Generators.samples 5 ModelSamples.any do
                  for rows in [ 1; 7 ] do
                      let model = ModelSamples.trained<'T> sample
                      let inputs = ModelSamples.inputs sample rows |> precision.OfAll
                      let outputs: 'T array = Array.zeroCreate (rows * sample.Model.Outputs)

                      let allocatedBy (calls: int) =
                          let before = GC.GetAllocatedBytesForCurrentThread()

                          for _ in 1..calls do
                              model.Predict(ReadOnlySpan inputs, Span outputs)

                          GC.GetAllocatedBytesForCurrentThread() - before

                      // The first calls load and compile what the others run, and a busy machine compiles late.
                      let least = Seq.init 10 (fun _ -> allocatedBy 100) |> Seq.min
                      Expect.equal least 0L $"bytes of {sample.Model}")

          propertyWith
              several
              "and evaluations have the metrics of a validation, bit for bit, on both of its sets and repeatedly"
              (Gen.zip3 ModelSamples.any (Gen.zip sizes sizes) (Gen.elements [ false; true ]))
              (fun (sample, (rows, others), hasClasses) ->
                  let validation = ModelSamples.dataSet sample rows hasClasses
                  let training = ModelSamples.dataSet sample others hasClasses

                  let data =
                      { DataSets.ofPair training validation with Standardization = ModelSamples.standardization sample }

                  let workload: IWorkload<'T> =
                      NetworkWorkload<'T>(sample.Model, data, 5, FileOrder, 0, OverExamples, true)

                  (ModelSamples.parameters<'T> sample).CopyTo workload.Parameters
                  let model = ModelSamples.trained<'T> sample

                  for _ in 1..2 do
                      let struct (ofValidation, ofTraining) = (workload.Validate CancellationToken.None).Value

                      for set, found in [ validation, ofValidation; training, ofTraining ] do
                          let evaluation = model.Evaluate(set, CancellationToken.None)
                          Expect.equal evaluation.Quality found "metrics"
                          Expect.equal evaluation.Examples set.Count "examples"

                          match evaluation.Confusion with
                          | null -> Expect.isFalse hasClasses "a confusion matrix"
                          | confusion -> Expect.equal confusion.Accuracy found.Accuracy "of the confusion matrix") ]

let private conversions =
    testList
        "conversions"
        [ property "a model takes numbers of either precision" ModelSamples.any (fun sample ->
              let wide = ModelSamples.inputs sample 3
              let narrow = Array.map float32 wide
              let single = ModelSamples.trained<float32> sample

              Precision.expectSameBits
                  Precision.double
                  (single.Predict(ReadOnlySpan wide))
                  (single.Predict(ReadOnlySpan narrow) |> Array.map float)
                  "of a single"

              let double = ModelSamples.trained<float> sample

              Precision.expectSameBits
                  Precision.single
                  (double.Predict(ReadOnlySpan narrow))
                  (double.Predict(ReadOnlySpan wide) |> Array.map float32)
                  "of a double") ]

let private identityOf (outputs: int) (loss: Loss) : TrainedModel =
    let model = Model.create outputs [ Flatten() ] loss
    TrainedModel.Of(model, Array.empty<float>)

let private values =
    testList
        "values"
        [ testCase "probabilities are those of scipy" (fun () ->
              // scipy.special.softmax([1, 2, 3]) and expit([-1, 0, 30]), of scipy 1.15.
              let softmax = [| 0.09003057317038046; 0.24472847105479764; 0.6652409557748218 |]
              let expit = [| 0.2689414213699951; 0.5; 0.9999999999999065 |]
              let probabilities loss (logits: float array) = (identityOf 3 loss).Probabilities(ReadOnlySpan logits)

              let close (actual: float array) (expected: float array) =
                  Array.iter2 (fun a b -> Close.relative 1e-15 a b "probability") actual expected

              close (probabilities SoftmaxCrossEntropy [| 1.0; 2.0; 3.0; 1001.0; 1002.0; 1003.0 |]) (Array.append softmax softmax)
              close (probabilities BinaryCrossEntropy [| -1.0; 0.0; 30.0 |]) expit)

          testCase "there are no probabilities without logits" (fun () ->
              Expect.throwsT<InvalidOperationException>
                  (fun () -> (identityOf 2 MeanSquaredError).Probabilities(ReadOnlySpan [| 1.0; 2.0 |]) |> ignore)
                  "a squared error")

          testCase "the class is the first of the largest outputs" (fun () ->
              let classes =
                  (identityOf 3 SoftmaxCrossEntropy).Classify(ReadOnlySpan [| 0.0; 2.0; 2.0; 5.0; -1.0; 4.0 |])

              Expect.equal classes [| 1; 0 |] "classes")

          property "R² and the mean absolute error are those of MathNet" ModelSamples.any (fun sample ->
              let rows = 20
              let set = ModelSamples.dataSet sample rows false
              let model = ModelSamples.trained<float> sample
              let evaluation = model.Evaluate(set, CancellationToken.None)
              let inputs = ModelSamples.inputs sample rows
              let outputs = sample.Model.Outputs

              let predictions =
                  if Loss.hasLogits sample.Model.Loss then
                      model.Probabilities(ReadOnlySpan inputs)
                  else
                      model.Predict(ReadOnlySpan inputs)

              let targets =
                  match set.Targets with
                  | Targets.Values(_, values) -> values
                  | Targets.Labels _ -> failtest "labels"

              let column (all: float array) j = [| for row in 0 .. rows - 1 -> all[row * outputs + j] |]

              let expected =
                  Seq.average
                      [ for j in 0 .. outputs - 1 -> GoodnessOfFit.CoefficientOfDetermination(column predictions j, column targets j) ]

              Close.relative 1e-9 evaluation.Quality.RSquared expected "R²"
              Close.relative 1e-12 evaluation.Quality.MeanAbsoluteError (Distance.MAE(predictions, targets)) "mean absolute error"
              Expect.isTrue (Double.IsNaN evaluation.Quality.Accuracy && isNull evaluation.Confusion) "no classes")

          testCase "a tensor is found by its name" (fun () ->
              let model = Model.create 2 [ Dense(3, Linear) ] MeanSquaredError
              let trained = TrainedModel.Of(model, [| 1.0f .. 9.0f |])
              Expect.equal trained.TensorNames [ "layers.0.weight"; "layers.0.bias" ] "names"
              Expect.equal (trained.Tensor "layers.0.bias") { Shape = [ 3 ]; Cells = F32 [| 7.0f; 8.0f; 9.0f |] } "bias"

              try
                  trained.Tensor "layers.0.weigth" |> ignore
                  failtest "nothing was thrown"
              with :? ArgumentException as error ->
                  Expect.stringContains error.Message "Did you mean layers.0.weight?" "message")

          testCase "a model does not change with the array that it was made of" (fun () ->
              let parameters = [| 2.0; 1.0 |]
              let trained = TrainedModel.Of(Model.create 1 [ Dense(1, Linear) ] MeanSquaredError, parameters)
              parameters[0] <- 100.0
              Expect.equal (trained.Predict(ReadOnlySpan [| 3.0 |])) [| 7.0 |] "output") ]

let private refusals =
    let model =
        TrainedModel.Of(Model.create 2 [ Dense(3, Linear) ] MeanSquaredError, Array.zeroCreate<float32> 9)

    let refused (expected: string) (act: unit -> unit) =
        testCase $"refuses: {expected}" (fun () ->
            try
                act ()
                failtest "nothing was thrown"
            with :? ArgumentException as error ->
                Expect.stringContains error.Message expected "message")

    let set (targets: Targets) width =
        DataSet(TensorShape.Flat width, Features.Doubles(Array.zeroCreate (width * targets.Count)), targets)

    let evaluate (set: DataSet) = model.Evaluate(set, CancellationToken.None) |> ignore

    testList
        "refusals"
        [ refused "There are 3 inputs, but the model takes 2 for each example" (fun () ->
              model.Predict(ReadOnlySpan [| 1.0f; 2.0f; 3.0f |]) |> ignore)
          refused "space for 2 outputs, but 1 examples have 3" (fun () ->
              model.Predict(ReadOnlySpan [| 1.0f; 2.0f |], Span [| 0.0f; 0.0f |]))
          refused "There are 8 parameters, but the model 2-3(linear) mean-squared-error has 9." (fun () ->
              TrainedModel.Of(model.Model, Array.zeroCreate<float> 8) |> ignore)
          refused "of the type Half are not supported" (fun () -> TrainedModel.Of(model.Model, Array.zeroCreate<Half> 9) |> ignore)
          refused "The standardisation has 3 inputs" (fun () ->
              TrainedModel.Of(model.Model, Array.zeroCreate<float> 9, Standardization([| 0.0; 0.0; 0.0 |], [| 1.0; 1.0; 1.0 |]))
              |> ignore)
          refused "The data set is empty" (fun () -> evaluate (set (Targets.Labels([||], 3)) 2))
          refused "have 4 values each, but the model takes 2" (fun () -> evaluate (set (Targets.Labels([| 1 |], 3)) 4))
          refused "has 4 classes, but the model has only 3 outputs" (fun () -> evaluate (set (Targets.Labels([| 1 |], 4)) 2))
          refused "have 2 values each, but the model has 3 outputs" (fun () -> evaluate (set (Targets.Values(2, [| 0.0; 0.0 |])) 2)) ]

let tests =
    testList
        "trained models"
        [ testList "predictions" [ predictions Precision.single; predictions Precision.double ]
          conversions
          values
          refusals ]
