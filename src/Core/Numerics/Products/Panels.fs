/// Copies columns of B to a panel: row by row, one or two registers each, so that a tile reads contiguous memory. Also copies a panel back.
module internal CuteDl.Core.Numerics.Panels

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices

/// Returns the number of rows from which a whole register can be loaded. In the last rows, it could exceed the end of the span.
let private wholeRows (length: int) (row: int) (register: int) (depth: int) =
    if length < register then 0 else min depth ((length - register) / max 1 row + 1)

/// Copies a register of each row, one after another. Lanes after the last column contain what follows in memory. They are computed but never
/// read.
[<Kernel>]
let private copyRows<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T>>
    (b: byref<'T>, row: nativeint, panel: byref<'T>, line: nativeint, rows: nativeint)
    : unit =
    let mutable from = 0n
    let mutable into = 0n
    let past = rows * line

    while into < past do
        'V.Store('V.Load(&Unsafe.Add(&b, from)), &Unsafe.Add(&panel, into))
        from <- from + row
        into <- into + line

/// Copies columns that are rows in memory: squares of 128 bits by as many rows are transposed in registers, several of them at once. Returns
/// the number of rows of the panel that it filled: all, or none if there are too few for a square.
[<Kernel>]
let private transposeColumns<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T>>
    (b: byref<'T>, row: nativeint, panel: byref<'T>, line: nativeint, depth: nativeint)
    : int =
    let square = nativeint (16 / sizeof<'T>)
    let past = if depth < square then 0n else depth
    let mutable k = 0n

    while k < past do
        // The last square moves back, and writes some rows again.
        k <- min k (depth - square)
        let from = &Unsafe.Add(&b, k)
        let into = &Unsafe.Add(&panel, k * line)
        let r0 = 'V.LoadRows(&from, row)
        let r1 = 'V.LoadRows(&Unsafe.Add(&from, row), row)

        if sizeof<'T> = 4 then
            let r2 = 'V.LoadRows(&Unsafe.Add(&from, 2n * row), row)
            let r3 = 'V.LoadRows(&Unsafe.Add(&from, 3n * row), row)
            let lowerEven = 'V.InterleaveLower(r0, r2)
            let upperEven = 'V.InterleaveUpper(r0, r2)
            let lowerOdd = 'V.InterleaveLower(r1, r3)
            let upperOdd = 'V.InterleaveUpper(r1, r3)
            'V.Store('V.InterleaveLower(lowerEven, lowerOdd), &into)
            'V.Store('V.InterleaveUpper(lowerEven, lowerOdd), &Unsafe.Add(&into, line))
            'V.Store('V.InterleaveLower(upperEven, upperOdd), &Unsafe.Add(&into, 2n * line))
            'V.Store('V.InterleaveUpper(upperEven, upperOdd), &Unsafe.Add(&into, 3n * line))
        else
            'V.Store('V.InterleaveLower(r0, r1), &into)
            'V.Store('V.InterleaveUpper(r0, r1), &Unsafe.Add(&into, line))

        k <- k + square

    int past

/// <summary>Fills a panel.</summary>
/// <param name="b">B from the panel's first element on.</param>
/// <param name="row">The distance of neighbouring rows of B.</param>
/// <param name="column">The distance of neighbouring columns of B.</param>
/// <param name="panel">The panel: depth × line.</param>
/// <param name="line">The elements of a row of the panel: those of one or two registers.</param>
/// <param name="depth">The number of rows.</param>
/// <param name="columns">The number of columns of B that the panel holds, at most <c>line</c>.</param>
[<Kernel>]
let fill<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged>
    (b: ReadOnlySpan<'T>)
    (row: int)
    (column: int)
    (panel: byref<'T>)
    (line: int)
    (depth: int)
    (columns: int)
    : unit =
    let first = &MemoryMarshal.GetReference b
    let mutable left = 0

    while left < line do
        let valid = min 'V.Width (columns - left)
        let source = &Unsafe.Add(&first, left * column)
        let target = &Unsafe.Add(&panel, left)

        let filled =
            if column = 1 then
                let rows = wholeRows (b.Length - left) row 'V.Width depth
                copyRows<'V, 'T>(&source, nativeint row, &target, nativeint line, nativeint rows)
                rows
            elif row = 1 && valid = 'V.Width then
                transposeColumns<'V, 'T>(&source, nativeint column, &target, nativeint line, nativeint depth)
            else
                0

        for k in filled .. depth - 1 do
            for j in 0 .. valid - 1 do
                Unsafe.Add(&target, k * line + j) <- Unsafe.Add(&source, k * row + j * column)

            for j in valid .. 'V.Width - 1 do
                Unsafe.Add(&target, k * line + j) <- Unchecked.defaultof<'T>

        left <- left + 'V.Width

/// <summary>Copies the columns of a panel to rows, in squares of 128 bits that are transposed in registers.</summary>
/// <param name="panel">The panel: width × line.</param>
/// <param name="line">The elements of a row of the panel: those of one or more registers.</param>
/// <param name="rows">Receives the first columns of the panel as rows, count × width.</param>
/// <param name="width">The length of a row, which is the number of rows of the panel.</param>
/// <param name="count">The number of columns to copy, at most <c>line</c>.</param>
[<Kernel>]
let unfold<'V, 'T when 'V: struct and 'V :> IMatrixRegister<'V, 'T> and 'T: unmanaged>
    (panel: byref<'T>)
    (line: int)
    (rows: byref<'T>)
    (width: int)
    (count: int)
    : unit =
    let square = 16 / sizeof<'T>
    let row = nativeint width
    let next = nativeint line
    let mutable left = 0

    if width >= square then
        while left <= count - 'V.Width do
            let mutable k = 0

            while k < width do
                // The last square moves back, and writes some elements again.
                k <- min k (width - square)
                let from = &Unsafe.Add(&panel, k * line + left)
                let into = &Unsafe.Add(&rows, left * width + k)
                let r0 = 'V.Load &from
                let r1 = 'V.Load(&Unsafe.Add(&from, next))

                if sizeof<'T> = 4 then
                    let r2 = 'V.Load(&Unsafe.Add(&from, 2n * next))
                    let r3 = 'V.Load(&Unsafe.Add(&from, 3n * next))
                    let lowerEven = 'V.InterleaveLower(r0, r2)
                    let upperEven = 'V.InterleaveUpper(r0, r2)
                    let lowerOdd = 'V.InterleaveLower(r1, r3)
                    let upperOdd = 'V.InterleaveUpper(r1, r3)
                    'V.StoreRows('V.InterleaveLower(lowerEven, lowerOdd), &into, row)
                    'V.StoreRows('V.InterleaveUpper(lowerEven, lowerOdd), &Unsafe.Add(&into, row), row)
                    'V.StoreRows('V.InterleaveLower(upperEven, upperOdd), &Unsafe.Add(&into, 2n * row), row)
                    'V.StoreRows('V.InterleaveUpper(upperEven, upperOdd), &Unsafe.Add(&into, 3n * row), row)
                else
                    'V.StoreRows('V.InterleaveLower(r0, r1), &into, row)
                    'V.StoreRows('V.InterleaveUpper(r0, r1), &Unsafe.Add(&into, row), row)

                k <- k + square

            left <- left + 'V.Width

    for i in left .. count - 1 do
        for k in 0 .. width - 1 do
            Unsafe.Add(&rows, i * width + k) <- Unsafe.Add(&panel, k * line + i)
