namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

[<Sealed>]
type internal LayerNormOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (shape: TensorShape, epsilon: float, capacity: int) =
    inherit LayerOperation<'T>(shape, capacity)

    let width = shape.Channels
    let inverse = 'T.One / 'T.CreateTruncating width
    let epsilon = 'T.CreateTruncating epsilon

    // For each position: the inverse of the deviation. For each value: (x − mean) / deviation.
    let scales: 'T array = BatchArray.create capacity shape.Positions
    let normalized: 'T array = BatchArray.create capacity shape.Length

    [<Kernel>]
    override layer.Forward(rows, input, parameters, _, _) =
        for position in 0 .. rows * shape.Positions - 1 do
            let x = input.Slice(position * width, width)
            let z = Span(normalized, position * width, width)
            let y = Span(layer.Outputs, position * width, width)
            let mutable sum = 'T.Zero

            for i in 0 .. width - 1 do
                sum <- sum + x[i]

            let mean = sum * inverse
            let mutable squares = 'T.Zero

            for i in 0 .. width - 1 do
                let difference = x[i] - mean
                squares <- squares + difference * difference

            let scale = 'T.One / 'T.Sqrt(squares * inverse + epsilon)
            scales[position] <- scale

            for i in 0 .. width - 1 do
                z[i] <- (x[i] - mean) * scale
                y[i] <- z[i] * parameters[i] + parameters[width + i]

    [<Kernel>]
    override layer.Backward(rows, _, parameters, gradient, inputGradient) =
        gradient.Clear()

        for position in 0 .. rows * shape.Positions - 1 do
            let z = ReadOnlySpan(normalized, position * width, width)
            let delta = ReadOnlySpan(layer.OutputGradient, position * width, width)

            for i in 0 .. width - 1 do
                gradient[i] <- gradient[i] + delta[i] * z[i]
                gradient[width + i] <- gradient[width + i] + delta[i]

            if not inputGradient.IsEmpty then
                let mutable sum = 'T.Zero
                let mutable along = 'T.Zero

                for i in 0 .. width - 1 do
                    let g = delta[i] * parameters[i]
                    sum <- sum + g
                    along <- along + g * z[i]

                let sum = sum * inverse
                let along = along * inverse
                let target = inputGradient.Slice(position * width, width)

                for i in 0 .. width - 1 do
                    target[i] <- scales[position] * (delta[i] * parameters[i] - sum - z[i] * along)

/// <summary>
/// Layer normalization: the channels of each position get mean 0 and variance 1, then a gain and a bias for each channel. The channels of a
/// vector are its values.
/// </summary>
/// <param name="epsilon">The number that is added to the variance, above 0.</param>
[<Sealed>]
type LayerNorm(epsilon: float) =
    inherit Layer(LayerNorm.Kind, [ LayerValue.Number epsilon ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "layer_norm"
          Summary = "layer normalization: the values of each position get mean 0 and variance 1, then a gain and a bias for each channel"
          Formula = "gain · (x − mean) / √(variance + epsilon) + bias"
          Shapes = "any shape → the same"
          Source = "Ba et al. 2016"
          Class = typeof<LayerNorm>
          Arguments =
            [ { Name = "epsilon"
                Summary = "the number that is added to the variance"
                Form = LayerForm.Number ArgumentRange.positive
                Default = LayerDefault.Constant(LayerValue.Number 1e-5) } ]
          Make = fun values -> LayerNorm(LayerValue.number values[0]) }

    override _.Size = OutputSize.AsInput
    override _.OutputOf(input) = Ok input

    override _.TensorsOf(input) =
        [ { Name = "gain"; Shape = [ input.Channels ]; Initial = InitialValues.Constant 1.0 }
          { Name = "bias"; Shape = [ input.Channels ]; Initial = InitialValues.Constant 0.0 } ]

    override _.OutputActivation = ValueSome Linear

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        LayerNormOperation<'T>(input, epsilon, capacity)

    override _.AddToOnnx(graph, input, name, parameters) =
        let width = input.Shape.Channels
        let gain = graph.Constant($"{name}.gain", [ width ], Array.truncate width parameters)
        let bias = graph.Constant($"{name}.bias", [ width ], Array.skip width parameters)
        let attributes = [ "axis", OnnxAttribute.Whole -1L; "epsilon", OnnxAttribute.Number epsilon ]
        graph.Map("LayerNormalization", graph.ChannelsLast input, [ gain; bias ], attributes)
