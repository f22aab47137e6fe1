namespace CuteDl.Core.Networks

open System
open System.Numerics
open MathNet.Numerics.Distributions
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// <summary>A layer of a multi-layer perceptron.</summary>
type Layer =
    /// <summary>A dense layer: activation(x·W + b), where W is inputs × units.</summary>
    | Dense of units: int * activation: Activation
    /// <summary>
    /// Dropout. In training, each value is set to 0 with this probability in [0, 1), and otherwise divided by 1 − rate. In validation,
    /// values do not change (Srivastava et al. 2014, with the scaling in training).
    /// </summary>
    | Dropout of rate: float

    /// <summary>Returns <c>128(relu)</c> or <c>dropout(0.5)</c>.</summary>
    override layer.ToString() =
        match layer with
        | Dense(units, activation) -> $"{units}({activation})"
        | Dropout rate -> FormattableString.Invariant $"dropout({rate})"

/// <summary>The distribution of the initial weights. Initial biases are 0.</summary>
type Initialization =
    /// <summary>Normal with mean 0 and this standard deviation. The source document uses 0.01.</summary>
    | Normal of standardDeviation: float
    /// <summary>Uniform within ±√(6 / (inputs + units)) (Glorot &amp; Bengio 2010, eq. 16).</summary>
    | Glorot
    /// <summary>Normal with standard deviation √(2 / inputs) (He et al. 2015, eq. 10).</summary>
    | He

    /// <summary>Returns <c>normal(0.01)</c>, <c>glorot</c> or <c>he</c>.</summary>
    override initialization.ToString() =
        match initialization with
        | Normal deviation -> FormattableString.Invariant $"normal({deviation})"
        | Glorot -> "glorot"
        | He -> "he"

/// <summary>A multi-layer perceptron: its layers and its loss, without parameters.</summary>
type Model =
    private
        { inputs: int
          layers: Layer list
          loss: Loss }

    /// <summary>The number of inputs.</summary>
    member model.Inputs = model.inputs

    /// <summary>The layers, first to last.</summary>
    member model.Layers = model.layers

    /// <summary>The loss that training minimizes.</summary>
    member model.Loss = model.loss

    /// <summary>The number of outputs.</summary>
    member model.Outputs =
        model.layers
        |> List.fold
            (fun width layer ->
                match layer with
                | Dense(units, _) -> units
                | Dropout _ -> width)
            model.inputs

    /// <summary>The activation of the last dense layer.</summary>
    member model.OutputActivation =
        model.layers
        |> List.fold
            (fun last layer ->
                match layer with
                | Dense(_, activation) -> activation
                | Dropout _ -> last)
            Linear

    /// <summary>Returns <c>784-128(relu)-10(linear) softmax-cross-entropy</c>.</summary>
    override model.ToString() =
        let layers = model.layers |> List.map (fun layer -> $"-{layer}") |> String.concat ""
        $"{model.inputs}{layers} {model.loss}"

/// <summary>Creates models and their initial parameters.</summary>
module Model =
    let private outOfRange name (value: obj) message : unit = raise (ArgumentOutOfRangeException(name, value, message))

    /// <summary>Creates a model from its layers, first to last.</summary>
    /// <exception cref="T:System.ArgumentException">The last layer is not dense, the model has more parameters than an array can hold, or a
    /// number is out of its range: inputs and units must be at least 1, and dropout rates in [0, 1).</exception>
    let create (inputs: int) (layers: Layer list) (loss: Loss) : Model =
        if inputs < 1 then
            outOfRange "inputs" inputs "A model must have at least 1 input."

        for layer in layers do
            match layer with
            | Dense(units, _) when units < 1 -> outOfRange "units" units "A dense layer must have at least 1 unit."
            | Dropout rate when not (rate >= 0.0 && rate < 1.0) -> outOfRange "rate" rate "The rate of a dropout must be in [0, 1)."
            | _ -> ()

        match List.tryLast layers with
        | Some(Dense _) -> ()
        | _ -> raise (ArgumentException("The last layer of a model must be a dense layer.", nameof layers))

        let rec count (inputs: int) (layers: Layer list) : int64 =
            match layers with
            | [] -> 0L
            | Dense(units, _) :: rest -> (int64 inputs + 1L) * int64 units + count units rest
            | Dropout _ :: rest -> count inputs rest

        let parameters = count inputs layers

        if parameters > int64 Array.MaxLength then
            raise (ArgumentException($"The model has {parameters} parameters. At most {Array.MaxLength} are possible.", nameof layers))

        { inputs = inputs; layers = layers; loss = loss }

    /// <summary>Returns the tensors of a model in memory order: weight and bias of each dense layer.</summary>
    let parameters (model: Model) : Parameter list =
        let rec next index inputs offset layers =
            match layers with
            | [] -> []
            | Dropout _ :: rest -> next index inputs offset rest
            | Dense(units, _) :: rest ->
                let weight = { Name = $"layers.{index}.weight"; Shape = [ inputs; units ]; Offset = offset }

                let bias = { Name = $"layers.{index}.bias"; Shape = [ units ]; Offset = offset + weight.Length }

                weight :: bias :: next (index + 1) units (bias.Offset + units) rest

        next 0 model.Inputs 0 model.Layers

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

        for parameter in parameters model do
            match parameter.Shape with
            | [ inputs; units ] ->
                let distribution: IContinuousDistribution =
                    match initialization with
                    | Normal deviation -> MathNet.Numerics.Distributions.Normal(0.0, deviation, random)
                    | He -> MathNet.Numerics.Distributions.Normal(0.0, sqrt (2.0 / float inputs), random)
                    | Glorot ->
                        let bound = sqrt (6.0 / float (inputs + units))
                        ContinuousUniform(-bound, bound, random)

                for i in 0 .. parameter.Length - 1 do
                    result[parameter.Offset + i] <- 'T.CreateTruncating(distribution.Sample())
            | _ -> ()

        result
