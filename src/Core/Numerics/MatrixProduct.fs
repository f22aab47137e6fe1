/// Computes C = A·B for the three products of a dense layer: x·W, xᵀ·δ and δ·Wᵀ.
///
/// Each element of C is one chain of fused multiply-adds over the depth in ascending order, starting from 0. So the bits of C do not depend
/// on the register width, the tiling, or the split into parts.
///
/// Performance: registers hold neighbouring columns of C. Two registers' worth of B's columns are first copied into a contiguous panel.
/// Then six rows by two registers of C stay in registers while A and the panel are streamed. These twelve independent chains are enough to
/// keep two multiply-add units busy. If the number of columns (or rows) is not a multiple of the tile, the last tile overlaps the one
/// before. The overlapping elements are computed twice, to the same bits. Ten outputs, as in the source document's model, fill more than
/// half a register but not all of it. Such columns are computed in one register, eight rows at a time, and its last lanes are ignored.
module CuteDl.Core.Numerics.MatrixProduct

open System
open System.Buffers
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

/// Copies the columns from <c>left</c> and from <c>right</c>, one register of each, row by row. If B is transposed, its columns are rows in
/// memory and are copied number by number.
[<Kernel>]
let private pack<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (b: byref<'T>, strides: Strides, panel: byref<'T>, depth: int, left: int, right: int)
    : unit =
    let width = 'V.Width

    if strides.Column = 1 then
        for k in 0 .. depth - 1 do
            let row = k * strides.Row
            let target = 2 * width * k
            'V.Store('V.Load(&Unsafe.Add(&b, row + left)), &Unsafe.Add(&panel, target))
            'V.Store('V.Load(&Unsafe.Add(&b, row + right)), &Unsafe.Add(&panel, target + width))
    else
        for lane in 0 .. width - 1 do
            for k in 0 .. depth - 1 do
                let target = 2 * width * k + lane
                let row = k * strides.Row
                Unsafe.Add(&panel, target) <- Unsafe.Add(&b, row + (left + lane) * strides.Column)
                Unsafe.Add(&panel, target + width) <- Unsafe.Add(&b, row + (right + lane) * strides.Column)

/// Computes six rows of C by two registers, at the columns <c>left</c> and <c>right</c>.
[<Kernel>]
let private tile6<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (a: byref<'T>, strides: Strides, panel: byref<'T>, c: byref<'T>, depth: int, columns: int, left: int, right: int)
    : unit =
    let mutable c00 = 'V.Zero
    let mutable c01 = 'V.Zero
    let mutable c10 = 'V.Zero
    let mutable c11 = 'V.Zero
    let mutable c20 = 'V.Zero
    let mutable c21 = 'V.Zero
    let mutable c30 = 'V.Zero
    let mutable c31 = 'V.Zero
    let mutable c40 = 'V.Zero
    let mutable c41 = 'V.Zero
    let mutable c50 = 'V.Zero
    let mutable c51 = 'V.Zero
    let width = 'V.Width
    let row = strides.Row
    let step = strides.Column
    let mutable ia = 0
    let mutable ib = 0

    for _ in 1..depth do
        let b0 = 'V.Load(&Unsafe.Add(&panel, ib))
        let b1 = 'V.Load(&Unsafe.Add(&panel, ib + width))
        let a0 = 'V.Broadcast(Unsafe.Add(&a, ia))
        c00 <- 'V.MultiplyAdd(a0, b0, c00)
        c01 <- 'V.MultiplyAdd(a0, b1, c01)
        let a1 = 'V.Broadcast(Unsafe.Add(&a, ia + row))
        c10 <- 'V.MultiplyAdd(a1, b0, c10)
        c11 <- 'V.MultiplyAdd(a1, b1, c11)
        let a2 = 'V.Broadcast(Unsafe.Add(&a, ia + 2 * row))
        c20 <- 'V.MultiplyAdd(a2, b0, c20)
        c21 <- 'V.MultiplyAdd(a2, b1, c21)
        let a3 = 'V.Broadcast(Unsafe.Add(&a, ia + 3 * row))
        c30 <- 'V.MultiplyAdd(a3, b0, c30)
        c31 <- 'V.MultiplyAdd(a3, b1, c31)
        let a4 = 'V.Broadcast(Unsafe.Add(&a, ia + 4 * row))
        c40 <- 'V.MultiplyAdd(a4, b0, c40)
        c41 <- 'V.MultiplyAdd(a4, b1, c41)
        let a5 = 'V.Broadcast(Unsafe.Add(&a, ia + 5 * row))
        c50 <- 'V.MultiplyAdd(a5, b0, c50)
        c51 <- 'V.MultiplyAdd(a5, b1, c51)
        ia <- ia + step
        ib <- ib + 2 * width

    'V.Store(c00, &Unsafe.Add(&c, left))
    'V.Store(c01, &Unsafe.Add(&c, right))
    'V.Store(c10, &Unsafe.Add(&c, columns + left))
    'V.Store(c11, &Unsafe.Add(&c, columns + right))
    'V.Store(c20, &Unsafe.Add(&c, 2 * columns + left))
    'V.Store(c21, &Unsafe.Add(&c, 2 * columns + right))
    'V.Store(c30, &Unsafe.Add(&c, 3 * columns + left))
    'V.Store(c31, &Unsafe.Add(&c, 3 * columns + right))
    'V.Store(c40, &Unsafe.Add(&c, 4 * columns + left))
    'V.Store(c41, &Unsafe.Add(&c, 4 * columns + right))
    'V.Store(c50, &Unsafe.Add(&c, 5 * columns + left))
    'V.Store(c51, &Unsafe.Add(&c, 5 * columns + right))

/// Returns the number of rows from which a whole register can be loaded at a column. In the last rows, it could exceed the end of the span.
let internal wholeRows (length: int) (width: int) (column: int) (register: int) =
    if length - column < register then
        0
    else
        min (length / width) ((length - column - register) / width + 1)

/// Copies a register's width of columns of a matrix, each row to its own line. Lanes after the matrix' last column contain what follows in
/// memory. They are computed but never read.
[<Kernel>]
let internal spread<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (source: ReadOnlySpan<'T>, lines: byref<'T>, width: int, column: int)
    : unit =
    let rows = source.Length / width
    let first = &MemoryMarshal.GetReference source
    let whole = wholeRows source.Length width column 'V.Width

    for row in 0 .. whole - 1 do
        'V.Store('V.Load(&Unsafe.Add(&first, row * width + column)), &Unsafe.Add(&lines, row * 'V.Width))

    for row in whole .. rows - 1 do
        for j in column .. width - 1 do
            Unsafe.Add(&lines, row * 'V.Width + j - column) <- source[row * width + j]

/// Computes eight rows of C that are narrower than one register. Storing a row overwrites the start of the next row, which is stored after
/// it. The last row is stored to a separate register-sized buffer.
[<Kernel>]
let private tile8<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (a: byref<'T>, strides: Strides, lines: byref<'T>, c: byref<'T>, depth: int, columns: int, last: byref<'T>)
    : unit =
    let mutable c0 = 'V.Zero
    let mutable c1 = 'V.Zero
    let mutable c2 = 'V.Zero
    let mutable c3 = 'V.Zero
    let mutable c4 = 'V.Zero
    let mutable c5 = 'V.Zero
    let mutable c6 = 'V.Zero
    let mutable c7 = 'V.Zero
    // Native integers and two base addresses, so that every address is one base plus one index register.
    let row = nativeint strides.Row
    let row2 = row + row
    let row3 = row2 + row
    let step = nativeint strides.Column
    let lower = &Unsafe.Add(&a, 4n * row)
    let mutable ia = 0n
    let mutable ib = 0n

    for _ in 1..depth do
        let b = 'V.Load(&Unsafe.Add(&lines, ib))
        c0 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&a, ia)), b, c0)
        c1 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&a, ia + row)), b, c1)
        c2 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&a, ia + row2)), b, c2)
        c3 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&a, ia + row3)), b, c3)
        c4 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&lower, ia)), b, c4)
        c5 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&lower, ia + row)), b, c5)
        c6 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&lower, ia + row2)), b, c6)
        c7 <- 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&lower, ia + row3)), b, c7)
        ia <- ia + step
        ib <- ib + nativeint 'V.Width

    'V.Store(c0, &c)
    'V.Store(c1, &Unsafe.Add(&c, columns))
    'V.Store(c2, &Unsafe.Add(&c, 2 * columns))
    'V.Store(c3, &Unsafe.Add(&c, 3 * columns))
    'V.Store(c4, &Unsafe.Add(&c, 4 * columns))
    'V.Store(c5, &Unsafe.Add(&c, 5 * columns))
    'V.Store(c6, &Unsafe.Add(&c, 6 * columns))
    'V.Store(c7, &last)

/// Computes a product of at least eight rows, with fewer columns than a register has lanes and a row-major B.
let private narrow<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (a: ReadOnlySpan<'T>)
    (aStrides: Strides)
    (b: ReadOnlySpan<'T>)
    (c: Span<'T>)
    (rows: int)
    (depth: int)
    (columns: int)
    : unit =
    let space = ArrayPool<'T>.Shared.Rent(Checked.(*) 'V.Width (depth + 1))
    let a = &MemoryMarshal.GetReference a
    let c = &MemoryMarshal.GetReference c
    let lines = &MemoryMarshal.GetArrayDataReference space
    let last = &Unsafe.Add(&lines, depth * 'V.Width)
    spread<'V, 'T>(b.Slice(0, depth * columns), &lines, columns, 0)
    let mutable row = 0

    while row < rows do
        let i = min row (rows - 8)
        tile8<'V, 'T>(&Unsafe.Add(&a, i * aStrides.Row), aStrides, &lines, &Unsafe.Add(&c, i * columns), depth, columns, &last)

        for j in 0 .. columns - 1 do
            Unsafe.Add(&c, (i + 7) * columns + j) <- Unsafe.Add(&last, j)

        row <- row + 8

    ArrayPool<'T>.Shared.Return space

/// Computes one row of C by two registers, for products of fewer than six rows.
[<Kernel>]
let private tile1<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (a: byref<'T>, step: int, panel: byref<'T>, c: byref<'T>, depth: int, left: int, right: int)
    : unit =
    let mutable c0 = 'V.Zero
    let mutable c1 = 'V.Zero
    let width = 'V.Width

    for k in 0 .. depth - 1 do
        let a0 = 'V.Broadcast(Unsafe.Add(&a, k * step))
        c0 <- 'V.MultiplyAdd(a0, 'V.Load(&Unsafe.Add(&panel, 2 * width * k)), c0)
        c1 <- 'V.MultiplyAdd(a0, 'V.Load(&Unsafe.Add(&panel, 2 * width * k + width)), c1)

    'V.Store(c0, &Unsafe.Add(&c, left))
    'V.Store(c1, &Unsafe.Add(&c, right))

/// If <c>isUpper</c> is true, C is square, and only the elements on and above its diagonal are guaranteed to be computed.
let private tiled<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
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
    let width = 'V.Width
    let space = ArrayPool<'T>.Shared.Rent(Checked.(*) (2 * width) depth)
    let a = &MemoryMarshal.GetReference a
    let b = &MemoryMarshal.GetReference b
    let c = &MemoryMarshal.GetReference c
    let panel = &MemoryMarshal.GetArrayDataReference space
    let mutable column = 0

    while column < columns do
        let left = min column (columns - width)
        let right = min (column + width) (columns - width)
        pack<'V, 'T>(&b, bStrides, &panel, depth, left, right)
        // Rows below the panel's last column are below the diagonal.
        let rows = if isUpper then max (min rows 6) (right + width) else rows

        if rows < 6 then
            for i in 0 .. rows - 1 do
                tile1<'V, 'T>(&Unsafe.Add(&a, i * aStrides.Row), aStrides.Column, &panel, &Unsafe.Add(&c, i * columns), depth, left, right)
        else
            let mutable row = 0

            while row < rows do
                let i = min row (rows - 6)

                tile6<'V, 'T>(
                    &Unsafe.Add(&a, i * aStrides.Row),
                    aStrides,
                    &panel,
                    &Unsafe.Add(&c, i * columns),
                    depth,
                    columns,
                    left,
                    right
                )

                row <- row + 6

        column <- column + 2 * width

    ArrayPool<'T>.Shared.Return space

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

    // Uses the widest registers that the machine has and that the columns fill.
    if Vector512.IsHardwareAccelerated && columns >= Vector512<'T>.Count then
        tiled<Register512<'T>, 'T> a aStrides b bStrides c rows depth columns isUpper
    elif
        Vector512.IsHardwareAccelerated
        && columns > Vector256<'T>.Count
        && rows >= 8
        && bStrides = rowMajor columns
    then
        narrow<Register512<'T>, 'T> a aStrides b c rows depth columns
    elif Vector256.IsHardwareAccelerated && columns >= Vector256<'T>.Count then
        tiled<Register256<'T>, 'T> a aStrides b bStrides c rows depth columns isUpper
    elif Vector128.IsHardwareAccelerated && columns >= Vector128<'T>.Count then
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
