/// The backward pass, against central finite differences in float64.
module CuteDl.Core.Tests.GradientTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Networks
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private rows = 5

/// A network full of random numbers; with weights this large, activations are far from linear.
let private network (model: Model) (seed: int) : Network<float> =
    let random = RandomStream.stream seed "gradient check"
    let network = Network<float>(model, rows)
    let uniform scale = (2.0 * random.NextDouble() - 1.0) * scale

    for i in 0 .. network.Parameters.Length - 1 do
        network.Parameters[i] <- uniform 1.0

    for i in 0 .. network.Inputs.Length - 1 do
        network.Inputs[i] <- uniform 2.0

    // Targets that every loss accepts: distributions over the outputs.
    for row in 0 .. rows - 1 do
        let weights = Array.init model.Outputs (fun _ -> 0.1 + random.NextDouble())

        weights
        |> Array.iteri (fun j weight -> network.Targets[row * model.Outputs + j] <- weight / Array.sum weights)

    network

let private step = 1e-5

/// The seeds are fixed, so no run lands on a kink of relu by bad luck.
let private seeds = [ 1..6 ]

let private checkGradient (model: Model) (dropoutKey: uint64) =
    for seed in seeds do
        let network = network model seed
        network.Train(rows, dropoutKey) |> ignore
        let gradient = network.Gradient.ToArray()

        for i in 0 .. gradient.Length - 1 do
            let value = network.Parameters[i]

            let lossAt displacement =
                network.Parameters[i] <- value + displacement
                network.Train(rows, dropoutKey)

            let difference = (lossAt step - lossAt -step) / (2.0 * step)
            network.Parameters[i] <- value
            Close.within 1e-7 gradient[i] difference $"{model}, seed {seed}, parameter {i}"

let private shapes activation : (string * Layer list) list =
    [ "no hidden layer", [ Dense(3, activation) ]
      "one hidden layer", [ Dense(4, activation); Dense(3, Linear) ]
      "two hidden layers", [ Dense(4, activation); Dense(7, activation); Dense(3, Linear) ]
      "dropout before, between and behind hidden layers",
      [ Dropout 0.3
        Dense(6, activation)
        Dropout 0.5
        Dense(5, activation)
        Dropout 0.2
        Dense(3, Linear) ] ]

let private finiteDifferences =
    testList
        "equal finite differences"
        [ for activation in Activation.all do
              for loss in Loss.all do
                  for name, layers in shapes activation do
                      testCase $"{activation}, {loss}, {name}" (fun () -> checkGradient (Model.create 4 layers loss) 99UL) ]

let private pure' =
    property "lossAndGradient gives what a network gives" (Gen.choose (1, 1000)) (fun seed ->
        let model = Model.create 4 [ Dense(6, Tanh); Dense(3, Linear) ] SoftmaxCrossEntropy
        let network = network model seed
        let expected = network.Train(rows, 0UL)
        let parameters = network.Parameters.ToArray()
        let struct (loss, gradient) = Network.lossAndGradient model parameters network.Inputs network.Targets
        Expect.equal loss expected "loss"
        Expect.equal gradient (network.Gradient.ToArray()) "gradient"
        Expect.equal parameters (network.Parameters.ToArray()) "the parameters are not touched")

let private smallerBatches =
    testCase "a batch smaller than the capacity is computed as if it were alone" (fun () ->
        let model = Model.create 4 [ Dense(6, ReLU); Dense(3, Linear) ] SoftmaxCrossEntropy
        let large = network model 1
        // What a larger batch leaves behind must not be seen.
        large.Train(rows, 0UL) |> ignore

        for few in 1..rows do
            let struct (loss, gradient) =
                Network.lossAndGradient model (large.Parameters.ToArray()) large.Inputs[.. 4 * few - 1] large.Targets[.. 3 * few - 1]

            Expect.equal (large.Train(few, 0UL)) loss $"loss of {few} rows"
            Expect.equal (large.Gradient.ToArray()) gradient $"gradient of {few} rows"
            Expect.equal (large.Validate few) loss $"validation of {few} rows")

let private meanOfBatches =
    testCase "a batch's gradient is the mean of its examples'" (fun () ->
        let model = Model.create 4 [ Dense(6, Sigmoid); Dense(3, Linear) ] BinaryCrossEntropy
        let network = network model 2
        network.Train(rows, 0UL) |> ignore
        let parameters = network.Parameters.ToArray()

        let each =
            [| for row in 0 .. rows - 1 do
                   let struct (_, gradient) =
                       Network.lossAndGradient
                           model
                           parameters
                           network.Inputs[4 * row .. 4 * row + 3]
                           network.Targets[3 * row .. 3 * row + 2]

                   gradient |]

        network.Gradient.ToArray()
        |> Array.iteri (fun i g -> Close.within 1e-15 g (each |> Array.averageBy (fun gradient -> gradient[i])) $"parameter {i}"))

let private deadUnit =
    testCase "a relu whose sum is exactly 0 passes no gradient on" (fun () ->
        let model = Model.create 2 [ Dense(2, ReLU) ] MeanSquaredError

        // All weights 0: every sum is 0, and the loss would fall only if the units woke.
        let struct (loss, gradient) =
            Network.lossAndGradient model (Array.zeroCreate<float> 6) [| 1.0; 1.0 |] [| 1.0; 1.0 |]

        Expect.equal loss 1.0 "loss"
        Expect.all gradient ((=) 0.0) "gradient")

let private refusals =
    testCase "more rows than the capacity, or arrays of another length, are refused" (fun () ->
        let model = Model.create 2 [ Dense(1, Linear) ] MeanSquaredError
        let network = Network<float>(model, 3)
        Expect.throwsT<ArgumentOutOfRangeException> (fun () -> network.Train(4, 0UL) |> ignore) "train"
        Expect.throwsT<ArgumentOutOfRangeException> (fun () -> network.Validate -1 |> ignore) "validate"

        for parameters, inputs, targets in [ 2, 4, 2; 3, 5, 2; 3, 4, 3 ] do
            Expect.throwsT<ArgumentException>
                (fun () ->
                    Network.lossAndGradient
                        model
                        (Array.zeroCreate<float> parameters)
                        (Array.zeroCreate inputs)
                        (Array.zeroCreate targets)
                    |> ignore)
                $"{parameters}, {inputs}, {targets}")

let tests =
    testList "gradients" [ finiteDifferences; pure'; smallerBatches; meanOfBatches; deadUnit; refusals ]
