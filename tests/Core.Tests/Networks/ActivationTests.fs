module CuteDl.Core.Tests.ActivationTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Networks
open CuteDl.Core.Tests.Generators

let private apply (precision: Precision<'T>) activation (values: float list) =
    let values = values |> List.map precision.Of |> List.toArray
    Activation.apply activation (Span values)
    values |> Array.map precision.ToFloat |> Array.toList

/// The gradient with respect to z, for a gradient of 1 with respect to a.
let private derivatives (precision: Precision<'T>) activation (inputs: float list) =
    let inputs = inputs |> List.map precision.Of |> List.toArray
    let outputs = Array.copy inputs
    Activation.apply activation (Span outputs)
    let gradient = outputs |> Array.map (fun _ -> precision.Of 1.0)
    Activation.backward activation (ReadOnlySpan inputs) (ReadOnlySpan outputs) (Span gradient)
    gradient |> Array.map precision.ToFloat |> Array.toList

let private extremes = [ -infinity; -1e30; -1e4; -100.0; 0.0; 100.0; 1e4; 1e30; infinity ]

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ testCase "linear is the input, relu its positive part" (fun () ->
              Expect.equal (apply precision Linear [ -2.0; 0.0; 3.0 ]) [ -2.0; 0.0; 3.0 ] "linear"
              Expect.equal (apply precision ReLU [ -2.0; -0.0; 0.0; 3.0 ]) [ 0.0; 0.0; 0.0; 3.0 ] "relu")
          testCase "relu's derivative is 0 at 0 and below, and 1 above" (fun () ->
              Expect.equal (derivatives precision ReLU [ 0.0; 1e-30; 5.0 ]) [ 0.0; 1.0; 1.0 ] "from 0 on"
              Expect.equal (derivatives precision ReLU [ -1.0; -0.0 ]) [ 0.0; 0.0 ] "below")
          testCase "leaky relu's derivative is 0.01 at 0 and below, and 1 above" (fun () ->
              let leak = precision.ToFloat(precision.Of 0.01)
              Expect.equal (apply precision LeakyReLU [ -1.0; 0.0; 3.0 ]) [ -leak; 0.0; 3.0 ] "values"
              Expect.equal (derivatives precision LeakyReLU [ -1.0; 0.0; 3.0 ]) [ leak; leak; 1.0 ] "derivatives")
          testCase "saturate at extreme inputs without NaN" (fun () ->
              Expect.equal (apply precision Sigmoid extremes |> List.map round) [ 0; 0; 0; 0; 0; 1; 1; 1; 1 ] "sigmoid"
              Expect.equal (apply precision Tanh extremes |> List.map round) [ -1; -1; -1; -1; 0; 1; 1; 1; 1 ] "tanh"
              Expect.equal (apply precision Sigmoid [ 0.0 ]) [ 0.5 ] "sigmoid of 0"

              for activation in Activation.all do
                  for slope in derivatives precision activation [ -1e4; -100.0; 0.0; 100.0; 1e4 ] do
                      // Those of silu and gelu approach 0 from below, and 1 from above.
                      Expect.isTrue (slope > -1e-30 && slope <= 1.0 + 1e-6) $"derivative of {activation}: {slope}")
          testCase "keep NaN: a diverged run must not pass for a quiet one" (fun () ->
              for activation in Activation.all do
                  Expect.isTrue (apply precision activation [ nan ] |> List.forall Double.IsNaN) $"{activation}")
          property "agree with their definitions" (uniform -20.0 20.0) (fun z ->
              let z = precision.ToFloat(precision.Of z)
              let tolerance = 20.0 * precision.Rounding
              Close.relative (20.0 * tolerance) (apply precision Sigmoid [ z ]).Head (1.0 / (1.0 + exp -z)) "sigmoid"
              Close.relative tolerance (apply precision Tanh [ z ]).Head (tanh z) "tanh")
          property "have the derivatives of their definitions" (uniform -6.0 6.0) (fun z ->
              let tolerance = 20.0 * precision.Rounding
              let sigmoid = 1.0 / (1.0 + exp -z)
              Close.within tolerance (derivatives precision Sigmoid [ z ]).Head (sigmoid * (1.0 - sigmoid)) "sigmoid"
              Close.within tolerance (derivatives precision Tanh [ z ]).Head (1.0 / cosh z ** 2.0) "tanh"
              Expect.equal (derivatives precision Linear [ z ]) [ 1.0 ] "linear") ]

let tests =
    testList
        "activations"
        [ inPrecision Precision.single
          inPrecision Precision.double
          testCase "are named in lower case" (fun () ->
              Expect.equal
                  (Activation.all |> List.map string)
                  [ "linear"; "relu"; "leaky-relu"; "sigmoid"; "tanh"; "gelu"; "silu"; "softplus" ]
                  "names") ]
