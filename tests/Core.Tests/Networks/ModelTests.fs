/// What a model is: layout of its parameters, initial weights, refusals.
module CuteDl.Core.Tests.ModelTests

open System
open Expecto
open MathNet.Numerics.Statistics
open CuteDl.Core.Networks

let private deep =
    Model.create 784 [ Dense(128, ReLU); Dropout 0.25; Dense(64, Tanh); Dense(10, Linear) ] SoftmaxCrossEntropy

let private layout =
    testList
        "parameters"
        [ testCase "lie as weight and bias of each dense layer, one after another" (fun () ->
              let expected =
                  [ "layers.0.weight", [ 784; 128 ], 0
                    "layers.0.bias", [ 128 ], 100352
                    "layers.1.weight", [ 128; 64 ], 100480
                    "layers.1.bias", [ 64 ], 108672
                    "layers.2.weight", [ 64; 10 ], 108736
                    "layers.2.bias", [ 10 ], 109376 ]

              Expect.equal [ for p in Model.parameters deep -> p.Name, p.Shape, p.Offset ] expected "layout"
              Expect.equal (Model.parameterCount deep) 109386 "count")
          testCase "a weight is inputs × units: the answer is x·W + b" (fun () ->
              let network = Network<float>(Model.create 2 [ Dense(3, Linear) ] MeanSquaredError, 1)
              [| 1.0; 2.0; 3.0; 10.0; 20.0; 30.0; 0.5; 0.25; 0.125 |].CopyTo network.Parameters
              [| 1.0; 2.0 |].CopyTo(network.Inputs, 0)
              network.Validate 1 |> ignore
              Expect.equal (network.Outputs.ToArray()) [| 21.5; 42.25; 63.125 |] "outputs")
          testCase "a model says what it is" (fun () ->
              Expect.equal (string deep) "784-128(relu)-dropout(0.25)-64(tanh)-10(linear) softmax-cross-entropy" "text"
              Expect.equal (deep.Inputs, deep.Outputs, deep.OutputActivation) (784, 10, Linear) "ends"
              Expect.equal ([ Normal 0.01; Glorot; He ] |> List.map string) [ "normal(0.01)"; "glorot"; "he" ] "initializations") ]

let private weights initialization seed =
    let model = Model.create 300 [ Dense(200, ReLU); Dense(10, Linear) ] SoftmaxCrossEntropy
    let parameters = Model.initialParameters<float> model initialization seed

    [ for p in Model.parameters model -> p.Name, parameters[p.Offset .. p.Offset + p.Length - 1] ]
    |> Map.ofList

let private initialWeights =
    let distributed initialization name (deviation: float) =
        testCase $"{initialization} has mean 0 and deviation %.4f{deviation} in {name}" (fun () ->
            let values = (weights initialization 3)[name]
            let n = float values.Length
            // Five standard errors.
            Close.within (5.0 * deviation / sqrt n) (Statistics.Mean values) 0.0 "mean"
            Close.relative (5.0 / sqrt n) (Statistics.StandardDeviation values) deviation "deviation")

    testList
        "initial weights"
        [ distributed (Normal 0.01) "layers.0.weight" 0.01
          distributed (Normal 0.5) "layers.1.weight" 0.5
          distributed He "layers.0.weight" (sqrt (2.0 / 300.0))
          distributed He "layers.1.weight" (sqrt (2.0 / 200.0))
          distributed Glorot "layers.0.weight" (sqrt (2.0 / 500.0))
          distributed Glorot "layers.1.weight" (sqrt (2.0 / 210.0))
          testCase "glorot stays within ±√(6/(inputs + units)), and comes near it" (fun () ->
              let bound = sqrt (6.0 / 500.0)
              let largest = (weights Glorot 3)["layers.0.weight"] |> Array.map abs |> Array.max
              Expect.isTrue (largest <= bound && largest > 0.999 * bound) $"largest {largest}, bound {bound}")
          testCase "normal has the tails of a normal distribution" (fun () ->
              let values = (weights (Normal 1.0) 3)["layers.0.weight"]

              let share limit =
                  float (values |> Array.filter (fun v -> abs v < limit) |> Array.length) / float values.Length

              Close.within 0.01 (share 1.0) 0.6827 "within one deviation"
              Close.within 0.005 (share 2.0) 0.9545 "within two")
          testCase "biases begin at 0" (fun () ->
              for initialization in [ Normal 0.01; Glorot; He ] do
                  Expect.all (weights initialization 3).["layers.0.bias"] ((=) 0.0) $"{initialization}")
          testCase "are equal for equal seeds and differ for different ones" (fun () ->
              for initialization in [ Normal 0.01; Glorot; He ] do
                  Expect.equal (weights initialization 7) (weights initialization 7) $"{initialization}, same seed"

                  let together =
                      Array.map2 (=) (weights initialization 7).["layers.0.weight"] (weights initialization 8).["layers.0.weight"]

                  Expect.isLessThan (together |> Array.filter id |> Array.length) 5 $"{initialization}, other seed")
          testCase "are the same in both precisions, up to rounding" (fun () ->
              let single = Model.initialParameters<float32> deep He 5
              let double = Model.initialParameters<float> deep He 5
              Expect.equal single (Array.map float32 double) "weights") ]

let private refusals =
    let refused name model argument =
        testCase name (fun () ->
            try
                model () |> ignore
                failtest "nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName argument "the argument at fault")

    testList
        "a model is refused"
        [ refused "without layers" (fun () -> Model.create 2 [] MeanSquaredError) "layers"
          refused "that ends in a dropout" (fun () -> Model.create 2 [ Dense(2, ReLU); Dropout 0.5 ] MeanSquaredError) "layers"
          refused "without inputs" (fun () -> Model.create 0 [ Dense(2, ReLU) ] MeanSquaredError) "inputs"
          refused "with a layer of no units" (fun () -> Model.create 2 [ Dense(0, ReLU) ] MeanSquaredError) "units"
          refused "with a dropout of 1" (fun () -> Model.create 2 [ Dropout 1.0; Dense(1, ReLU) ] MeanSquaredError) "rate"
          refused "with a dropout of NaN" (fun () -> Model.create 2 [ Dropout nan; Dense(1, ReLU) ] MeanSquaredError) "rate"
          refused "with a dropout below 0" (fun () -> Model.create 2 [ Dropout -0.1; Dense(1, ReLU) ] MeanSquaredError) "rate" ]

let tests = testList "models" [ layout; initialWeights; refusals ]
