/// Computes the two products of a first layer whose examples are mostly zeros: x·W and xᵀ·δ.
///
/// It uses the same chains of fused multiply-adds as MatrixProduct, in the same order, without most of the terms whose factor x is 0. Those
/// terms do not change the bits of a finite sum. Each byte of an example is an index into a table of 256 numbers.
///
/// Performance: bytes that are not 0 are neighbours more often than not, so four columns are computed or skipped together. One line of
/// outputs (or of δ) is then loaded for four multiply-adds, and four rows of W (or of its gradient) stay in registers for all examples of a
/// batch. Rows are read and written in place. The examples are never expanded to numbers.
module internal CuteDl.Core.Numerics.SparseProduct

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Buffers.Binary
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Returns the number of rows from which a whole register can be loaded at a column. In the last rows, it could exceed the end of the span.
let private wholeRows (length: int) (width: int) (column: int) (register: int) =
    if length - column < register then
        0
    else
        min (length / width) ((length - column - register) / width + 1)

/// Copies a register's width of columns of a matrix, each row to its own line. Lanes after the matrix' last column contain what follows in
/// memory. They are computed but never read.
[<Kernel>]
let private spread<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
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

/// Copies lines back to columns of a matrix. If the matrix is narrower than a register, storing a row overwrites the start of the next row,
/// which is stored after it.
[<Kernel>]
let private gather<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (lines: byref<'T>, target: Span<'T>, width: int, column: int)
    : unit =
    let rows = target.Length / width
    let first = &MemoryMarshal.GetReference target
    let whole = wholeRows target.Length width column 'V.Width

    for row in 0 .. whole - 1 do
        'V.Store('V.Load(&Unsafe.Add(&lines, row * 'V.Width)), &Unsafe.Add(&first, row * width + column))

    for row in whole .. rows - 1 do
        for j in column .. width - 1 do
            target[row * width + j] <- Unsafe.Add(&lines, row * 'V.Width + j - column)

/// Returns the bytes of a group in one number, the first byte lowest. One load and shifts are faster than four loads, because each byte
/// needs another load to become a number.
let inline private readGroup (first: byref<byte>) : uint32 =
    let bytes = Unsafe.ReadUnaligned<uint32> &first
    if BitConverter.IsLittleEndian then bytes else BinaryPrimitives.ReverseEndianness bytes

/// Adds the terms of up to 64 examples and some groups of columns to lines of outputs. Meanwhile it prefetches as many rows from an address on,
/// if that is not 0: 64 rows are four cache lines for each group.
[<Kernel>]
let private forwardGroups<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (
        cells: byref<byte>,
        pitch: nativeint,
        masks: byref<uint64>,
        groups: int,
        table: byref<'T>,
        weights: byref<'T>,
        rowPitch: nativeint,
        lines: byref<'T>,
        following: nativeint
    ) : unit =
    let width = nativeint 'V.Width

    for group in 0 .. groups - 1 do
        if following <> 0n then
            SparseRows.PrefetchLines(following + nativeint (256 * group))

        let mutable mask = Unsafe.Add(&masks, group)

        if mask <> 0UL then
            let row = &Unsafe.Add(&weights, nativeint (4 * group) * rowPitch)
            let row0 = 'V.Load &row
            let row1 = 'V.Load(&Unsafe.Add(&row, rowPitch))
            let row2 = 'V.Load(&Unsafe.Add(&row, 2n * rowPitch))
            let row3 = 'V.Load(&Unsafe.Add(&row, 3n * rowPitch))
            let column = &Unsafe.Add(&cells, 4 * group)

            while mask <> 0UL do
                let example = nativeint (uint32 (BitOperations.TrailingZeroCount mask))
                mask <- mask &&& (mask - 1UL)
                let bytes = readGroup (&Unsafe.Add(&column, example * pitch))
                let line = &Unsafe.Add(&lines, example * width)

                let sum =
                    'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, nativeint (bytes &&& 255u))), row0, 'V.Load &line)

                let sum = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 8 &&& 255u))), row1, sum)
                let sum = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 16 &&& 255u))), row2, sum)
                let sum = 'V.MultiplyAdd('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 24))), row3, sum)
                'V.Store(sum, &line)

/// Computes the rows of the gradient of some groups of columns. Storing a row can overwrite the start of the next row, which is stored after
/// it.
[<Kernel>]
let private gradientGroups<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T>>
    (
        cells: byref<byte>,
        pitch: nativeint,
        masks: byref<uint64>,
        maskPitch: int,
        chunks: int,
        groups: int,
        table: byref<'T>,
        deltas: byref<'T>,
        gradient: byref<'T>,
        rowPitch: nativeint
    ) : unit =
    let width = nativeint 'V.Width

    // Not 'V.Zero: a property of Pair is not inlined.
    let zero = 'V.Broadcast Unchecked.defaultof<'T>

    for group in 0 .. groups - 1 do
        let mutable sum0 = zero
        let mutable sum1 = zero
        let mutable sum2 = zero
        let mutable sum3 = zero

        for chunk in 0 .. chunks - 1 do
            let mutable mask = Unsafe.Add(&masks, chunk * maskPitch + group)
            let column = &Unsafe.Add(&cells, nativeint (64 * chunk) * pitch + nativeint (4 * group))
            let deltas = &Unsafe.Add(&deltas, nativeint (64 * chunk) * width)

            while mask <> 0UL do
                let example = nativeint (uint32 (BitOperations.TrailingZeroCount mask))
                mask <- mask &&& (mask - 1UL)
                let bytes = readGroup (&Unsafe.Add(&column, example * pitch))
                let delta = 'V.Load(&Unsafe.Add(&deltas, example * width))
                'V.Accumulate('V.Broadcast(Unsafe.Add(&table, nativeint (bytes &&& 255u))), delta, &sum0)
                'V.Accumulate('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 8 &&& 255u))), delta, &sum1)
                'V.Accumulate('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 16 &&& 255u))), delta, &sum2)
                'V.Accumulate('V.Broadcast(Unsafe.Add(&table, nativeint (bytes >>> 24))), delta, &sum3)

        let row = &Unsafe.Add(&gradient, nativeint (4 * group) * rowPitch)
        'V.Store(sum0, &row)
        'V.Store(sum1, &Unsafe.Add(&row, rowPitch))
        'V.Store(sum2, &Unsafe.Add(&row, 2n * rowPitch))
        'V.Store(sum3, &Unsafe.Add(&row, 3n * rowPitch))

/// Returns the number of groups whose rows of a matrix can be loaded and stored in place, by whole registers from a column on. The rows of
/// the other groups are copied from or to the edge.
let private groupsInPlace (length: int) (width: int) (column: int) (register: int) : int =
    wholeRows length width column register / SparseRows.groupSize

/// Returns the first column of the block of columns that begins at a multiple of the register's width. The last block overlaps the one
/// before, so that it fills a register. Columns computed twice have the same bits.
let private firstColumn (column: int) (width: int) (register: int) : int = max 0 (min column (width - register))

/// A part of a product: some chunks of examples, and some blocks of columns.
[<Struct; NoEquality; NoComparison>]
type private SparseShare = { Part: int; FirstChunk: int; PastChunk: int; FirstBlock: int; PastBlock: int }

/// Computes outputs = x·W for some chunks of examples and some blocks of columns, with one register type.
let private forwardWith<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T> and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (batch: SparseBatch<'T>)
    (table: 'T array)
    (weights: ReadOnlySpan<'T>)
    (outputs: Span<'T>)
    (width: int)
    (share: SparseShare)
    : unit =
    let workspace = batch.Workspace share.Part
    let firstRow = min batch.Count (64 * share.FirstChunk)
    let pastRow = min batch.Count (64 * share.PastChunk)
    let lines = workspace.Lines.Span.Slice(0, (pastRow - firstRow) * 'V.Width)
    let line = &MemoryMarshal.GetReference lines
    let edge = workspace.Edge.Span
    let cells = &MemoryMarshal.GetReference workspace.Cells.Span
    let masks = &workspace.Masks[0]
    let pitch = nativeint batch.Pitch
    let outputs = outputs.Slice(firstRow * width, (pastRow - firstRow) * width)

    for block in share.FirstBlock .. share.PastBlock - 1 do
        let first = firstColumn (block * 'V.Width) width 'V.Width
        let inPlace = groupsInPlace weights.Length width first 'V.Width
        // The rows after the last one must be finite.
        edge.Clear()
        spread<'V, 'T>(weights.Slice(4 * inPlace * width), &MemoryMarshal.GetReference edge, width, first)
        lines.Clear()

        for chunk in share.FirstChunk .. share.PastChunk - 1 do
            let cells = &Unsafe.Add(&cells, nativeint (64 * chunk) * pitch)
            let masks = &Unsafe.Add(&masks, chunk * batch.MaskPitch)
            let line = &Unsafe.Add(&line, 64 * (chunk - share.FirstChunk) * 'V.Width)
            let row = &Unsafe.Add(&MemoryMarshal.GetReference weights, first)

            // Once: in the first block of columns.
            let following =
                if block > 0 || batch.Following = 0n then
                    0n
                else
                    batch.Following + nativeint (64 * chunk) * nativeint batch.Inputs

            forwardGroups<'V, 'T>(&cells, pitch, &masks, inPlace, &table[0], &row, nativeint width, &line, following)

            forwardGroups<'V, 'T>(
                &Unsafe.Add(&cells, 4 * inPlace),
                pitch,
                &Unsafe.Add(&masks, inPlace),
                batch.Groups - inPlace,
                &table[0],
                &MemoryMarshal.GetReference edge,
                nativeint 'V.Width,
                &line,
                0n
            )

        gather<'V, 'T>(&line, outputs, width, first)

/// Computes gradient = xᵀ·δ for some blocks of columns, with one register type.
let private gradientWith<'V, 'T when 'V: struct and 'V :> IRegister<'V, 'T> and 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (batch: SparseBatch<'T>)
    (table: 'T array)
    (deltas: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    (share: SparseShare)
    : unit =
    let workspace = batch.Workspace share.Part
    let line = &MemoryMarshal.GetReference workspace.Lines.Span
    let edge = &MemoryMarshal.GetReference workspace.Edge.Span
    let cells = &MemoryMarshal.GetReference workspace.Cells.Span
    let masks = &workspace.Masks[0]
    let pitch = nativeint batch.Pitch

    for block in share.FirstBlock .. share.PastBlock - 1 do
        let first = firstColumn (block * 'V.Width) width 'V.Width
        let inPlace = groupsInPlace gradient.Length width first 'V.Width
        spread<'V, 'T>(deltas, &line, width, first)
        let row = &Unsafe.Add(&MemoryMarshal.GetReference gradient, first)

        gradientGroups<'V, 'T>(&cells, pitch, &masks, batch.MaskPitch, batch.Chunks, inPlace, &table[0], &line, &row, nativeint width)

        gradientGroups<'V, 'T>(
            &Unsafe.Add(&cells, 4 * inPlace),
            pitch,
            &Unsafe.Add(&masks, inPlace),
            batch.MaskPitch,
            batch.Chunks,
            batch.Groups - inPlace,
            &table[0],
            &line,
            &edge,
            nativeint 'V.Width
        )

        gather<'V, 'T>(&edge, gradient.Slice(4 * inPlace * width), width, first)

let private check (name: string) (length: int) (rows: int) (columns: int) =
    let needed = int64 rows * int64 columns

    if columns < 0 || int64 length < needed then
        raise (ArgumentException($"The span has {length} elements, too few for a matrix of {rows} × {columns}.", name))

/// True if the columns of a matrix fit one register. Otherwise two registers are computed at a time.
let private isNarrow<'T> (width: int) : bool = width <= WidestRegister.count<'T>()

/// Returns the number of blocks of columns.
let private blockCount<'T> (width: int) : int =
    let block = if isNarrow<'T> width then WidestRegister.count<'T>() else 2 * WidestRegister.count<'T>()
    (width + block - 1) / block

/// One of the two products for the examples of a batch, which several threads can compute.
[<Sealed>]
type private SharedSparseProduct<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>() =
    inherit SharedWork()

    member val Batch: SparseBatch<'T> voption = ValueNone with get, set
    member val Table: 'T array = [||] with get, set
    /// W in the forward product, else δ.
    member val Source = Pinned<'T>() with get, set
    /// The outputs in the forward product, else the gradient.
    member val Target = Pinned<'T>() with get, set
    member val Width = 0 with get, set
    member val IsForward = false with get, set
    /// True if the product is divided by chunks of examples, false if by blocks of columns.
    member val ByChunks = false with get, set

    member private product.RunWith<'V when 'V: struct and 'V :> IRegister<'V, 'T>>(share: SparseShare) : unit =
        let source = product.Source.ReadOnly
        let target = product.Target.Span

        if product.IsForward then
            forwardWith<'V, 'T> product.Batch.Value product.Table source target product.Width share
        else
            gradientWith<'V, 'T> product.Batch.Value product.Table source target product.Width share

    override product.Run(part, parts) =
        let whole = struct (0, 1)
        let struct (chunkPart, chunkParts) = if product.ByChunks then struct (part, parts) else whole
        let struct (blockPart, blockParts) = if product.ByChunks then whole else struct (part, parts)

        let struct (firstChunk, pastChunk) =
            SharedWork.Range(product.Batch.Value.Chunks, 1, chunkPart, chunkParts)

        let struct (firstBlock, pastBlock) =
            SharedWork.Range(blockCount<'T> product.Width, 1, blockPart, blockParts)

        let share =
            { Part = part
              FirstChunk = firstChunk
              PastChunk = pastChunk
              FirstBlock = firstBlock
              PastBlock = pastBlock }

        match isNarrow<'T> product.Width with
        | true when Vector512.IsHardwareAccelerated -> product.RunWith<Register512<'T>> share
        | false when Vector512.IsHardwareAccelerated -> product.RunWith<Pair<Register512<'T>, 'T>> share
        | true when Vector256.IsHardwareAccelerated -> product.RunWith<Register256<'T>> share
        | false when Vector256.IsHardwareAccelerated -> product.RunWith<Pair<Register256<'T>, 'T>> share
        | true -> product.RunWith<Register128<'T>> share
        | false -> product.RunWith<Pair<Register128<'T>, 'T>> share

/// The fewest multiply-adds, those with zeros included, that are worth a helper.
[<Literal>]
let private leastShared = 1_000_000L

let private multiply
    (isForward: bool)
    (batch: SparseBatch<'T>)
    (table: 'T array)
    (source: ReadOnlySpan<'T>)
    (target: Span<'T>)
    (width: int)
    : unit =
    let blocks = blockCount<'T> width
    // A block of the gradient is a sum over all chunks, in their order.
    let byChunks = isForward && batch.Chunks > blocks

    let parts =
        Team.Parts(int64 batch.Count * int64 batch.Inputs * int64 width, leastShared, (if byChunks then batch.Chunks else blocks))

    use pinnedSource = fixed &MemoryMarshal.GetReference source
    use pinnedTarget = fixed &MemoryMarshal.GetReference target
    let product = PerThread<SharedSparseProduct<'T>>.Value
    // Made before the threads use it.
    batch.Divide parts
    product.Batch <- ValueSome batch
    product.Table <- table
    product.Source <- Pinned(pinnedSource, source.Length)
    product.Target <- Pinned(pinnedTarget, target.Length)
    product.Width <- width
    product.IsForward <- isForward
    product.ByChunks <- byChunks
    Team.Run(product, parts)
    // The thread must not keep them alive.
    product.Batch <- ValueNone
    product.Table <- [||]

/// <summary>Computes outputs = x·W for the examples x of a batch.</summary>
/// <param name="batch">The examples. Their length is the number of rows of W.</param>
/// <param name="table">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
/// <param name="weights">W, inputs × width, row-major.</param>
/// <param name="outputs">examples × width, row-major; overwritten.</param>
/// <param name="width">The number of outputs per example.</param>
/// <exception cref="T:System.ArgumentException">A span is too short.</exception>
let forward
    (batch: SparseBatch<'T>)
    (table: 'T array)
    (weights: ReadOnlySpan<'T>)
    (outputs: Span<'T>)
    (width: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    check (nameof table) table.Length 256 1
    check (nameof weights) weights.Length batch.Inputs width
    check (nameof outputs) outputs.Length batch.Count width
    let weights = weights.Slice(0, batch.Inputs * width)
    let outputs = outputs.Slice(0, batch.Count * width)

    if Vector128.IsHardwareAccelerated then
        multiply true batch table weights outputs width
    else
        for i in 0 .. batch.Count - 1 do
            let cells = batch.Cells.Slice(i * batch.Pitch, batch.Inputs)

            for j in 0 .. width - 1 do
                let mutable sum = 'T.Zero

                for column in 0 .. cells.Length - 1 do
                    if cells[column] <> 0uy then
                        sum <- 'T.FusedMultiplyAdd(table[int cells[column]], weights[column * width + j], sum)

                outputs[i * width + j] <- sum

/// <summary>Computes gradient = xᵀ·δ for the examples x of a batch.</summary>
/// <param name="batch">The examples. Their length is the number of rows of the gradient.</param>
/// <param name="table">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
/// <param name="deltas">δ, examples × width, row-major.</param>
/// <param name="gradient">inputs × width, row-major; overwritten.</param>
/// <param name="width">The number of outputs per example.</param>
/// <exception cref="T:System.ArgumentException">A span is too short.</exception>
let gradient
    (batch: SparseBatch<'T>)
    (table: 'T array)
    (deltas: ReadOnlySpan<'T>)
    (gradient: Span<'T>)
    (width: int)
    : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
    check (nameof table) table.Length 256 1
    check (nameof deltas) deltas.Length batch.Count width
    check (nameof gradient) gradient.Length batch.Inputs width
    let deltas = deltas.Slice(0, batch.Count * width)
    let gradient = gradient.Slice(0, batch.Inputs * width)

    if Vector128.IsHardwareAccelerated then
        multiply false batch table deltas gradient width
    else
        gradient.Clear()

        for i in 0 .. batch.Count - 1 do
            let cells = batch.Cells.Slice(i * batch.Pitch, batch.Inputs)

            for column in 0 .. cells.Length - 1 do
                if cells[column] <> 0uy then
                    let x = table[int cells[column]]

                    for j in 0 .. width - 1 do
                        let cell = &gradient[column * width + j]
                        cell <- 'T.FusedMultiplyAdd(x, deltas[i * width + j], cell)
