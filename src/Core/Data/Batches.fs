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
    let count (examples: int) (batchSize: int) = (examples + batchSize - 1) / batchSize

    /// <summary>The examples of an epoch in their order.</summary>
    /// <param name="order">Which order.</param>
    /// <param name="examples">How many examples there are.</param>
    /// <param name="seed">Which shuffle.</param>
    /// <param name="epoch">Counted from 0.</param>
    let permutation (order: Order) (examples: int) (seed: int) (epoch: int) : int array =
        match order with
        | FileOrder -> Array.init examples id
        | Shuffled -> Combinatorics.GeneratePermutation(examples, Random.stream seed $"shuffle/{epoch}")

    // The 256 values of value / 255, each rounded once.
    let private scaled<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : 'T array =
        [| for value in 0..255 -> 'T.CreateTruncating(float value / 255.0) |]

    /// A table of the type, made once for each precision.
    type private Scale<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> private () =
        static let table = scaled<'T>
        static member Table = table

    /// <summary>Makes examples the next batch of a network: features to read, labels one-hot in its targets.</summary>
    /// <param name="set">Where they come from.</param>
    /// <param name="examples">Which ones, in their order; at most the network's capacity.</param>
    /// <param name="network">The network.</param>
    let load (set: DataSet) (examples: ReadOnlySpan<int>) (network: Network<'T>) : unit =
        let table = Scale<'T>.Table
        let classes = network.Model.Outputs
        let targets = Span(network.Targets, 0, examples.Length * classes)
        targets.Clear()

        for row in 0 .. examples.Length - 1 do
            targets[row * classes + int set.Labels[examples[row]]] <- 'T.One

        match set.Sparse with
        | Some rows when network.TakesSparseRows -> network.ReadSparse(rows, table, examples)
        | _ ->
            network.ReadInputs()

            for row in 0 .. examples.Length - 1 do
                let bytes = ReadOnlySpan(set.Features, examples[row] * set.Width, set.Width)
                let target = Span(network.Inputs, row * set.Width, set.Width)

                for i in 0 .. bytes.Length - 1 do
                    target[i] <- table[int bytes[i]]
