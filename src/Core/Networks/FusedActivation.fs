namespace CuteDl.Core.Networks

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Numerics
open System.Runtime.InteropServices
open CuteDl.Core.Data
open CuteDl.Core.Numerics

/// The activation of a layer's sums, which keeps the sums if the derivative is a function of them. Several threads share large batches.
[<Sealed>]
type internal FusedActivation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (activation: Activation, capacity: int, outputs: int) =
    inherit SharedWork()

    let needsSums = Activation.source activation = DerivativeSource.Input
    let sums: 'T array = if needsSums then BatchArray.create capacity outputs else [||]

    let leastShared = Elementwise.LeastShared / int64 (Activation.cost activation)

    // The operands of the pass that threads share. Without biases, it is the backward pass.
    let mutable sharedValues = Pinned<'T>()
    let mutable sharedBiases = Pinned<'T>()
    let mutable sharedGradient = Pinned<'T>()

    /// Applies the activation to a range of the sums, which begins at a multiple of the biases' length.
    let apply (values: Span<'T>) (biases: ReadOnlySpan<'T>) (first: int) (past: int) =
        let values = values.Slice(first, past - first)

        if needsSums then
            Elementwise.addToRows values biases false
            values.CopyTo(Span(sums).Slice first)
            Activation.apply activation values
        else
            Activation.applyToSums activation values biases

    let backward (values: ReadOnlySpan<'T>) (gradient: Span<'T>) (first: int) (past: int) =
        let length = past - first

        let sums = if needsSums then ReadOnlySpan(sums, first, length) else ReadOnlySpan<'T>.Empty

        Activation.backward activation sums (values.Slice(first, length)) (gradient.Slice(first, length))

    override _.Run(part, parts) =
        let length = sharedValues.Length

        if sharedBiases.Length > 0 then
            let struct (first, past) = SharedWork.Range(length, sharedBiases.Length, part, parts)
            apply sharedValues.Span sharedBiases.ReadOnly first past
        else
            let struct (first, past) = SharedWork.Range(length, Elementwise.columnsOfLine<'T>, part, parts)
            backward sharedValues.ReadOnly sharedGradient.Span first past

    /// Adds the biases to the sums and applies the activation, in place.
    member fused.Apply(values: Span<'T>, biases: ReadOnlySpan<'T>) : unit =
        let parts = Team.Parts(int64 values.Length, leastShared, values.Length / biases.Length)

        if parts = 1 then
            apply values biases 0 values.Length
        else
            use pinnedValues = fixed &MemoryMarshal.GetReference values
            use pinnedBiases = fixed &MemoryMarshal.GetReference biases
            sharedValues <- Pinned(pinnedValues, values.Length)
            sharedBiases <- Pinned(pinnedBiases, biases.Length)
            Team.Run(fused, parts)

    /// Replaces the gradient with respect to the outputs by the one with respect to the sums.
    member fused.Backward(values: ReadOnlySpan<'T>, gradient: Span<'T>) : unit =
        let parts =
            if activation = Linear then
                1
            else
                Team.Parts(int64 values.Length, leastShared, values.Length / Elementwise.columnsOfLine<'T>)

        if parts = 1 then
            backward values gradient 0 gradient.Length
        else
            use pinnedValues = fixed &MemoryMarshal.GetReference values
            use pinnedGradient = fixed &MemoryMarshal.GetReference gradient
            sharedValues <- Pinned(pinnedValues, values.Length)
            sharedBiases <- Pinned<'T>()
            sharedGradient <- Pinned(pinnedGradient, gradient.Length)
            Team.Run(fused, parts)
