namespace CuteDl.Core.Numerics

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics.X86

/// <summary>Sparse rows of bytes: only the non-zero bytes are stored, in ascending order of their columns.</summary>
type SparseRows =
    private
        { width: int
          starts: int array
          entries: uint32 array }

    /// <summary>The number of columns, zeros included.</summary>
    member rows.Width = rows.width

    /// <summary>The index in Entries at which each row starts. It has one more element than there are rows.</summary>
    member rows.Starts = ReadOnlySpan<int> rows.starts

    /// <summary>The stored bytes, each packed with its column as 256 · column + byte, so that one load reads both.</summary>
    member rows.Entries = ReadOnlySpan<uint32> rows.entries

    /// Prefetches a row's entries into the cache, without waiting.
    member internal rows.Prefetch(row: int) : unit =
        if Sse.IsSupported then
            let mutable at = rows.starts[row]

            while at < rows.starts[row + 1] do
                // If the garbage collector moves the array meanwhile, the prefetch is useless but harmless: nothing is read.
                Sse.Prefetch0(Unsafe.AsPointer &rows.entries[at])
                at <- at + 64 / sizeof<uint32>

    /// <summary>The number of rows.</summary>
    member rows.Count = rows.starts.Length - 1

/// <summary>Creates sparse rows.</summary>
module SparseRows =
    /// <summary>The largest number of columns.</summary>
    let largestWidth = 1 <<< 24

    /// <summary>Returns the share of non-zero bytes.</summary>
    let density (cells: byte array) : float = float (cells.Length - Span(cells).Count 0uy) / float (max 1 cells.Length)

    /// <summary>Returns the sparse rows of a row-major matrix of bytes.</summary>
    /// <param name="cells">The matrix, rows × width.</param>
    /// <param name="width">The number of columns, from 1 to <c>largestWidth</c>.</param>
    /// <exception cref="T:System.ArgumentException">The width is out of its range, or the number of cells is not a multiple of
    /// it.</exception>
    let ofCells (cells: byte array) (width: int) : SparseRows =
        if width < 1 || width > largestWidth || cells.Length % width <> 0 then
            raise (
                ArgumentException(
                    $"{cells.Length} cells cannot be divided into rows of {width}. The width must divide the number of cells, and be from 1 to {largestWidth}.",
                    nameof width
                )
            )

        let rows = cells.Length / width
        let kept = cells.Length - Span(cells).Count 0uy
        let starts = Array.zeroCreate (rows + 1)
        let entries = Array.zeroCreate kept
        let mutable next = 0

        for row in 0 .. rows - 1 do
            starts[row] <- next

            for column in 0 .. width - 1 do
                let value = cells[row * width + column]

                if value <> 0uy then
                    entries[next] <- uint32 column <<< 8 ||| uint32 value
                    next <- next + 1

        starts[rows] <- next

        { width = width; starts = starts; entries = entries }

/// Unpacks the entries of sparse rows. Native integers can address memory without a conversion.
module internal Entry =
    let inline column (entry: uint32) = nativeint (entry >>> 8)
    let inline byte (entry: uint32) = nativeint (entry &&& 0xFFu)

/// One example of sparse rows, with the table of the numbers that its bytes represent.
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type internal Walk<'T> =
    val Entries: ReadOnlySpan<uint32>
    val Table: ReadOnlySpan<'T>

    new(rows: SparseRows, example: int, table: 'T array) =
        let start = rows.Starts[example]

        { Entries = rows.Entries.Slice(start, rows.Starts[example + 1] - start)
          Table = ReadOnlySpan table }
