/// Loops over whole arrays, against what they do to one element, bit for bit.
module CuteDl.Core.Tests.ElementwiseTests

open System
open Expecto
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

let tests = testList "loops over arrays" (inPrecision Precision.single @ inPrecision Precision.double)
