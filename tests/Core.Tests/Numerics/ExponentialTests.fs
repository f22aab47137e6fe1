/// The vector exponential, against the library's.
module CuteDl.Core.Tests.ExponentialTests

open System
open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

let private exponentials (precision: Precision<'T>) (values: float array) =
    let result = precision.OfAll values
    Exponential.apply (Span result)
    Array.map precision.ToFloat result

/// All that it is used for and a margin: from where results vanish to where they overflow.
let private exponents (precision: Precision<'T>) =
    let lowest, highest = if sizeof<'T> = 4 then -87.0, 88.0 else -708.0, 709.0

    Gen.oneof
        [ Gen.choose (-1_000_000, 1_000_000) |> Gen.map (fun n -> float n / 1e6)
          Gen.choose (0, 1_000_000) |> Gen.map (fun n -> lowest + (highest - lowest) * float n / 1e6) ]
    |> Gen.arrayOf

let private close (precision: Precision<'T>) =
    property $"is within two places of the last digit in {precision.Name}" (exponents precision) (fun values ->
        let rounded = precision.OfAll values |> Array.map precision.ToFloat

        for x, actual in Array.zip rounded (exponentials precision values) do
            let expected = Math.Exp x
            Expect.isLessThanOrEqual (abs (actual - expected) / expected) (2.0 * precision.Rounding) $"exp {x}")

let private elements (precision: Precision<'T>) =
    property $"treats every element by itself in {precision.Name}" (exponents precision) (fun values ->
        let alone = values |> Array.collect (fun value -> exponentials precision [| value |])
        Expect.equal (exponentials precision values) alone "elements")

let private edges (precision: Precision<'T>) =
    testCase $"is right at the edges in {precision.Name}" (fun () ->
        let values = [| 0.0; -0.0; -infinity; -1e5; infinity; 1e5; nan |]
        let actual = exponentials precision values
        Expect.equal actual[..5] [| 1.0; 1.0; 0.0; 0.0; infinity; infinity |] "values"
        Expect.isTrue (Double.IsNaN actual[6]) "NaN")

let tests =
    testList
        "exponential"
        [ close Precision.single
          close Precision.double
          elements Precision.single
          elements Precision.double
          edges Precision.single
          edges Precision.double ]
