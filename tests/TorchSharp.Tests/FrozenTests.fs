/// Parameters that require no gradient when the optimizer is created.
module CuteDl.TorchSharp.Tests.FrozenTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps
open CuteDl.TorchSharp
open CuteDl.TorchSharp.Tests.OwnTensors

/// Some tensors of a run, with their places in its layout.
let private part (layout: Layout) (indices: int array) =
    Layout.OfShapes([ for k in indices -> layout.Parameters[k].Name, layout.Parameters[k].Shape ]).WithUnitsFirst()

let private slice (layout: Layout) (indices: int array) (values: 'T array) : 'T array =
    indices
    |> Array.collect (fun k -> Array.sub values layout.Parameters[k].Offset layout.Parameters[k].Length)

let private names (layout: Layout) = [ for parameter in layout.Parameters -> parameter.Name ]

let private leftOut (precision: Precision<'T>) =
    property
        "steps have the bits of a model without the frozen tensors, which do not change"
        (seeded (runs any moderate true))
        (fun (run, seed) ->
            let random = Random seed
            let layout = run.Layout
            let tensors = tensorsOf precision random run
            let isFrozen = Array.init tensors.Length (fun _ -> random.Next 3 = 0)
            let open', frozen = Array.init tensors.Length id |> Array.partition (fun k -> not isFrozen[k])

            for k in frozen do
                tensors[k].RequiresGradient <- false

            let running = Grouping.allowEmpty (names layout) run.Optimizer

            match message (fun () -> Optimizer.initFor<'T> running (part layout open') |> ignore) with
            | Some error -> Expect.equal (message (fun () -> stepper tensors run.Optimizer |> ignore)) (Some error) "refused"
            | None ->
                let flat = Optimizer.initFor<'T> running (part layout open')
                let stepper = stepper tensors run.Optimizer
                let all = precision.OfAll run.Parameters
                let parameters = slice layout open' all

                for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
                    giveGradients layout tensors gradient (fun _ -> true)
                    let expected = inPlaceStep running flat parameters (slice layout open' gradient)
                    Expect.equal (message (step stepper)) expected "errors"
                    expectSameBits precision (open' |> Array.collect (fun k -> tensors[k].Values)) parameters "parameters"
                    expectSameBits precision (frozen |> Array.collect (fun k -> tensors[k].Values)) (slice layout frozen all) "frozen"
                    expectSamePicture precision (picture stepper.State) (picture flat) "state"
                    stepper.Observe loss
                    Optimizer.observeInPlace running flat loss)

let private joining (precision: Precision<'T>) =
    property
        "a tensor that requires a gradient later joins the state as if it were carried, or the step is refused"
        (seeded (runs any moderate false))
        (fun (run, seed) ->
            let random = Random seed
            let layout = run.Layout
            let tensors = tensorsOf precision random run
            let late, early = Array.init tensors.Length id |> Array.partition (fun _ -> random.Next 3 = 0)

            for k in late do
                tensors[k].RequiresGradient <- false

            let running = Grouping.allowEmpty (names layout) run.Optimizer

            if
                (message (fun () -> Optimizer.initFor<'T> running (part layout early) |> ignore)).IsNone
                && late.Length > 0
            then
                let stepper = stepper tensors run.Optimizer
                let before = Optimizer.initFor<'T> running (part layout early)
                let memories = tensors |> Array.map _.Values
                let thawedAt = random.Next run.Gradients.Length

                let given (indices: int array) (gradient: 'T array) =
                    [ for k in indices ->
                          let parameter = layout.Parameters[k]
                          StepTensor.Of(parameter.Name, memories[k], Array.sub gradient parameter.Offset parameter.Length) ]

                let mutable state = before
                let mutable isRefused = false

                for t in 0 .. run.Gradients.Length - 1 do
                    if not isRefused then
                        let gradient = precision.OfAll run.Gradients[t]
                        giveGradients layout tensors gradient (fun _ -> true)

                        if t = thawedAt then
                            for k in late do
                                tensors[k].RequiresGradient <- true

                            match
                                message (fun () -> State.carry (layout.WithUnitsFirst()) id state |> ignore),
                                lazy (State.carry (layout.WithUnitsFirst()) id state)
                            with
                            | None, carried when (snd carried.Value).Restarted.IsEmpty -> state <- fst carried.Value
                            | error, _ ->
                                isRefused <- true
                                let values = valuesOf tensors

                                match error with
                                | Some error -> Expect.equal (message (step stepper)) (Some error) "refused by the optimizer"
                                | None ->
                                    let error = Spec.Throws<InvalidOperationException>(fun () -> stepper.Step())
                                    Expect.stringContains error.Message "requires a gradient now, but was frozen" "refused"

                                expectSameBits precision (valuesOf tensors) values "unchanged parameters"
                                expectSamePicture precision (picture stepper.State) (picture state) "unchanged state"

                        if not isRefused then
                            let indices = if t < thawedAt then early else Array.init tensors.Length id
                            let expected = message (fun () -> Optimizer.stepTensorsInPlace running state (given indices gradient))
                            Expect.equal (message (step stepper)) expected "errors"
                            expectSameBits precision (valuesOf tensors) (Array.concat memories) "parameters"
                            expectSamePicture precision (picture stepper.State) (picture state) "state")

let private examples =
    testList
        "examples"
        [ testCase "a group whose tensors are all frozen is no mistake, but an unknown pattern is" (fun () ->
              let tensors =
                  [| OwnTensor<float>("body.weight", [ 2 ], false); OwnTensor<float>("head.weight", [ 2 ], false) |]

              tensors[0].RequiresGradient <- false
              let groups = Expression.parse "{ \"body.*\": sgd(lr=0.1), \"*\": adam }"
              Expect.equal (stepper tensors groups).Layout.Length 2 "the head"
              let typo = Expression.parse "{ \"bod.*\": sgd(lr=0.1), \"*\": adam }"
              let error = Spec.Throws<ArgumentException>(fun () -> stepper tensors typo |> ignore)
              Expect.stringContains error.Message "The group \"bod.*\" matches no tensor" "message")
          testCase "a part that treats its tensors together names itself and the tensor that joins" (fun () ->
              let tensors = [| OwnTensor<float>("body", [ 2 ], false); OwnTensor<float>("head", [ 2 ], false) |]
              tensors[0].RequiresGradient <- false

              for tensor in tensors do
                  tensor.SetGradient(Some [| 1.0; 1.0 |])

              let stepper = stepper tensors (Expression.parse "adam | ema(0.9)")
              stepper.Step()
              tensors[0].RequiresGradient <- true
              let error = Spec.Throws<InvalidOperationException>(fun () -> stepper.Step())

              Expect.equal
                  error.Message
                  "'body' requires a gradient now, but was frozen when the optimizer was created. ema treats its tensors together, so a new tensor would restart it. Create the optimizer again, or write ema inside each group."
                  "message") ]

let tests =
    testList
        "frozen parameters"
        [ testList "float32" [ leftOut Precision.single; joining Precision.single ]
          testList "float64" [ leftOut Precision.double; joining Precision.double ]
          examples ]
