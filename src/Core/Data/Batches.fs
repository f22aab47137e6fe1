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

/// <summary>Converts examples to inputs and targets: bytes to value / 255, labels to one-hot rows.</summary>
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

    let private writeTargets
        (set: DataSet)
        (classes: int)
        (examples: ReadOnlySpan<int>)
        (targets: Span<'T>)
        : unit when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T> =
        targets.Slice(0, examples.Length * classes).Clear()

        for row in 0 .. examples.Length - 1 do
            let label = int set.Labels[examples[row]]

            if label >= classes then
                raise (
                    ArgumentException($"The label of example {examples[row]} is {label}. It must be from 0 to {classes - 1}.", nameof set)
                )

            targets[row * classes + label] <- 'T.One

    /// <summary>Writes examples as numbers: features / 255, and one-hot labels.</summary>
    /// <param name="set">The data set.</param>
    /// <param name="classes">The number of classes: the length of a row of targets.</param>
    /// <param name="examples">The indices of the examples, in order.</param>
    /// <param name="inputs">Receives the features, row-major.</param>
    /// <param name="targets">Receives the one-hot labels, row-major.</param>
    let fill (set: DataSet) (classes: int) (examples: ReadOnlySpan<int>) (inputs: Span<'T>) (targets: Span<'T>) : unit =
        let table = Scale<'T>.Table

        for row in 0 .. examples.Length - 1 do
            let bytes = ReadOnlySpan(set.Features, examples[row] * set.Width, set.Width)
            let target = inputs.Slice(row * set.Width, set.Width)

            for i in 0 .. bytes.Length - 1 do
                target[i] <- table[int bytes[i]]

        writeTargets set classes examples targets

    /// <summary>
    /// Writes examples into a batch: as sparse rows if most features are zeros and the first layer prefers them, otherwise as numbers. The
    /// results have the same bits if the weights are finite.
    /// </summary>
    /// <param name="set">The data set.</param>
    /// <param name="examples">The indices of the examples, in order; at most the batch's capacity.</param>
    /// <param name="batch">The batch.</param>
    let load (set: DataSet) (examples: ReadOnlySpan<int>) (batch: Batch<'T>) : unit =
        let classes = batch.TargetLength

        match set.Sparse with
        | Some rows when batch.PrefersSparse ->
            batch.ReadSparse(rows, Scale<'T>.Table, examples)
            writeTargets set classes examples (Span batch.Targets)
        | _ ->
            batch.ReadInputs()
            fill set classes examples (Span batch.Inputs) (Span batch.Targets)
