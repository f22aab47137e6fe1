/// The products that skip zeros, against those that do not: the same bits.
module CuteDl.Core.Tests.SparseProductTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Tests.Generators

/// Examples of bytes, most of them 0; some of the examples, in any order and more than once, or none.
type private Case =
    { Inputs: int
      Width: int
      Cells: byte array
      Chosen: int array
      Weights: float array
      Deltas: float array }

let private cases =
    gen {
        // Around the blocks of 32 columns and groups of four.
        let! inputs = Gen.oneof [ Gen.choose (1, 40); Gen.choose (60, 68); Gen.choose (95, 101) ]
        let! width = Gen.oneof [ Gen.choose (1, 40); Gen.elements [ 64; 100; 128; 129; 260 ] ]
        let! examples = Gen.choose (1, 6)
        let byteOrZero = Gen.frequency [ 4, Gen.constant 0uy; 1, Gen.choose (0, 255) |> Gen.map byte ]
        let! bytes = Gen.arrayOfLength (examples * inputs) byteOrZero

        let! isEmptyRow =
            Gen.arrayOfLength examples (Gen.frequency [ 4, Gen.constant false; 1, Gen.constant true ])

        let! isEmptyColumn =
            Gen.arrayOfLength inputs (Gen.frequency [ 4, Gen.constant false; 1, Gen.constant true ])

        let cells =
            bytes
            |> Array.mapi (fun i value -> if isEmptyRow[i / inputs] || isEmptyColumn[i % inputs] then 0uy else value)

        // Around the chunks of 64 examples.
        let! count =
            Gen.frequency [ 6, Gen.choose (0, 9); 1, Gen.elements [ 31; 32; 33 ]; 2, Gen.elements [ 63; 64; 65; 128; 129 ] ]

        let! chosen = Gen.choose (0, examples - 1) |> Gen.arrayOfLength count
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

/// The batch of a case. It has read other examples before, so that nothing depends on a new batch.
let private batch (threads: int) (case: Case) : SparseBatch<'T> =
    let batch = SparseBatch<'T>(case.Inputs, case.Chosen.Length + 70)
    let others = Array.create (70 * case.Inputs) 255uy
    batch.Read(SparseRows.ofCells others case.Inputs, ReadOnlySpan [| 0..69 |])

    batch.Divide threads

    for part in 0 .. threads - 1 do
        let workspace = batch.Workspace part
        workspace.Lines.Span.Fill('T.CreateTruncating 777.0)
        workspace.Edge.Span.Fill 'T.NaN

    batch.Read(SparseRows.ofCells case.Cells case.Inputs, ReadOnlySpan case.Chosen)
    batch

let private forward (precision: Precision<'T>) (threads: int) =
    property $"x·W has the bits of the full product in {precision.Name}, on {threads} threads" cases (fun case ->
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

        use _ = Team.Enter(threads, true)
        SparseProduct.forward (batch threads case) (table precision) (ReadOnlySpan weights) (Span actual) case.Width

        Precision.expectSameBits precision actual expected "outputs")

let private gradient (precision: Precision<'T>) (threads: int) =
    property $"xᵀ·δ has the bits of the full product in {precision.Name}, on {threads} threads" cases (fun case ->
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

        use _ = Team.Enter(threads, true)
        SparseProduct.gradient (batch threads case) (table precision) (ReadOnlySpan deltas) (Span actual) case.Width

        Precision.expectSameBits precision actual expected "gradient")

let private rows =
    property "sparse rows are the rows of the matrix" cases (fun case ->
        let sparse = SparseRows.ofCells case.Cells case.Inputs

        let back = Array.concat [ for row in 0 .. sparse.Count - 1 -> sparse.Row(row).ToArray() ]
        Expect.equal (struct (sparse.Width, back)) (struct (case.Inputs, case.Cells)) "cells")

let private occupancy =
    property "occupancy is the share of groups with a byte other than 0" cases (fun case ->
        let groups = case.Cells |> Array.chunkBySize SparseRows.groupSize
        let occupied = groups |> Array.filter (Array.exists ((<>) 0uy))
        let expected = float occupied.Length / float groups.Length
        Expect.equal (SparseRows.occupancy case.Cells) expected "share")

/// All groups of the first example have a byte, so each product must meet each of them, wherever the byte is in its group.
let private allBytes =
    testCase "each of the 256 bytes has its number, at each place in a group" (fun () ->
        for shift in 0..3 do
            let cells = Array.init 256 (fun i -> byte (i + shift))
            let numbers = Array.init 256 (fun value -> if value = 0 then 0.0f else float32 value + 0.5f)
            let batch = SparseBatch<float32>(256, 1)
            batch.Read(SparseRows.ofCells cells 256, ReadOnlySpan [| 0 |])
            let gradient = Array.zeroCreate 256
            SparseProduct.gradient batch numbers (ReadOnlySpan [| 1.0f |]) (Span gradient) 1
            Expect.equal gradient (cells |> Array.map (fun value -> numbers[int value])) "numbers"

            for column in 0..255 do
                let weights = Array.init 256 (fun i -> if i = column then 1.0f else 0.0f)
                let output = [| 777.0f |]
                SparseProduct.forward batch numbers (ReadOnlySpan weights) (Span output) 1
                Expect.equal output[0] numbers[int cells[column]] "number")

let private tooShort =
    testCase "a span too short for its shape is refused by name" (fun () ->
        let batch = SparseBatch<float>(2, 2)
        batch.Read(SparseRows.ofCells [| 1uy; 0uy; 2uy; 3uy |] 2, ReadOnlySpan [| 0; 1 |])

        let forward values matrix outputs =
            SparseProduct.forward
                batch
                (Array.zeroCreate<float> values)
                (ReadOnlySpan(Array.zeroCreate matrix))
                (Span(Array.zeroCreate outputs))
                3

        let gradient values deltas gradient =
            SparseProduct.gradient
                batch
                (Array.zeroCreate<float> values)
                (ReadOnlySpan(Array.zeroCreate deltas))
                (Span(Array.zeroCreate gradient))
                3

        forward 256 6 6
        gradient 256 6 6

        for name, call in
            [ "table", (fun () -> forward 255 6 6)
              "weights", (fun () -> forward 256 5 6)
              "outputs", (fun () -> forward 256 6 5)
              "table", (fun () -> gradient 255 6 6)
              "deltas", (fun () -> gradient 256 5 6)
              "gradient", (fun () -> gradient 256 6 5) ] do
            try
                call ()
                failtest $"{name}: nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName name "the argument at fault")

let private refusedRows =
    testCase "rows that do not divide the cells are refused" (fun () ->
        for width in [ 0; -1; 3 ] do
            Expect.throwsT<ArgumentException> (fun () -> SparseRows.ofCells [| 1uy; 0uy; 2uy; 3uy |] width |> ignore) $"width {width}")

let private refusedBatches =
    testCase "a batch refuses rows of another width, and more examples than it has room for" (fun () ->
        let batch = SparseBatch<float32>(2, 2)
        let cells = [| 1uy; 0uy; 2uy; 3uy; 4uy; 5uy |]

        let refuses name width chosen =
            try
                batch.Read(SparseRows.ofCells cells width, ReadOnlySpan<int>(chosen: int array))
                failtest $"{name}: nothing was thrown"
            with :? ArgumentException as error ->
                Expect.equal error.ParamName name "the argument at fault"

        batch.Read(SparseRows.ofCells cells 2, ReadOnlySpan [| 0; 2 |])
        refuses "rows" 3 [| 0 |]
        refuses "examples" 2 [| 0; 1; 2 |])

let private noAllocation =
    testCase "reading a batch and its products allocate nothing" (fun () ->
        let rows = SparseRows.ofCells (Array.init (64 * 100) (fun i -> byte (i % 5))) 100
        let chosen = Array.init 64 id
        let batch = SparseBatch<float32>(100, 64)
        let numbers = Array.init 256 float32
        let matrix = Array.zeroCreate<float32>(100 * 10)
        let lines = Array.zeroCreate<float32>(64 * 10)

        let step () =
            batch.Read(rows, ReadOnlySpan chosen)
            SparseProduct.forward batch numbers (ReadOnlySpan matrix) (Span lines) 10
            SparseProduct.gradient batch numbers (ReadOnlySpan lines) (Span matrix) 10

        step ()
        let before = GC.GetAllocatedBytesForCurrentThread()
        step ()
        Expect.equal (GC.GetAllocatedBytesForCurrentThread() - before) 0L "bytes")

let tests =
    testList
        "sparse product"
        [ for threads in [ 1; 3 ] do
              forward Precision.single threads
              forward Precision.double threads
              gradient Precision.single threads
              gradient Precision.double threads
          rows
          occupancy
          allBytes
          tooShort
          refusedRows
          refusedBatches
          noAllocation ]
