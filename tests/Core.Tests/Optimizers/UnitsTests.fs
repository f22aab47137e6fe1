/// Tensors whose units are the first dimension, as in PyTorch.
module CuteDl.Core.Tests.UnitsTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision

let private transposed (rows: int) (columns: int) (values: 'T array) : 'T array =
    Array.init values.Length (fun i -> values[i % rows * columns + i / rows])

let private sample =
    gen {
        let! inputs = Gen.choose (1, 9)
        let! units = Gen.choose (1, 9)
        let! gradients = gradients 3 (inputs * units) moderate
        let! parameters = Gen.arrayOfLength (inputs * units) (uniform -1.0 1.0)
        return inputs, units, parameters, gradients
    }

/// The parameters after steps over inputs × units, and those after steps over the transposed tensor, transposed back.
let private both (text: string) (inputs, units, parameters, gradients) =
    let optimizer = Expression.parse text

    let run (layout: Layout) (turn: float array -> float array) =
        let state = Optimizer.initFor<float> optimizer layout
        let parameters = turn parameters

        for gradient in gradients do
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan(turn gradient))

        parameters

    run (Layout.OfShapes [ "w", [ inputs; units ] ]) Array.copy,
    run (Layout.OfShapes([ "w", [ units; inputs ] ]).WithUnitsFirst()) (transposed inputs units)
    |> transposed units inputs

let tests =
    testList
        "units"
        [ for text in
              [ "centralize | fixed(lr=0.1)"
                "clip_adaptive(0.1) | momentum(lr=0.1)"
                "centralize | clip_adaptive(0.01) | adam(lr=0.1)" ] do
              property $"of the first dimension have the bits of units of the last: {text}" sample (fun sample ->
                  let last, first = both text sample
                  expectSameBits Precision.double first last text)

          // Sums over the transposed memory round in another order.
          property "of the first dimension scale muon as those of the last" sample (fun sample ->
              let last, first = both "muon(lr=0.1)" sample

              for a, b in Array.zip first last do
                  Close.within 1e-6 a b "an element")

          testCase "of an image layer are its first dimension, with all elements behind them" (fun () ->
              let layout = Layout.OfShapes([ "w", [ 2; 1; 1; 2 ] ]).WithUnitsFirst()
              let optimizer = Expression.parse "centralize | fixed(lr=1)"
              let state = Optimizer.initFor<float> optimizer layout
              Expect.equal (snd (Optimizer.step optimizer state [| 1.0; 3.0; 10.0; 30.0 |])) [| -1.0; 1.0; -10.0; 10.0 |] "Δ")

          testCase "tell layouts apart" (fun () ->
              let layout = Layout.OfShapes [ "w", [ 2; 2 ] ]
              Expect.notEqual (layout.WithUnitsFirst()) layout "layouts") ]
