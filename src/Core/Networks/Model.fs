namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>A chain of layers with the shapes between them, and a loss; without parameters.</summary>
type Model =
    private
        { input: TensorShape
          layers: Layer list
          // The shape of the output of each layer.
          shapes: TensorShape list
          loss: Loss }

    /// <summary>The shape of an example.</summary>
    member model.Input = model.input

    /// <summary>The number of values of an example.</summary>
    member model.Inputs = model.input.Length

    /// <summary>The layers, first to last.</summary>
    member model.Layers = model.layers

    /// <summary>The shape of the output of each layer.</summary>
    member model.Shapes = model.shapes

    /// <summary>The loss that training minimizes.</summary>
    member model.Loss = model.loss

    /// <summary>The number of outputs.</summary>
    member model.Outputs = (List.last model.shapes).Length

    /// <summary>The activation that computes the outputs; linear if there is none.</summary>
    member model.OutputActivation = Layers.outputActivation model.layers

    /// <summary>Returns <c>784-128(relu)-10(linear) softmax-cross-entropy</c>.</summary>
    override model.ToString() =
        let layers = model.layers |> List.map (fun layer -> $"-{layer}") |> String.concat ""
        $"{model.input}{layers} {model.loss}"

/// <summary>Creates models and their initial parameters.</summary>
module Model =
    let private mismatch (message: string) : 'any = raise (ArgumentException(message, "layers"))

    /// <summary>Creates a model from the shape of its examples and its layers, first to last.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// There is no layer, a layer does not take its input, the output is not a vector or is random in training, a size of the input is below 1,
    /// or there are more parameters than an array can hold.
    /// </exception>
    let ofShape (input: TensorShape) (layers: Layer list) (loss: Loss) : Model =
        let sizes =
            match input with
            | TensorShape.Flat length -> [ length ]
            | TensorShape.Planes(channels, height, width) -> [ channels; height; width ]

        match sizes |> List.tryFind (fun size -> size < 1) with
        | Some size -> raise (ArgumentOutOfRangeException("inputs", size, "A model must have at least 1 input."))
        | None -> ()

        let shapes =
            match Layers.shapes input layers with
            | Ok shapes -> shapes
            | Error problem -> mismatch problem

        match loss with
        | Huber delta when not (Loss.transitions.Contains delta) ->
            raise (ArgumentOutOfRangeException("delta", delta, $"The transition of a Huber loss must be in {Loss.transitions}."))
        | SoftmaxCrossEntropy
        | MeanSquaredError
        | BinaryCrossEntropy
        | MeanAbsoluteError
        | Huber _
        | Own _ -> ()

        match List.tryLast layers, List.tryLast shapes with
        | Some last, Some(TensorShape.Flat _) when not last.IsRandom -> ()
        | Some last, Some(TensorShape.Flat _) ->
            mismatch $"The last layer of a model is {last}, whose outputs are random in training. End with a dense layer."
        | Some last, Some(TensorShape.Planes _ as shape) ->
            mismatch
                $"The last layer of a model, {last}, has outputs of the shape {shape}. A model's outputs must be a vector: end with a dense layer."
        | _ -> mismatch "A model must have at least 1 layer. Add a dense layer."

        let model = { input = input; layers = layers; shapes = shapes; loss = loss }

        let parameters = Layers.tensors input layers |> List.sumBy (fun (_, tensor) -> tensor.Elements)

        if parameters > bigint Array.MaxLength then
            mismatch $"The model has {parameters} parameters. At most {Array.MaxLength} are possible."

        model

    /// <summary>Creates a model of examples that are vectors; see <c>ofShape</c>.</summary>
    let create (inputs: int) (layers: Layer list) (loss: Loss) : Model = ofShape (TensorShape.Flat inputs) layers loss

    /// The tensors in memory order, with their initial values.
    let private initialTensors (model: Model) : (Parameter * InitialValues) list =
        Layers.tensors model.input model.layers
        |> List.mapFold
            (fun offset (index, tensor) ->
                let parameter = Parameter.Of($"layers.{index}.{tensor.Name}", tensor.Shape, offset)
                (parameter, tensor.Initial), offset + parameter.Length)
            0
        |> fst

    /// <summary>Returns the tensors of a model in memory order: weight and bias of each dense layer, and so on. Layers without parameters have
    /// no number.</summary>
    let parameters (model: Model) : Parameter list = initialTensors model |> List.map fst

    /// <summary>Returns the number of parameters.</summary>
    let parameterCount (model: Model) : int = parameters model |> List.sumBy _.Length

    /// <summary>Returns the initial parameters in one flat array. Both precisions have the same values up to rounding.</summary>
    /// <param name="model">The model.</param>
    /// <param name="initialization">The distribution of the initial weights.</param>
    /// <param name="seed">The seed of the random stream "weights".</param>
    let initialParameters<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (model: Model)
        (initialization: Initialization)
        (seed: int)
        : 'T array =
        let random = RandomStream.stream seed "weights"
        let result: 'T array = Array.zeroCreate (parameterCount model)

        for parameter, initial in initialTensors model do
            match initial with
            | InitialValues.Constant value -> Array.Fill(result, 'T.CreateTruncating value, parameter.Offset, parameter.Length)
            | InitialValues.Weights(fanIn, fanOut) ->
                let distribution = Initialization.distribution initialization fanIn fanOut random

                for i in 0 .. parameter.Length - 1 do
                    result[parameter.Offset + i] <- 'T.CreateTruncating(distribution.Sample())

        result
