/// The two products of a first layer whose examples are mostly zeros: x·W and xᵀ·δ.
///
/// The same chains of fused multiply-adds as MatrixProduct's, in the same order, without the links whose factor x is 0: those
/// change no bit of a finite sum. A byte of an example stands for an entry of a table of 256 numbers.
///
/// Why it is fast: the work shrinks to the share of bytes other than 0 (19 % for MNIST), and the examples are never written
/// out as numbers. Of a row's outputs as many registers as fit are kept while its bytes go by; outputs that fit one register are
/// NarrowProduct's.
module internal CuteDl.Core.Numerics.SparseProduct

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Two examples' outputs, two registers of each. Side by side, because one example alone is a chain in which every
/// multiply-add waits for the one before.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private forward2<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (one: Walk<'T>, other: Walk<'T>, weights: byref<'T>, output: byref<'T>, otherOutput: byref<'T>, width: int, left: int, right: int)
    : unit =
    let entries = &MemoryMarshal.GetReference one.Entries
    let otherEntries = &MemoryMarshal.GetReference other.Entries
    let table = &MemoryMarshal.GetReference one.Table
    let both = min one.Entries.Length other.Entries.Length
    let mutable c0 = 'V.Zero
    let mutable c1 = 'V.Zero
    let mutable d0 = 'V.Zero
    let mutable d1 = 'V.Zero

    for i in 0 .. both - 1 do
        let entry = Unsafe.Add(&entries, i)
        let row = int (Entry.column entry) * width
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        c0 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + left)), c0)
        c1 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + right)), c1)
        let entry = Unsafe.Add(&otherEntries, i)
        let row = int (Entry.column entry) * width
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        d0 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + left)), d0)
        d1 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + right)), d1)

    for i in both .. one.Entries.Length - 1 do
        let entry = Unsafe.Add(&entries, i)
        let row = int (Entry.column entry) * width
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        c0 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + left)), c0)
        c1 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + right)), c1)

    for i in both .. other.Entries.Length - 1 do
        let entry = Unsafe.Add(&otherEntries, i)
        let row = int (Entry.column entry) * width
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        d0 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + left)), d0)
        d1 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + right)), d1)

    'V.Store(c0, &Unsafe.Add(&output, left))
    'V.Store(c1, &Unsafe.Add(&output, right))
    'V.Store(d0, &Unsafe.Add(&otherOutput, left))
    'V.Store(d1, &Unsafe.Add(&otherOutput, right))

/// One example's outputs, eight registers of them from the column first.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private forward8<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (walk: Walk<'T>, weights: byref<'T>, output: byref<'T>, width: int, first: int)
    : unit =
    let entries = &MemoryMarshal.GetReference walk.Entries
    let table = &MemoryMarshal.GetReference walk.Table
    let w = 'V.Width
    let mutable c0 = 'V.Zero
    let mutable c1 = 'V.Zero
    let mutable c2 = 'V.Zero
    let mutable c3 = 'V.Zero
    let mutable c4 = 'V.Zero
    let mutable c5 = 'V.Zero
    let mutable c6 = 'V.Zero
    let mutable c7 = 'V.Zero

    for i in 0 .. walk.Entries.Length - 1 do
        let entry = Unsafe.Add(&entries, i)
        let row = int (Entry.column entry) * width + first
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        c0 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row)), c0)
        c1 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + w)), c1)
        c2 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 2 * w)), c2)
        c3 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 3 * w)), c3)
        c4 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 4 * w)), c4)
        c5 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 5 * w)), c5)
        c6 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 6 * w)), c6)
        c7 <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, row + 7 * w)), c7)

    let output = &Unsafe.Add(&output, first)
    'V.Store(c0, &output)
    'V.Store(c1, &Unsafe.Add(&output, w))
    'V.Store(c2, &Unsafe.Add(&output, 2 * w))
    'V.Store(c3, &Unsafe.Add(&output, 3 * w))
    'V.Store(c4, &Unsafe.Add(&output, 4 * w))
    'V.Store(c5, &Unsafe.Add(&output, 5 * w))
    'V.Store(c6, &Unsafe.Add(&output, 6 * w))
    'V.Store(c7, &Unsafe.Add(&output, 7 * w))

/// One example's part in the gradient of W, two registers of each row.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private gradient2<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (walk: Walk<'T>, delta: byref<'T>, gradient: byref<'T>, width: int, left: int, right: int)
    : unit =
    let entries = &MemoryMarshal.GetReference walk.Entries
    let table = &MemoryMarshal.GetReference walk.Table
    let d0 = 'V.Load(&Unsafe.Add(&delta, left))
    let d1 = 'V.Load(&Unsafe.Add(&delta, right))

    for i in 0 .. walk.Entries.Length - 1 do
        let entry = Unsafe.Add(&entries, i)
        let row = &Unsafe.Add(&gradient, int (Entry.column entry) * width)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        // Both are read before either is written: where they overlap, both hold the same.
        let g0 = 'V.MultiplyAdd(x, d0, 'V.Load(&Unsafe.Add(&row, left)))
        let g1 = 'V.MultiplyAdd(x, d1, 'V.Load(&Unsafe.Add(&row, right)))
        'V.Store(g0, &Unsafe.Add(&row, left))
        'V.Store(g1, &Unsafe.Add(&row, right))

/// One example's part in the gradient of W, eight registers of each row from the column first.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private gradient8<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (walk: Walk<'T>, delta: byref<'T>, gradient: byref<'T>, width: int, first: int)
    : unit =
    let entries = &MemoryMarshal.GetReference walk.Entries
    let table = &MemoryMarshal.GetReference walk.Table
    let w = 'V.Width
    let delta = &Unsafe.Add(&delta, first)
    let d0 = 'V.Load &delta
    let d1 = 'V.Load(&Unsafe.Add(&delta, w))
    let d2 = 'V.Load(&Unsafe.Add(&delta, 2 * w))
    let d3 = 'V.Load(&Unsafe.Add(&delta, 3 * w))
    let d4 = 'V.Load(&Unsafe.Add(&delta, 4 * w))
    let d5 = 'V.Load(&Unsafe.Add(&delta, 5 * w))
    let d6 = 'V.Load(&Unsafe.Add(&delta, 6 * w))
    let d7 = 'V.Load(&Unsafe.Add(&delta, 7 * w))

    for i in 0 .. walk.Entries.Length - 1 do
        let entry = Unsafe.Add(&entries, i)
        let row = int (Entry.column entry) * width + first
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        let g = &Unsafe.Add(&gradient, row)
        'V.Store('V.MultiplyAdd(x, d0, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + w)
        'V.Store('V.MultiplyAdd(x, d1, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 2 * w)
        'V.Store('V.MultiplyAdd(x, d2, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 3 * w)
        'V.Store('V.MultiplyAdd(x, d3, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 4 * w)
        'V.Store('V.MultiplyAdd(x, d4, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 5 * w)
        'V.Store('V.MultiplyAdd(x, d5, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 6 * w)
        'V.Store('V.MultiplyAdd(x, d6, 'V.Load &g), &g)
        let g = &Unsafe.Add(&gradient, row + 7 * w)
        'V.Store('V.MultiplyAdd(x, d7, 'V.Load &g), &g)

// Column by column (of eight registers, or two), and all examples for each: so the part of W that is at work stays in the cache.

/// The outputs of all examples from the column first on, as many as fill registers of this width; the first column left over.
let private forwardFrom<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows, examples: ReadOnlySpan<int>, table: 'T array, weights: byref<'T>, outputs: byref<'T>, width: int, first: int)
    : int =
    let w = 'V.Width
    let mutable column = first

    while width - column >= 8 * w do
        for i in 0 .. examples.Length - 1 do
            forward8<'V, 'T>(Walk<'T>(rows, examples[i], table), &weights, &Unsafe.Add(&outputs, i * width), width, column)

        column <- column + 8 * w

    while width - column >= w do
        let right = min (column + w) (width - w)

        for pair in 0 .. (examples.Length + 1) / 2 - 1 do
            let i = 2 * pair
            // The last of an odd number goes with itself.
            let next = min (i + 1) (examples.Length - 1)

            forward2<'V, 'T>(
                Walk<'T>(rows, examples[i], table),
                Walk<'T>(rows, examples[next], table),
                &weights,
                &Unsafe.Add(&outputs, i * width),
                &Unsafe.Add(&outputs, next * width),
                width,
                column,
                right
            )

        column <- min width (column + 2 * w)

    column

/// The same for the gradient.
let private gradientFrom<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows, examples: ReadOnlySpan<int>, table: 'T array, deltas: byref<'T>, gradient: byref<'T>, width: int, first: int)
    : int =
    let w = 'V.Width
    let mutable column = first

    while width - column >= 8 * w do
        for i in 0 .. examples.Length - 1 do
            gradient8<'V, 'T>(Walk<'T>(rows, examples[i], table), &Unsafe.Add(&deltas, i * width), &gradient, width, column)

        column <- column + 8 * w

    while width - column >= w do
        let right = min (column + w) (width - w)

        for i in 0 .. examples.Length - 1 do
            gradient2<'V, 'T>(Walk<'T>(rows, examples[i], table), &Unsafe.Add(&deltas, i * width), &gradient, width, column, right)

        column <- min width (column + 2 * w)

    column

let private check (name: string) (length: int) (rows: int) (columns: int) =
    let needed = int64 rows * int64 columns

    if columns < 0 || int64 length < needed then
        raise (ArgumentException($"a matrix of {needed} elements was expected, {length} are there.", name))

/// <summary>outputs = x·W for the chosen examples x.</summary>
/// <param name="rows">All examples; their columns must lie below W's rows.</param>
/// <param name="examples">The chosen ones, in their order.</param>
/// <param name="table">The 256 numbers that the bytes stand for; that of 0 is 0.</param>
/// <param name="weights">W, inputs × width, row after row.</param>
/// <param name="outputs">examples × width; overwritten.</param>
/// <param name="width">The outputs of an example.</param>
/// <param name="space">As much as <c>NarrowProduct.spaceFor</c> says, best aligned to 64 bytes; overwritten.</param>
/// <exception cref="T:System.ArgumentException">A span is too short.</exception>
let forward
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (weights: ReadOnlySpan<'T>)
    (outputs: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    check (nameof table) table.Length 256 1
    check (nameof weights) weights.Length rows.Width width
    check (nameof outputs) outputs.Length examples.Length width
    check (nameof space) space.Length (NarrowProduct.spaceFor<'T> rows.Width examples.Length width) 1

    if NarrowProduct.isNarrow<'T> width then
        NarrowProduct.forward
            rows
            examples
            table
            (weights.Slice(0, rows.Width * width))
            (outputs.Slice(0, examples.Length * width))
            width
            space
    else
        let w = &MemoryMarshal.GetReference weights
        let z = &MemoryMarshal.GetReference outputs
        let mutable column = 0

        if Vector512.IsHardwareAccelerated then
            column <- forwardFrom<Register512<'T>, 'T>(rows, examples, table, &w, &z, width, column)

        if Vector256.IsHardwareAccelerated then
            column <- forwardFrom<Register256<'T>, 'T>(rows, examples, table, &w, &z, width, column)

        if Vector128.IsHardwareAccelerated then
            column <- forwardFrom<Register128<'T>, 'T>(rows, examples, table, &w, &z, width, column)

        for i in 0 .. examples.Length - 1 do
            let walk = Walk<'T>(rows, examples[i], table)

            for j in column .. width - 1 do
                let mutable sum = 'T.Zero

                for n in 0 .. walk.Entries.Length - 1 do
                    let entry = walk.Entries[n]
                    let x = walk.Table[int (Entry.byte entry)]
                    sum <- 'T.FusedMultiplyAdd(x, weights[int (Entry.column entry) * width + j], sum)

                outputs[i * width + j] <- sum

/// <summary>gradient = xᵀ·δ for the chosen examples x.</summary>
/// <param name="rows">All examples; their columns must lie below the gradient's rows.</param>
/// <param name="examples">The chosen ones, in their order.</param>
/// <param name="table">The 256 numbers that the bytes stand for; that of 0 is 0.</param>
/// <param name="deltas">δ, examples × width.</param>
/// <param name="gradient">inputs × width; overwritten.</param>
/// <param name="width">The outputs of an example.</param>
/// <param name="space">As much as <c>NarrowProduct.spaceFor</c> says, best aligned to 64 bytes; overwritten.</param>
/// <exception cref="T:System.ArgumentException">A span is too short.</exception>
let gradient
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (deltas: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    check (nameof table) table.Length 256 1
    check (nameof deltas) deltas.Length examples.Length width
    check (nameof gradient) gradient.Length rows.Width width
    check (nameof space) space.Length (NarrowProduct.spaceFor<'T> rows.Width examples.Length width) 1

    if NarrowProduct.isNarrow<'T> width then
        NarrowProduct.gradient
            rows
            examples
            table
            (deltas.Slice(0, examples.Length * width))
            (gradient.Slice(0, rows.Width * width))
            width
            space
    else
        gradient.Clear()
        let d = &MemoryMarshal.GetReference deltas
        let g = &MemoryMarshal.GetReference gradient
        let mutable column = 0

        if Vector512.IsHardwareAccelerated then
            column <- gradientFrom<Register512<'T>, 'T>(rows, examples, table, &d, &g, width, column)

        if Vector256.IsHardwareAccelerated then
            column <- gradientFrom<Register256<'T>, 'T>(rows, examples, table, &d, &g, width, column)

        if Vector128.IsHardwareAccelerated then
            column <- gradientFrom<Register128<'T>, 'T>(rows, examples, table, &d, &g, width, column)

        for i in 0 .. examples.Length - 1 do
            let walk = Walk<'T>(rows, examples[i], table)

            for j in column .. width - 1 do
                for n in 0 .. walk.Entries.Length - 1 do
                    let entry = walk.Entries[n]
                    let x = walk.Table[int (Entry.byte entry)]
                    let cell = &gradient[int (Entry.column entry) * width + j]
                    cell <- 'T.FusedMultiplyAdd(x, deltas[i * width + j], cell)
