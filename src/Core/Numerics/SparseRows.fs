namespace CuteDl.Core.Numerics

open System
open System.Runtime.CompilerServices

/// <summary>Rows of bytes of which only those other than 0 are kept, in ascending order of their columns.</summary>
type SparseRows =
    private
        { width: int
          starts: int array
          columns: uint16 array
          values: byte array }

    /// <summary>The length of a row, zeros included.</summary>
    member rows.Width = rows.width

    /// <summary>Where each row begins in Columns and Values; one entry more than there are rows.</summary>
    member rows.Starts = ReadOnlySpan<int> rows.starts

    /// <summary>The columns of the bytes that are kept.</summary>
    member rows.Columns = ReadOnlySpan<uint16> rows.columns

    /// <summary>The bytes that are kept.</summary>
    member rows.Values = ReadOnlySpan<byte> rows.values

    /// <summary>How many rows there are.</summary>
    member rows.Count = rows.starts.Length - 1

/// <summary>Making sparse rows.</summary>
module SparseRows =
    /// <summary>The most columns that rows can have.</summary>
    let largestWidth = int UInt16.MaxValue + 1

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
        let columns = Array.zeroCreate kept
        let values = Array.zeroCreate kept
        let mutable next = 0

        for row in 0 .. rows - 1 do
            starts[row] <- next

            for column in 0 .. width - 1 do
                let value = cells[row * width + column]

                if value <> 0uy then
                    columns[next] <- uint16 column
                    values[next] <- value
                    next <- next + 1

        starts[rows] <- next

        { width = width; starts = starts; columns = columns; values = values }

/// One example of sparse rows, and the numbers that its bytes stand for.
[<Struct; IsByRefLike; NoEquality; NoComparison>]
type internal Walk<'T> =
    val Columns: ReadOnlySpan<uint16>
    val Values: ReadOnlySpan<byte>
    val Table: ReadOnlySpan<'T>

    new(rows: SparseRows, example: int, table: 'T array) =
        let start = rows.Starts[example]
        let length = rows.Starts[example + 1] - start

        { Columns = rows.Columns.Slice(start, length)
          Values = rows.Values.Slice(start, length)
          Table = ReadOnlySpan table }
