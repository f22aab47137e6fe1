namespace CuteDl.Core.Models

open System
open System.Numerics
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// Parameters in either precision.
[<RequireQualifiedAccess>]
type internal AnyWeights =
    | Single of Weights<float32>
    | Double of Weights<float>

/// <summary>A model with its parameters, for predictions. Immutable and thread-safe.</summary>
/// <remarks>
/// The outputs of an example do not depend on the other examples, on their number or on threads: they have the same bits. Inputs are those
/// of the data set before its standardisation.
/// </remarks>
[<Sealed>]
type TrainedModel
    private (model: Model, weights: AnyWeights, standardization: Standardization option, version: string, notes: Map<string, string>) =

    let parameters = Model.parameters model

    let checkLengths (inputs: int) (outputs: int) : unit =
        if inputs % model.Inputs <> 0 then
            raise (
                ArgumentException(
                    $"There are {inputs} inputs, but the model takes {model.Inputs} for each example. Give whole examples.",
                    nameof inputs
                )
            )

        let needed = int64 (inputs / model.Inputs) * int64 model.Outputs

        if int64 outputs <> needed then
            raise (
                ArgumentException(
                    $"There is space for {outputs} outputs, but {inputs / model.Inputs} examples have {needed}. The numbers must be equal.",
                    nameof outputs
                )
            )

    /// <summary>Creates a model from its parameters.</summary>
    /// <param name="model">The model.</param>
    /// <param name="parameters">The parameters, in the order of <c>Model.parameters</c>, in single or double precision. They are copied.</param>
    /// <param name="standardization">The standardisation of the inputs that it was trained with.</param>
    /// <param name="notes">Texts about the training, by key. A saved model has them in its metadata.</param>
    /// <param name="version">The version of this library that trained it. Default: this version.</param>
    /// <exception cref="T:System.ArgumentException">The number of parameters or the standardisation does not fit the model, or the parameters
    /// are neither of single nor of double precision.</exception>
    static member Of<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (model: Model, parameters: 'T array, ?standardization: Standardization, ?notes: Map<string, string>, ?version: string)
        : TrainedModel =
        let refuse (name: string) (message: string) : 'any = raise (ArgumentException(message, name))
        let needed = Model.parameterCount model

        if parameters.Length <> needed then
            refuse (nameof parameters) $"There are {parameters.Length} parameters, but the model {model} has {needed}."

        match standardization with
        | Some standardization when standardization.Width <> model.Inputs ->
            refuse
                (nameof standardization)
                $"The standardisation has {standardization.Width} inputs, but the model {model} takes {model.Inputs}."
        | Some _
        | None -> ()

        let weights =
            match box (Array.copy parameters) with
            | :? (float32 array) as values -> AnyWeights.Single(Weights(model, values, standardization))
            | :? (float array) as values -> AnyWeights.Double(Weights(model, values, standardization))
            | _ -> refuse (nameof parameters) $"Parameters of the type {typeof<'T>.Name} are not supported. Use float32 or float."

        TrainedModel(model, weights, standardization, defaultArg version LibraryVersion.current, defaultArg notes Map.empty)

    /// <summary>The layers and the loss.</summary>
    member _.Model = model

    /// <summary>True if the parameters are numbers of 64 bits, false for 32 bits.</summary>
    member _.IsDouble =
        match weights with
        | AnyWeights.Single _ -> false
        | AnyWeights.Double _ -> true

    /// <summary>The standardisation that predictions apply to their inputs.</summary>
    member _.Standardization = standardization

    /// <summary>The version of the library that trained it.</summary>
    member _.Version = version

    /// <summary>Texts about the training, by key.</summary>
    member _.Notes = notes

    /// <summary>Returns the same model with other notes.</summary>
    /// <param name="notes">Texts about the training, by key.</param>
    member _.WithNotes(notes: Map<string, string>) : TrainedModel = TrainedModel(model, weights, standardization, version, notes)

    /// <summary>The names of the tensors, in memory order: <c>layers.0.weight</c>, <c>layers.0.bias</c>, ...</summary>
    member _.TensorNames = parameters |> List.map _.Name

    /// <summary>Returns a copy of a tensor.</summary>
    /// <param name="name">One of <c>TensorNames</c>.</param>
    /// <exception cref="T:System.ArgumentException">There is no such tensor; the message suggests a name.</exception>
    member own.Tensor(name: string) : Tensor =
        match parameters |> List.tryFind (fun parameter -> parameter.Name = name) with
        | Some parameter ->
            { Shape = parameter.Shape
              Cells =
                match weights with
                | AnyWeights.Single weights -> F32(Array.sub weights.Parameters parameter.Offset parameter.Length)
                | AnyWeights.Double weights -> F64(Array.sub weights.Parameters parameter.Offset parameter.Length) }
        | None ->
            raise (
                ArgumentException(
                    $"The model has no tensor {Quotation.quote name}. {Suggestion.describe own.TensorNames name}",
                    nameof name
                )
            )

    /// <summary>Writes the outputs of examples. Allocates nothing after the first calls.</summary>
    /// <param name="inputs">The inputs of the examples, one example after another. They are converted to the precision of the model.</param>
    /// <param name="outputs">Receives the outputs, row-major: logits for a cross-entropy, else predictions.</param>
    /// <exception cref="T:System.ArgumentException">A length does not fit the model, or an input of an embedding is out of its range.</exception>
    member _.Predict(inputs: ReadOnlySpan<'X>, outputs: Span<'X>) : unit when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        checkLengths inputs.Length outputs.Length

        match weights with
        | AnyWeights.Single weights -> weights.Predict(inputs, outputs)
        | AnyWeights.Double weights -> weights.Predict(inputs, outputs)

    /// <summary>Returns the outputs of examples, row-major: logits for a cross-entropy, else predictions.</summary>
    /// <param name="inputs">The inputs of the examples, one example after another.</param>
    /// <exception cref="T:System.ArgumentException">The length does not fit the model, or an input of an embedding is out of its range.</exception>
    member own.Predict(inputs: ReadOnlySpan<'X>) : 'X array when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        let outputs: 'X array = Array.zeroCreate (inputs.Length / model.Inputs * model.Outputs)
        own.Predict(inputs, Span outputs)
        outputs

    /// <summary>Returns the probability of each output, row-major: softmax or the logistic function of the logits.</summary>
    /// <param name="inputs">The inputs of the examples, one example after another.</param>
    /// <exception cref="T:System.InvalidOperationException">The loss is no cross-entropy, so the outputs are not logits.</exception>
    /// <exception cref="T:System.ArgumentException">As for <c>Predict</c>.</exception>
    member own.Probabilities(inputs: ReadOnlySpan<'X>) : 'X array when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        if not (Loss.hasLogits model.Loss) then
            raise (
                InvalidOperationException
                    $"The model has the loss {model.Loss}, so its outputs are no logits and have no probabilities. Use Predict."
            )

        let outputs = own.Predict inputs
        let wide = outputs |> Array.map Double.CreateTruncating
        Loss.predict model.Loss (Span wide) model.Outputs
        wide |> Array.map 'X.CreateTruncating

    /// <summary>Returns the class of each example: the index of its largest output. Of equal outputs, the first wins.</summary>
    /// <param name="inputs">The inputs of the examples, one example after another.</param>
    /// <exception cref="T:System.ArgumentException">As for <c>Predict</c>.</exception>
    member own.Classify(inputs: ReadOnlySpan<'X>) : int array when 'X: unmanaged and 'X :> IFloatingPointIeee754<'X> =
        let outputs = own.Predict inputs
        let width = model.Outputs
        Array.init (outputs.Length / width) (fun row -> Answer.ofOutputs (ReadOnlySpan(outputs, row * width, width)))

    /// <summary>Returns the quality of the model on a data set.</summary>
    /// <param name="set">The examples, not standardised.</param>
    /// <param name="cancellation">Ends the evaluation.</param>
    /// <exception cref="T:System.ArgumentException">The set is empty or does not fit the model.</exception>
    /// <exception cref="T:System.OperationCanceledException">Cancelled.</exception>
    member _.Evaluate(set: DataSet, cancellation: CancellationToken) : Evaluation =
        let refuse (message: string) : unit = raise (ArgumentException(message, nameof set))

        if set.Count = 0 then
            refuse "The data set is empty. It must have at least 1 example."

        if set.Width <> model.Inputs then
            refuse $"The examples have {set.Width} values each, but the model takes {model.Inputs}."

        match set.Targets with
        | Targets.Labels(_, classes) when classes > model.Outputs ->
            refuse $"The data set has {classes} classes, but the model has only {model.Outputs} outputs."
        | Targets.Values(width, _) when width <> model.Outputs ->
            refuse $"The targets have {width} values each, but the model has {model.Outputs} outputs."
        | Targets.Labels _
        | Targets.Values _ -> ()

        match weights with
        | AnyWeights.Single weights -> weights.Evaluate(set, cancellation)
        | AnyWeights.Double weights -> weights.Evaluate(set, cancellation)

    /// The parameters in single precision.
    member internal _.Singles: float32 array =
        match weights with
        | AnyWeights.Single weights -> weights.Parameters
        | AnyWeights.Double weights -> weights.Parameters |> Array.map float32

    /// <summary>Returns <c>784-128(relu)-10(linear) softmax-cross-entropy, 101770 parameters</c>.</summary>
    override _.ToString() = $"{model}, {Model.parameterCount model} parameters"
