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

    let space width : 'T array = Array.zeroCreate (capacity * width)

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

    // The transposed weights that carry a gradient back through a layer; the first layer never needs them.
    let transposed =
        operations
        |> Array.mapi (fun i operation ->
            match operation with
            | DenseOperation(inputs, units, _, _, _) when i > 0 -> (Array.zeroCreate (inputs * units): 'T array)
            | _ -> [||])

    let inputOf i = if i = 0 then inputs else outputs[i - 1]

    let forwardDense i rows inputs units activation weight bias =
        let output = Span(outputs[i], 0, rows * units)
        let weights = ReadOnlySpan(parameters, weight, inputs * units)
        let biases = ReadOnlySpan(parameters, bias, units)
        let x = ReadOnlySpan(inputOf i, 0, rows * inputs)
        MatrixProduct.multiply x { Row = inputs; Column = 1 } weights output rows inputs units

        for row in 0 .. rows - 1 do
            let sums = output.Slice(row * units, units)

            for j in 0 .. units - 1 do
                sums[j] <- sums[j] + biases[j]

        Activation.apply activation output

    let forwardDropout i rows width rate isTraining (key: uint64) =
        let input = ReadOnlySpan(inputOf i, 0, rows * width)
        let output = Span(outputs[i], 0, rows * width)

        if isTraining then
            let scale = 'T.CreateTruncating(1.0 / (1.0 - rate))
            let layerKey = key ^^^ uint64 (i + 1)
            let factors = factors[i]

            for j in 0 .. input.Length - 1 do
                let factor = if Random.uniformAt layerKey (uint64 j) < rate then 'T.Zero else scale

                factors[j] <- factor
                output[j] <- input[j] * factor
        else
            input.CopyTo output

    let forward rows isTraining key =
        if rows < 0 || rows > capacity then
            raise (ArgumentOutOfRangeException(nameof rows, rows, $"a batch here has 0 to {capacity} examples."))

        for i in 0 .. operations.Length - 1 do
            match operations[i] with
            | DenseOperation(inputs, units, activation, weight, bias) -> forwardDense i rows inputs units activation weight bias
            | DropoutOperation(width, rate) -> forwardDropout i rows width rate isTraining key

    let evaluateLoss rows =
        let last = operations.Length - 1
        let length = rows * model.Outputs

        Loss.evaluate
            model.Loss
            (ReadOnlySpan(outputs[last], 0, length))
            (ReadOnlySpan(targets, 0, length))
            (Span(outputGradients[last], 0, length))
            model.Outputs

    let backwardDense i rows inputs units activation weight bias =
        let delta = Span(outputGradients[i], 0, rows * units)
        Activation.backward activation (ReadOnlySpan(outputs[i], 0, rows * units)) delta
        let delta: ReadOnlySpan<'T> = Span<_>.op_Implicit delta
        let x = ReadOnlySpan(inputOf i, 0, rows * inputs)
        MatrixProduct.multiply x { Row = 1; Column = inputs } delta (Span(gradient, weight, inputs * units)) inputs rows units

        let biasGradient = Span(gradient, bias, units)
        biasGradient.Clear()

        for row in 0 .. rows - 1 do
            let d = delta.Slice(row * units, units)

            for j in 0 .. units - 1 do
                biasGradient[j] <- biasGradient[j] + d[j]

        // What lies before the first layer is data: nobody asks for its gradient.
        if i > 0 then
            let weights = ReadOnlySpan(parameters, weight, inputs * units)
            MatrixProduct.transpose weights (Span transposed[i]) inputs units
            let back = Span(outputGradients[i - 1], 0, rows * inputs)
            MatrixProduct.multiply delta { Row = units; Column = 1 } (ReadOnlySpan transposed[i]) back rows units inputs

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

    /// <summary>The gradient of the last <c>Backward</c>, in the same order.</summary>
    member _.Gradient = ReadOnlySpan<'T> gradient

    /// <summary>The space for a batch's examples, capacity × inputs, row after row; written by whoever brings the data.</summary>
    member _.Inputs = inputs

    /// <summary>The space for a batch's targets, capacity × outputs, row after row.</summary>
    member _.Targets = targets

    /// <summary>The answers of the last forward pass, capacity × outputs, row after row.</summary>
    member _.Outputs = ReadOnlySpan<'T> outputs[operations.Length - 1]

    /// <summary>Forward over the first rows of Inputs, dropouts at rest; then the mean loss against Targets.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">More rows than the capacity.</exception>
    member _.Validate(rows: int) : float =
        forward rows false 0UL
        evaluateLoss rows

    /// <summary>
    /// Forward in training, loss, and backward: returns the mean loss against Targets and leaves its gradient in Gradient.
    /// </summary>
    /// <param name="rows">How many examples.</param>
    /// <param name="dropoutKey">Which masks the dropouts use.</param>
    /// <exception cref="T:System.ArgumentOutOfRangeException">More rows than the capacity.</exception>
    member _.Train(rows: int, dropoutKey: uint64) : float =
        forward rows true dropoutKey
        let loss = evaluateLoss rows

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
