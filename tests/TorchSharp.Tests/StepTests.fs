/// Steps over the memory of a model.
module CuteDl.TorchSharp.Tests.StepTests

open System
open Expecto
open CuteDl.Testing
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps
open CuteDl.TorchSharp
open CuteDl.TorchSharp.Tests.OwnTensors

let private equalsFlat (precision: Precision<'T>) =
    property "steps have the bits of flat steps, with and without telemetry" (seeded (runs any moderate true)) (fun (run, seed) ->
        let random = Random seed
        let layout = run.Layout.WithUnitsFirst()
        let tensors = tensorsOf precision random run
        let stepper = stepper tensors run.Optimizer
        let flat = Optimizer.initFor<'T> run.Optimizer layout
        let parameters = precision.OfAll run.Parameters

        for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
            giveGradients layout tensors gradient (fun _ -> true)
            let expected = inPlaceStep run.Optimizer flat parameters gradient

            let actual =
                message (fun () ->
                    if random.Next 2 = 0 then
                        stepper.Step()
                    else
                        let mutable telemetry = Unchecked.defaultof<CuteDl.StepTelemetry>
                        stepper.Step(&telemetry)
                        Expect.equal telemetry.Tensors.Count tensors.Length "telemetry")

            Expect.equal actual expected "errors"
            expectSameBits precision (valuesOf tensors) parameters "parameters"
            expectSamePicture precision (picture stepper.State) (picture flat) "state"
            Expect.isFalse (tensors |> Array.exists _.IsOpen) "every tensor is closed"
            stepper.Observe loss
            Optimizer.observeInPlace run.Optimizer flat loss

        Expect.isFalse (tensors |> Array.exists (fun tensor -> tensor.Writes > 0)) "nothing is written but by steps")

let private missing (precision: Precision<'T>) =
    property
        "a tensor without a gradient, or that is frozen during the run, counts as one without a gradient"
        (seeded (runs any moderate true))
        (fun (run, seed) ->
            let random = Random seed
            let layout = run.Layout.WithUnitsFirst()
            let tensors = tensorsOf precision random run
            let stepper = stepper tensors run.Optimizer
            let expected = Optimizer.initFor<'T> run.Optimizer layout
            let memories = tensors |> Array.map _.Values

            for gradient in Array.map precision.OfAll run.Gradients do
                let isPresent = Array.init tensors.Length (fun _ -> random.Next 3 > 0)

                // A frozen tensor can still have an old gradient.
                for k in 0 .. tensors.Length - 1 do
                    tensors[k].RequiresGradient <- isPresent[k] || random.Next 2 = 0

                giveGradients layout tensors gradient (fun k -> isPresent[k] || not tensors[k].RequiresGradient)

                let given =
                    [ for k in 0 .. tensors.Length - 1 do
                          if isPresent[k] then
                              let parameter = layout.Parameters[k]
                              StepTensor.Of(parameter.Name, memories[k], Array.sub gradient parameter.Offset parameter.Length) ]

                let error = message (fun () -> Optimizer.stepTensorsInPlace run.Optimizer expected given)
                Expect.equal (message (step stepper)) error "errors"
                expectSameBits precision (valuesOf tensors) (Array.concat memories) "parameters"
                expectSamePicture precision (picture stepper.State) (picture expected) "state"
                Expect.equal stepper.State.Absences expected.Absences "absences")

let private examples =
    testList
        "examples"
        [ testCase "a step changes the tensor's own memory, and allocates nothing of its size" (fun () ->
              let tensor = OwnTensor<float32>("weight", [ 1000; 100 ], false)
              tensor.SetValues(Array.create 100_000 1.0f)
              tensor.SetGradient(Some(Array.create 100_000 1.0f))
              let stepper = stepper [| tensor |] (Expression.parse "adam(lr=0.5)")
              stepper.Step()
              let before = GC.GetAllocatedBytesForCurrentThread()
              stepper.Step()
              let allocated = GC.GetAllocatedBytesForCurrentThread() - before
              Expect.isLessThan allocated 1_000L "bytes"
              Expect.equal tensor.Writes 0 "writes"
              Expect.floatClose Accuracy.low (float tensor.Values[99_999]) 0.0 "1 - 2 · 0.5")
          testCase "a step that fails leaves every tensor closed and unchanged" (fun () ->
              let run =
                  { Optimizer = Expression.parse "skip_non_finite(1) | adam"
                    Layout = Layout.OfShapes [ "a", [ 2 ]; "b", [ 3 ] ]
                    Parameters = Array.create 5 1.0
                    Gradients = [||]
                    Losses = [||] }

              for isCopied in [ false; true ] do
                  let tensors = [| OwnTensor<float>("a", [ 2 ], isCopied); OwnTensor<float>("b", [ 3 ], isCopied) |]

                  let stepper = stepper tensors run.Optimizer
                  let before = valuesOf tensors
                  giveGradients run.Layout tensors [| 1.0; 1.0; nan; 1.0; 1.0 |] (fun _ -> true)
                  stepper.Step()
                  Expect.isSome (message (step stepper)) "the second bad step throws"
                  expectSameBits Precision.double (valuesOf tensors) before "parameters"
                  Expect.isFalse (tensors |> Array.exists _.IsOpen) "closed")
          testCase "units are the first dimension" (fun () ->
              let tensor = OwnTensor<float>("weight", [ 2; 3 ], false)
              tensor.SetGradient(Some [| 1.0; 2.0; 3.0; 10.0; 20.0; 30.0 |])
              tensor.SetValues(Array.zeroCreate 6)
              (stepper [| tensor |] (Expression.parse "centralize | fixed(lr=1)")).Step()
              Expect.equal tensor.Values [| 1.0; 0.0; -1.0; 10.0; 0.0; -10.0 |] "the mean of each row is subtracted")
          testCase "a module without parameters is refused, without libtorch" (fun () ->
              let none = Array.empty<struct (string * TorchSharp.Modules.Parameter)>
              let error = Spec.Throws<ArgumentException>(fun () -> none.Optimize(CuteDl.Optimizers.Adam()) |> ignore)
              Expect.stringContains error.Message "The module has no parameters. Give a module with at least one." "message")
          testCase "two tensors of the same name are refused" (fun () ->
              let tensors = [| OwnTensor<float>("a", [ 2 ], false); OwnTensor<float>("a", [ 3 ], false) |]

              let error =
                  Spec.Throws<ArgumentException>(fun () -> stepper tensors (Expression.parse "adam") |> ignore)

              Expect.stringContains error.Message "Two tensors are named 'a'." "message") ]

let tests =
    testList
        "steps"
        [ testList "float32" [ equalsFlat Precision.single; missing Precision.single ]
          testList "float64" [ equalsFlat Precision.double; missing Precision.double ]
          examples ]
