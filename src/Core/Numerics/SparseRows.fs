namespace CuteDl.Core.Numerics

#nowarn "9" // Addresses, which are only prefetched.

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// <summary>Rows of bytes of which most are 0. The array is not copied, and must not change.</summary>
type SparseRows =
    private
        { width: int
          cells: byte array }

    /// <summary>The number of columns.</summary>
    member rows.Width = rows.width

    /// <summary>The number of rows.</summary>
    member rows.Count = rows.cells.Length / rows.width

    /// <summary>The bytes of a row.</summary>
    /// <param name="row">The index of the row.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such row.</exception>
    member rows.Row(row: int) = ReadOnlySpan<byte>(rows.cells, row * rows.width, rows.width)

    /// Prefetches a row into the cache, without waiting.
    member internal rows.Prefetch(row: int) : unit =
        if Sse.IsSupported then
            let mutable at = row * rows.width
            let last = at + rows.width

            while at < last do
                // If the garbage collector moves the array meanwhile, the prefetch is useless but harmless: nothing is read.
                Sse.Prefetch0(Unsafe.AsPointer &rows.cells[at])
                at <- at + 64

    /// The address of a row, and of those that follow it; 0 if there is none. The garbage collector may move the array, so nothing may be read
    /// there.
    member internal rows.AddressOf(row: int) : nativeint =
        if row < 0 || row >= rows.Count then
            0n
        else
            NativePtr.toNativeInt (NativePtr.ofVoidPtr<byte>(Unsafe.AsPointer &rows.cells[row * rows.width]))

    /// Prefetches four cache lines into the L2 cache, without waiting. Any address is allowed.
    [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
    static member internal PrefetchLines(address: nativeint) : unit =
        if Sse.IsSupported then
            Sse.Prefetch1(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address))
            Sse.Prefetch1(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(address + 64n)))
            Sse.Prefetch1(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(address + 128n)))
            Sse.Prefetch1(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(address + 192n)))

/// <summary>Creates sparse rows.</summary>
module SparseRows =
    /// <summary>The number of neighbouring columns that the sparse products compute or skip together.</summary>
    let groupSize = 4

    /// <summary>Returns the share of groups of <c>groupSize</c> bytes, counted from the first, of which any byte is not 0.</summary>
    let occupancy (cells: byte array) : float =
        let cells = ReadOnlySpan cells
        let groups = (cells.Length + groupSize - 1) / groupSize
        let mutable occupied = 0

        for group in 0 .. groups - 1 do
            let start = group * groupSize

            if cells.Slice(start, min groupSize (cells.Length - start)).IndexOfAnyExcept 0uy >= 0 then
                occupied <- occupied + 1

        float occupied / float (max 1 groups)

    /// <summary>Returns the rows of a row-major matrix of bytes.</summary>
    /// <param name="cells">The matrix, rows × width.</param>
    /// <param name="width">The number of columns, at least 1.</param>
    /// <exception cref="T:System.ArgumentException">The width is below 1, or the number of cells is not a multiple of it.</exception>
    let ofCells (cells: byte array) (width: int) : SparseRows =
        if width < 1 || cells.Length % width <> 0 then
            raise (
                ArgumentException(
                    $"{cells.Length} cells cannot be divided into rows of {width}. The width must be at least 1, and divide the number of cells.",
                    nameof width
                )
            )

        { width = width; cells = cells }
