namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

[<Sealed>]
type internal DenseOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (inputs: int, units: int, activation: Activation, capacity: int) =
    inherit LayerOperation<'T>(TensorShape.Flat units, capacity)

    let weightCount = inputs * units

    // The examples of the sparse products; ValueNone unless the layer is the first.
    let mutable sparse: SparseBatch<'T> voption = ValueNone

    let fused = FusedActivation<'T>(activation, capacity, units)

    let weightsOf (parameters: ReadOnlySpan<'T>) = parameters.Slice(0, weightCount)

    let activate (sums: Span<'T>) (parameters: ReadOnlySpan<'T>) = fused.Apply(sums, parameters.Slice(weightCount, units))

    /// Returns the gradient with respect to the sums, and writes the one of the biases.
    member private layer.Delta(rows: int, gradient: Span<'T>) : ReadOnlySpan<'T> =
        let delta = Span(layer.OutputGradient, 0, rows * units)
        fused.Backward(ReadOnlySpan(layer.Outputs, 0, rows * units), delta)
        Elementwise.sumOfRows (Span<_>.op_Implicit delta) (gradient.Slice(weightCount, units))
        Span<_>.op_Implicit delta

    override layer.Forward(rows, input, parameters, _, _) =
        let output = Span(layer.Outputs, 0, rows * units)

        MatrixProduct.multiply
            input
            (MatrixProduct.rowMajor inputs)
            (weightsOf parameters)
            (MatrixProduct.rowMajor units)
            output
            rows
            inputs
            units

        activate output parameters

    override layer.Backward(rows, input, parameters, gradient, inputGradient) =
        let delta = layer.Delta(rows, gradient)

        MatrixProduct.multiply
            input
            (MatrixProduct.transposed inputs)
            delta
            (MatrixProduct.rowMajor units)
            (gradient.Slice(0, weightCount))
            inputs
            rows
            units

        if not inputGradient.IsEmpty then
            MatrixProduct.multiply
                delta
                (MatrixProduct.rowMajor units)
                (weightsOf parameters)
                (MatrixProduct.transposed units)
                inputGradient
                rows
                units
                inputs

    interface ISparseLayer<'T> with
        member _.PrepareSparse() = sparse <- ValueSome(SparseBatch<'T>(inputs, capacity))

        member layer.Forward(examples, parameters) =
            let output = Span(layer.Outputs, 0, examples.Chosen.Length * units)
            sparse.Value.Read(examples.Rows, examples.Chosen)
            SparseProduct.forward sparse.Value examples.Table (weightsOf parameters) output units
            activate output parameters

        member layer.Backward(examples, gradient) =
            let delta = layer.Delta(examples.Chosen.Length, gradient)
            let weights = gradient.Slice(0, weightCount)
            SparseProduct.gradient sparse.Value examples.Table delta weights units

/// <summary>A dense layer: activation(x·W + b), where W is inputs × units.</summary>
/// <param name="units">The number of units, at least 1.</param>
/// <param name="activation">The activation.</param>
[<Sealed>]
type Dense(units: int, activation: Activation) =
    inherit Layer(Dense.Kind, [ LayerValue.Whole units; LayerValue.Activation activation ])

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "dense"
          Summary = "a dense layer: weighted sums of all inputs, and an activation"
          Formula = "activation(x·W + b)"
          Shapes = "a vector → a vector of units"
          Source = ""
          Class = typeof<Dense>
          Arguments =
            [ { Name = "units"
                Summary = "the number of units"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Required }
              { Name = "activation"
                Summary = "the activation"
                Form = LayerForm.Activation
                Default = LayerDefault.Constant(LayerValue.Activation Linear) } ]
          Make = fun values -> Dense(LayerValue.whole values[0], LayerValue.activation values[1]) }

    /// <summary>The number of units.</summary>
    member _.Units = units

    /// <summary>The activation.</summary>
    member _.Activation = activation

    override _.Size = OutputSize.Units units

    override _.OutputOf(input) =
        match input with
        | TensorShape.Flat _ -> Ok(TensorShape.Flat units)
        | TensorShape.Planes _ -> Error $"A dense layer takes a vector, not values of the shape {input}. Put flatten before it."

    override _.TensorsOf(input) =
        [ { Name = "weight"
            Shape = [ input.Length; units ]
            Initial = InitialValues.Weights(input.Length, units) }
          { Name = "bias"; Shape = [ units ]; Initial = InitialValues.Constant 0.0 } ]

    override _.OutputActivation = ValueSome activation

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        DenseOperation<'T>(input.Length, units, activation, capacity)

    override _.AddToOnnx(graph, input, name, parameters) =
        let inputs = input.Shape.Length

        let weight =
            graph.Constant($"{name}.weight", [ inputs; units ], Array.truncate (inputs * units) parameters)

        let bias = graph.Constant($"{name}.bias", [ units ], Array.skip (inputs * units) parameters)
        let sums = graph.Map("Gemm", input, [ weight; bias ], [])
        Activation.addToOnnx graph activation { sums with Shape = TensorShape.Flat units }

    override _.ToString() = $"{units}({activation})"
