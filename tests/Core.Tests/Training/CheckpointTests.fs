module CuteDl.Core.Tests.CheckpointTests

open System
open System.IO
open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Data
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators

let private layout =
    Layout.OfShapes [ "layers.0.weight", [ 5; 7 ]; "layers.0.bias", [ 7 ]; "layers.1.weight", [ 7; 3 ] ]

/// Every rule, every transformation around one, and some longer texts.
let private texts =
    [ for kind in Rules.all do
          yield if kind.Name = "muon" then "{ \"*.weight\": muon(), \"*\": adam() }" else kind.Name
      for kind in Rules.transformations do
          yield $"{kind.Name} | momentum(lr=0.1)"
          yield $"adamw | {kind.Name}"
      yield!
          [ "skip_non_finite(3) | { \"*.bias\": accumulate(2) | sgd(lr=0.1, momentum=0.9) | ema, \"*\": clip_norm(0.1) | prodigy | ema }"
            "clip_global_norm(0.3) | adamw(lr=one_cycle(0.01, steps=9)) | lookahead(3)"
            "momentum(lr=plateau(0.1, factor=0.5, patience=1), decay=linear(0.5, steps=7, end=0.9))"
            "noise(0.01, seed=3) | novograd" ] ]

type private Case = { Text: string; Steps: int; Cut: int; Seed: int }

let private cases =
    gen {
        let! text = Gen.elements texts
        let! steps = Gen.choose (1, 12)
        let! cut = Gen.choose (0, steps)
        let! seed = Gen.choose (0, 1_000_000)
        return { Text = text; Steps = steps; Cut = cut; Seed = seed }
    }

let private random (seed: int) (length: int) : 'T array when 'T :> INumberBase<'T> =
    let random = Random seed
    [| for _ in 1..length -> 'T.CreateTruncating(random.NextDouble() * 2.0 - 1.0) |]

/// Steps first to last over gradients that depend on the step alone, with a loss to look at after each.
let private run (checkpoint: Checkpoint<'T>) (seed: int) (first: int) (last: int) : unit =
    for step in first..last do
        let gradient: 'T array = random (seed + step) layout.Length
        Optimizer.stepInPlace checkpoint.Optimizer checkpoint.State (Span checkpoint.Parameters) (ReadOnlySpan gradient)
        Optimizer.observeInPlace checkpoint.Optimizer checkpoint.State (float ((seed + 3 * step) % 7))

let private start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (case: Case) : Checkpoint<'T> =
    let optimizer = Expression.parse case.Text

    { Optimizer = optimizer
      State = Optimizer.initFor<'T> optimizer layout
      Parameters = random case.Seed layout.Length }

let private inFolder (act: string -> 'result) : 'result =
    let folder = Directory.CreateTempSubdirectory "checkpoint"

    try
        act folder.FullName
    finally
        folder.Delete true

let private expectSame (actual: Checkpoint<'T>) (expected: Checkpoint<'T>) (bits: 'T array -> byte array) =
    Expect.sequenceEqual (bits actual.Parameters) (bits expected.Parameters) "parameters"
    Expect.equal actual.State.SlotNames expected.State.SlotNames "names of slots"

    for name in expected.State.SlotNames do
        Expect.sequenceEqual (bits (actual.State[name].ToArray())) (bits (expected.State[name].ToArray())) name

    let numbers (state: State<'T>) =
        [ for name, value in state.Numbers -> name, BitConverter.DoubleToInt64Bits value ]

    Expect.equal (numbers actual.State) (numbers expected.State) "numbers"
    Expect.equal actual.State.Step expected.State.Step "steps"

let private resumes<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (name: string) (bits: 'T array -> byte array) =
    let resumed (case: Case) (throughFile: Checkpoint<'T> -> Checkpoint<'T>) =
        let whole = start<'T> case
        run whole case.Seed 1 case.Steps
        let before = start<'T> case
        run before case.Seed 1 case.Cut
        let after = throughFile before
        Expect.equal after.Optimizer whole.Optimizer "the optimizer"
        run after case.Seed (case.Cut + 1) case.Steps
        expectSame after whole bits

    testList
        name
        [ property "a run that is saved and read anywhere is, bit for bit, the run that never stopped" cases (fun case ->
              resumed case (fun checkpoint ->
                  use stream = new MemoryStream()
                  Safetensors.write stream (Checkpoint.toContent checkpoint)
                  stream.Position <- 0L
                  Checkpoint.ofContent<'T> "memory" (Safetensors.readStream "memory" stream)))
          testCase "through files of both formats" (fun () ->
              inFolder (fun folder ->
                  for text in texts do
                      let case = { Text = text; Steps = 6; Cut = 3; Seed = 11 }

                      resumed case (fun checkpoint ->
                          let path = Path.Combine(folder, "a.safetensors")
                          Checkpoint.save path checkpoint
                          Checkpoint.read<'T> path)

                      resumed case (fun checkpoint ->
                          let path = Path.Combine(folder, "a.npz")
                          Checkpoint.saveNpz path checkpoint
                          Checkpoint.readNpz<'T> path))) ]

let private content =
    lazy
        (let case = start<float> { Text = "clip_norm(1) | adam"; Steps = 0; Cut = 0; Seed = 5 } in
         run case 5 1 3
         Checkpoint.toContent case)

let private refused (name: string) (change: Safetensors -> Safetensors) (parts: string list) =
    testCase name (fun () ->
        match
            (try
                Ok(Checkpoint.ofContent<float> "file" (change content.Value))
             with :? DataFormatException as error ->
                 Error error)
        with
        | Ok _ -> failtest "it was read"
        | Error error ->
            for part in "file" :: parts do
                Expect.stringContains error.Message part "what is wrong"

            Expect.isFalse (error.Message.Contains "(Parameter") $"no parameter: {error.Message}")

let private withTensor name tensor (content: Safetensors) = { content with Tensors = content.Tensors.Add(name, tensor) }
let private withoutTensor name (content: Safetensors) = { content with Tensors = content.Tensors.Remove name }
let private withMetadata key value (content: Safetensors) = { content with Metadata = content.Metadata.Add(key, value) }

let private errors =
    testList
        "what is no checkpoint of the optimizer is refused"
        [ refused "foreign" (fun content -> { content with Metadata = Map.empty }) [ "not a checkpoint"; Checkpoint.FormatKey ]
          refused "of a later format" (withMetadata Checkpoint.FormatKey "2") [ "'2'"; "'1'" ]
          refused "an unknown optimizer" (withMetadata "cutedl.optimizer" "magic(lr=1)") [ "magic" ]
          refused "another optimizer" (withMetadata "cutedl.optimizer" "clip_norm(1) | momentum") [ "slot:2.momentum.velocity" ]
          refused "a missing slot" (withoutTensor "slot:2.adam.average") [ "slot:2.adam.average"; "missing" ]
          refused "a missing parameter" (withoutTensor "parameter:layers.0.bias") [ "parameter:layers.0.bias"; "missing" ]
          refused "a tensor of nobody" (withTensor "slot:x" { Shape = []; Cells = F64 [| 1.0 |] }) [ "slot:x"; "no part" ]
          refused "another precision" (withTensor "slot:2.adam.average" { Shape = [ 63 ]; Cells = F32(Array.zeroCreate 63) }) [ "float32" ]
          refused "steps that are no integers" (withTensor "steps" { Shape = [ 2 ]; Cells = F64 [| 1.0; 2.0 |] }) [ "must hold int64" ]
          refused "another length" (withTensor "slot:2.adam.average" { Shape = [ 2 ]; Cells = F64 [| 1.0; 2.0 |] }) [ "2 elements"; "63" ]
          refused "a negative step" (withTensor "step" { Shape = []; Cells = I64 [| -1L |] }) [ "The step is -1." ]
          refused
              "a part that counted too much"
              (withTensor "steps" { Shape = [ 2 ]; Cells = I64 [| 3L; 4L |] })
              [ "4 steps"; "from 0 to 3" ]
          refused
              "missed steps of another shape"
              (withTensor "absences" { Shape = [ 2 ]; Cells = I64 [| 0L; 0L |] })
              [ "a row for each of 2 parts and a column for each of 3 tensors" ]
          refused
              "more missed steps than steps"
              (withTensor "absences" { Shape = [ 2; 3 ]; Cells = I64 [| 0L; 0L; 0L; 0L; 4L; 0L |] })
              [ "missed 4 steps of adam"; "from 0 to 3 steps" ]
          refused
              "missed steps of a part that counts for all tensors"
              (withTensor "absences" { Shape = [ 2; 3 ]; Cells = I64 [| 1L; 0L; 0L; 0L; 0L; 0L |] })
              [ "missed 1 steps of clip_norm"; "from 0 to 0 steps" ]
          refused "twice the same name" (withMetadata "cutedl.parameters" "layers.0.bias\nlayers.0.bias") [ "layers.0.bias" ] ]

let private others =
    testList
        "others"
        [ testCase "an optimizer of one's own is read with the optimizer" (fun () ->
              let own = Optimizer.ofRule "mine" ({ Momentum.LearningRate = 0.1; Decay = 0.5 }: Momentum)
              let state = Optimizer.initFor<float> own layout
              let parameters: float array = random 3 layout.Length
              Optimizer.stepInPlace own state (Span parameters) (ReadOnlySpan(random 4 layout.Length: float array))
              let saved = Checkpoint.toContent { Optimizer = own; State = state; Parameters = parameters }
              let read = Checkpoint.ofContentFor<float> own "memory" saved
              Expect.sequenceEqual (read.State["velocity"].ToArray()) (state["velocity"].ToArray()) "velocity"
              Expect.throwsT<DataFormatException> (fun () -> Checkpoint.ofContent<float> "memory" saved |> ignore) "by its text")
          testCase "as many parameters as the state has" (fun () ->
              let checkpoint = start<float> { Text = "adam"; Steps = 0; Cut = 0; Seed = 1 }

              Expect.throwsT<ArgumentException> (fun () -> Checkpoint.toContent { checkpoint with Parameters = [| 1.0 |] } |> ignore) "one")
          testCase "a hyper-parameter follows its plateau" (fun () ->
              let optimizer = Expression.parse "fixed(lr=plateau(1, factor=0.5, patience=1))"
              let mutable state = Optimizer.init<float> optimizer 1

              let rates =
                  [ for loss in [ 5.0; 4.0; 4.0; 4.0; 4.0; 4.0; 3.0; 3.0 ] do
                        let next, delta = Optimizer.step optimizer state [| 1.0 |]
                        state <- Optimizer.observe optimizer next loss
                        delta[0] ]

              Expect.equal rates [ 1.0; 1.0; 1.0; 1.0; 0.5; 0.5; 0.25; 0.25 ] "Δ over a gradient of 1") ]

let tests =
    testList
        "checkpoints"
        [ resumes<float> "double" (fun values -> Array.collect (fun (value: float) -> BitConverter.GetBytes value) values)
          resumes<float32> "single" (fun values -> Array.collect (fun (value: float32) -> BitConverter.GetBytes value) values)
          errors
          others ]
