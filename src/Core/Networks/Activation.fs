namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// <summary>What the derivative of an activation is computed from.</summary>
[<RequireQualifiedAccess>]
type DerivativeSource =
    /// <summary>The output a. The input need not be kept.</summary>
    | Output
    /// <summary>The input z.</summary>
    | Input

/// <summary>A function that is applied to each value.</summary>
type Activation =
    /// <summary>a = z</summary>
    | Linear
    /// <summary>a = max(z, 0); its derivative at 0 is 0.</summary>
    | ReLU
    /// <summary>a = z if z &gt; 0, else 0.01 z; its derivative at 0 is 0.01.</summary>
    | LeakyReLU
    /// <summary>a = 1 / (1 + e⁻ᶻ)</summary>
    | Sigmoid
    /// <summary>a = tanh z</summary>
    | Tanh
    /// <summary>a = z Φ(z) with the normal distribution function Φ, in its exact form (Hendrycks &amp; Gimpel 2016).</summary>
    | GELU
    /// <summary>a = z / (1 + e⁻ᶻ), also called swish.</summary>
    | SiLU
    /// <summary>a = ln(1 + eᶻ)</summary>
    | Softplus

    /// <summary>Returns the name in lower case: linear, relu, leaky-relu, ...</summary>
    override activation.ToString() =
        match activation with
        | Linear -> "linear"
        | ReLU -> "relu"
        | LeakyReLU -> "leaky-relu"
        | Sigmoid -> "sigmoid"
        | Tanh -> "tanh"
        | GELU -> "gelu"
        | SiLU -> "silu"
        | Softplus -> "softplus"

/// <summary>Applies activations to arrays, in place.</summary>
module Activation =
    /// <summary>All activations.</summary>
    let all = [ Linear; ReLU; LeakyReLU; Sigmoid; Tanh; GELU; SiLU; Softplus ]

    /// <summary>Returns what the derivative of an activation is computed from.</summary>
    let source (activation: Activation) : DerivativeSource =
        match activation with
        | Linear
        | ReLU
        | LeakyReLU
        | Sigmoid
        | Tanh -> DerivativeSource.Output
        | GELU
        | SiLU
        | Softplus -> DerivativeSource.Input

    /// Returns the approximate time of an activation, with the time of relu as the unit.
    let internal cost (activation: Activation) : int =
        match activation with
        | Linear
        | ReLU
        | LeakyReLU -> 1
        | Sigmoid
        | Tanh
        | GELU
        | SiLU
        | Softplus -> 8

    let private leak<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : 'T =
        'T.CreateTruncating 0.01

    /// <summary>Replaces every z by a.</summary>
    let apply<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (activation: Activation) (values: Span<'T>) : unit =
        match activation with
        | Linear -> ()
        // NaN stays NaN, so that divergence stays visible.
        | ReLU -> Elementwise.clearWhereNotPositive values (Span<_>.op_Implicit values)
        | LeakyReLU ->
            for i in 0 .. values.Length - 1 do
                if not ('T.op_GreaterThan (values[i], 'T.Zero)) then
                    values[i] <- values[i] * leak<'T>
        | Sigmoid -> Special.apply<Special.Sigmoid, 'T> values
        | Tanh -> Special.apply<Special.Tanh, 'T> values
        | GELU -> Special.apply<Special.Gelu, 'T> values
        | SiLU -> Special.apply<Special.Silu, 'T> values
        | Softplus -> Special.apply<Special.Softplus, 'T> values

    /// Adds a layer's biases to its sums x·W and applies the activation, in one pass for linear and relu.
    let internal applyToSums (activation: Activation) (sums: Span<'T>) (biases: ReadOnlySpan<'T>) : unit =
        Elementwise.addToRows sums biases (activation = ReLU)

        if activation <> ReLU then
            apply activation sums

    /// Adds an activation to an ONNX graph, and returns its output.
    let internal addToOnnx (graph: OnnxGraph) (activation: Activation) (input: OnnxValue) : OnnxValue =
        let map (operator: string) (others: string list) (value: OnnxValue) = graph.Map(operator, value, others, [])

        match activation with
        | Linear -> input
        | ReLU -> input |> map "Relu" []
        | LeakyReLU -> graph.Map("LeakyRelu", input, [], [ "alpha", OnnxAttribute.Number 0.01 ])
        | Sigmoid -> input |> map "Sigmoid" []
        | Tanh -> input |> map "Tanh" []
        | GELU ->
            // ½ z (1 + erf(z / √2)). The operator Gelu needs a newer version of ONNX than all others.
            let twice =
                input |> map "Mul" [ graph.Constant(sqrt 0.5) ] |> map "Erf" [] |> map "Add" [ graph.Constant 1.0 ]

            twice |> map "Mul" [ input.Name ] |> map "Mul" [ graph.Constant 0.5 ]
        | SiLU -> input |> map "Sigmoid" [] |> map "Mul" [ input.Name ]
        | Softplus -> input |> map "Softplus" []

    let inline private scale (gradient: Span<'T>) (outputs: ReadOnlySpan<'T>) ([<InlineIfLambda>] derivative: 'T -> 'T) =
        for i in 0 .. gradient.Length - 1 do
            gradient[i] <- gradient[i] * derivative outputs[i]

    /// <summary>Replaces the gradient with respect to a by the gradient with respect to z.</summary>
    /// <param name="activation">The activation.</param>
    /// <param name="inputs">The inputs z. They can be empty if the derivative is computed from the outputs.</param>
    /// <param name="outputs">The outputs a.</param>
    /// <param name="gradient">The gradient; overwritten.</param>
    let backward<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (activation: Activation)
        (inputs: ReadOnlySpan<'T>)
        (outputs: ReadOnlySpan<'T>)
        (gradient: Span<'T>)
        : unit =
        match activation with
        | Linear -> ()
        | ReLU -> Elementwise.clearWhereNotPositive gradient outputs
        | LeakyReLU -> scale gradient outputs (fun a -> if 'T.op_GreaterThan (a, 'T.Zero) then 'T.One else leak<'T>)
        | Sigmoid -> scale gradient outputs (fun a -> a * ('T.One - a))
        | Tanh -> scale gradient outputs (fun a -> 'T.One - a * a)
        | GELU -> Special.multiply<Special.GeluSlope, 'T> gradient inputs
        | SiLU -> Special.multiply<Special.SiluSlope, 'T> gradient inputs
        | Softplus -> Special.multiply<Special.Sigmoid, 'T> gradient inputs
