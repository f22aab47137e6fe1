/// The matrix product, against its definition bit for bit and against MathNet.Numerics to rounding.
module CuteDl.Core.Tests.MatrixProductTests

open System
open System.Runtime.Intrinsics
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open MathNet.Numerics.LinearAlgebra
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.MatrixProduct
open CuteDl.Core.Tests.Generators

type private Shape = { Rows: int; Depth: int; Columns: int; A: Strides; B: Strides }

let private extent (rows: int) (columns: int) (strides: Strides) =
    if rows = 0 || columns = 0 then 0 else (rows - 1) * strides.Row + (columns - 1) * strides.Column + 1

/// Row-major, transposed, with gaps between rows, with gaps between columns.
let private layouts (rows: int) (columns: int) =
    gen {
        let! gap = Gen.choose (1, 3)

        return!
            Gen.elements
                [ rowMajor columns
                  transposed rows
                  { Row = columns + gap; Column = 1 }
                  { Row = 1; Column = rows + gap }
                  { Row = (gap + 1) * columns; Column = gap + 1 } ]
    }

/// Small shapes; few columns, whose transposes are computed; depths around the edges of blocks; rows around the edges of blocks; both.
let private sizes =
    let around edge =
        Gen.map2 (fun blocks offset -> blocks * edge + offset) (Gen.choose (1, 2)) (Gen.choose (-1, 9))

    let few = Gen.choose (0, 20)
    let wide = Gen.oneof [ Gen.choose (0, 9); Gen.choose (0, 70); Gen.elements [ 8; 16; 32; 48; 64 ] ]

    Gen.frequency
        [ 6, Gen.zip3 few (Gen.choose (0, 12)) wide
          3, Gen.zip3 few (around TiledProduct.deepest) wide
          1, Gen.zip3 (around TiledProduct.tallest) (Gen.choose (0, 5)) wide
          2, Gen.zip3 (Gen.choose (60, 140)) (Gen.choose (30, 70)) (Gen.choose (1, 40))
          1, Gen.zip3 (around TiledProduct.tallest) (around TiledProduct.deepest) few ]

let private numbers = lazy samples 4999 moderate

let private cases =
    gen {
        let! rows, depth, columns = sizes
        let! a = layouts rows depth
        let! b = layouts depth columns
        let! start = Gen.choose (0, numbers.Value.Length - 1)
        let from start count = Array.init count (fun i -> numbers.Value[(start + i) % numbers.Value.Length])
        let shape = { Rows = rows; Depth = depth; Columns = columns; A = a; B = b }
        return shape, from start (extent rows depth a), from (2 * start) (extent depth columns b)
    }

let private product (precision: Precision<'T>) (shape: Shape) (a: 'T array) (b: 'T array) =
    let c = Array.create (shape.Rows * shape.Columns) (precision.Of 777.0)
    multiply (ReadOnlySpan a) shape.A (ReadOnlySpan b) shape.B (Span c) shape.Rows shape.Depth shape.Columns
    c

let private definition (precision: Precision<'T>) (shape: Shape) (a: 'T array) (b: 'T array) =
    let c = Array.create (shape.Rows * shape.Columns) (precision.Of 777.0)
    naive (ReadOnlySpan a) shape.A (ReadOnlySpan b) shape.B (Span c) shape.Rows shape.Depth shape.Columns
    c

let private byDefinition (precision: Precision<'T>) =
    property $"equals its definition bit for bit in {precision.Name}" cases (fun (shape, a, b) ->
        let a, b = precision.OfAll a, precision.OfAll b
        Precision.expectSameBits precision (product precision shape a b) (definition precision shape a b) $"{shape}")

/// The numbers before and after a C, which must stay as they are.
let private margin = 20

let private multiplyWith<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged>
    (shape: Shape)
    (a: 'T array)
    (b: 'T array)
    (c: Span<'T>)
    =
    TiledProduct.multiply<'V, 'T>
        (ReadOnlySpan a)
        shape.A.Row
        shape.A.Column
        (ReadOnlySpan b)
        shape.B.Row
        shape.B.Column
        c
        shape.Rows
        shape.Depth
        shape.Columns
        0
        shape.Columns
        false

/// Multiplies with registers of some bits, into an array with margins.
let private productWith (precision: Precision<'T>) (bits: int) (shape: Shape) (a: 'T array) (b: 'T array) =
    let size = shape.Rows * shape.Columns
    let array = Array.create (size + 2 * margin) (precision.Of 777.0)

    match bits with
    | 128 -> multiplyWith<Register128<'T>, 'T> shape a b (Span(array, margin, size))
    | 256 -> multiplyWith<Register256<'T>, 'T> shape a b (Span(array, margin, size))
    | _ -> multiplyWith<Register512<'T>, 'T> shape a b (Span(array, margin, size))

    array

/// The widths of this machine's registers. <c>multiply</c> uses the widest that the columns fill.
let private widths =
    [ if Vector128.IsHardwareAccelerated then
          128
      if Vector256.IsHardwareAccelerated then
          256
      if Vector512.IsHardwareAccelerated then
          512 ]

let private expectEveryWidth (precision: Precision<'T>) (shape: Shape) (a: 'T array) (b: 'T array) =
    let outside = Array.create margin (precision.Of 777.0)
    let expected = Array.concat [ outside; definition precision shape a b; outside ]

    for bits in widths do
        Precision.expectSameBits precision (productWith precision bits shape a b) expected $"{bits} bits, {shape}"

let private everyWidth (precision: Precision<'T>) =
    property $"has the same bits at every width, and writes nothing beyond C, in {precision.Name}" cases (fun (shape, a, b) ->
        if shape.Depth > 0 then
            expectEveryWidth precision shape (precision.OfAll a) (precision.OfAll b))

let private byThreads (precision: Precision<'T>) =
    property
        $"has the same bits for any number of threads in {precision.Name}"
        (Gen.zip (Gen.choose (2, 5)) cases)
        (fun (threads, (shape, a, b)) ->
            let a, b = precision.OfAll a, precision.OfAll b
            use _ = Team.Enter(threads, true)
            Precision.expectSameBits precision (product precision shape a b) (definition precision shape a b) $"{threads} threads, {shape}")

let private everySmallShape (precision: Precision<'T>) =
    testCase $"equals its definition for every shape around the tile's edges in {precision.Name}" (fun () ->
        let values = samples 400 moderate |> precision.OfAll

        for rows in 1..13 do
            for columns in 1..35 do
                for depth in [ 1; 5 ] do
                    let shape = { Rows = rows; Depth = depth; Columns = columns; A = rowMajor depth; B = rowMajor columns }
                    let a, b = values[.. rows * depth - 1], values[.. depth * columns - 1]
                    Precision.expectSameBits precision (product precision shape a b) (definition precision shape a b) $"{shape}"
                    expectEveryWidth precision shape a b)

let private againstMathNet (precision: Precision<'T>) =
    property $"agrees with MathNet.Numerics to rounding in {precision.Name}" cases (fun (shape, a, b) ->
        if shape.Rows > 0 && shape.Depth > 0 && shape.Columns > 0 then
            let rounded = precision.OfAll >> Array.map precision.ToFloat
            let a', b' = rounded a, rounded b

            let matrix rows columns (strides: Strides) (values: float array) =
                Matrix.Build.Dense(rows, columns, (fun i j -> values[i * strides.Row + j * strides.Column]))

            let left, right = matrix shape.Rows shape.Depth shape.A a', matrix shape.Depth shape.Columns shape.B b'
            let expected = left * right
            // Rounding is measured against the sum of the magnitudes: the sum itself may cancel.
            let magnitudes = left.PointwiseAbs() * right.PointwiseAbs()

            let text = string shape

            product precision shape (precision.OfAll a) (precision.OfAll b)
            |> Array.iteri (fun index value ->
                let i, j = index / shape.Columns, index % shape.Columns
                let tolerance = 2.0 * float (shape.Depth + 1) * precision.Rounding * magnitudes[i, j]
                Close.within tolerance (precision.ToFloat value) expected[i, j] $"{text}, element ({i}, {j})"))

let private outside =
    testCase "writes nothing beyond C" (fun () ->
        for rows in [ 1; 6; 7; 11 ] do
            for columns in [ 3; 8; 10; 19; 33 ] do
                let c = Array.create (rows * columns + 40) 7.0f
                let a, b = Array.create (rows * 2) 1.0f, Array.create (2 * columns) 1.0f

                multiply (ReadOnlySpan a) (rowMajor 2) (ReadOnlySpan b) (rowMajor columns) (Span(c, 20, rows * columns)) rows 2 columns

                Expect.all (Array.append c[..19] c[20 + rows * columns ..]) ((=) 7.0f) $"{rows} × {columns}"
                Expect.all c[20 .. 19 + rows * columns] ((=) 2.0f) $"{rows} × {columns}")

/// Xᵀ·X, and the square of that: what has a symmetric product.
let private symmetric (precision: Precision<'T>) (threads: int) =
    testCase
        $"a symmetric product on {threads} threads has the bits of the whole one, and nothing beyond is written, in {precision.Name}"
        (fun () ->
            use _ = Team.Enter(threads, true)
            let values = samples 2000 moderate |> precision.OfAll

            for size in [ 0..41 ] @ [ 63; 64; 65; 70; 97; TiledProduct.tallest + 9 ] do
                for depth in [ 0; 1; 7; 20; TiledProduct.deepest + 1 ] do
                    let x = Array.init (size * depth) (fun i -> values[i % values.Length])
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
          byThreads Precision.single
          byThreads Precision.double
          everyWidth Precision.single
          everyWidth Precision.double
          everySmallShape Precision.single
          everySmallShape Precision.double
          againstMathNet Precision.single
          againstMathNet Precision.double
          outside
          for threads in [ 1; 3 ] do
              symmetric Precision.single threads
              symmetric Precision.double threads
          transposes
          tooShort ]
