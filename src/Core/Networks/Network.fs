namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics

/// <summary>
/// A model with its parameters, their gradient, and buffers for one batch. All arrays are allocated at construction, so a training step
/// allocates nothing. Not thread-safe.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="capacity">The largest number of examples in a batch, at least 1.</param>
[<Sealed>]
type Network<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(model: Model, capacity: int) =
    let parameterCount = Model.parameterCount model
    let parameters: 'T array = Array.zeroCreate parameterCount
    let gradient: 'T array = Array.zeroCreate parameterCount

    let chain = LayerChain<'T>(model.Input, model.Layers, capacity)

    // The first layer, if it can compute from sparse rows.
    let sparseLayer: ISparseLayer<'T> voption =
        match box chain.Operations[0] with
        | :? ISparseLayer<'T> as layer ->
            layer.PrepareSparse()
            ValueSome layer
        | _ -> ValueNone

    let inputs = model.Inputs
    let batch = Batch<'T>(inputs, model.Outputs, capacity, sparseLayer.IsSome)
    let last = chain.Last
    let outputs = last.Length

    let forward rows isTraining key =
        if rows < 1 || rows > capacity then
            raise (ArgumentOutOfRangeException(nameof rows, rows, $"The batch must have from 1 to {capacity} examples."))

        let input = ReadOnlySpan(batch.Inputs, 0, rows * inputs)
        let parameters = ReadOnlySpan<'T> parameters

        match sparseLayer, batch.Sparse with
        | ValueSome first, ValueSome examples ->
            if rows <> examples.Chosen.Length then
                raise (
                    ArgumentOutOfRangeException(
                        nameof rows,
                        rows,
                        $"The batch must have {examples.Chosen.Length} examples, as many as were selected for it."
                    )
                )

            first.Forward(examples, chain.Part(parameters, 0))
            chain.Forward(1, rows, input, parameters, isTraining, key)
        | _ -> chain.Forward(0, rows, input, parameters, isTraining, key)

    let evaluateLoss first rows =
        let start = first * outputs
        let length = rows * outputs

        Loss.evaluate
            model.Loss
            (ReadOnlySpan(last.Outputs, start, length))
            (ReadOnlySpan(batch.Targets, start, length))
            (Span(last.OutputGradient, start, length))
            outputs

    // The input of the first layer is data, so its gradient is not needed.
    let backward rows =
        let input = ReadOnlySpan(batch.Inputs, 0, rows * inputs)
        let parameters = ReadOnlySpan<'T> parameters
        let gradient = Span<'T> gradient

        match sparseLayer, batch.Sparse with
        | ValueSome first, ValueSome examples ->
            chain.Backward(1, rows, input, parameters, gradient, Span<'T>.Empty)
            first.Backward(examples, chain.Part(gradient, 0))
        | _ -> chain.Backward(0, rows, input, parameters, gradient, Span<'T>.Empty)

    member _.Model = model

    /// <summary>The largest number of examples in a batch.</summary>
    member _.Capacity = capacity

    /// <summary>The parameters, in the order of <c>Model.parameters</c>. The caller writes them.</summary>
    member _.Parameters = Span<'T> parameters

    /// <summary>The gradient of the last <c>Train</c>, in the same order.</summary>
    member _.Gradient = ReadOnlySpan<'T> gradient

    /// <summary>The examples and targets of the next pass. The caller fills it.</summary>
    member _.Batch = batch

    /// <summary>The numbers of the batch's examples, capacity × inputs, row-major. The caller writes them.</summary>
    member _.Inputs = batch.Inputs

    /// <summary>The batch's targets, capacity × outputs, row-major. The caller writes them.</summary>
    member _.Targets = batch.Targets

    /// <summary>The outputs of the last forward pass, capacity × outputs, row-major.</summary>
    member _.Outputs = ReadOnlySpan<'T> last.Outputs

    /// The output of a layer in the last forward pass, by its index among the model's layers: capacity × its length, row-major.
    member internal _.LayerOutputs(layer: int) = ReadOnlySpan<'T> chain.Operations[layer].Outputs

    /// <summary>Runs a forward pass without dropout over the first rows, and returns the mean loss.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of rows is not from 1 to the capacity.</exception>
    member _.Validate(rows: int) : float =
        forward rows false 0UL
        evaluateLoss 0 rows

    /// <summary>
    /// Validates several batches in one forward pass, which is faster than separate passes. Returns the sum of the batches' mean losses.
    /// </summary>
    /// <param name="rows">The number of examples in all batches together.</param>
    /// <param name="batchSize">The number of examples in a batch, at least 1. The last batch can have fewer.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of rows is not from 1 to the capacity, or the batch size is below
    /// 1.</exception>
    member _.Validate(rows: int, batchSize: int) : float =
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1)
        forward rows false 0UL
        let mutable sum = 0.0
        let mutable start = 0

        while start < rows do
            let size = min batchSize (rows - start)
            sum <- sum + evaluateLoss start size
            start <- start + size

        sum

    /// <summary>
    /// Runs a forward pass with dropout and a backward pass. Returns the mean loss; its gradient is then in <c>Gradient</c>.
    /// </summary>
    /// <param name="rows">The number of examples.</param>
    /// <param name="dropoutKey">The key of the dropout masks.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The number of rows is not from 1 to the capacity.</exception>
    member _.Train(rows: int, dropoutKey: uint64) : float =
        forward rows true dropoutKey
        let loss = evaluateLoss 0 rows
        backward rows
        loss

/// <summary>Pure functions over networks.</summary>
module Network =
    let private fill (model: Model) (name: string) (source: 'T array) (target: Span<'T>) : unit =
        if source.Length <> target.Length then
            raise (ArgumentException($"There are {source.Length} {name}, but the model {model} needs {target.Length}.", name))

        source.CopyTo target

    /// <summary>Computes the mean loss of a batch and its gradient with respect to the parameters, in new arrays.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameters">The parameters, in the order of <c>Model.parameters</c>.</param>
    /// <param name="inputs">rows × inputs, row-major.</param>
    /// <param name="targets">rows × outputs, row-major.</param>
    /// <exception cref="T:System.ArgumentException">A length does not fit the model.</exception>
    let lossAndGradient (model: Model) (parameters: 'T array) (inputs: 'T array) (targets: 'T array) : struct (float * 'T array) =
        let rows = inputs.Length / model.Inputs
        let network = Network<'T>(model, rows)

        fill model (nameof parameters) parameters network.Parameters
        fill model (nameof inputs) inputs (Span network.Inputs)
        fill model (nameof targets) targets (Span network.Targets)
        let loss = network.Train(rows, 0UL)
        struct (loss, network.Gradient.ToArray())
