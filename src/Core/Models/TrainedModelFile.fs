namespace CuteDl.Core.Models

open System
open System.IO
open CuteDl.Core.Data
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers

/// <summary>
/// Saves models as safetensors files, and exports them to ONNX. A file has the tensors of the parameters by name, the standardisation as
/// tensors <c>standardization.mean</c> and <c>standardization.deviation</c>, and the text of the model and the notes in its metadata.
/// </summary>
module TrainedModelFile =
    /// <summary>The metadata key that identifies a model. Its value is the version of the format.</summary>
    [<Literal>]
    let FormatKey = "cutedl.model"

    /// <summary>The metadata key of the model's text form.</summary>
    [<Literal>]
    let TextKey = "cutedl.model.text"

    /// <summary>The metadata key of the library's version.</summary>
    [<Literal>]
    let VersionKey = LibraryVersion.Key

    let private format = "1"
    let private meanName = "standardization.mean"
    let private deviationName = "standardization.deviation"

    /// <summary>Returns a model as the content of a safetensors file.</summary>
    /// <exception cref="T:System.ArgumentException">A note has the key of another metadata value.</exception>
    let toContent (model: TrainedModel) : Safetensors =
        let own = [ FormatKey, format; TextKey, string model.Model; VersionKey, model.Version ]

        for key, _ in own do
            if model.Notes.ContainsKey key then
                raise (ArgumentException($"A note has the key '{key}', which the file needs. Use another key.", nameof model))

        let standardization =
            match model.Standardization with
            | None -> []
            | Some standardization ->
                let vector (values: float array) : Tensor = { Shape = [ values.Length ]; Cells = F64(Array.copy values) }
                [ meanName, vector standardization.Means; deviationName, vector standardization.Deviations ]

        { Metadata = (model.Notes, own) ||> List.fold (fun all (key, text) -> Map.add key text all)
          Tensors =
            [ for name in model.TensorNames do
                  name, model.Tensor name
              yield! standardization ]
            |> Map.ofList }

    /// Reads the vectors of a standardisation; None if there are none.
    let private standardizationOf (damaged: string -> unit) (content: Safetensors) : Standardization option =
        let vector (name: string) : float array =
            match content.Tensors.TryFind name with
            | Some { Cells = F64 values } -> values
            | Some _ ->
                damaged $"The tensor '{name}' must have numbers of 64 bits."
                [||]
            | None ->
                damaged $"The tensor '{name}' is missing."
                [||]

        if content.Tensors.ContainsKey meanName || content.Tensors.ContainsKey deviationName then
            Some(Standardization(vector meanName, vector deviationName))
        else
            None

    /// Puts the tensors of a model into one array, in memory order.
    let private joined (parameters: Parameter list) (pick: Cells -> 'T array option) (content: Safetensors) : 'T array option =
        let parts = parameters |> List.map (fun parameter -> pick content.Tensors[parameter.Name].Cells)

        if parts |> List.forall Option.isSome then
            Some(parts |> List.map Option.get |> Array.concat)
        else
            None

    let private checkTensors (damaged: string -> unit) (model: Model) (content: Safetensors) : unit =
        let parameters = Model.parameters model

        for parameter in parameters do
            match content.Tensors.TryFind parameter.Name with
            | None -> damaged $"The tensor '{parameter.Name}' of the model {model} is missing."
            | Some tensor when tensor.Shape <> parameter.Shape ->
                damaged
                    $"The tensor '{parameter.Name}' has the shape {Tensor.shapeText tensor.Shape}. The model {model} needs {Tensor.shapeText parameter.Shape}."
            | Some _ -> ()

        let known = meanName :: deviationName :: (parameters |> List.map _.Name) |> Set.ofList

        match content.Tensors.Keys |> Seq.tryFind (known.Contains >> not) with
        | Some name -> damaged $"The tensor {Tensor.shown name} does not belong to the model {model}."
        | None -> ()

    /// <summary>Reads a model from the content of a safetensors file.</summary>
    /// <param name="kinds">The kinds of layers that it can have.</param>
    /// <param name="losses">The losses of one's own that it can have.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The content is no model of this library, or names an unknown layer or
    /// loss.</exception>
    let ofContent (kinds: LayerKind list) (losses: OwnLoss list) (file: string) (content: Safetensors) : TrainedModel =
        let damaged (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

        let text (key: string) : string =
            match content.Metadata.TryFind key with
            | Some text -> text
            | None -> damaged $"The file is not a model of this library: its metadata have no '{key}'."

        match text FormatKey with
        | found when found = format -> ()
        | found -> damaged $"The model has the format {Tensor.shown found}. Only the format '{format}' can be read."

        let model =
            try
                ModelText.parseWith kinds losses (text TextKey)
            with :? ExpressionException as error ->
                damaged $"The text of the model cannot be read: {error.Message}"

        checkTensors damaged model content

        let standardization =
            try
                standardizationOf damaged content
            with :? ArgumentException as error ->
                damaged $"The standardisation cannot be used: {Refusal.sentence error}"

        let version = text VersionKey

        let notes =
            content.Metadata
            |> Map.filter (fun key _ -> not (List.contains key [ FormatKey; TextKey; VersionKey ]))

        let singles (cells: Cells) =
            match cells with
            | F32 values -> Some values
            | F64 _
            | I64 _
            | U8 _ -> None

        let doubles (cells: Cells) =
            match cells with
            | F64 values -> Some values
            | F32 _
            | I64 _
            | U8 _ -> None

        let parameters = Model.parameters model

        try
            match joined parameters singles content, joined parameters doubles content with
            | Some values, _ -> TrainedModel.Of(model, values, ?standardization = standardization, notes = notes, version = version)
            | None, Some values -> TrainedModel.Of(model, values, ?standardization = standardization, notes = notes, version = version)
            | None, None ->
                damaged "The tensors of the model have several types, or no floating-point numbers. They must all be F32 or all F64."
        with :? ArgumentException as error ->
            damaged (Refusal.sentence error)

    /// <summary>Saves a model as a safetensors file. An existing file is replaced, completely or not at all.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. The message names it.</exception>
    let save (path: string) (model: TrainedModel) : unit = Safetensors.save path (toContent model)

    /// <summary>Reads a model that may have layers and losses of one's own.</summary>
    /// <param name="kinds">The kinds of layers that it can have.</param>
    /// <param name="losses">The losses of one's own that it can have.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is damaged or no model of this library.</exception>
    let loadWith (kinds: LayerKind list) (losses: OwnLoss list) (path: string) : TrainedModel =
        ofContent kinds losses path (Safetensors.read path)

    /// <summary>Reads a model that <c>save</c> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is damaged or no model of this library.</exception>
    let load (path: string) : TrainedModel = loadWith LayerKinds.all [] path

    /// <summary>Writes a model in the ONNX format; see <c>exportOnnx</c>.</summary>
    /// <param name="stream">Receives the bytes. It is not closed.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="T:System.NotSupportedException">A layer has no form in ONNX, or the file would have 2 GiB or more.</exception>
    let writeOnnx (stream: Stream) (model: TrainedModel) : unit =
        OnnxModel.write stream model.Model model.Singles model.Standardization model.Version

    /// <summary>
    /// Exports a model to ONNX, in single precision. The graph has an input <c>input</c> of batch × inputs, or of batch × height × width ×
    /// channels for images, and an output <c>output</c>, the outputs of <c>Predict</c>. It standardises its inputs as the model does.
    /// </summary>
    /// <param name="path">The file, which is replaced if it exists. Its folder must exist.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="T:System.NotSupportedException">A layer has no form in ONNX, or the file would have 2 GiB or more.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. The message names it.</exception>
    let exportOnnx (path: string) (model: TrainedModel) : unit =
        AtomicFile.write path (Action<Stream>(fun stream -> writeOnnx stream model))
