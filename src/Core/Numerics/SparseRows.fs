namespace CuteDl.Core.Numerics

open System
open System.Runtime.CompilerServices
open System.Runtime.Intrinsics.X86

/// <summary>Rows of bytes of which only those other than 0 are kept, in ascending order of their columns.</summary>
type SparseRows =
    private
        { width: int
          starts: int array
          entries: uint32 array }

    /// <summary>The length of a row, zeros included.</summary>
    member rows.Width = rows.width

    /// <summary>Where each row begins in Entries; one more than there are rows.</summary>
    member rows.Starts = ReadOnlySpan<int> rows.starts

    /// <summary>The bytes that are kept, each with its column: 256 · column + byte, so that one load brings both.</summary>
    member rows.Entries = ReadOnlySpan<uint32> rows.entries

    /// Asks for a row's entries to be brought from memory into the cache, without waiting for them.
    member internal rows.Prefetch(row: int) : unit =
        if Sse.IsSupported then
            let mutable at = rows.starts[row]

            while at < rows.starts[row + 1] do
                // An array that is moved meanwhile makes this useless, not wrong: nothing is read.
                Sse.Prefetch0(Unsafe.AsPointer &rows.entries[at])
                at <- at + 64 / sizeof<uint32>

    /// <summary>How many rows there are.</summary>
    member rows.Count = rows.starts.Length - 1

/// <summary>Making sparse rows.</summary>
module SparseRows =
    /// <summary>The most columns that rows can have.</summary>
    let largestWidth = 1 <<< 24

    /// <summary>The share of bytes other than 0.</summary>
    let density (cells: byte array) : float = float (cells.Length - Span(cells).Count 0uy) / float (max 1 cells.Length)

    /// <summary>The rows of a matrix of bytes that lies row after row.</summary>
    /// <param name="cells">Rows × width.</param>
    /// <param name="width">The length of a row, at most <c>largestWidth</c>.</param>
    /// <exception cref="T:System.ArgumentException">The width is out of its range, or the cells are no whole rows.</exception>
    let ofCells (cells: byte array) (width: int) : SparseRows =
        if width < 1 || width > largestWidth || cells.Length % width <> 0 then
            raise (
                ArgumentException(
                    $"{cells.Length} cells are no rows of {width}; a width from 1 to {largestWidth} is expected.",
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

/// What an entry of sparse rows says. Native integers, because they address memory without further conversion.
module internal Entry =
    let inline column (entry: uint32) = nativeint (entry >>> 8)
    let inline byte (entry: uint32) = nativeint (entry &&& 0xFFu)

/// One example of sparse rows, and the numbers that its bytes stand for.
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type internal Walk<'T> =
    val Entries: ReadOnlySpan<uint32>
    val Table: ReadOnlySpan<'T>

    new(rows: SparseRows, example: int, table: 'T array) =
        let start = rows.Starts[example]

        { Entries = rows.Entries.Slice(start, rows.Starts[example + 1] - start)
          Table = ReadOnlySpan table }
