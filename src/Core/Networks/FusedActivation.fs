namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics

/// The activation of a layer's sums, which keeps the sums if the derivative is a function of them.
[<Sealed>]
type internal FusedActivation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (activation: Activation, capacity: int, outputs: int) =
    let needsSums = Activation.source activation = DerivativeSource.Input
    let sums: 'T array = if needsSums then BatchArray.create capacity outputs else [||]

    /// Adds the biases to the sums and applies the activation, in place.
    member _.Apply(values: Span<'T>, biases: ReadOnlySpan<'T>) : unit =
        if needsSums then
            Elementwise.addToRows values biases false
            values.CopyTo(Span sums)
            Activation.apply activation values
        else
            Activation.applyToSums activation values biases

    /// Replaces the gradient with respect to the outputs by the one with respect to the sums.
    member _.Backward(values: ReadOnlySpan<'T>, gradient: Span<'T>) : unit =
        let sums = ReadOnlySpan(sums, 0, (if needsSums then gradient.Length else 0))
        Activation.backward activation sums values gradient
