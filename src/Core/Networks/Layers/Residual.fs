namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics

[<Sealed>]
type internal ResidualOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (shape: TensorShape, layers: Layer list, capacity: int) =
    inherit LayerOperation<'T>(shape, capacity)

    let chain = LayerChain<'T>(shape, layers, capacity)

    override layer.Forward(rows, input, parameters, isTraining, key) =
        chain.Forward(0, rows, input, parameters, isTraining, key)
        let output = Span(layer.Outputs, 0, rows * layer.Length)
        input.CopyTo output
        Elementwise.add output (ReadOnlySpan(chain.Last.Outputs, 0, output.Length))

    override layer.Backward(rows, input, parameters, gradient, inputGradient) =
        let delta = ReadOnlySpan(layer.OutputGradient, 0, rows * layer.Length)
        delta.CopyTo(Span chain.Last.OutputGradient)
        chain.Backward(0, rows, input, parameters, gradient, inputGradient)

        if not inputGradient.IsEmpty then
            Elementwise.add inputGradient delta

/// <summary>A residual connection: the input plus the output of layers, which have the shape of the input.</summary>
/// <param name="layers">The layers, at least one.</param>
[<Sealed>]
type Residual(layers: Layer list) =
    inherit Layer(Residual.Kind, [ LayerValue.Layers layers ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "residual"
          Summary = "a residual connection: the input plus the output of layers, which have the shape of the input"
          Formula = "x + layers(x)"
          Shapes = "any shape → the same"
          Source = "He et al. 2015, \"Deep residual learning for image recognition\""
          Class = typeof<Residual>
          Arguments =
            [ { Name = "layers"
                Summary = "the layers of the connection"
                Form = LayerForm.Layers
                Default = LayerDefault.Required } ]
          Make = fun values -> Residual(LayerValue.layers values[0]) }

    override _.Size = OutputSize.AsInput

    override layer.OutputOf(input) =
        match Layers.shapes input layers with
        | Error problem -> Error problem
        | Ok shapes when List.last shapes = input -> Ok input
        | Ok shapes ->
            Error
                $"The layers of {layer} turn values of the shape {input} into the shape {List.last shapes}. Their output must have the shape of their input."

    override _.TensorsOf(input) =
        Layers.tensors input layers
        |> List.map (fun (index, tensor) -> { tensor with Name = $"{index}.{tensor.Name}" })

    override _.InputsBelow = layers |> List.tryHead |> ValueOption.ofOption |> ValueOption.bind _.InputsBelow
    override _.IsRandom = layers |> List.exists _.IsRandom
    override _.OutputActivation = ValueSome Linear

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        ResidualOperation<'T>(input, layers, capacity)

    override _.AddToOnnx(graph, input, name, parameters) =
        let output = Layers.addToOnnx graph name layers parameters input
        let added = if output.IsChannelsFirst then graph.ChannelsFirst input else graph.ChannelsLast input
        graph.Map("Add", output, [ added.Name ], [])
