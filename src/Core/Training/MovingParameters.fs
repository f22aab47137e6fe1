namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Numerics
open CuteDl.Core.Optimizers

/// The parameters that an optimizer does not freeze. Sums over several tensors in a training are over these alone.
[<Sealed>]
type internal MovingParameters<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(optimizer: Optimizer, layout: Layout) =

    // Offsets and lengths. Neighbours are one range, so that without frozen tensors a sum has the bits of a sum over all parameters.
    let ranges: struct (int * int) array =
        let plan = State<'T>.PlanOf(optimizer, layout)
        let ranges = List<struct (int * int)>()

        plan.Tensors
        |> Array.iteri (fun k tensor ->
            if (plan.SegmentsOf k).Length > 0 && tensor.Length > 0 then
                let struct (start, length) = if ranges.Count > 0 then ranges[ranges.Count - 1] else struct (-1, 0)

                if start >= 0 && start + length = tensor.Offset then
                    ranges[ranges.Count - 1] <- struct (start, length + tensor.Length)
                else
                    ranges.Add(struct (tensor.Offset, tensor.Length)))

        ranges.ToArray()

    /// Σ x².
    member _.Squares(values: ReadOnlySpan<'T>) : float =
        let mutable sum = 0.0

        for struct (start, length) in ranges do
            sum <- sum + Reductions.squares (values.Slice(start, length))

        sum

    /// Σ (x − y)².
    member _.SquaresOfDifferences(x: ReadOnlySpan<'T>, y: ReadOnlySpan<'T>) : float =
        let mutable sum = 0.0

        for struct (start, length) in ranges do
            sum <- sum + Reductions.squaresOfDifferences (x.Slice(start, length)) (y.Slice(start, length))

        sum

    /// True if all values are finite.
    member _.AreFinite(values: ReadOnlySpan<'T>) : bool =
        let mutable areFinite = true

        for struct (start, length) in ranges do
            areFinite <- areFinite && not (Double.IsNaN(Reductions.finite (values.Slice(start, length))))

        areFinite
