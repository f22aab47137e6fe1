/// States and parameters that are saved and loaded by name.
module CuteDl.TorchSharp.Tests.CheckpointTests

open System
open System.IO
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

let private inFolder (act: string -> unit) : unit =
    let folder = Directory.CreateTempSubdirectory("cutedl-").FullName

    try
        act folder
    finally
        Directory.Delete(folder, true)

let private resumed (precision: Precision<'T>) =
    property
        "a run that is saved and loaded in the middle has the bits of one that is not"
        (seeded (runs any moderate true))
        (fun (run, seed) ->
            inFolder (fun folder ->
                let random = Random seed
                let layout = run.Layout
                let isFrozen = Array.init layout.Parameters.Count (fun _ -> random.Next 5 = 0)

                let create () =
                    let tensors = tensorsOf precision random run

                    for k in 0 .. tensors.Length - 1 do
                        tensors[k].RequiresGradient <- not isFrozen[k]

                    tensors

                let whole = create ()

                match message (fun () -> stepper whole run.Optimizer |> ignore) with
                | Some _ -> ()
                | None ->
                    let wholeStepper = stepper whole run.Optimizer
                    let mutable tensors = create ()
                    let mutable parts = stepper tensors run.Optimizer
                    let savedAt = random.Next run.Gradients.Length

                    for t in 0 .. run.Gradients.Length - 1 do
                        let gradient = precision.OfAll run.Gradients[t]
                        // Frozen from now on.
                        let isPresent = Array.init tensors.Length (fun _ -> random.Next 6 > 0)
                        giveGradients layout whole gradient (fun k -> isPresent[k])
                        giveGradients layout tensors gradient (fun k -> isPresent[k])
                        Expect.equal (message (step parts)) (message (step wholeStepper)) "errors"
                        wholeStepper.Observe run.Losses[t]
                        parts.Observe run.Losses[t]

                        if t = savedAt then
                            let path = Path.Combine(folder, (if random.Next 2 = 0 then "run.npz" else "run.safetensors"))
                            parts.Save path
                            let frozen = tensors |> Array.map _.Values
                            tensors <- create ()

                            for k in 0 .. tensors.Length - 1 do
                                tensors[k].SetValues(if isFrozen[k] then frozen[k] else Array.create frozen[k].Length (precision.Of 7.0))

                            parts <- stepper tensors run.Optimizer
                            parts.Load path

                        expectSameBits precision (valuesOf tensors) (valuesOf whole) "parameters"
                        expectSamePicture precision (picture parts.State) (picture wholeStepper.State) "state"
                        Expect.equal parts.State.Absences wholeStepper.State.Absences "absences"))

let private saved (tensors: OwnTensor<float> array) (text: string) (path: string) =
    for tensor in tensors do
        tensor.SetGradient(Some(Array.create tensor.Values.Length 1.0))

    let stepper = stepper tensors (Expression.parse text)
    stepper.Step()
    stepper.Save path

let private pair () =
    [| OwnTensor<float>("a", [ 2; 3 ], false); OwnTensor<float>("b", [ 3 ], false) |]

let private refused (load: string -> unit) : string =
    let mutable message = ""

    inFolder (fun folder ->
        let path = Path.Combine(folder, "run.npz")
        saved (pair ()) "adam" path

        message <-
            try
                load path
                ""
            with :? FormatException as error ->
                error.Message)

    message

let private examples =
    testList
        "examples"
        [ testCase "the facade reads the file, with the units of the module" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "run.safetensors")
                  saved (pair ()) "adam" path
                  let checkpoint = CuteDl.Checkpoint.Read<float> path
                  Expect.equal (string checkpoint.Optimizer) (string (Expression.parse "adam")) "the optimizer"
                  Expect.isTrue checkpoint.State.Layout.Tensors[0].UnitsFirst "units"
                  Expect.equal checkpoint.State.Step 1L "steps"))
          testCase "another module is refused, and nothing changes" (fun () ->
              let other = [| OwnTensor<float>("a", [ 3; 2 ], false); OwnTensor<float>("b", [ 3 ], false) |]
              let text = refused (stepper other (Expression.parse "adam")).Load

              Expect.equal
                  text
                  "The checkpoint has the tensor 'a' [2, 3], but the module does not. Load it into the module that was saved."
                  "shape"

              Expect.equal (other |> Array.sumBy _.Writes) 0 "writes"
              let more = Array.append (pair ()) [| OwnTensor<float>("c", [ 1 ], false) |]
              let text = refused (stepper more (Expression.parse "adam")).Load

              Expect.equal
                  text
                  "The checkpoint does not have the tensor 'c' [1]. Load it into the module that was saved, or freeze this parameter."
                  "missing")
          testCase "another optimizer and another precision are refused" (fun () ->
              Expect.isNotEmpty (refused (stepper (pair ()) (Expression.parse "adam | ema")).Load) "the optimizer"
              let single = [| OwnTensor<float32>("a", [ 2; 3 ], false); OwnTensor<float32>("b", [ 3 ], false) |]
              Expect.stringContains (refused (stepper single (Expression.parse "adam")).Load) "float64" "the precision")
          testCase "hyper-parameters stay those of the optimizer" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "run.npz")
                  saved (pair ()) "adam(lr=0.5)" path
                  let stepper = stepper (pair ()) (Expression.parse "adam(lr=0.25)")
                  stepper.Load path
                  Expect.equal stepper.StepCount 1L "steps"
                  Expect.equal (stepper.Current()["lr"]) 0.25 "the learning rate")) ]

let tests =
    testList
        "checkpoints"
        [ testList "float32" [ resumed Precision.single ]
          testList "float64" [ resumed Precision.double ]
          examples ]
