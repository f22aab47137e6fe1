namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// A layer with its offsets in the flat array of parameters.
type internal Operation =
    | DenseOperation of inputs: int * units: int * activation: Activation * weight: int * bias: int
    | DropoutOperation of width: int * rate: float

/// <summary>
/// A model with its parameters, their gradient, and buffers for one batch. All arrays are allocated at construction, so a training step
/// allocates nothing. Not thread-safe.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="capacity">The largest number of examples in a batch, at least 1.</param>
[<Sealed>]
type Network<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(model: Model, capacity: int) =
    let operations =
        let offsets = Model.parameters model |> List.map _.Offset

        let rec next inputs offsets layers =
            match layers, offsets with
            | Dense(units, activation) :: layers, weight :: bias :: offsets ->
                DenseOperation(inputs, units, activation, weight, bias) :: next units offsets layers
            | Dropout rate :: layers, offsets -> DropoutOperation(inputs, rate) :: next inputs offsets layers
            | _ -> []

        next model.Inputs offsets model.Layers |> List.toArray

    let space (width: int) : 'T array =
        let length = int64 capacity * int64 width

        if capacity < 1 || length > int64 Array.MaxLength then
            raise (
                ArgumentOutOfRangeException(
                    nameof capacity,
                    capacity,
                    $"A batch must have from 1 to {Array.MaxLength / width} examples for a layer of {width} values."
                )
            )

        Array.zeroCreate (int length)

    let width operation =
        match operation with
        | DenseOperation(_, units, _, _, _) -> units
        | DropoutOperation(width, _) -> width

    let parameterCount = Model.parameterCount model
    let parameters: 'T array = Array.zeroCreate parameterCount
    let gradient: 'T array = Array.zeroCreate parameterCount
    let inputs = space model.Inputs
    let targets = space model.Outputs

    // For each operation: its output, the gradient with respect to its output, and the factors of a dropout.
    let outputs = operations |> Array.map (width >> space)
    let outputGradients = operations |> Array.map (width >> space)

    let factors =
        operations
        |> Array.map (function
            | DropoutOperation(width, _) -> space width
            | DenseOperation _ -> [||])

    // The source of the examples: the input buffer, or these sparse rows, whose bytes are indices into the table.
    let mutable sparse: SparseRows voption = ValueNone
    let mutable chosenCount = 0
    let mutable table: 'T array = [||]
    let examples: int array = Array.zeroCreate capacity

    // In bytes per row of weights. Measured on MNIST, where 19 % of the bytes are not 0.
    let widestSparse = 2048

    // The workspace of the sparse products.
    let lines =
        match operations[0] with
        | DenseOperation(inputs, _, _, _, _) -> Aligned<'T>(SparseProduct.spaceFor<'T> inputs capacity)
        | DropoutOperation _ -> Aligned<'T> 0

    let inputOf i = if i = 0 then inputs else outputs[i - 1]

    let forwardDense i rows inputs units activation weight bias =
        let output = Span(outputs[i], 0, rows * units)
        let weights = ReadOnlySpan(parameters, weight, inputs * units)

        match sparse with
        | ValueSome source when i = 0 ->
            SparseProduct.forward source (ReadOnlySpan(examples, 0, rows)) table weights output units (lines.Span)
        | _ ->
            let x = ReadOnlySpan(inputOf i, 0, rows * inputs)

            MatrixProduct.multiply x (MatrixProduct.rowMajor inputs) weights (MatrixProduct.rowMajor units) output rows inputs units

        Activation.applyToSums activation output (ReadOnlySpan(parameters, bias, units))

    let forwardDropout i rows width rate isTraining (key: uint64) =
        let input = ReadOnlySpan(inputOf i, 0, rows * width)
        let output = Span(outputs[i], 0, rows * width)

        if isTraining then
            let scale = 'T.CreateTruncating(1.0 / (1.0 - rate))
            let layerKey = RandomStream.subkey key (uint64 i)
            let factors = factors[i]

            for j in 0 .. input.Length - 1 do
                let factor = if RandomStream.uniformAt layerKey (uint64 j) < rate then 'T.Zero else scale

                factors[j] <- factor
                output[j] <- input[j] * factor
        else
            input.CopyTo output

    let forward rows isTraining key =
        if sparse.IsSome && rows <> chosenCount then
            raise (
                ArgumentOutOfRangeException(
                    nameof rows,
                    rows,
                    $"The batch must have {chosenCount} examples, as many as were selected for it."
                )
            )

        if rows < 1 || rows > capacity then
            raise (ArgumentOutOfRangeException(nameof rows, rows, $"The batch must have from 1 to {capacity} examples."))

        for i in 0 .. operations.Length - 1 do
            match operations[i] with
            | DenseOperation(inputs, units, activation, weight, bias) -> forwardDense i rows inputs units activation weight bias
            | DropoutOperation(width, rate) -> forwardDropout i rows width rate isTraining key

    let evaluateLoss first rows =
        let last = operations.Length - 1
        let start = first * model.Outputs
        let length = rows * model.Outputs

        Loss.evaluate
            model.Loss
            (ReadOnlySpan(outputs[last], start, length))
            (ReadOnlySpan(targets, start, length))
            (Span(outputGradients[last], start, length))
            model.Outputs

    let backwardDense i rows inputs units activation weight bias =
        let delta = Span(outputGradients[i], 0, rows * units)
        Activation.backward activation (ReadOnlySpan(outputs[i], 0, rows * units)) delta
        let delta: ReadOnlySpan<'T> = Span<_>.op_Implicit delta
        let weightGradient = Span(gradient, weight, inputs * units)

        match sparse with
        | ValueSome source when i = 0 ->
            SparseProduct.gradient source (ReadOnlySpan(examples, 0, rows)) table delta weightGradient units (lines.Span)
        | _ ->
            let x = ReadOnlySpan(inputOf i, 0, rows * inputs)

            MatrixProduct.multiply x (MatrixProduct.transposed inputs) delta (MatrixProduct.rowMajor units) weightGradient inputs rows units

        Elementwise.sumOfRows delta (Span(gradient, bias, units))

        // The input of the first layer is data, so its gradient is not needed.
        if i > 0 then
            MatrixProduct.multiply
                delta
                (MatrixProduct.rowMajor units)
                (ReadOnlySpan(parameters, weight, inputs * units))
                (MatrixProduct.transposed units)
                (Span(outputGradients[i - 1], 0, rows * inputs))
                rows
                units
                inputs

    let backwardDropout i rows width =
        if i > 0 then
            let delta = outputGradients[i]
            let back = outputGradients[i - 1]
            let factors = factors[i]

            for j in 0 .. rows * width - 1 do
                back[j] <- delta[j] * factors[j]

    member _.Model = model

    /// <summary>The largest number of examples in a batch.</summary>
    member _.Capacity = capacity

    /// <summary>The parameters, in the order of <c>Model.parameters</c>. The caller writes them.</summary>
    member _.Parameters = Span<'T> parameters

    /// <summary>The gradient of the last <c>Train</c>, in the same order.</summary>
    member _.Gradient = ReadOnlySpan<'T> gradient

    /// <summary>The buffer for a batch's examples, capacity × inputs, row-major. The caller writes it.</summary>
    member _.Inputs = inputs

    /// <summary>
    /// True if sparse rows are faster than dense inputs: the first layer is dense and narrow enough. Rows of weights are read once per
    /// byte, so wide rows would cost more than the skipped zeros save (see docs/performance.md).
    /// </summary>
    member _.TakesSparseRows =
        match operations[0] with
        | DenseOperation(_, units, _, _, _) -> units * sizeof<'T> <= widestSparse
        | DropoutOperation _ -> false

    /// <summary>Selects sparse rows as the source of the next batch. <c>Inputs</c> is then ignored.</summary>
    /// <param name="rows">The rows of bytes, as wide as the model's inputs.</param>
    /// <param name="values">The 256 numbers that the bytes represent. The number for 0 must be 0.</param>
    /// <param name="chosen">The indices of the rows of the batch, at most the capacity.</param>
    /// <exception cref="T:System.ArgumentException">The rows have another width, or there are too many indices.</exception>
    member _.ReadSparse(rows: SparseRows, values: 'T array, chosen: ReadOnlySpan<int>) : unit =
        if rows.Width <> model.Inputs then
            raise (ArgumentException($"The rows have {rows.Width} bytes each, but the model takes {model.Inputs}.", nameof rows))

        if chosen.Length > capacity then
            raise (ArgumentException($"The batch must have from 1 to {capacity} examples, not {chosen.Length}.", nameof chosen))

        chosen.CopyTo(Span examples)
        chosenCount <- chosen.Length
        sparse <- ValueSome rows
        table <- values

    /// <summary>Selects <c>Inputs</c> as the source of the next batches. This is the default.</summary>
    member _.ReadInputs() : unit = sparse <- ValueNone

    /// <summary>The buffer for a batch's targets, capacity × outputs, row-major.</summary>
    member _.Targets = targets

    /// <summary>The outputs of the last forward pass, capacity × outputs, row-major.</summary>
    member _.Outputs = ReadOnlySpan<'T> outputs[operations.Length - 1]

    /// The output of a layer in the last forward pass, by its index among the model's layers: capacity × its width, row-major.
    member internal _.LayerOutputs(layer: int) = ReadOnlySpan<'T> outputs[layer]

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

        for i in operations.Length - 1 .. -1 .. 0 do
            match operations[i] with
            | DenseOperation(inputs, units, activation, weight, bias) -> backwardDense i rows inputs units activation weight bias
            | DropoutOperation(width, _) -> backwardDropout i rows width

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
