namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics.Arithmetic

[<Sealed>]
type internal EmbeddingOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (length: int, units: int, values: int, capacity: int) =
    inherit LayerOperation<'T>(TensorShape.Planes(units, 1, length), capacity)

    // The rows of the table in the forward pass, and in the gradient. Only these rows of the gradient are written.
    let rowsSeen: int array = BatchArray.create capacity length
    let rowsWritten: int array = BatchArray.create capacity length
    let mutable written = 0

    override layer.Forward(rows, input, parameters, _, _) =
        for i in 0 .. rows * length - 1 do
            let value = Double.CreateTruncating input[i]

            if not (value >= 0.0 && value < float values && Math.Floor value = value) then
                raise (
                    ArgumentException(
                        FormattableString.Invariant
                            $"An input of the embedding is {value}. Inputs must be whole numbers from 0 to {values - 1}."
                    )
                )

            let row = int value
            rowsSeen[i] <- row
            parameters.Slice(row * units, units).CopyTo(Span(layer.Outputs, i * units, units))

    override layer.Backward(rows, _, _, gradient, inputGradient) =
        for i in 0 .. written - 1 do
            gradient.Slice(rowsWritten[i] * units, units).Clear()

        for i in 0 .. rows * length - 1 do
            let target = gradient.Slice(rowsSeen[i] * units, units)
            let delta = ReadOnlySpan(layer.OutputGradient, i * units, units)

            for j in 0 .. units - 1 do
                target[j] <- target[j] + delta[j]

        written <- rows * length
        Array.Copy(rowsSeen, rowsWritten, written)
        // The outputs are constant between whole numbers.
        inputGradient.Clear()

/// <summary>
/// An embedding: each input, a whole number below <c>values</c>, selects a row of a table. The rows are the channels of an image of height 1.
/// </summary>
/// <param name="units">The number of values in a row, at least 1.</param>
/// <param name="values">The number of rows, at least 1.</param>
[<Sealed>]
type Embedding(units: int, values: int) =
    inherit Layer(Embedding.Kind, [ LayerValue.Whole units; LayerValue.Whole values ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "embedding"
          Summary = "an embedding: each input, a whole number, selects a row of a table"
          Formula = "W[x]"
          Shapes = "a vector of n whole numbers → units × 1 × n"
          Source = "Bengio et al. 2003, \"A neural probabilistic language model\""
          Class = typeof<Embedding>
          Arguments =
            [ { Name = "units"
                Summary = "the number of values in a row"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Required }
              { Name = "values"
                Summary = "the number of rows; inputs are below it"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Required } ]
          Make = fun given -> Embedding(LayerValue.whole given[0], LayerValue.whole given[1]) }

    override _.Size = OutputSize.OfInput

    override _.OutputOf(input) =
        match input with
        | TensorShape.Flat length when int64 values * int64 units <= int64 Array.MaxLength -> Ok(TensorShape.Planes(units, 1, length))
        | TensorShape.Flat _ -> Error $"An embedding of {values} rows of {units} values is larger than an array can be."
        | TensorShape.Planes _ ->
            Error $"An embedding takes a vector of whole numbers, not values of the shape {input}. Put flatten before it."

    // One weight makes an output, and each input is in one output of each unit.
    override _.TensorsOf(_) =
        [ { Name = "weight"; Shape = [ values; units ]; Initial = InitialValues.Weights(1, units) } ]

    override _.InputsBelow = ValueSome values
    override _.OutputActivation = ValueSome Linear

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        EmbeddingOperation<'T>(input.Length, units, values, capacity)

    override _.AddToOnnx(graph, input, name, parameters) =
        let weight = graph.Constant($"{name}.weight", [ values; units ], parameters)
        let rows = graph.Node("Cast", [ input.Name ], [ "to", OnnxAttribute.Whole OnnxType.Int64 ])
        let chosen = graph.Node("Gather", [ weight; rows ], [])
        // The height of the image.
        let image = graph.Node("Unsqueeze", [ chosen; graph.Constant [ 1L ] ], [])
        { input with Name = image; Shape = TensorShape.Planes(units, 1, input.Shape.Length) }
