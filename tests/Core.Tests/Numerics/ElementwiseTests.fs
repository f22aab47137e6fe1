/// Loops over whole arrays, against what they do to one element, bit for bit.
module CuteDl.Core.Tests.ElementwiseTests

open System
open Expecto
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Tests.Generators

/// For every length around the width of a register, at a place in memory that no register asks for.
let private everyLength (precision: Precision<'T>) (name: string) (run: 'T array -> 'T array -> int -> unit) (element: 'T -> 'T -> 'T) =
    testCase $"{name} in {precision.Name}" (fun () ->
        for length in 0..40 do
            let first = samples (length + 2) anySize |> precision.OfAll
            let second = Array.rev first
            let actual = Array.copy first
            run actual second length

            let expected =
                first |> Array.mapi (fun i x -> if i = 0 || i = length + 1 then x else element x second[i])

            Precision.expectSameBits precision actual expected $"{length} elements, and those beside them")

let private inPrecision (precision: Precision<'T>) =
    let one, other = precision.Of 0.3, precision.Of -1.7

    [ everyLength
          precision
          "two arrays mix by their factors"
          (fun x y n -> Elementwise.mix (Span(x, 1, n)) one (ReadOnlySpan(y, 1, n)) other)
          (fun x y -> x * one + y * other)
      everyLength
          precision
          "each element has a factor of its own, and all have one"
          (fun x y n -> Elementwise.scaleBy (Span(x, 1, n)) (ReadOnlySpan(y, 1, n)) other)
          (fun x y -> x * y * other)
      everyLength
          precision
          "sums take up squares and a constant"
          (fun x y n -> Elementwise.addSquares (Span(x, 1, n)) (ReadOnlySpan(y, 1, n)) one)
          (fun x y -> x + (y * y + one)) ]

/// For every width around those of several registers, in the middle of memory that must not change.
let private everyWidth (precision: Precision<'T>) (name: string) (body: int -> 'T array -> 'T array -> unit) =
    testCase $"{name} in {precision.Name}" (fun () ->
        for width in [ 1..40 ] @ [ 63..66 ] do
            let values = samples (3 * width) (Gen.frequency [ 20, anySize; 1, Gen.constant nan ]) |> precision.OfAll
            body width (samples width anySize |> precision.OfAll) values)

let private rowsInPrecision (precision: Precision<'T>) =
    [ for clears in [ false; true ] do
          everyWidth precision $"a row is added to each row; clears: {clears}" (fun width row values ->
              let padded = Array.concat [ [| 'T.One |]; values; [| 'T.One |] ]

              let expected =
                  padded
                  |> Array.mapi (fun i x ->
                      if i = 0 || i = padded.Length - 1 then
                          x
                      else
                          match x + row[(i - 1) % width] with
                          | sum when clears && 'T.op_LessThanOrEqual (sum, 'T.Zero) -> 'T.Zero
                          | sum -> sum)

              Elementwise.addToRows (Span(padded, 1, values.Length)) (ReadOnlySpan row) clears
              Precision.expectSameBits precision padded expected $"width {width}")
      everyWidth precision "rows are added up from the first to the last" (fun width _ values ->
          for rows in 0..3 do
              let sums = Array.create (width + 2) 'T.One

              let expected =
                  sums
                  |> Array.mapi (fun j _ ->
                      if j = 0 || j = width + 1 then
                          'T.One
                      else
                          Seq.fold (fun sum i -> sum + values[i * width + j - 1]) 'T.Zero (seq { 0 .. rows - 1 }))

              Elementwise.sumOfRows (ReadOnlySpan(values, 0, rows * width)) (Span(sums, 1, width))
              Precision.expectSameBits precision sums expected $"width {width}, {rows} rows") ]

let tests =
    testList
        "loops over arrays"
        (inPrecision Precision.single
         @ inPrecision Precision.double
         @ rowsInPrecision Precision.single
         @ rowsInPrecision Precision.double)
