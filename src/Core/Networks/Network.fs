namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// A layer as the passes need it. Offsets are into the flat array of parameters.
type internal Operation =
    | DenseOperation of inputs: int * units: int * activation: Activation * weight: int * bias: int
    | DropoutOperation of width: int * rate: float

/// <summary>
/// A model at work: its parameters, their gradient, and the space for one batch. Makes and keeps all arrays at construction,
/// so that a training step allocates nothing. Not for use by several threads at once.
/// </summary>
/// <param name="model">What to compute.</param>
/// <param name="capacity">The most examples of a batch.</param>
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
                    $"a batch has at least 1 example, and at most {Array.MaxLength / width} for layers of {width} values."
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

    // Of each operation: what it gives, the gradient with respect to that, and for a dropout its factors.
    let outputs = operations |> Array.map (width >> space)
    let outputGradients = operations |> Array.map (width >> space)

    let factors =
        operations
        |> Array.map (function
            | DropoutOperation(width, _) -> space width
            | DenseOperation _ -> [||])

    // Where the examples are read from: the space for inputs, or these rows of bytes, whose values the table holds.
    let mutable sparse: SparseRows voption = ValueNone
    let mutable chosenCount = 0
    let mutable table: 'T array = [||]
    let examples: int array = Array.zeroCreate capacity

    // Measured on MNIST, 19 % of whose bytes are not 0.
    let widestSparse = 2048

    // For the products over sparse rows.
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
            raise (ArgumentOutOfRangeException(nameof rows, rows, $"{chosenCount} examples were chosen for this batch."))

        if rows < 1 || rows > capacity then
            raise (ArgumentOutOfRangeException(nameof rows, rows, $"a batch here has 1 to {capacity} examples."))

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

        // What lies before the first layer is data: nobody asks for its gradient.
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

    /// <summary>What is computed.</summary>
    member _.Model = model

    /// <summary>The most examples of a batch.</summary>
    member _.Capacity = capacity

    /// <summary>The parameters, in the order of <c>Model.parameters</c>; written by whoever trains.</summary>
    member _.Parameters = Span<'T> parameters

    /// <summary>The gradient of the last <c>Train</c>, in the same order.</summary>
    member _.Gradient = ReadOnlySpan<'T> gradient

    /// <summary>The space for a batch's examples, capacity × inputs, row after row; written by whoever brings the data.</summary>
    member _.Inputs = inputs

    /// <summary>
    /// Whether examples are better read from sparse rows: the first layer is dense, and not so wide that its weights' rows, which are
    /// fetched byte by byte, cost more than the zeros that are skipped (see docs/performance.md).
    /// </summary>
    member _.TakesSparseRows =
        match operations[0] with
        | DenseOperation(_, units, _, _, _) -> units * sizeof<'T> <= widestSparse
        | DropoutOperation _ -> false

    /// <summary>The next passes read their examples from sparse rows, and Inputs is not looked at.</summary>
    /// <param name="rows">The rows of bytes, as wide as the model's inputs.</param>
    /// <param name="values">The 256 numbers that the bytes stand for; that of 0 is 0.</param>
    /// <param name="chosen">Which rows make the batch, at most the capacity.</param>
    /// <exception cref="T:System.ArgumentException">The rows are of another width, or too many are chosen.</exception>
    member _.ReadSparse(rows: SparseRows, values: 'T array, chosen: ReadOnlySpan<int>) : unit =
        if rows.Width <> model.Inputs then
            raise (ArgumentException($"the rows have {rows.Width} bytes each, the model takes {model.Inputs}.", nameof rows))

        if chosen.Length > capacity then
            raise (ArgumentException($"a batch here has 1 to {capacity} examples, not {chosen.Length}.", nameof chosen))

        chosen.CopyTo(Span examples)
        chosenCount <- chosen.Length
        sparse <- ValueSome rows
        table <- values

    /// <summary>The next passes read their examples from Inputs, as at first.</summary>
    member _.ReadInputs() : unit = sparse <- ValueNone

    /// <summary>The space for a batch's targets, capacity × outputs, row after row.</summary>
    member _.Targets = targets

    /// <summary>The answers of the last forward pass, capacity × outputs, row after row.</summary>
    member _.Outputs = ReadOnlySpan<'T> outputs[operations.Length - 1]

    /// What a layer gave in the last forward pass, by its place among the model's layers: capacity × its width, row after row.
    member internal _.LayerOutputs(layer: int) = ReadOnlySpan<'T> outputs[layer]

    /// <summary>Forward over the first rows of Inputs, dropouts at rest; then the mean loss against Targets.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">No rows, or more than the capacity.</exception>
    member _.Validate(rows: int) : float =
        forward rows false 0UL
        evaluateLoss 0 rows

    /// <summary>
    /// The same over several batches at once, which is quicker than one after another: the sum of the batches' mean losses.
    /// </summary>
    /// <param name="rows">How many examples, of all batches together.</param>
    /// <param name="batchSize">How many make a batch; the last one may have fewer.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">No rows, more than the capacity, or batches of no examples.</exception>
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
    /// Forward in training, loss, and backward: returns the mean loss against Targets and leaves its gradient in Gradient.
    /// </summary>
    /// <param name="rows">How many examples.</param>
    /// <param name="dropoutKey">Which masks the dropouts use.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">No rows, or more than the capacity.</exception>
    member _.Train(rows: int, dropoutKey: uint64) : float =
        forward rows true dropoutKey
        let loss = evaluateLoss 0 rows

        for i in operations.Length - 1 .. -1 .. 0 do
            match operations[i] with
            | DenseOperation(inputs, units, activation, weight, bias) -> backwardDense i rows inputs units activation weight bias
            | DropoutOperation(width, _) -> backwardDropout i rows width

        loss

/// <summary>The passes as functions, for those who do not train in a loop of their own.</summary>
module Network =
    let private fill (model: Model) (name: string) (source: 'T array) (target: Span<'T>) : unit =
        if source.Length <> target.Length then
            raise (ArgumentException($"{name} has {source.Length} elements, {model} needs {target.Length}.", name))

        source.CopyTo target

    /// <summary>The mean loss of a batch and its gradient with respect to the parameters, as fresh arrays.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameters">In the order of <c>Model.parameters</c>.</param>
    /// <param name="inputs">rows × inputs, row after row.</param>
    /// <param name="targets">rows × outputs, row after row.</param>
    /// <exception cref="T:System.ArgumentException">A length does not fit the model.</exception>
    let lossAndGradient (model: Model) (parameters: 'T array) (inputs: 'T array) (targets: 'T array) : struct (float * 'T array) =
        let rows = inputs.Length / model.Inputs
        let network = Network<'T>(model, rows)

        fill model (nameof parameters) parameters network.Parameters
        fill model (nameof inputs) inputs (Span network.Inputs)
        fill model (nameof targets) targets (Span network.Targets)
        let loss = network.Train(rows, 0UL)
        struct (loss, network.Gradient.ToArray())
