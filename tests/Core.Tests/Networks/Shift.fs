/// A layer of one's own.
namespace CuteDl.Core.Tests

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Numerics.Arithmetic

[<Sealed>]
type ShiftOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(shape: TensorShape, capacity: int) =
    inherit LayerOperation<'T>(shape, capacity)

    override layer.Forward(_, input, parameters, _, _) =
        for i in 0 .. input.Length - 1 do
            layer.Outputs[i] <- input[i] + parameters[i % parameters.Length]

    override layer.Backward(rows, _, _, gradient, inputGradient) =
        gradient.Clear()

        for i in 0 .. rows * layer.Length - 1 do
            gradient[i % gradient.Length] <- gradient[i % gradient.Length] + layer.OutputGradient[i]

        ReadOnlySpan(layer.OutputGradient, 0, inputGradient.Length).CopyTo inputGradient

/// Adds a parameter to each value. Its gradient is the sum over the batch of the gradient with respect to the next layer's input.
[<Sealed>]
type Shift() =
    inherit Layer(Shift.Kind, [])

    static member Kind: LayerKind =
        { Name = "shift"
          Summary = "a parameter to each value"
          Formula = "x + b"
          Shapes = "any shape → the same"
          Source = ""
          Class = typeof<Shift>
          Arguments = []
          Make = fun _ -> Shift() }

    override _.Size = OutputSize.AsInput
    override _.OutputOf(input) = Ok input

    override _.TensorsOf(input) =
        // Three dimensions, with initial values that are no weights.
        [ { Name = "shift"
            Shape = [ 1; input.Positions; input.Channels ]
            Initial = InitialValues.Constant 0.25 } ]

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) = ShiftOperation<'T>(input, capacity)
