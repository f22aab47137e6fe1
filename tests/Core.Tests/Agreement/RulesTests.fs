/// Every rule and transformation against the reference code that was worked out from its paper: 100 steps over recorded gradients.
module CuteDl.Core.Tests.RulesTests

open System
open Expecto
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Paper

/// Relative to a tensor's size, not to each element's: one that passes through 0 has no digits left.
let private expectClose (tolerance: float) (message: string) (actual: float array) (expected: float array) =
    let scale = expected |> Array.fold (fun largest x -> max largest (abs x)) 1e-300

    Array.iteri2
        (fun j a b ->
            if not (abs (a - b) <= tolerance * scale) then
                failtest $"{message}, element {j}: {a}, expected {b}")
        actual
        expected

/// Those that multiply small differences many times.
let private tolerance (name: string) =
    if [ "dadapt"; "prodigy"; "dog"; "dowg"; "muon" ] |> List.exists name.Contains then 1e-8 else 1e-10

/// In a chain lookahead stands behind the rule that it looks ahead of; the reference code wraps it.
let private ours (name: string) =
    match name.Split(" > ") |> Array.toList with
    | first :: rest when first.StartsWith "lookahead" -> String.Join(" | ", rest @ [ first ])
    | parts -> String.Join(" | ", parts)

let private tensors (values: float array) =
    [ { Shape = [ 3; 4 ]; Values = values[..11] }; { Shape = [ 5 ]; Values = values[12..] } ]

let private agrees (name: string, start: unit -> Reference) =
    testCase name (fun () ->
        let reference = Reference.pyTorch.Value

        let chosen values =
            if Papers.matricesOnly name then List.take 1 (tensors values) else tensors values

        let flat (tensors: Tensor list) = tensors |> List.map _.Values |> Array.concat
        let optimizer = Expression.parse (ours name)

        let layout =
            Layout.OfShapes [ for i, tensor in List.indexed (chosen reference.Initial) -> $"tensor{i}", tensor.Shape ]

        let rule = start ()
        let mutable expected = chosen reference.Initial
        let actual = flat expected
        let state = Optimizer.initFor<float> optimizer layout

        reference.Gradients
        |> Array.iteri (fun i g ->
            let g = chosen g
            expected <- rule.Step (i + 1) expected g
            Optimizer.stepInPlace optimizer state (Span actual) (ReadOnlySpan(flat g))

            let mutable at = 0

            for tensor in expected do
                let part = Array.sub actual at tensor.Values.Length
                expectClose (tolerance name) $"after step {i + 1}" part tensor.Values
                at <- at + part.Length))

/// Those whose work is shared out in registers, panels and blocks, each over tensors that fill none, one, and one and a bit.
let private beyondBlocks =
    let shapes =
        [ [ 4100 ]
          [ 70; 61 ]
          [ 5; 83 ]
          [ 33; 2 ]
          [ 16; 16 ]
          [ 1; 9 ]
          [ 9; 1 ]
          [ 1; 1 ]
          [ 8 ]
          [ 1 ]
          [ 0 ]
          [ 0; 3 ] ]

    let whole = [ "dog("; "dowg("; "dadapt_adam("; "prodigy("; "muon("; "adafactor(" ]

    [ for name, start in Papers.all do
          if whole |> List.exists name.StartsWith && not (name.Contains '>') then
              testCase $"{name} over tensors of many sizes" (fun () ->
                  let shapes = shapes |> List.filter (fun shape -> shape.Length = 2 || not (Papers.matricesOnly name))
                  let random = RandomStream.stream 7 name

                  let some () =
                      [ for shape in shapes ->
                            { Shape = shape; Values = Array.init (List.fold (*) 1 shape) (fun _ -> random.NextDouble() - 0.4) } ]

                  let flat (tensors: Tensor list) = tensors |> List.map _.Values |> Array.concat
                  let optimizer = Expression.parse name
                  let layout = Layout.OfShapes [ for i, shape in List.indexed shapes -> $"tensor{i}", shape ]
                  let rule = start ()
                  let mutable expected = some ()
                  let actual = flat expected
                  let state = Optimizer.initFor<float> optimizer layout

                  for step in 1..6 do
                      let g = some ()
                      expected <- rule.Step step expected g
                      Optimizer.stepInPlace optimizer state (Span actual) (ReadOnlySpan(flat g))

                      for tensor, place in List.zip expected (List.ofSeq layout.Parameters) do
                          let part = Array.sub actual place.Offset place.Length
                          expectClose (tolerance name) $"{tensor.Shape} after step {step}" part tensor.Values) ]

let private complete =
    test "every rule and transformation has a reference" {
        let texts =
            [ for name, _ in Papers.all -> name ]
            @ [ for name, _ in Papers.averages -> name ]
            @ List.map snd AuthorsTests.configurations

        let missing =
            [ for kind in Rules.known do
                  if not (texts |> List.exists (fun text -> text.Contains(kind.Name + "("))) then
                      kind.Name ]
        // The document's own are held by the runs; the others have properties of their own.
        Expect.equal missing [ "fixed"; "momentum"; "identity"; "noise"; "skip_non_finite"; "freeze" ] "without a reference"
    }

let tests = testList "rules and their papers" (complete :: List.map agrees Papers.all @ beyondBlocks)
