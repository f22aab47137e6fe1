/// Computes the two products of a first layer whose examples are mostly zeros: x·W and xᵀ·δ.
///
/// It uses the same chains of fused multiply-adds as MatrixProduct, in the same order, without the terms whose factor x is 0. Those terms
/// do not change the bits of a finite sum. Each byte of an example is an index into a table of 256 numbers.
///
/// Performance: the work is proportional to the share of non-zero bytes (19 % for MNIST), and the examples are never expanded to numbers.
/// The outputs are computed one register's width of columns at a time. For these columns, all rows of W, or of its gradient, are first
/// copied to contiguous lines. Together they fit the L1 cache, and each byte costs one aligned load (and, backward, one store).
module internal CuteDl.Core.Numerics.SparseProduct

open System
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Copies lines back to columns of a matrix. If the matrix is narrower than a register, storing a row overwrites the start of the next row,
/// which is stored after it.
[<Kernel>]
let private gather<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (lines: byref<'T>, target: Span<'T>, width: int, column: int)
    : unit =
    let rows = target.Length / width
    let first = &MemoryMarshal.GetReference target
    let whole = MatrixProduct.wholeRows target.Length width column 'V.Width

    for row in 0 .. whole - 1 do
        'V.Store('V.Load(&Unsafe.Add(&lines, row * 'V.Width)), &Unsafe.Add(&first, row * width + column))

    for row in whole .. rows - 1 do
        for j in column .. width - 1 do
            target[row * width + j] <- Unsafe.Add(&lines, row * 'V.Width + j - column)

/// Adds the next entries of four examples to their output lines. Four examples are interleaved, because in a single one every multiply-add
/// waits for the one before.
[<Kernel>]
let private forward4<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (
        a: byref<uint32>,
        b: byref<uint32>,
        c: byref<uint32>,
        d: byref<uint32>,
        steps: nativeint,
        table: byref<'T>,
        weights: byref<'T>,
        lineA: byref<'T>,
        lineB: byref<'T>,
        lineC: byref<'T>,
        lineD: byref<'T>
    ) : unit =
    let mutable sumA = 'V.Load &lineA
    let mutable sumB = 'V.Load &lineB
    let mutable sumC = 'V.Load &lineC
    let mutable sumD = 'V.Load &lineD

    let mutable i = 0n

    while i < steps do
        let entry = Unsafe.Add(&a, i)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        sumA <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, Entry.column entry * nativeint 'V.Width)), sumA)
        let entry = Unsafe.Add(&b, i)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        sumB <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, Entry.column entry * nativeint 'V.Width)), sumB)
        let entry = Unsafe.Add(&c, i)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        sumC <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, Entry.column entry * nativeint 'V.Width)), sumC)
        let entry = Unsafe.Add(&d, i)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        sumD <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, Entry.column entry * nativeint 'V.Width)), sumD)
        i <- i + 1n

    'V.Store(sumA, &lineA)
    'V.Store(sumB, &lineB)
    'V.Store(sumC, &lineC)
    'V.Store(sumD, &lineD)

/// Adds the next entries of one example to its output line.
[<Kernel>]
let private forward1<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (a: byref<uint32>, steps: nativeint, table: byref<'T>, weights: byref<'T>, line: byref<'T>)
    : unit =
    let mutable sum = 'V.Load &line

    let mutable i = 0n

    while i < steps do
        let entry = Unsafe.Add(&a, i)
        let x = 'V.Broadcast(Unsafe.Add(&table, Entry.byte entry))
        sum <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, Entry.column entry * nativeint 'V.Width)), sum)
        i <- i + 1n

    'V.Store(sum, &line)

/// The number of examples by which entries are prefetched: data sets are larger than the cache.
let private ahead = 5

/// The position of an example in forwardAll: its next entry, the number of entries left, and the index of its outputs.
[<Struct; NoEquality; NoComparison>]
type private Place =
    val mutable At: int
    val mutable Left: int
    val mutable Index: int

    /// Moves to the next example that has entries. Examples without entries have outputs of 0. If none is left, Left stays 0.
    member place.Take(rows: SparseRows, examples: ReadOnlySpan<int>, next: byref<int>) =
        while place.Left = 0 && next < examples.Length do
            let example = examples[next]
            place.At <- rows.Starts[example]
            place.Left <- rows.Starts[example + 1] - place.At
            place.Index <- next
            next <- next + 1

            if next + ahead < examples.Length then
                rows.Prefetch(examples[next + ahead])

    member place.Walk(steps: int) =
        place.At <- place.At + steps
        place.Left <- place.Left - steps

/// Computes outputs of at most one register each, into lines of zeros. Four examples are interleaved; when one is finished, the next takes
/// its place.
[<Kernel>]
let private forwardAll<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows, examples: ReadOnlySpan<int>, table: byref<'T>, weights: byref<'T>, lines: byref<'T>)
    : unit =
    let entries = &MemoryMarshal.GetReference rows.Entries
    let width = 'V.Width
    let mutable next = 0
    let mutable a = Place()
    let mutable b = Place()
    let mutable c = Place()
    let mutable d = Place()
    a.Take(rows, examples, &next)
    b.Take(rows, examples, &next)
    c.Take(rows, examples, &next)
    d.Take(rows, examples, &next)

    while a.Left > 0 && b.Left > 0 && c.Left > 0 && d.Left > 0 do
        let steps = min (min a.Left b.Left) (min c.Left d.Left)

        forward4<'V, 'T>(
            &Unsafe.Add(&entries, a.At),
            &Unsafe.Add(&entries, b.At),
            &Unsafe.Add(&entries, c.At),
            &Unsafe.Add(&entries, d.At),
            nativeint steps,
            &table,
            &weights,
            &Unsafe.Add(&lines, a.Index * width),
            &Unsafe.Add(&lines, b.Index * width),
            &Unsafe.Add(&lines, c.Index * width),
            &Unsafe.Add(&lines, d.Index * width)
        )

        a.Walk steps
        b.Walk steps
        c.Walk steps
        d.Walk steps
        a.Take(rows, examples, &next)
        b.Take(rows, examples, &next)
        c.Take(rows, examples, &next)
        d.Take(rows, examples, &next)

    // Fewer than four examples are left; each is finished separately.
    forward1<'V, 'T>(&Unsafe.Add(&entries, a.At), nativeint a.Left, &table, &weights, &Unsafe.Add(&lines, a.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, b.At), nativeint b.Left, &table, &weights, &Unsafe.Add(&lines, b.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, c.At), nativeint c.Left, &table, &weights, &Unsafe.Add(&lines, c.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, d.At), nativeint d.Left, &table, &weights, &Unsafe.Add(&lines, d.Index * width))

/// Adds one example's contribution to the gradient lines. Four lines are loaded before any is stored. An example's columns differ, but the
/// processor cannot know that and would wait for each store.
[<Kernel>]
let private gradient1<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (entries: byref<uint32>, steps: nativeint, table: byref<'T>, delta: byref<'T>, lines: byref<'T>)
    : unit =
    let width = nativeint 'V.Width
    let delta = 'V.Load &delta
    let mutable i = 0n

    while i < steps - 3n do
        let a = Unsafe.Add(&entries, i)
        let b = Unsafe.Add(&entries, i + 1n)
        let c = Unsafe.Add(&entries, i + 2n)
        let d = Unsafe.Add(&entries, i + 3n)
        let lineA = &Unsafe.Add(&lines, Entry.column a * width)
        let lineB = &Unsafe.Add(&lines, Entry.column b * width)
        let lineC = &Unsafe.Add(&lines, Entry.column c * width)
        let lineD = &Unsafe.Add(&lines, Entry.column d * width)
        let sumA = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, Entry.byte a)), delta, 'V.Load &lineA)
        let sumB = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, Entry.byte b)), delta, 'V.Load &lineB)
        let sumC = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, Entry.byte c)), delta, 'V.Load &lineC)
        let sumD = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, Entry.byte d)), delta, 'V.Load &lineD)
        'V.Store(sumA, &lineA)
        'V.Store(sumB, &lineB)
        'V.Store(sumC, &lineC)
        'V.Store(sumD, &lineD)
        i <- i + 4n

    while i < steps do
        let entry = Unsafe.Add(&entries, i)
        let line = &Unsafe.Add(&lines, Entry.column entry * width)
        'V.Store('V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, Entry.byte entry)), delta, 'V.Load &line), &line)
        i <- i + 1n

/// Computes outputs = x·W for the selected examples x, with one register type.
let private forwardWith<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (weights: ReadOnlySpan<'T>)
    (outputs: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit =
    let linesOfWeights = &MemoryMarshal.GetReference space
    let lines = space.Slice(rows.Width * 'V.Width, examples.Length * 'V.Width)
    let linesOfOutputs = &MemoryMarshal.GetReference lines
    let mutable column = 0

    while column < width do
        // The last block of columns overlaps the one before, so that it fills a register. Columns computed twice have the same bits.
        let first = if width >= 'V.Width then min column (width - 'V.Width) else 0
        // An example without entries is skipped, so its outputs must be 0 already.
        lines.Clear()
        MatrixProduct.spread<'V, 'T>(weights, &linesOfWeights, width, first)
        forwardAll<'V, 'T>(rows, examples, &table[0], &linesOfWeights, &linesOfOutputs)
        gather<'V, 'T>(&linesOfOutputs, outputs, width, first)
        column <- column + 'V.Width

/// Computes gradient = xᵀ·δ for the selected examples x, with one register type.
let private gradientWith<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (deltas: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit =
    let lines = space.Slice(0, rows.Width * 'V.Width)
    let linesOfDeltas = space.Slice(lines.Length, examples.Length * 'V.Width)
    let line = &MemoryMarshal.GetReference lines
    let delta = &MemoryMarshal.GetReference linesOfDeltas
    let entries = &MemoryMarshal.GetReference rows.Entries
    let mutable column = 0

    while column < width do
        let first = if width >= 'V.Width then min column (width - 'V.Width) else 0
        lines.Clear()
        MatrixProduct.spread<'V, 'T>(deltas, &delta, width, first)

        for i in 0 .. examples.Length - 1 do
            let start = rows.Starts[examples[i]]
            let steps = rows.Starts[examples[i] + 1] - start

            gradient1<'V, 'T>(&Unsafe.Add(&entries, start), nativeint steps, &table[0], &Unsafe.Add(&delta, i * 'V.Width), &line)

        gather<'V, 'T>(&line, gradient, width, first)
        column <- column + 'V.Width

/// Returns the number of lanes of the widest register; 0 on a machine without vectors.
let private registerWidth<'T> () : int =
    if Vector512.IsHardwareAccelerated then Vector512<'T>.Count
    elif Vector256.IsHardwareAccelerated then Vector256<'T>.Count
    elif Vector128.IsHardwareAccelerated then Vector128<'T>.Count
    else 0

/// <summary>Returns the size of the workspace that a product with this many inputs and examples needs for its lines.</summary>
let spaceFor<'T> (inputs: int) (examples: int) : int = Checked.(*) (Checked.(+) inputs examples) (registerWidth<'T>())

let private check (name: string) (length: int) (rows: int) (columns: int) =
    let needed = int64 rows * int64 columns

    if columns < 0 || int64 length < needed then
        raise (ArgumentException($"The span has {length} elements, too few for a matrix of {rows} × {columns}.", name))

/// <summary>Computes outputs = x·W for the selected examples x.</summary>
/// <param name="rows">All examples. Their number of columns is the number of rows of W.</param>
/// <param name="examples">The indices of the selected examples, in order.</param>
/// <param name="table">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
/// <param name="weights">W, inputs × width, row-major.</param>
/// <param name="outputs">examples × width, row-major; overwritten.</param>
/// <param name="width">The number of outputs per example.</param>
/// <param name="space">The workspace, of the size that <c>spaceFor</c> returns, ideally aligned to 64 bytes; overwritten.</param>
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
    check (nameof space) space.Length (spaceFor<'T> rows.Width examples.Length) 1
    let weights = weights.Slice(0, rows.Width * width)
    let outputs = outputs.Slice(0, examples.Length * width)

    if Vector512.IsHardwareAccelerated then
        forwardWith<Register512<'T>, 'T> rows examples table weights outputs width space
    elif Vector256.IsHardwareAccelerated then
        forwardWith<Register256<'T>, 'T> rows examples table weights outputs width space
    elif Vector128.IsHardwareAccelerated then
        forwardWith<Register128<'T>, 'T> rows examples table weights outputs width space
    else
        for i in 0 .. examples.Length - 1 do
            let walk = Walk<'T>(rows, examples[i], table)

            for j in 0 .. width - 1 do
                let mutable sum = 'T.Zero

                for n in 0 .. walk.Entries.Length - 1 do
                    let entry = walk.Entries[n]
                    let x = walk.Table[int (Entry.byte entry)]
                    sum <- 'T.FusedMultiplyAdd(x, weights[int (Entry.column entry) * width + j], sum)

                outputs[i * width + j] <- sum

/// <summary>Computes gradient = xᵀ·δ for the selected examples x.</summary>
/// <param name="rows">All examples. Their number of columns is the number of rows of the gradient.</param>
/// <param name="examples">The indices of the selected examples, in order.</param>
/// <param name="table">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
/// <param name="deltas">δ, examples × width, row-major.</param>
/// <param name="gradient">inputs × width, row-major; overwritten.</param>
/// <param name="width">The number of outputs per example.</param>
/// <param name="space">The workspace, of the size that <c>spaceFor</c> returns, ideally aligned to 64 bytes; overwritten.</param>
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
    check (nameof space) space.Length (spaceFor<'T> rows.Width examples.Length) 1
    let deltas = deltas.Slice(0, examples.Length * width)
    let gradient = gradient.Slice(0, rows.Width * width)

    if Vector512.IsHardwareAccelerated then
        gradientWith<Register512<'T>, 'T> rows examples table deltas gradient width space
    elif Vector256.IsHardwareAccelerated then
        gradientWith<Register256<'T>, 'T> rows examples table deltas gradient width space
    elif Vector128.IsHardwareAccelerated then
        gradientWith<Register128<'T>, 'T> rows examples table deltas gradient width space
    else
        gradient.Clear()

        for i in 0 .. examples.Length - 1 do
            let walk = Walk<'T>(rows, examples[i], table)

            for n in 0 .. walk.Entries.Length - 1 do
                let entry = walk.Entries[n]
                let x = walk.Table[int (Entry.byte entry)]
                let row = int (Entry.column entry) * width

                for j in 0 .. width - 1 do
                    let cell = &gradient[row + j]
                    cell <- 'T.FusedMultiplyAdd(x, deltas[i * width + j], cell)
