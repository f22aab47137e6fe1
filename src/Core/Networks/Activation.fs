namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>What a layer does to each of its sums.</summary>
type Activation =
    /// <summary>a = z</summary>
    | Linear
    /// <summary>a = max(z, 0); its derivative at 0 is 0.</summary>
    | ReLU
    /// <summary>a = 1 / (1 + e⁻ᶻ)</summary>
    | Sigmoid
    /// <summary>a = tanh z</summary>
    | Tanh

    /// <summary>The name in lower case: linear, relu, sigmoid, tanh.</summary>
    override activation.ToString() =
        match activation with
        | Linear -> "linear"
        | ReLU -> "relu"
        | Sigmoid -> "sigmoid"
        | Tanh -> "tanh"

/// <summary>Activations over arrays, in place.</summary>
module Activation =
    /// <summary>All of them.</summary>
    let all = [ Linear; ReLU; Sigmoid; Tanh ]

    let inline private overwrite (values: Span<'T>) ([<InlineIfLambda>] f: 'T -> 'T) =
        for i in 0 .. values.Length - 1 do
            values[i] <- f values[i]

    /// <summary>z becomes a.</summary>
    let apply<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (activation: Activation) (values: Span<'T>) : unit =
        match activation with
        | Linear -> ()
        // NaN stays NaN: a diverged run must not pass for a quiet one.
        | ReLU -> Elementwise.clearWhereNotPositive values (Span<_>.op_Implicit values)
        | Sigmoid -> overwrite values (fun z -> 'T.One / ('T.One + 'T.Exp(-z)))
        | Tanh -> overwrite values (fun z -> 'T.Tanh z)

    /// The sums x·W of a layer, row after row, become a: with the layer's biases added, in one pass where the activation allows it.
    let internal applyToSums (activation: Activation) (sums: Span<'T>) (biases: ReadOnlySpan<'T>) : unit =
        Elementwise.addToRows sums biases (activation = ReLU)

        if activation <> ReLU then
            apply activation sums

    let inline private scale (gradient: Span<'T>) (outputs: ReadOnlySpan<'T>) ([<InlineIfLambda>] derivative: 'T -> 'T) =
        for i in 0 .. gradient.Length - 1 do
            gradient[i] <- gradient[i] * derivative outputs[i]

    /// <summary>The gradient with respect to a becomes that with respect to z; every derivative is a function of a alone.</summary>
    let backward<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (activation: Activation)
        (outputs: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : unit =
        match activation with
        | Linear -> ()
        | ReLU -> Elementwise.clearWhereNotPositive gradient outputs
        | Sigmoid -> scale gradient outputs (fun a -> a * ('T.One - a))
        | Tanh -> scale gradient outputs (fun a -> 'T.One - a * a)
