namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data

[<Sealed>]
type internal FlattenOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(length: int, capacity: int) =
    inherit LayerOperation<'T>(TensorShape.Flat length, capacity)

    override layer.Forward(_, input, _, _, _) = input.CopyTo(Span layer.Outputs)

    override layer.Backward(_, _, _, _, inputGradient) =
        ReadOnlySpan(layer.OutputGradient, 0, inputGradient.Length).CopyTo inputGradient

/// <summary>The values of an image as one vector: the channels of each position, position by position in row-major order.</summary>
[<Sealed>]
type Flatten() =
    inherit Layer(Flatten.Kind, [])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "flatten"
          Summary = "the conversion of an image to a vector: the channels of each position, position by position"
          Formula = ""
          Shapes = "c × h × w → a vector of c·h·w"
          Source = ""
          Class = typeof<Flatten>
          Arguments = []
          Make = fun _ -> Flatten() }

    override _.Size = OutputSize.OfInput
    override _.OutputOf(input) = Ok(TensorShape.Flat input.Length)

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        FlattenOperation<'T>(input.Length, capacity)

    override _.AddToOnnx(graph, input, _, _) =
        match input.Shape with
        | TensorShape.Flat _ -> input
        | TensorShape.Planes _ ->
            let flat = graph.Map("Flatten", graph.ChannelsLast input, [], [ "axis", OnnxAttribute.Whole 1L ])
            { flat with Shape = TensorShape.Flat input.Shape.Length }
