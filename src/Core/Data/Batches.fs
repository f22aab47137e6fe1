namespace CuteDl.Core.Data

open System
open System.Numerics
open MathNet.Numerics
open CuteDl.Core.Networks
open CuteDl.Core.Numerics

/// <summary>In which order an epoch goes through the examples.</summary>
type Order =
    /// <summary>As they lie in the files, every epoch: the document's order.</summary>
    | FileOrder
    /// <summary>A new permutation each epoch, from the seed and the epoch's number alone.</summary>
    | Shuffled

    /// <summary>file, shuffle.</summary>
    override order.ToString() =
        match order with
        | FileOrder -> "file"
        | Shuffled -> "shuffle"

/// <summary>Examples on their way into a network: bytes become value / 255, labels become a 1 in a row of zeros.</summary>
module Batches =
    /// <summary>How many batches an epoch has; the last one may be smaller.</summary>
    let count (examples: int) (batchSize: int) : int =
        // Not (examples + batchSize - 1) / batchSize: the sum of large numbers overflows.
        examples / batchSize + (if examples % batchSize = 0 then 0 else 1)

    /// <summary>The examples of an epoch in their order.</summary>
    /// <param name="order">Which order.</param>
    /// <param name="examples">How many examples there are.</param>
    /// <param name="seed">Which shuffle.</param>
    /// <param name="epoch">Counted from 0.</param>
    let permutation (order: Order) (examples: int) (seed: int) (epoch: int) : int array =
        match order with
        | FileOrder -> Array.init examples id
        | Shuffled -> Combinatorics.GeneratePermutation(examples, RandomStream.stream seed $"shuffle/{epoch}")

    // The 256 values of value / 255, each rounded once.
    let private scaled<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : 'T array =
        [| for value in 0..255 -> 'T.CreateTruncating(float value / 255.0) |]

    /// A table of the type, made once for each precision.
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
                raise (ArgumentException($"example {examples[row]} is of class {label}, expected 0 to {classes - 1}.", nameof set))

            targets[row * classes + label] <- 'T.One

    /// <summary>Writes examples out as numbers: features / 255, and labels one-hot.</summary>
    /// <param name="set">Where they come from.</param>
    /// <param name="classes">The length of a row of targets.</param>
    /// <param name="examples">Which ones, in their order.</param>
    /// <param name="inputs">Overwritten with the features, row after row.</param>
    /// <param name="targets">Overwritten with the labels, one-hot, row after row.</param>
    let fill (set: DataSet) (classes: int) (examples: ReadOnlySpan<int>) (inputs: Span<'T>) (targets: Span<'T>) : unit =
        let table = Scale<'T>.Table

        for row in 0 .. examples.Length - 1 do
            let bytes = ReadOnlySpan(set.Features, examples[row] * set.Width, set.Width)
            let target = inputs.Slice(row * set.Width, set.Width)

            for i in 0 .. bytes.Length - 1 do
                target[i] <- table[int bytes[i]]

        writeTargets set classes examples targets

    /// <summary>
    /// Makes examples the next batch of a network. Where they are mostly zeros the network reads them as they lie; otherwise
    /// they are written out into its space for inputs. As long as the weights are finite, the results are the same bits.
    /// </summary>
    /// <param name="set">Where they come from.</param>
    /// <param name="examples">Which ones, in their order; at most the network's capacity.</param>
    /// <param name="network">The network.</param>
    let load (set: DataSet) (examples: ReadOnlySpan<int>) (network: Network<'T>) : unit =
        let classes = network.Model.Outputs

        match set.Sparse with
        | Some rows when network.TakesSparseRows ->
            network.ReadSparse(rows, Scale<'T>.Table, examples)
            writeTargets set classes examples (Span network.Targets)
        | _ ->
            network.ReadInputs()
            fill set classes examples (Span network.Inputs) (Span network.Targets)
