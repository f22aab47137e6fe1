/// Computes C = A·B for the three products of a dense layer: x·W, xᵀ·δ and δ·Wᵀ.
///
/// Each element of C is one chain of fused multiply-adds over the depth in ascending order, starting from 0. So the bits of C do not depend
/// on the register width, the tiling, or the split into parts.
///
/// Performance: see docs/adr/0040. TiledProduct.fs divides a product into blocks and tiles, Tiles.fs multiplies a tile in registers, and
/// Panels.fs copies columns of B to contiguous memory.
module CuteDl.Core.Numerics.MatrixProduct

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// <summary>The strides of a matrix in a span: element (i, j) has the index <c>i · Row + j · Column</c>.</summary>
[<Struct>]
type Strides = { Row: int; Column: int }

/// <summary>Returns the strides of a row-major matrix.</summary>
let rowMajor (columns: int) = { Row = columns; Column = 1 }

/// <summary>Returns the strides of the transpose of a row-major matrix.</summary>
let transposed (columns: int) = { Row = 1; Column = columns }

/// <summary>Computes C = A·B by its definition, one element after another. This is the specification of <c>multiply</c>.</summary>
let naive
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    for i in 0 .. rows - 1 do
        for j in 0 .. columns - 1 do
            let mutable sum = 'T.Zero

            for k in 0 .. depth - 1 do
                let left = a[i * aStrides.Row + k * aStrides.Column]
                let right = b[k * bStrides.Row + j * bStrides.Column]
                sum <- 'T.FusedMultiplyAdd(left, right, sum)

            c[i * columns + j] <- sum

let private check (name: string) (length: int) (strides: Strides) (rows: int) (columns: int) =
    if rows < 0 || columns < 0 || strides.Row < 0 || strides.Column < 0 then
        raise (
            ArgumentException(
                $"The matrix has the size {rows} × {columns} and the strides {strides.Row} and {strides.Column}. None of them may be negative.",
                name
            )
        )

    let needed =
        if rows = 0 || columns = 0 then
            0L
        else
            int64 (rows - 1) * int64 strides.Row + int64 (columns - 1) * int64 strides.Column + 1L

    if int64 length < needed then
        raise (
            ArgumentException(
                $"The span has {length} elements, but a matrix of {rows} × {columns} with these strides needs {needed}.",
                name
            )
        )

let private tiled<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged>
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    (isUpper: bool)
    : unit =
    TiledProduct.multiply<'V, 'T> a aStrides.Row aStrides.Column b bStrides.Row bStrides.Column c rows depth columns isUpper

let private multiplyPart
    (isUpper: bool)
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    check (nameof a) a.Length aStrides rows depth
    check (nameof b) b.Length bStrides depth columns
    check (nameof c) c.Length (rowMajor columns) rows columns

    // Uses the widest registers of the machine of which the columns fill more than half of one.
    if depth = 0 then
        c.Slice(0, rows * columns).Clear()
    elif Vector512.IsHardwareAccelerated && columns > Vector256<'T>.Count then
        tiled<Register512<'T>, 'T> a aStrides b bStrides c rows depth columns isUpper
    elif Vector256.IsHardwareAccelerated && columns > Vector128<'T>.Count then
        tiled<Register256<'T>, 'T> a aStrides b bStrides c rows depth columns isUpper
    elif Vector128.IsHardwareAccelerated then
        tiled<Register128<'T>, 'T> a aStrides b bStrides c rows depth columns isUpper
    else
        naive a aStrides b bStrides c rows depth columns

/// <summary>Computes C = A·B.</summary>
/// <param name="a">A, rows × depth.</param>
/// <param name="aStrides">The strides of A.</param>
/// <param name="b">B, depth × columns.</param>
/// <param name="bStrides">The strides of B.</param>
/// <param name="c">C, rows × columns, row-major; overwritten. Must not overlap A or B.</param>
/// <param name="rows">The number of rows of A and C.</param>
/// <param name="depth">The number of columns of A, which is the number of rows of B.</param>
/// <param name="columns">The number of columns of B and C.</param>
/// <exception cref="T:System.ArgumentException">A dimension or stride is negative, or a span is too short for its shape.</exception>
let multiply
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    multiplyPart false a aStrides b bStrides c rows depth columns

/// The side of the square blocks in which matrices are transposed: a row of a block of float32 numbers is one cache line.
[<Literal>]
let private turned = 16

/// <summary>Transposes a matrix.</summary>
/// <param name="source">rows × columns, row-major.</param>
/// <param name="target">columns × rows, row-major; overwritten. Must not overlap the source.</param>
/// <param name="rows">The number of rows of the source.</param>
/// <param name="columns">The number of columns of the source.</param>
/// <exception cref="T:System.ArgumentException">A dimension is negative, or a span is too short for its shape.</exception>
let transpose (source: ReadOnlySpan<'T>) (target: Span<'T>) (rows: int) (columns: int) : unit =
    check (nameof source) source.Length (rowMajor columns) rows columns
    check (nameof target) target.Length (rowMajor rows) columns rows
    let mutable top = 0

    while top < rows do
        let mutable left = 0

        while left < columns do
            for i in top .. min rows (top + turned) - 1 do
                for j in left .. min columns (left + turned) - 1 do
                    target[j * rows + i] <- source[i * columns + j]

            left <- left + turned

        top <- top + turned

/// <summary>
/// Computes C = A·B for a symmetric C, such as Xᵀ·X or the square of a symmetric matrix. It gives the bits of <c>multiply</c> on and above
/// the diagonal, for about half the work.
/// </summary>
/// <param name="a">A, size × depth.</param>
/// <param name="aStrides">The strides of A.</param>
/// <param name="b">B, depth × size.</param>
/// <param name="bStrides">The strides of B.</param>
/// <param name="c">C, size × size, row-major; overwritten. Must not overlap A or B.</param>
/// <param name="size">The number of rows of A, which is the number of columns of B.</param>
/// <param name="depth">The number of columns of A, which is the number of rows of B.</param>
/// <exception cref="T:System.ArgumentException">A dimension or stride is negative, or a span is too short for its shape.</exception>
let multiplySymmetric
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (bStrides: Strides)
    (c: Span<'T>)
    (size: int)
    (depth: int)
    : unit =
    multiplyPart true a aStrides b bStrides c size depth size
    let mutable top = 0

    while top < size do
        let mutable left = 0

        while left <= top do
            for i in top .. min size (top + turned) - 1 do
                for j in left .. min i (left + turned) - 1 do
                    c[i * size + j] <- c[j * size + i]

            left <- left + turned

        top <- top + turned
