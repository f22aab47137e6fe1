namespace CuteDl.Core.Data

open System
open System.Numerics
open CuteDl.Core.Numerics

/// <summary>Creates arrays of one row per example.</summary>
[<RequireQualifiedAccess>]
module internal BatchArray =
    /// Returns an array of capacity × width zeros.
    let create<'T> (capacity: int) (width: int) : 'T array =
        let length = int64 capacity * int64 width

        if capacity < 1 || length > int64 Array.MaxLength then
            raise (
                ArgumentOutOfRangeException(
                    nameof capacity,
                    capacity,
                    $"A batch must have from 1 to {Array.MaxLength / width} examples for a layer of {width} values."
                )
            )

        Array.zeroCreate (int length)

/// <summary>The examples of a batch as rows of bytes of which most are 0, and the numbers that the bytes represent.</summary>
[<Struct; NoEquality; NoComparison>]
type SparseExamples<'T> internal (rows: SparseRows, table: 'T array, chosen: int array, count: int) =
    /// <summary>The rows, of which some are the batch.</summary>
    member _.Rows = rows

    /// <summary>The 256 numbers that the bytes represent.</summary>
    member _.Table = table

    /// <summary>The indices of the batch's rows.</summary>
    member _.Chosen = ReadOnlySpan<int>(chosen, 0, count)

/// <summary>
/// A batch of examples and targets, as the first layer of a model takes it: numbers in rows, or sparse rows of bytes. Its arrays are
/// allocated at construction, so filling it allocates nothing. Not thread-safe.
/// </summary>
/// <param name="inputs">The number of values of an example, at least 1.</param>
/// <param name="targets">The number of targets of an example, at least 1.</param>
/// <param name="capacity">The largest number of examples, at least 1.</param>
/// <param name="prefersSparse">True if the first layer computes faster from sparse rows.</param>
[<Sealed>]
type Batch<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(inputs: int, targets: int, capacity: int, prefersSparse: bool) =
    let inputRows: 'T array = BatchArray.create capacity inputs
    let targetRows: 'T array = BatchArray.create capacity targets
    let chosen: int array = Array.zeroCreate capacity
    let mutable sparse: SparseExamples<'T> voption = ValueNone

    /// <summary>The largest number of examples.</summary>
    member _.Capacity = capacity

    /// <summary>The number of targets of an example.</summary>
    member _.TargetLength = targets

    /// <summary>The examples as numbers, capacity × the values of an example, row-major. The caller writes them.</summary>
    member _.Inputs = inputRows

    /// <summary>The targets, capacity × the targets of an example, row-major. The caller writes them.</summary>
    member _.Targets = targetRows

    /// <summary>True if the first layer computes faster from sparse rows.</summary>
    member _.PrefersSparse = prefersSparse

    /// <summary>The sparse rows; ValueNone if <c>Inputs</c> are the examples.</summary>
    member _.Sparse = sparse

    /// <summary>Makes sparse rows the examples. <c>Inputs</c> is then ignored.</summary>
    /// <param name="rows">The rows of bytes, as wide as an example.</param>
    /// <param name="values">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
    /// <param name="examples">The indices of the rows of the batch, at most the capacity.</param>
    /// <exception cref="T:System.ArgumentException">
    /// The first layer does not take sparse rows, the rows have another width, or there are too many indices.
    /// </exception>
    member _.ReadSparse(rows: SparseRows, values: 'T array, examples: ReadOnlySpan<int>) : unit =
        if not prefersSparse then
            raise (ArgumentException("The first layer does not take sparse rows. Write the examples into Inputs.", nameof rows))

        if rows.Width <> inputs then
            raise (ArgumentException($"The rows have {rows.Width} bytes each, but an example has {inputs} values.", nameof rows))

        if examples.Length > capacity then
            raise (ArgumentException($"The batch must have from 1 to {capacity} examples, not {examples.Length}.", nameof examples))

        examples.CopyTo(Span chosen)
        sparse <- ValueSome(SparseExamples(rows, values, chosen, examples.Length))

    /// <summary>Makes <c>Inputs</c> the examples. This is the default.</summary>
    member _.ReadInputs() : unit = sparse <- ValueNone
