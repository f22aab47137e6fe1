namespace CuteDl.Core.Numerics

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open System.Runtime.Intrinsics

/// Finds the groups of columns of which a byte is not 0.
module private Groups =
    /// The number of bytes in a register, which is a block.
    [<Literal>]
    let block = 32

    let groupsOfBlock = block / SparseRows.groupSize

    /// Returns one bit for each group of a block.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    let private flagsOf (bytes: Vector256<byte>) : byte =
        byte ~~~(Vector256.Equals(bytes.AsUInt32(), Vector256<uint32>.Zero).ExtractMostSignificantBits())

    /// Copies an example, and writes a byte of flags for each block: one bit for each of its groups. The target is 0 after the example.
    [<Kernel>]
    let copy (source: byref<byte>, target: byref<byte>, length: nativeint, flags: byref<byte>) : unit =
        let size = nativeint block
        let mutable at = 0n

        while at <= length - size do
            let bytes = Vector256.LoadUnsafe(&Unsafe.Add(&source, at))
            bytes.StoreUnsafe(&Unsafe.Add(&target, at))
            Unsafe.Add(&flags, 2n * at) <- flagsOf bytes
            at <- at + size

        let rest = length - at

        if rest > 0n then
            if at > 0n && rest % nativeint SparseRows.groupSize = 0n then
                // The last block moves back, and the flags of the groups that it shares with the one before are shifted out.
                let bytes = Vector256.LoadUnsafe(&Unsafe.Add(&source, length - size))
                bytes.StoreUnsafe(&Unsafe.Add(&target, length - size))
                Unsafe.Add(&flags, 2n * at) <- flagsOf bytes >>> int (size - rest) / SparseRows.groupSize
            else
                for i in int at .. int length - 1 do
                    Unsafe.Add(&target, i) <- Unsafe.Add(&source, i)

                Unsafe.Add(&flags, 2n * at) <- flagsOf (Vector256.LoadUnsafe(&Unsafe.Add(&target, at)))

    /// Turns flags (for each block, 64 bytes of one bit a group) into masks (for each group, one bit an example).
    [<Kernel>]
    let transpose (flags: byref<byte>, masks: byref<uint64>, blocks: int) : unit =
        for b in 0 .. blocks - 1 do
            let low = Vector256.LoadUnsafe(&Unsafe.Add(&flags, 64 * b)).AsUInt16()
            let high = Vector256.LoadUnsafe(&Unsafe.Add(&flags, 64 * b + 32)).AsUInt16()

            for bit in 0 .. groupsOfBlock - 1 do
                // Shifting pairs of bytes moves a bit of each to its top. Bits that cross over stay below it.
                let first = Vector256.ShiftLeft(low, 7 - bit).AsByte().ExtractMostSignificantBits()
                let second = Vector256.ShiftLeft(high, 7 - bit).AsByte().ExtractMostSignificantBits()
                Unsafe.Add(&masks, groupsOfBlock * b + bit) <- uint64 second <<< 32 ||| uint64 first

/// <summary>The workspace of a sparse product on one thread.</summary>
/// <param name="capacity">The largest number of examples.</param>
/// <param name="lanes">The largest number of columns that are computed at a time.</param>
/// <param name="pitch">The bytes of an example, with padding.</param>
/// <param name="maskCount">The number of masks.</param>
[<Sealed>]
type internal SparseWorkspace<'T when 'T: unmanaged>(capacity: int, lanes: int, pitch: int, maskCount: int) =
    /// The examples.
    member val Cells = Aligned<byte>(Checked.(*) capacity pitch)

    /// For each chunk of examples, the masks of all groups.
    member val Masks: uint64 array = Array.zeroCreate maskCount

    /// The number of batches that had been read when the examples were written.
    member val Version = 0L with get, set

    /// A line for each example.
    member val Lines = Aligned<'T>(Checked.(*) capacity lanes)

    /// Lines for rows of a matrix whose registers reach beyond its end. Those are at most one for each lane, and fill whole groups at both
    /// ends.
    member val Edge = Aligned<'T>((lanes + 2 * SparseRows.groupSize) * lanes)

/// <summary>
/// The rows of a batch, with one bit for each example and each group of four neighbouring columns: set if a byte of the group is not 0.
/// </summary>
/// <remarks>
/// The products walk over the set bits, group by group. Examples are divided into chunks of 64, so that the bits of a group are one number.
/// Rows are copied, so that they are in the cache for both products, and padded with zeros to whole groups. Threads that share a product have
/// copies of their own: bytes here and there that another core has just written take longer to read than all of them in order.
/// </remarks>
[<Sealed>]
type internal SparseBatch<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(inputs: int, capacity: int) =
    // The number of examples by which rows are prefetched: data sets are larger than the cache, and batches can be shuffled.
    let ahead = 4

    let lanes = 2 * WidestRegister.count<'T>()

    let blocks = (inputs + Groups.block - 1) / Groups.block
    let pitch = Checked.(*) blocks Groups.block
    let maskPitch = blocks * Groups.groupsOfBlock
    let chunks = (capacity + 63) / 64
    let flags = Aligned<byte>(Checked.(*) 64 blocks)

    let newWorkspace () = SparseWorkspace<'T>(capacity, lanes, pitch, Checked.(*) chunks maskPitch)

    let first = newWorkspace ()
    let workspaces = List [ first ]
    let mutable count = 0
    let mutable version = 0L
    let mutable following = 0n

    /// The number of values of an example.
    member _.Inputs = inputs

    /// The number of examples read last.
    member _.Count = count

    /// The address of the rows that the next batch has if rows are read in order; else 0. It is only for prefetches.
    member _.Following = following

    /// The number of chunks of examples read last.
    member _.Chunks = (count + 63) / 64

    /// The number of groups of columns.
    member _.Groups = (inputs + SparseRows.groupSize - 1) / SparseRows.groupSize

    /// The examples, one each Pitch bytes.
    member _.Cells = first.Cells.Span

    /// The distance of neighbouring examples in Cells.
    member _.Pitch = pitch

    /// The distance of the masks of neighbouring chunks.
    member _.MaskPitch = maskPitch

    /// Makes the workspaces of the parts of a product.
    member _.Divide(parts: int) : unit =
        while workspaces.Count < parts do
            workspaces.Add(newWorkspace ())

    /// The workspace of one part of a product, with the examples read last.
    member _.Workspace(part: int) : SparseWorkspace<'T> =
        let workspace = workspaces[part]

        if workspace.Version <> version then
            first.Cells.Span.Slice(0, count * pitch).CopyTo workspace.Cells.Span
            first.Masks.AsSpan(0, (count + 63) / 64 * maskPitch).CopyTo(Span workspace.Masks)
            workspace.Version <- version

        workspace

    /// <summary>Reads the selected examples.</summary>
    /// <param name="rows">All examples, as wide as the inputs.</param>
    /// <param name="examples">The indices of the selected examples, at most the capacity.</param>
    /// <exception cref="T:System.ArgumentException">The rows have another width, or there are too many indices.</exception>
    member _.Read(rows: SparseRows, examples: ReadOnlySpan<int>) : unit =
        if rows.Width <> inputs then
            raise (ArgumentException($"The rows have {rows.Width} bytes each, but an example has {inputs} values.", nameof rows))

        if examples.Length > capacity then
            raise (ArgumentException($"A batch has room for {capacity} examples, not for {examples.Length}.", nameof examples))

        count <- examples.Length
        version <- version + 1L
        first.Version <- version
        let cell = &MemoryMarshal.GetReference first.Cells.Span
        let flag = &MemoryMarshal.GetReference flags.Span
        let mutable chunk = 0

        while 64 * chunk < count do
            // Flags of examples that are not there.
            if count - 64 * chunk < 64 then
                flags.Span.Clear()

            for i in 64 * chunk .. min count (64 * chunk + 64) - 1 do
                if i + ahead < count then
                    rows.Prefetch examples[i + ahead]

                Groups.copy (
                    &MemoryMarshal.GetReference(rows.Row examples[i]),
                    &Unsafe.Add(&cell, i * pitch),
                    nativeint inputs,
                    &Unsafe.Add(&flag, i % 64)
                )

            Groups.transpose (&MemoryMarshal.GetReference flags.Span, &first.Masks[chunk * maskPitch], blocks)
            chunk <- chunk + 1

        let isInOrder = count > 0 && examples[count - 1] - examples[0] = count - 1
        following <- if isInOrder then rows.AddressOf(examples[count - 1] + 1) else 0n
