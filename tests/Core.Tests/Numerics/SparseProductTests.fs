/// The products that skip zeros, against those that do not: the same bits.
module CuteDl.Core.Tests.SparseProductTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

/// Examples of bytes, most of them 0; some of the examples, in any order and more than once.
type private Case =
    { Inputs: int
      Width: int
      Cells: byte array
      Chosen: int array
      Weights: float array
      Deltas: float array }

let private cases =
    gen {
        let! inputs = Gen.choose (1, 40)
        let! width = Gen.oneof [ Gen.choose (1, 20); Gen.elements [ 31; 32; 33; 64; 100; 128; 129; 260 ] ]
        let! examples = Gen.choose (1, 6)
        let byteOrZero = Gen.frequency [ 4, Gen.constant 0uy; 1, Gen.choose (0, 255) |> Gen.map byte ]
        let! cells = Gen.arrayOfLength (examples * inputs) byteOrZero
        let! chosen = Gen.choose (0, examples - 1) |> Gen.arrayOf
        let! weights = Gen.arrayOfLength (inputs * width) moderate
        let! deltas = Gen.arrayOfLength (chosen.Length * width) moderate

        return
            { Inputs = inputs
              Width = width
              Cells = cells
              Chosen = chosen
              Weights = weights
              Deltas = deltas }
    }

let private table (precision: Precision<'T>) = Array.init 256 (fun value -> precision.Of(float value / 255.0))

let private written (precision: Precision<'T>) (case: Case) =
    [| for example in case.Chosen do
           for i in 0 .. case.Inputs - 1 -> (table precision)[int case.Cells[example * case.Inputs + i]] |]

/// What a caller may hand over: anything but zeros.
let private space (precision: Precision<'T>) inputs examples =
    Array.create (SparseProduct.spaceFor<'T> inputs examples) (precision.Of 777.0)

let private forward (precision: Precision<'T>) =
    property $"x·W has the bits of the full product in {precision.Name}" cases (fun case ->
        let rows = case.Chosen.Length
        let weights = precision.OfAll case.Weights
        let expected = Array.create (rows * case.Width) (precision.Of 777.0)
        let actual = Array.copy expected
        let x = written precision case

        MatrixProduct.multiply
            (ReadOnlySpan x)
            (MatrixProduct.rowMajor case.Inputs)
            (ReadOnlySpan weights)
            (MatrixProduct.rowMajor case.Width)
            (Span expected)
            rows
            case.Inputs
            case.Width

        let sparse = SparseRows.ofCells case.Cells case.Inputs
        let space = space precision case.Inputs rows

        SparseProduct.forward
            sparse
            (ReadOnlySpan case.Chosen)
            (table precision)
            (ReadOnlySpan weights)
            (Span actual)
            case.Width
            (Span space)

        Precision.expectSameBits precision actual expected "outputs")

let private gradient (precision: Precision<'T>) =
    property $"xᵀ·δ has the bits of the full product in {precision.Name}" cases (fun case ->
        let rows = case.Chosen.Length
        let deltas = precision.OfAll case.Deltas
        let expected = Array.create (case.Inputs * case.Width) (precision.Of 777.0)
        let actual = Array.copy expected
        let x = written precision case

        MatrixProduct.multiply
            (ReadOnlySpan x)
            (MatrixProduct.transposed case.Inputs)
            (ReadOnlySpan deltas)
            (MatrixProduct.rowMajor case.Width)
            (Span expected)
            case.Inputs
            rows
            case.Width

        let sparse = SparseRows.ofCells case.Cells case.Inputs
        let space = space precision case.Inputs rows

        SparseProduct.gradient
            sparse
            (ReadOnlySpan case.Chosen)
            (table precision)
            (ReadOnlySpan deltas)
            (Span actual)
            case.Width
            (Span space)

        Precision.expectSameBits precision actual expected "gradient")

let private rows =
    property "sparse rows keep every byte but the zeros, in order" cases (fun case ->
        let sparse = SparseRows.ofCells case.Cells case.Inputs
        let back = Array.zeroCreate case.Cells.Length

        for row in 0 .. sparse.Count - 1 do
            for i in sparse.Starts[row] .. sparse.Starts[row + 1] - 1 do
                let entry = sparse.Entries[i]
                Expect.notEqual (entry &&& 0xFFu) 0u "no zero is kept"
                back[row * case.Inputs + int (entry >>> 8)] <- byte entry

        Expect.equal back case.Cells "cells")

let private tooShort =
    testCase "a span too short for its shape is refused by name" (fun () ->
        let sparse = SparseRows.ofCells [| 1uy; 0uy; 2uy; 3uy |] 2

        let call values weights outputs space =
            SparseProduct.forward
                sparse
                (ReadOnlySpan [| 0; 1 |])
                (Array.zeroCreate<float> values)
                (ReadOnlySpan(Array.zeroCreate weights))
                (Span(Array.zeroCreate outputs))
                3
                (Span(Array.zeroCreate space))

        let space = SparseProduct.spaceFor<float> 2 2
        call 256 6 6 space

        for name, values, weights, outputs, space in
            [ "table", 255, 6, 6, space
              "weights", 256, 5, 6, space
              "outputs", 256, 6, 5, space
              if space > 0 then
                  "space", 256, 6, 6, space - 1 ] do
            try
                call values weights outputs space
                failtest $"{name}: nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName name "the argument at fault")

let tests =
    testList
        "sparse product"
        [ forward Precision.single
          forward Precision.double
          gradient Precision.single
          gradient Precision.double
          rows
          tooShort ]
