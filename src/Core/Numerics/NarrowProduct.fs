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

/// Rows of W of at most one register, each copied to a line of its own, so that one aligned load fetches it. The lanes behind
/// a row hold what follows it in memory; they are computed with and never looked at.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private spread<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>> (source: ReadOnlySpan<'T>, lines: byref<'T>, width: int) : unit =
    let rows = source.Length / width
    let first = &MemoryMarshal.GetReference source
    // The last rows are too near the end for a whole register.
    let whole = max 0 ((source.Length - 'V.Width) / width)

    for row in 0 .. whole - 1 do
        'V.Store('V.Load(&Unsafe.Add(&first, row * width)), &Unsafe.Add(&lines, row * 'V.Width))

    for row in whole .. rows - 1 do
        for j in 0 .. width - 1 do
            Unsafe.Add(&lines, row * 'V.Width + j) <- source[row * width + j]

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

/// An example on its way through forward1: where its bytes are, how many are left, and whose outputs they make.
[<Struct; NoEquality; NoComparison>]
type private Place =
    val mutable At: int
    val mutable Left: int
    val mutable Index: int

    /// The next example that has bytes; those without any have outputs of 0. None left: Left stays 0.
    member place.Take(rows: SparseRows, examples: ReadOnlySpan<int>, next: byref<int>) =
        place.Left <- 0

        while place.Left = 0 && next < examples.Length do
            let example = examples[next]
            place.At <- rows.Starts[example]
            place.Left <- rows.Starts[example + 1] - place.At
            place.Index <- next
            next <- next + 1

/// Outputs of at most one register each, from spread weights, into lines. Four examples go side by side, because one alone is a
/// chain in which every multiply-add waits for the one before; where one ends, the next takes its place.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private forward1<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (rows: SparseRows, examples: ReadOnlySpan<int>, values: byref<'T>, weights: byref<'T>, lines: byref<'T>)
    : unit =
    let columns = &MemoryMarshal.GetReference rows.Columns
    let bytes = &MemoryMarshal.GetReference rows.Values
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
    let mutable sumA = 'V.Zero
    let mutable sumB = 'V.Zero
    let mutable sumC = 'V.Zero
    let mutable sumD = 'V.Zero

    while a.Left > 0 && b.Left > 0 && c.Left > 0 && d.Left > 0 do
        let steps = min (min a.Left b.Left) (min c.Left d.Left)
        let atA = a.At
        let atB = b.At
        let atC = c.At
        let atD = d.At

        for i in 0 .. steps - 1 do
            let x = 'V.Broadcast(Unsafe.Add(&values, int (Unsafe.Add(&bytes, atA + i))))
            sumA <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, int (Unsafe.Add(&columns, atA + i)) * width)), sumA)
            let x = 'V.Broadcast(Unsafe.Add(&values, int (Unsafe.Add(&bytes, atB + i))))
            sumB <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, int (Unsafe.Add(&columns, atB + i)) * width)), sumB)
            let x = 'V.Broadcast(Unsafe.Add(&values, int (Unsafe.Add(&bytes, atC + i))))
            sumC <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, int (Unsafe.Add(&columns, atC + i)) * width)), sumC)
            let x = 'V.Broadcast(Unsafe.Add(&values, int (Unsafe.Add(&bytes, atD + i))))
            sumD <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, int (Unsafe.Add(&columns, atD + i)) * width)), sumD)

        a.At <- atA + steps
        b.At <- atB + steps
        c.At <- atC + steps
        d.At <- atD + steps
        a.Left <- a.Left - steps
        b.Left <- b.Left - steps
        c.Left <- c.Left - steps
        d.Left <- d.Left - steps

        if a.Left = 0 then
            'V.Store(sumA, &Unsafe.Add(&lines, a.Index * width))
            sumA <- 'V.Zero
            a.Take(rows, examples, &next)

        if b.Left = 0 then
            'V.Store(sumB, &Unsafe.Add(&lines, b.Index * width))
            sumB <- 'V.Zero
            b.Take(rows, examples, &next)

        if c.Left = 0 then
            'V.Store(sumC, &Unsafe.Add(&lines, c.Index * width))
            sumC <- 'V.Zero
            c.Take(rows, examples, &next)

        if d.Left = 0 then
            'V.Store(sumD, &Unsafe.Add(&lines, d.Index * width))
            sumD <- 'V.Zero
            d.Take(rows, examples, &next)

    // Fewer than four are left: each to its end.
    for place in 0..3 do
        let mutable rest = a
        let mutable sum = sumA

        if place = 1 then
            rest <- b
            sum <- sumB
        elif place = 2 then
            rest <- c
            sum <- sumC
        elif place = 3 then
            rest <- d
            sum <- sumD

        if rest.Left > 0 then
            for i in rest.At .. rest.At + rest.Left - 1 do
                let x = 'V.Broadcast(Unsafe.Add(&values, int (Unsafe.Add(&bytes, i))))
                sum <- 'V.MultiplyAdd(x, 'V.Load(&Unsafe.Add(&weights, int (Unsafe.Add(&columns, i)) * width)), sum)

            'V.Store(sum, &Unsafe.Add(&lines, rest.Index * width))

/// One example's part in a gradient of lines.
[<MethodImpl(MethodImplOptions.AggressiveOptimization)>]
let private gradient1<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>> (walk: Walk<'T>, delta: byref<'T>, lines: byref<'T>) : unit =
    let delta = 'V.Load &delta
    let columns = &MemoryMarshal.GetReference walk.Columns
    let values = &MemoryMarshal.GetReference walk.Values
    let table = &MemoryMarshal.GetReference walk.Table

    for i in 0 .. walk.Values.Length - 1 do
        let line = &Unsafe.Add(&lines, int (Unsafe.Add(&columns, i)) * 'V.Width)
        let x = 'V.Broadcast(Unsafe.Add(&table, int (Unsafe.Add(&values, i))))
        'V.Store('V.MultiplyAdd(x, delta, 'V.Load &line), &line)

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
    spread<Register512<'T>, 'T>(weights, &linesOfWeights, width)
    forward1<Register512<'T>, 'T>(rows, examples, &table[0], &linesOfWeights, &linesOfOutputs)
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
    spread<Register512<'T>, 'T>(deltas, &delta, width)

    for i in 0 .. examples.Length - 1 do
        gradient1<Register512<'T>, 'T>(Walk<'T>(rows, examples[i], table), &Unsafe.Add(&delta, i * Vector512<'T>.Count), &line)

    gather<Register512<'T>, 'T>(&line, gradient, width)
