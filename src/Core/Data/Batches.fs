namespace CuteDl.Core.Data

open System
open System.Numerics
open MathNet.Numerics
open CuteDl.Core.Numerics

/// <summary>The order of examples in an epoch.</summary>
type Order =
    /// <summary>The order of the files in every epoch. The source document uses it.</summary>
    | FileOrder
    /// <summary>A new permutation in each epoch, which depends only on the seed and the number of the epoch.</summary>
    | Shuffled

    /// <summary>Returns <c>file</c> or <c>shuffle</c>.</summary>
    override order.ToString() =
        match order with
        | FileOrder -> "file"
        | Shuffled -> "shuffle"

/// <summary>Converts examples to rows of inputs and targets: bytes to value / 255, labels to one-hot rows.</summary>
module Batches =
    /// <summary>Returns the number of batches per epoch. The last batch can be smaller.</summary>
    let count (examples: int) (batchSize: int) : int =
        // (examples + batchSize - 1) / batchSize would overflow for large numbers.
        examples / batchSize + (if examples % batchSize = 0 then 0 else 1)

    /// <summary>Returns the indices of an epoch's examples, in order.</summary>
    /// <param name="order">The order.</param>
    /// <param name="examples">The number of examples.</param>
    /// <param name="seed">The seed of the permutation.</param>
    /// <param name="epoch">The number of the epoch, from 0.</param>
    let permutation (order: Order) (examples: int) (seed: int) (epoch: int) : int array =
        match order with
        | FileOrder -> Array.init examples id
        | Shuffled -> Combinatorics.GeneratePermutation(examples, RandomStream.stream seed $"shuffle/{epoch}")

    // The 256 values of value / 255, each rounded once.
    let private scaled<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : 'T array =
        [| for value in 0..255 -> 'T.CreateTruncating(float value / 255.0) |]

    /// The table of <c>scaled</c>, computed once per precision.
    type private Scale<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> private () =
        static let table = scaled<'T>
        static member Table = table

    [<Kernel>]
    let private writeTargets
        (set: DataSet)
        (outputs: int)
        (examples: ReadOnlySpan<int>)
        (rows: Span<'T>)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        match set.Targets with
        | Targets.Labels(labels, classes) ->
            if classes > outputs then
                raise (ArgumentException($"The data have {classes} classes, but a row of targets has only {outputs} values.", nameof set))

            rows.Slice(0, examples.Length * outputs).Clear()

            for row in 0 .. examples.Length - 1 do
                rows[row * outputs + labels[examples[row]]] <- 'T.One
        | Targets.Values(width, values) ->
            if width <> outputs then
                raise (ArgumentException($"The targets have {width} values, but a row has {outputs}.", nameof set))

            for row in 0 .. examples.Length - 1 do
                for i in 0 .. width - 1 do
                    rows[row * width + i] <- 'T.CreateTruncating values[examples[row] * width + i]

    [<Kernel>]
    let private writeNumbers
        (standardization: Standardization option)
        (set: DataSet)
        (examples: ReadOnlySpan<int>)
        (inputs: Span<'T>)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        let width = set.Width

        match standardization, set.Features with
        | None, Features.Bytes bytes ->
            let table = Scale<'T>.Table

            for row in 0 .. examples.Length - 1 do
                let bytes = ReadOnlySpan(bytes, examples[row] * width, width)
                let target = inputs.Slice(row * width, width)

                for i in 0 .. bytes.Length - 1 do
                    target[i] <- table[int bytes[i]]
        | None, Features.Singles values ->
            for row in 0 .. examples.Length - 1 do
                for i in 0 .. width - 1 do
                    inputs[row * width + i] <- 'T.CreateTruncating values[examples[row] * width + i]
        | None, Features.Doubles values ->
            for row in 0 .. examples.Length - 1 do
                for i in 0 .. width - 1 do
                    inputs[row * width + i] <- 'T.CreateTruncating values[examples[row] * width + i]
        | Some standardization, features ->
            for row in 0 .. examples.Length - 1 do
                for i in 0 .. width - 1 do
                    inputs[row * width + i] <- 'T.CreateTruncating(standardization.Of(i, features[examples[row] * width + i]))

    /// <summary>Writes examples as numbers: inputs, and targets as one-hot labels or values.</summary>
    /// <param name="standardization">The standardisation of the inputs.</param>
    /// <param name="set">The data set.</param>
    /// <param name="outputs">The length of a row of targets: at least the number of classes, or the width of the values.</param>
    /// <param name="examples">The indices of the examples, in order.</param>
    /// <param name="inputs">Receives the inputs, row-major.</param>
    /// <param name="targets">Receives the targets, row-major.</param>
    /// <exception cref="T:System.ArgumentException">The length of a row does not fit the targets.</exception>
    let fill
        (standardization: Standardization option)
        (set: DataSet)
        (outputs: int)
        (examples: ReadOnlySpan<int>)
        (inputs: Span<'T>)
        (targets: Span<'T>)
        : unit =
        writeNumbers standardization set examples inputs
        writeTargets set outputs examples targets

    /// <summary>
    /// Writes examples into a batch: as sparse rows if most inputs are zeros and the first layer prefers them, otherwise as numbers. The
    /// results have the same bits if the weights are finite.
    /// </summary>
    /// <param name="standardization">The standardisation of the inputs. Standardised zeros are no zeros, so the rows are then not sparse.</param>
    /// <param name="set">The data set.</param>
    /// <param name="examples">The indices of the examples, in order; at most the batch's capacity.</param>
    /// <param name="batch">The batch.</param>
    let load (standardization: Standardization option) (set: DataSet) (examples: ReadOnlySpan<int>) (batch: Batch<'T>) : unit =
        let sparse = if batch.PrefersSparse && standardization.IsNone then set.Sparse else None

        match sparse with
        | Some rows ->
            batch.ReadSparse(rows, Scale<'T>.Table, examples)
            writeTargets set batch.TargetLength examples (Span batch.Targets)
        | None ->
            batch.ReadInputs()
            fill standardization set batch.TargetLength examples (Span batch.Inputs) (Span batch.Targets)
