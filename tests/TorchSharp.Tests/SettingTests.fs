/// Hyper-parameters that change during a run, and averages of the parameters.
module CuteDl.TorchSharp.Tests.SettingTests

open System
open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.TorchSharp
open CuteDl.TorchSharp.Tests.OwnTensors

let private current (stepper: ModelStepper<float>) =
    [ for KeyValue(name, value) in stepper.Current() -> name, BitConverter.DoubleToInt64Bits value ]

/// Runs whose steps all succeed: gradients can become infinite within a chain, and skip_non_finite refuses too many of those.
let private successful = runs (any |> without [ "skip_non_finite" ]) moderate false

let private learningRates =
    property "a learning rate is set alone, and the state continues, unless it follows a plateau" (seeded successful) (fun (run, seed) ->
        let random = Random seed
        let tensors = tensorsOf Precision.double random run
        let stepper = stepper tensors run.Optimizer
        giveGradients run.Layout tensors run.Gradients[0] (fun _ -> true)
        stepper.Step()
        let rates = stepper.LearningRates()

        Expect.equal
            [ for rate in rates -> rate.Key, BitConverter.DoubleToInt64Bits rate.Value ]
            (current stepper |> List.filter (fun (name, _) -> Array.last (name.Split '.') = "lr"))
            "the learning rates are those of the next step"

        if rates.Count > 0 then
            let name = rates[random.Next rates.Count].Key
            let before = current stepper
            // The state of a plateau has numbers.
            let followsPlateau = stepper.State.Numbers |> List.exists (fun (number, _) -> number = $"{name}.losses")
            let error = message (fun () -> stepper.SetLearningRate(name, 0.125))
            Expect.equal error.IsSome followsPlateau "only a plateau is refused"

            for (other, was), (_, is) in List.zip before (current stepper) do
                Expect.equal is (if other = name && error.IsNone then BitConverter.DoubleToInt64Bits 0.125 else was) other

            Expect.equal stepper.StepCount 1L "steps"
            stepper.Step())

let private averages =
    property "a module has the averages until they are disposed" (seeded successful) (fun (run, seed) ->
        let tensors = tensorsOf Precision.double (Random seed) run
        let stepper = stepper tensors run.Optimizer

        for gradient in run.Gradients do
            giveGradients run.Layout tensors gradient (fun _ -> true)
            stepper.Step()

        let own = valuesOf tensors
        let expected = Optimizer.averaged run.Optimizer stepper.State (ReadOnlySpan own)
        let scope = stepper.UseAverages()
        expectSameBits Precision.double (valuesOf tensors) expected "averages"

        for act in [ step stepper; (fun () -> stepper.Save "never.npz"); (fun () -> stepper.UseAverages() |> ignore) ] do
            let error = Spec.Throws<InvalidOperationException>(fun () -> act ())
            Expect.stringContains error.Message "Dispose the result of UseAverages first." "refused"

        scope.Dispose()
        scope.Dispose()
        expectSameBits Precision.double (valuesOf tensors) own "own parameters"
        stepper.Step())

let private examples =
    testList
        "examples"
        [ testCase "TorchSharp's schedulers see the learning rate of each part" (fun () ->
              let tensors = [| OwnTensor<float>("a.weight", [ 2 ], false); OwnTensor<float>("a.bias", [ 2 ], false) |]

              let stepper =
                  stepper tensors (Expression.parse "clip_norm(1) | { \"*.bias\": sgd(lr=0.5), \"*\": adam(lr=0.25) }")

              let controllers = LearningRateController.Of stepper
              Expect.equal [ for controller in controllers -> controller.LearningRate ] [ 0.5; 0.25 ] "in force"
              Expect.equal [ for controller in controllers -> controller.InitialLearningRate ] [ 0.5; 0.25 ] "at first"
              controllers[1].LearningRate <- 0.0625
              Expect.equal (stepper.Current()["2.*.lr"]) 0.0625 "the optimizer"
              Expect.equal (stepper.Current()["2.*.bias.lr"]) 0.5 "the other group"
              Expect.stringContains (string stepper.Optimizer) "adam(lr=0.0625" "the value")
          testCase "an optimizer with other parts is refused, other values are not" (fun () ->
              let stepper = stepper [| OwnTensor<float>("a", [ 2 ], false) |] (Expression.parse "adam")
              stepper.Optimizer <- CuteDl.Optimizers.Adam(0.5)
              Expect.equal (stepper.Current()["lr"]) 0.5 "the learning rate"
              Spec.Throws<ArgumentException>(fun () -> stepper.Optimizer <- CuteDl.Optimizers.Lion()) |> ignore
              Expect.equal (stepper.Current()["lr"]) 0.5 "unchanged") ]

let tests = testList "settings" [ learningRates; averages; examples ]
