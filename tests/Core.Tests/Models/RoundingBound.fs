/// Bounds of the rounding errors of a model in single precision, for any order of its sums.
module CuteDl.Core.Tests.RoundingBound

open System
open CuteDl.Core.Data
open CuteDl.Core.Networks

// The relative error of one rounding.
let private unit = Math.ScaleB(1.0, -24)

/// The relative error of n roundings one after another (Higham 2002, section 3.1).
let private gamma (n: int) : float = float n * unit / (1.0 - float n * unit)

/// A function of the other program, such as tanh, has at most this error, for outputs of about 1.
let private approximation = 16.0 * unit

/// Values without rounding errors, computed in double precision, and bounds of their errors in single precision.
type Bounded = { Shape: TensorShape; Exact: float array; Error: float array }

let private run (layer: Layer) (shape: TensorShape) (parameters: float array) (input: float array) : float array =
    let operation = layer.Start<float>(shape, 1)
    operation.Forward(1, ReadOnlySpan input, ReadOnlySpan parameters, false, 0UL)
    operation.Outputs

let private outputOf (layer: Layer) (shape: TensorShape) : TensorShape =
    match layer.OutputOf shape with
    | Ok output -> output
    | Error problem -> failwith problem

/// The largest slope of an activation, and the error of computing it.
let private activated (activation: Activation) (sums: float array) (error: float array) (shape: TensorShape) : Bounded =
    let exact = Array.copy sums
    Activation.apply activation (Span exact)

    let bound (z: float) (y: float) (error: float) =
        match activation with
        | Linear
        | ReLU -> error
        | LeakyReLU -> error + gamma 2 * abs y
        | Sigmoid -> 0.25 * error + approximation
        | Tanh -> error + approximation
        | GELU -> 1.13 * error + approximation * (1.0 + abs z)
        | SiLU -> 1.1 * error + approximation * (1.0 + abs z)
        | Softplus -> error + approximation * (1.0 + abs z)

    { Shape = shape; Exact = exact; Error = Array.map3 bound sums exact error }

/// Σ x·w + b with the errors of x, of the products and of the sums.
let private weighted (linear: Layer) (biases: int) (terms: int) (parameters: float array) (input: Bounded) (activation: Activation) =
    let sizes = Array.map abs parameters
    let withoutBias = Array.append (Array.truncate (sizes.Length - biases) sizes) (Array.zeroCreate biases)
    let run = run linear input.Shape
    let carried = run withoutBias input.Error
    let size = run sizes (Array.map2 (fun x e -> abs x + e) input.Exact input.Error)
    let error = Array.map2 (fun carried size -> carried + gamma (terms + 1) * size) carried size
    activated activation (run parameters input.Exact) error (outputOf linear input.Shape)

/// The statistics of a position, with a variance that may be computed as E[x²] − (E[x])².
let private normalized (width: int) (epsilon: float) (parameters: float array) (x: float array) (e: float array) : float array =
    let count = float width
    let mean = Array.average x
    let size = Array.map2 (fun x e -> abs x + e) x e
    let meanError = Array.average e + gamma (width + 1) * Array.average size
    let differences = x |> Array.map (fun x -> abs (x - mean))
    let differenceErrors = Array.map2 (fun d e -> e + meanError + unit * (d + e + meanError)) differences e
    let deviation = sqrt ((differences |> Array.sumBy (fun d -> d * d)) / count + epsilon)
    let meanSquare = size |> Array.averageBy (fun size -> size * size)

    let deviationError =
        sqrt (differenceErrors |> Array.averageBy (fun d -> d * d))
        + gamma (width + 4) * (deviation + 2.0 * meanSquare / deviation)

    let least = deviation - deviationError

    [| for i in 0 .. width - 1 do
           let z = differences[i] / deviation

           if least > 0.0 then
               let error = (differenceErrors[i] + z * deviationError) / least + gamma 4 * z
               abs parameters[i] * error + gamma 2 * (abs parameters[i] * (z + error) + abs parameters[width + i])
           else
               infinity |]

/// Values and bounds after a layer.
let rec private after (layer: Layer) (parameters: float array) (input: Bounded) : Bounded =
    let shape = outputOf layer input.Shape
    let values (values: float array) = run layer input.Shape parameters values
    let exact = lazy (values input.Exact)

    match layer with
    | :? Dense as dense -> weighted (Dense(dense.Units, Linear)) dense.Units input.Exact.Length parameters input dense.Activation
    | :? Conv ->
        let channels, size, stride, padding, activation =
            match layer.Values with
            | [ channels; size; stride; padding; activation ] ->
                LayerValue.whole channels,
                LayerValue.whole size,
                LayerValue.whole stride,
                LayerValue.whole padding,
                LayerValue.activation activation
            | _ -> failwith "A convolution has five arguments."

        let terms = size * size * input.Shape.Channels
        weighted (Conv(channels, size, stride, padding, Linear)) channels terms parameters input activation
    | :? Activate as activate -> activated activate.Activation input.Exact input.Error shape
    // The largest of some values has at most the largest of their errors.
    | :? MaxPool -> { Shape = shape; Exact = exact.Value; Error = values input.Error }
    | :? AveragePool ->
        let terms = pown (LayerValue.whole layer.Values.Head) 2
        let size = values (Array.map2 (fun x e -> abs x + e) input.Exact input.Error)

        { Shape = shape
          Exact = exact.Value
          Error = Array.map2 (fun e size -> e + gamma (terms + 1) * size) (values input.Error) size }
    | :? LayerNorm ->
        let width = shape.Channels
        let chunks (values: float array) = Array.chunkBySize width values
        let epsilon = LayerValue.number layer.Values.Head

        { Shape = shape
          Exact = exact.Value
          Error =
            Array.map2 (normalized width epsilon parameters) (chunks input.Exact) (chunks input.Error)
            |> Array.concat }
    | :? Residual ->
        let inner = chain (LayerValue.layers layer.Values.Head) parameters input
        let sum = exact.Value
        let error = Array.map2 (+) input.Error inner.Error
        { Shape = shape; Exact = sum; Error = Array.map2 (fun y e -> e + unit * (abs y + e)) sum error }
    // These copy values.
    | :? Dropout
    | :? Flatten -> { input with Shape = shape }
    | :? Embedding -> { Shape = shape; Exact = exact.Value; Error = Array.zeroCreate exact.Value.Length }
    | _ -> failwith $"There is no bound for {layer}. Add one."

and private chain (layers: Layer list) (parameters: float array) (input: Bounded) : Bounded =
    ((input, 0), layers)
    ||> List.fold (fun (value, start) layer ->
        let length = layer.TensorsOf value.Shape |> List.sumBy _.Length
        after layer (Array.sub parameters start length) value, start + length)
    |> fst

/// The outputs of an example in double precision, and bounds of the errors of any computation in single precision.
/// <param name="model">The model.</param>
/// <param name="parameters">Its parameters, which are numbers of 32 bits.</param>
/// <param name="input">The example, as the first layer takes it, in numbers of 32 bits.</param>
let ofModel (model: Model) (parameters: float array) (input: float array) : Bounded =
    chain model.Layers parameters { Shape = model.Input; Exact = input; Error = Array.zeroCreate input.Length }
