/// C = A·B for the three products of a dense layer: x·W, xᵀ·δ and δ·Wᵀ.
///
/// Every element of C is one chain of fused multiply-adds over the depth in ascending order, starting from 0: so the bits
/// of C do not depend on the vector width, on the tiling, or on who computes which part. Lanes run across the columns of C;
/// six rows by two vectors of C stay in registers while A and B stream by. Where the columns (or rows) are no multiple of
/// the tile, the last tile is moved back to overlap the one before: what it computes again, it computes to the same bits.
module CuteDl.Core.Numerics.MatrixProduct

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// <summary>A matrix of which element (i, j) lies at <c>i · row + j · column</c> of a span.</summary>
[<Struct>]
type Strides = { Row: int; Column: int }

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private multiplyAdd (a: Vector<'T>) (b: Vector<'T>) (sum: Vector<'T>) : Vector<'T> =
    // The size is known when the method is compiled, so only one branch is left.
    if sizeof<'T> = 4 then
        Vector.As<float32, 'T>(Vector.FusedMultiplyAdd(Vector.As<'T, float32> a, Vector.As<'T, float32> b, Vector.As<'T, float32> sum))
    else
        Vector.As<float, 'T>(Vector.FusedMultiplyAdd(Vector.As<'T, float> a, Vector.As<'T, float> b, Vector.As<'T, float> sum))

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private load (source: byref<'T>, index: int) : Vector<'T> =
    Unsafe.ReadUnaligned<Vector<'T>>(&Unsafe.As<'T, byte>(&Unsafe.Add(&source, index)))

[<MethodImpl(MethodImplOptions.AggressiveInlining)>]
let private store (target: byref<'T>, index: int, value: Vector<'T>) : unit =
    Unsafe.WriteUnaligned(&Unsafe.As<'T, byte>(&Unsafe.Add(&target, index)), value)

/// Six rows of C (at a's and c's origin) by two vectors (at columns left and right).
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private tile6 (a: byref<'T>, strides: Strides, b: byref<'T>, c: byref<'T>, depth: int, columns: int, left: int, right: int) : unit =
    let mutable c00 = Vector<'T>.Zero
    let mutable c01 = Vector<'T>.Zero
    let mutable c10 = Vector<'T>.Zero
    let mutable c11 = Vector<'T>.Zero
    let mutable c20 = Vector<'T>.Zero
    let mutable c21 = Vector<'T>.Zero
    let mutable c30 = Vector<'T>.Zero
    let mutable c31 = Vector<'T>.Zero
    let mutable c40 = Vector<'T>.Zero
    let mutable c41 = Vector<'T>.Zero
    let mutable c50 = Vector<'T>.Zero
    let mutable c51 = Vector<'T>.Zero
    let mutable ia = 0
    let mutable ib = 0
    let row = strides.Row

    for _ in 1..depth do
        let b0 = load (&b, ib + left)
        let b1 = load (&b, ib + right)
        let a0 = Vector<'T>(Unsafe.Add(&a, ia))
        c00 <- multiplyAdd a0 b0 c00
        c01 <- multiplyAdd a0 b1 c01
        let a1 = Vector<'T>(Unsafe.Add(&a, ia + row))
        c10 <- multiplyAdd a1 b0 c10
        c11 <- multiplyAdd a1 b1 c11
        let a2 = Vector<'T>(Unsafe.Add(&a, ia + 2 * row))
        c20 <- multiplyAdd a2 b0 c20
        c21 <- multiplyAdd a2 b1 c21
        let a3 = Vector<'T>(Unsafe.Add(&a, ia + 3 * row))
        c30 <- multiplyAdd a3 b0 c30
        c31 <- multiplyAdd a3 b1 c31
        let a4 = Vector<'T>(Unsafe.Add(&a, ia + 4 * row))
        c40 <- multiplyAdd a4 b0 c40
        c41 <- multiplyAdd a4 b1 c41
        let a5 = Vector<'T>(Unsafe.Add(&a, ia + 5 * row))
        c50 <- multiplyAdd a5 b0 c50
        c51 <- multiplyAdd a5 b1 c51
        ia <- ia + strides.Column
        ib <- ib + columns

    store (&c, left, c00)
    store (&c, right, c01)
    store (&c, columns + left, c10)
    store (&c, columns + right, c11)
    store (&c, 2 * columns + left, c20)
    store (&c, 2 * columns + right, c21)
    store (&c, 3 * columns + left, c30)
    store (&c, 3 * columns + right, c31)
    store (&c, 4 * columns + left, c40)
    store (&c, 4 * columns + right, c41)
    store (&c, 5 * columns + left, c50)
    store (&c, 5 * columns + right, c51)

/// One row of C by two vectors, for products of fewer than six rows.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private tile1 (a: byref<'T>, strides: Strides, b: byref<'T>, c: byref<'T>, depth: int, columns: int, left: int, right: int) : unit =
    let mutable c0 = Vector<'T>.Zero
    let mutable c1 = Vector<'T>.Zero

    for k in 0 .. depth - 1 do
        let a0 = Vector<'T>(Unsafe.Add(&a, k * strides.Column))
        c0 <- multiplyAdd a0 (load (&b, k * columns + left)) c0
        c1 <- multiplyAdd a0 (load (&b, k * columns + right)) c1

    store (&c, left, c0)
    store (&c, right, c1)

/// <summary>The product by its definition, one element after another: the specification, and what narrow matrices use.</summary>
let naive
    (a: ReadOnlySpan<'T>)
    (strides: Strides)
    (b: ReadOnlySpan<'T>)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    for i in 0 .. rows - 1 do
        for j in 0 .. columns - 1 do
            let mutable sum = 'T.Zero

            for k in 0 .. depth - 1 do
                sum <- 'T.FusedMultiplyAdd(a[i * strides.Row + k * strides.Column], b[k * columns + j], sum)

            c[i * columns + j] <- sum

let private check (name: string) (length: int) (needed: int) =
    if length < needed then
        raise (ArgumentException($"a matrix of {needed} elements was expected, {length} are there.", name))

/// <summary>C = A·B.</summary>
/// <param name="a">A, rows × depth, with the given strides: (depth, 1) for a matrix as it lies, (1, rows) for one transposed.</param>
/// <param name="strides">Where A's elements lie.</param>
/// <param name="b">B, depth × columns, row after row.</param>
/// <param name="c">C, rows × columns, row after row; overwritten.</param>
/// <param name="rows">The rows of A and C.</param>
/// <param name="depth">The columns of A, the rows of B.</param>
/// <param name="columns">The columns of B and C.</param>
/// <exception cref="T:System.ArgumentException">A span is too short for its shape.</exception>
let multiply (a: ReadOnlySpan<'T>) (strides: Strides) (b: ReadOnlySpan<'T>) (c: Span<'T>) (rows: int) (depth: int) (columns: int) : unit =
    check (nameof a) a.Length (if rows = 0 || depth = 0 then 0 else (rows - 1) * strides.Row + (depth - 1) * strides.Column + 1)
    check (nameof b) b.Length (depth * columns)
    check (nameof c) c.Length (rows * columns)
    let width = Vector<'T>.Count

    if columns < width then
        naive a strides b c rows depth columns
    elif rows > 0 then
        let mutable left = 0

        while left < columns do
            // Two vectors side by side, or as near to that as the last columns allow.
            let right = min (left + width) (columns - width)
            let first = min left (columns - width)
            let aOrigin = &MemoryMarshal.GetReference a
            let bOrigin = &MemoryMarshal.GetReference b
            let cOrigin = &MemoryMarshal.GetReference c

            if rows < 6 then
                for i in 0 .. rows - 1 do
                    tile1 (
                        &Unsafe.Add(&aOrigin, i * strides.Row),
                        strides,
                        &bOrigin,
                        &Unsafe.Add(&cOrigin, i * columns),
                        depth,
                        columns,
                        first,
                        right
                    )
            else
                let mutable row = 0

                while row < rows do
                    let i = min row (rows - 6)

                    tile6 (
                        &Unsafe.Add(&aOrigin, i * strides.Row),
                        strides,
                        &bOrigin,
                        &Unsafe.Add(&cOrigin, i * columns),
                        depth,
                        columns,
                        first,
                        right
                    )

                    row <- row + 6

            left <- left + 2 * width

/// <summary>Bᵀ: columns × rows, from B, rows × columns.</summary>
let transpose (source: ReadOnlySpan<'T>) (target: Span<'T>) (rows: int) (columns: int) : unit =
    check (nameof source) source.Length (rows * columns)
    check (nameof target) target.Length (rows * columns)

    for i in 0 .. rows - 1 do
        let row = source.Slice(i * columns, columns)

        for j in 0 .. columns - 1 do
            target[j * rows + i] <- row[j]
