namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data

[<Sealed>]
type internal ActivateOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (shape: TensorShape, activation: Activation, capacity: int) =
    inherit LayerOperation<'T>(shape, capacity)

    override layer.Forward(rows, input, _, _, _) =
        let output = Span(layer.Outputs, 0, rows * layer.Length)
        input.CopyTo output
        Activation.apply activation output

    override layer.Backward(_, input, _, _, inputGradient) =
        ReadOnlySpan(layer.OutputGradient, 0, inputGradient.Length).CopyTo inputGradient
        let input = input.Slice(0, inputGradient.Length)
        Activation.backward activation input (ReadOnlySpan(layer.Outputs, 0, inputGradient.Length)) inputGradient

/// <summary>An activation as a layer of its own.</summary>
/// <param name="activation">The activation.</param>
[<Sealed>]
type Activate(activation: Activation) =
    inherit Layer(Activate.Kind, [ LayerValue.Activation activation ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "activate"
          Summary = "an activation as a layer of its own"
          Formula = "activation(x)"
          Shapes = "any shape → the same"
          Source = ""
          Class = typeof<Activate>
          Arguments =
            [ { Name = "activation"
                Summary = "the activation"
                Form = LayerForm.Activation
                Default = LayerDefault.Required } ]
          Make = fun values -> Activate(LayerValue.activation values[0]) }

    /// <summary>The activation.</summary>
    member _.Activation = activation

    override _.Size = OutputSize.AsInput
    override _.OutputOf(input) = Ok input
    override _.OutputActivation = ValueSome activation

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        ActivateOperation<'T>(input, activation, capacity)

    override _.AddToOnnx(graph, input, _, _) = Activation.addToOnnx graph activation input
