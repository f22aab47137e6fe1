/// The products of SparseProduct for outputs that fit one of the widest registers, as the ten singles of the document's model do.
///
/// The same chains in the same order. Why it is faster: each row of W, and of its gradient, is laid out to a line of the cache of its
/// own, so that a byte costs one aligned load (and, backward, one store) where the rows as they lie would cost two of each, half of them
/// across two lines. Forward, four examples go side by side.
module internal CuteDl.Core.Numerics.NarrowProduct

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// The way back. A row's register overwrites the beginning of the next row, which is written after it.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private gather<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>> (lines: byref<'T>, target: Span<'T>, width: int) : unit =
    let rows = target.Length / width
    let first = &MemoryMarshal.GetReference target
    let whole = max 0 ((target.Length - 'V.Width) / width)

    for row in 0 .. whole - 1 do
        'V.Store('V.Load(&Unsafe.Add(&lines, row * 'V.Width)), &Unsafe.Add(&first, row * width))

    for row in whole .. rows - 1 do
        for j in 0 .. width - 1 do
            target[row * width + j] <- Unsafe.Add(&lines, row * 'V.Width + j)

/// Four examples' outputs, from lines of weights: the next so many entries of each, added to its line. Four go side by side, because
/// one alone is a chain in which every multiply-add waits for the one before.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
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

/// One example's outputs, from the given entry to its last.
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

/// How many examples ahead their entries are asked for: data sets are larger than the cache.
let private ahead = 5

/// An example on its way through forwardAll: where its next entry is, how many are left, and whose outputs they make.
[<Struct; NoEquality; NoComparison>]
type private Place =
    val mutable At: int
    val mutable Left: int
    val mutable Index: int

    /// The next example that has entries; those without any have outputs of 0. None left: Left stays 0.
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

/// Outputs of at most one register each, into lines that hold zeros, four examples at a time; where one ends, the next takes its place.
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

    // Fewer than four are left: each to its end.
    forward1<'V, 'T>(&Unsafe.Add(&entries, a.At), nativeint a.Left, &table, &weights, &Unsafe.Add(&lines, a.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, b.At), nativeint b.Left, &table, &weights, &Unsafe.Add(&lines, b.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, c.At), nativeint c.Left, &table, &weights, &Unsafe.Add(&lines, c.Index * width))
    forward1<'V, 'T>(&Unsafe.Add(&entries, d.At), nativeint d.Left, &table, &weights, &Unsafe.Add(&lines, d.Index * width))

/// One example's part in a gradient of lines. Four lines are read before any is written: an example's columns differ, but the
/// processor cannot know that, and would wait for each store.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
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

/// Whether a row of so many numbers fits one of the machine's widest registers, but not a narrower one.
let isNarrow<'T> (width: int) =
    Vector512.IsHardwareAccelerated && width <= Vector512<'T>.Count && width > Vector256<'T>.Count

/// The numbers of space that a product of so many inputs and examples needs to lay its rows out in lines; none for other widths.
let spaceFor<'T> (inputs: int) (examples: int) (width: int) : int =
    if isNarrow<'T> width then (inputs + examples) * Vector512<'T>.Count else 0

/// outputs = x·W for the chosen examples x.
let forward
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (weights: ReadOnlySpan<'T>)
    (outputs: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit =
    let linesOfWeights = &MemoryMarshal.GetReference space
    let lines = space.Slice(rows.Width * Vector512<'T>.Count, examples.Length * Vector512<'T>.Count)
    // An example without bytes is passed over, and has outputs of 0.
    lines.Clear()
    let linesOfOutputs = &MemoryMarshal.GetReference lines
    MatrixProduct.spread<Register512<'T>, 'T>(weights, &linesOfWeights, width)
    forwardAll<Register512<'T>, 'T>(rows, examples, &table[0], &linesOfWeights, &linesOfOutputs)
    gather<Register512<'T>, 'T>(&linesOfOutputs, outputs, width)

/// gradient = xᵀ·δ for the chosen examples x.
let gradient
    (rows: SparseRows)
    (examples: ReadOnlySpan<int>)
    (table: 'T array)
    (deltas: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    (space: Span<'T>)
    : unit =
    let lines = space.Slice(0, rows.Width * Vector512<'T>.Count)
    let linesOfDeltas = space.Slice(lines.Length, examples.Length * Vector512<'T>.Count)
    lines.Clear()
    let line = &MemoryMarshal.GetReference lines
    let delta = &MemoryMarshal.GetReference linesOfDeltas
    let entries = &MemoryMarshal.GetReference rows.Entries
    MatrixProduct.spread<Register512<'T>, 'T>(deltas, &delta, width)

    for i in 0 .. examples.Length - 1 do
        let start = rows.Starts[examples[i]]
        let steps = rows.Starts[examples[i] + 1] - start

        gradient1<Register512<'T>, 'T>(
            &Unsafe.Add(&entries, start),
            nativeint steps,
            &table[0],
            &Unsafe.Add(&delta, i * Vector512<'T>.Count),
            &line
        )

    gather<Register512<'T>, 'T>(&line, gradient, width)
