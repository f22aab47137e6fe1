/// The matrix product, against its definition bit for bit and against MathNet.Numerics to rounding.
module CuteDl.Core.Tests.MatrixProductTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open MathNet.Numerics.LinearAlgebra
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.MatrixProduct
open CuteDl.Core.Tests.Generators

type private Shape =
    { Rows: int
      Depth: int
      Columns: int
      Strides: Strides }

    /// The elements of the span that holds A.
    member shape.Extent =
        if shape.Rows = 0 || shape.Depth = 0 then
            0
        else
            (shape.Rows - 1) * shape.Strides.Row + (shape.Depth - 1) * shape.Strides.Column + 1

/// As it lies, transposed, with gaps between rows, with gaps between columns.
let private shapes =
    gen {
        let! rows = Gen.choose (0, 20)
        let! depth = Gen.choose (0, 12)
        let! columns = Gen.oneof [ Gen.choose (0, 9); Gen.choose (0, 70) ]
        let! gap = Gen.choose (1, 3)

        let! strides =
            Gen.elements
                [ { Row = depth; Column = 1 }
                  { Row = 1; Column = rows }
                  { Row = depth + gap; Column = 1 }
                  { Row = (gap + 1) * depth; Column = gap + 1 } ]

        return { Rows = rows; Depth = depth; Columns = columns; Strides = strides }
    }

let private cases =
    gen {
        let! shape = shapes
        let! a = Gen.arrayOfLength shape.Extent moderate
        let! b = Gen.arrayOfLength (shape.Depth * shape.Columns) moderate
        return shape, a, b
    }

let private product (precision: Precision<'T>) (shape: Shape) (a: 'T array) (b: 'T array) =
    let c = Array.create (shape.Rows * shape.Columns) (precision.Of 777.0)
    multiply (ReadOnlySpan a) shape.Strides (ReadOnlySpan b) (rowMajor shape.Columns) (Span c) shape.Rows shape.Depth shape.Columns
    c

let private byDefinition (precision: Precision<'T>) =
    property $"equals its definition bit for bit in {precision.Name}" cases (fun (shape, a, b) ->
        let a, b = precision.OfAll a, precision.OfAll b
        let expected = Array.create (shape.Rows * shape.Columns) (precision.Of 777.0)
        naive (ReadOnlySpan a) shape.Strides (ReadOnlySpan b) (rowMajor shape.Columns) (Span expected) shape.Rows shape.Depth shape.Columns
        Precision.expectSameBits precision (product precision shape a b) expected $"{shape}")

let private everySmallShape (precision: Precision<'T>) =
    testCase $"equals its definition for every shape around the tile's edges in {precision.Name}" (fun () ->
        let values = samples 400 moderate |> precision.OfAll

        for rows in 1..13 do
            for columns in 1..35 do
                for depth in [ 1; 5 ] do
                    let shape = { Rows = rows; Depth = depth; Columns = columns; Strides = { Row = depth; Column = 1 } }
                    let a, b = values[.. rows * depth - 1], values[.. depth * columns - 1]
                    let expected = Array.zeroCreate (rows * columns)
                    naive (ReadOnlySpan a) shape.Strides (ReadOnlySpan b) (rowMajor shape.Columns) (Span expected) rows depth columns
                    Precision.expectSameBits precision (product precision shape a b) expected $"{shape}")

let private againstMathNet (precision: Precision<'T>) =
    property $"agrees with MathNet.Numerics to rounding in {precision.Name}" cases (fun (shape, a, b) ->
        if shape.Rows > 0 && shape.Depth > 0 && shape.Columns > 0 then
            let rounded = precision.OfAll >> Array.map precision.ToFloat
            let a', b' = rounded a, rounded b

            let left =
                Matrix.Build.Dense(shape.Rows, shape.Depth, (fun i k -> a'[i * shape.Strides.Row + k * shape.Strides.Column]))

            let right = Matrix.Build.Dense(shape.Depth, shape.Columns, (fun k j -> b'[k * shape.Columns + j]))
            let expected = left * right
            // Rounding is measured against the sum of the magnitudes: the sum itself may cancel.
            let magnitudes = left.PointwiseAbs() * right.PointwiseAbs()

            product precision shape (precision.OfAll a) (precision.OfAll b)
            |> Array.iteri (fun index value ->
                let i, j = index / shape.Columns, index % shape.Columns
                let tolerance = 2.0 * float (shape.Depth + 1) * precision.Rounding * magnitudes[i, j]
                Close.within tolerance (precision.ToFloat value) expected[i, j] $"{shape}, element ({i}, {j})"))

let private outside =
    testCase "writes nothing beyond C" (fun () ->
        for rows in [ 1; 6; 7; 11 ] do
            for columns in [ 3; 8; 10; 19; 33 ] do
                let c = Array.create (rows * columns + 40) 7.0f
                let a, b = Array.create (rows * 2) 1.0f, Array.create (2 * columns) 1.0f

                multiply (ReadOnlySpan a) (rowMajor 2) (ReadOnlySpan b) (rowMajor columns) (Span(c, 20, rows * columns)) rows 2 columns

                Expect.all (Array.append c[..19] c[20 + rows * columns ..]) ((=) 7.0f) $"{rows} × {columns}"
                Expect.all c[20 .. 19 + rows * columns] ((=) 2.0f) $"{rows} × {columns}")

/// B as its transpose lies in memory: what carries a gradient back through a layer.
let private transposedFactor (precision: Precision<'T>) =
    property $"a transposed B gives the same bits in {precision.Name}" cases (fun (shape, a, b) ->
        let a, b = precision.OfAll a, precision.OfAll b
        let depth, columns = shape.Depth, shape.Columns
        let lying = Array.init b.Length (fun i -> b[i % depth * columns + i / depth])
        let c = Array.create (shape.Rows * columns) (precision.Of 777.0)
        multiply (ReadOnlySpan a) shape.Strides (ReadOnlySpan lying) (transposed depth) (Span c) shape.Rows depth columns
        Precision.expectSameBits precision c (product precision shape a b) $"{shape}")

/// Xᵀ·X, and the square of that: what has a symmetric product.
let private symmetric (precision: Precision<'T>) =
    testCase $"a symmetric product has the bits of the whole one, and nothing beyond is written, in {precision.Name}" (fun () ->
        let values = samples 2000 moderate |> precision.OfAll

        for size in [ 0..41 ] @ [ 63; 64; 65; 70; 97 ] do
            for depth in [ 0; 1; 7; 20 ] do
                let x = values[.. size * depth - 1]
                let whole = Array.zeroCreate (size * size)
                let half = Array.create (size * size + 40) (precision.Of 777.0)
                let square = Span(half, 20, size * size)
                let xs = ReadOnlySpan x
                multiply xs (transposed size) xs (rowMajor size) (Span whole) size depth size
                multiplySymmetric xs (transposed size) xs (rowMajor size) square size depth
                Precision.expectSameBits precision half[20 .. 19 + size * size] whole $"{size} × {depth}"
                let beside = Array.append half[..19] half[20 + size * size ..]
                Precision.expectSameBits precision beside (Array.create 40 (precision.Of 777.0)) "beside"
                let again, halfAgain = Array.zeroCreate whole.Length, Array.zeroCreate whole.Length
                let ofWhole = ReadOnlySpan whole
                multiply ofWhole (rowMajor size) ofWhole (rowMajor size) (Span again) size size size
                multiplySymmetric ofWhole (rowMajor size) ofWhole (rowMajor size) (Span halfAgain) size size
                Precision.expectSameBits precision halfAgain again $"square of {size}")

let private transposes =
    testCase "a transpose has each element in its place" (fun () ->
        for rows in [ 0; 1; 5; 15; 16; 17; 33; 50 ] do
            for columns in [ 0; 1; 3; 16; 31; 32; 49 ] do
                let source = Array.init (rows * columns) float
                let target = Array.zeroCreate (rows * columns)
                transpose (ReadOnlySpan source) (Span target) rows columns

                for i in 0 .. rows - 1 do
                    for j in 0 .. columns - 1 do
                        Expect.equal target[j * rows + i] source[i * columns + j] $"{rows} × {columns} at {i}, {j}")

let private tooShort =
    testCase "a span too short for its shape is refused by name" (fun () ->
        let call a b c =
            multiply
                (ReadOnlySpan(Array.zeroCreate<float> a))
                (rowMajor 3)
                (ReadOnlySpan(Array.zeroCreate b))
                (rowMajor 4)
                (Span(Array.zeroCreate c))
                2
                3
                4

        call 6 12 8

        for name, a, b, c in [ "a", 5, 12, 8; "b", 6, 11, 8; "c", 6, 12, 7 ] do
            try
                call a b c
                failtest $"{name}: nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName name "the argument at fault")

let tests =
    testList
        "matrix product"
        [ byDefinition Precision.single
          byDefinition Precision.double
          everySmallShape Precision.single
          everySmallShape Precision.double
          againstMathNet Precision.single
          againstMathNet Precision.double
          outside
          transposedFactor Precision.single
          transposedFactor Precision.double
          symmetric Precision.single
          symmetric Precision.double
          transposes
          tooShort ]
