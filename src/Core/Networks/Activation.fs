namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>The function that a layer applies to its weighted sums.</summary>
type Activation =
    /// <summary>a = z</summary>
    | Linear
    /// <summary>a = max(z, 0); its derivative at 0 is 0.</summary>
    | ReLU
    /// <summary>a = 1 / (1 + e⁻ᶻ)</summary>
    | Sigmoid
    /// <summary>a = tanh z</summary>
    | Tanh

    /// <summary>Returns the name in lower case: linear, relu, sigmoid or tanh.</summary>
    override activation.ToString() =
        match activation with
        | Linear -> "linear"
        | ReLU -> "relu"
        | Sigmoid -> "sigmoid"
        | Tanh -> "tanh"

/// <summary>Applies activations to arrays, in place.</summary>
module Activation =
    /// <summary>All activations.</summary>
    let all = [ Linear; ReLU; Sigmoid; Tanh ]

    let inline private overwrite (values: Span<'T>) ([<InlineIfLambda>] f: 'T -> 'T) =
        for i in 0 .. values.Length - 1 do
            values[i] <- f values[i]

    /// <summary>Replaces every z by a.</summary>
    let apply<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (activation: Activation) (values: Span<'T>) : unit =
        match activation with
        | Linear -> ()
        // NaN stays NaN, so that divergence stays visible.
        | ReLU -> Elementwise.clearWhereNotPositive values (Span<_>.op_Implicit values)
        | Sigmoid -> overwrite values (fun z -> 'T.One / ('T.One + 'T.Exp(-z)))
        | Tanh -> overwrite values (fun z -> 'T.Tanh z)

    /// Adds a layer's biases to its sums x·W and applies the activation, in one pass for linear and relu.
    let internal applyToSums (activation: Activation) (sums: Span<'T>) (biases: ReadOnlySpan<'T>) : unit =
        Elementwise.addToRows sums biases (activation = ReLU)

        if activation <> ReLU then
            apply activation sums

    let inline private scale (gradient: Span<'T>) (outputs: ReadOnlySpan<'T>) ([<InlineIfLambda>] derivative: 'T -> 'T) =
        for i in 0 .. gradient.Length - 1 do
            gradient[i] <- gradient[i] * derivative outputs[i]

    /// <summary>
    /// Replaces the gradient with respect to a by the gradient with respect to z. Every derivative is a function of a alone.
    /// </summary>
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
