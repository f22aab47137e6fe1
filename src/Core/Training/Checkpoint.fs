namespace CuteDl.Core.Training

open System
open System.Collections.Generic
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>
/// An optimizer with its state and the parameters. Steps after saving and reading a checkpoint equal those of an uninterrupted run bit for
/// bit.
/// </summary>
type Checkpoint<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> =
    {
        Optimizer: Optimizer
        /// <summary>The state of the optimizer.</summary>
        State: State<'T>
        /// <summary>The parameters, in the order of the state's layout.</summary>
        Parameters: 'T array
    }

/// <summary>
/// Stores checkpoints in files. Parameters are tensors <c>parameter:NAME</c> with their shapes, slots are <c>slot:NAME</c>, the scalars of
/// parts are <c>number:NAME</c>, and <c>steps</c> has the step count of each part. If tensors have missed steps, <c>absences</c> has a row
/// for each part and a column for each tensor. The text form, the order of the parameters, those with <c>UnitsFirst</c>, the types of
/// rules of one's own and the version of the library are metadata. Schedules and noise are functions of the step, so nothing else needs to be
/// stored.
/// </summary>
module Checkpoint =
    /// <summary>The metadata key that identifies a checkpoint. Its value is the version of the format.</summary>
    let FormatKey = "cutedl.checkpoint"

    let private format = "1"
    let private absencesName = "absences"
    let private optimizerKey = "cutedl.optimizer"
    let private parametersKey = "cutedl.parameters"
    let private unitsFirstKey = "cutedl.units_first"
    let private ownRulesKey = "cutedl.own_rules"

    let internal cells (values: 'T array) : Cells =
        match box values with
        | :? (float32 array) as values -> F32 values
        | :? (float array) as values -> F64 values
        | _ -> raise (NotSupportedException $"Checkpoints do not support the type {typeof<'T>.Name}. Use Single or Double.")

    /// <summary>Converts a checkpoint to the content of a safetensors file.</summary>
    /// <exception cref="T:System.ArgumentException">The number of parameters differs from the state's, or the name of a parameter has a
    /// line break.</exception>
    let toContent (checkpoint: Checkpoint<'T>) : Safetensors =
        let state = checkpoint.State
        let layout = state.Layout

        if checkpoint.Parameters.Length <> layout.Length then
            raise (
                ArgumentException(
                    $"The checkpoint has {checkpoint.Parameters.Length} parameters, but its state has {layout.Length}. The numbers must be equal.",
                    nameof checkpoint
                )
            )

        match layout.Parameters |> Seq.tryFind (fun parameter -> parameter.Name.Contains '\n') with
        | Some parameter ->
            raise (
                ArgumentException(
                    $"The parameter name {Tensor.shown parameter.Name} has a line break. Use a name without line breaks.",
                    nameof checkpoint
                )
            )
        | None -> ()

        let tensors =
            [ for parameter in layout.Parameters do
                  let values = Array.sub checkpoint.Parameters parameter.Offset parameter.Length
                  $"parameter:{parameter.Name}", { Shape = parameter.Shape; Cells = cells values }
              for name in state.SlotNames do
                  let values = state[name].ToArray()
                  $"slot:{name}", { Shape = [ values.Length ]; Cells = cells values }
              for name, value in state.Numbers do
                  $"number:{name}", { Shape = []; Cells = F64 [| value |] }
              "steps", { Shape = [ state.Steps.Length ]; Cells = I64(Array.copy state.Steps) }
              if state.AbsenceCounts.Length > 0 then
                  absencesName,
                  { Shape = [ state.Steps.Length; layout.Parameters.Count ]
                    Cells = I64(Array.copy state.AbsenceCounts) }
              "step", { Shape = []; Cells = I64 [| state.Step |] } ]

        let ownRules =
            match checkpoint.Optimizer.OwnRules with
            | [] -> []
            | rules -> [ ownRulesKey, String.Join("\n", [ for name, identity in rules -> $"{name}: {identity}" ]) ]

        let unitsFirst =
            match
                [ for parameter in layout.Parameters do
                      if parameter.UnitsFirst then
                          parameter.Name ]
            with
            | [] -> []
            | names -> [ unitsFirstKey, String.concat "\n" names ]

        { Metadata =
            Map
                [ yield! ownRules
                  yield! unitsFirst
                  FormatKey, format
                  optimizerKey, string checkpoint.Optimizer
                  parametersKey, layout.Parameters |> Seq.map _.Name |> String.concat "\n"
                  LibraryVersion.Key, LibraryVersion.current ]
          Tensors = Map tensors }

    let private damaged (file: string) (problem: string) : 'any = raise (DataFormatException(file, 0L, problem))

    let private metadata (file: string) (content: Safetensors) (key: string) : string =
        match content.Metadata.TryFind key with
        | Some value -> value
        | None -> damaged file $"The file is not a checkpoint of this library: its metadata have no '{key}'."

    let private checkFormat (file: string) (content: Safetensors) : unit =
        let found = metadata file content FormatKey

        if found <> format then
            damaged file $"The checkpoint has the format {Tensor.shown found}. Only the format '{format}' can be read."

    /// Returns the names and identities of the rules of one's own.
    let private ownRules (file: string) (content: Safetensors) : (string * string) list =
        match content.Metadata.TryFind ownRulesKey with
        | None -> []
        | Some text ->
            [ for line in text.Split '\n' do
                  // A name can contain a colon and a blank, a type cannot.
                  match line.LastIndexOf(": ", StringComparison.Ordinal) with
                  | at when at >= 0 -> line.Substring(0, at), line.Substring(at + 2)
                  | _ -> damaged file $"{Tensor.shown line} in '{ownRulesKey}' is not the name and the type of a rule." ]

    let private checkOwnRules (file: string) (content: Safetensors) (optimizer: Optimizer) : unit =
        let inFile, inOptimizer = ownRules file content, optimizer.OwnRules

        let describe (rules: (string * string) list) (name: string) =
            match rules |> List.filter (fst >> (=) name) with
            | [] -> if (Registry.Standard.TryFind name).IsSome then OwnRules.describe "" else "missing"
            | own -> String.Join(" and ", [ for _, identity in own -> OwnRules.describe identity ])

        match
            List.map fst (inFile @ inOptimizer)
            |> List.tryFind (fun name -> describe inFile name <> describe inOptimizer name)
        with
        | Some name ->
            damaged
                file
                $"In the checkpoint, {name} is {describe inFile name}; in the optimizer, it is {describe inOptimizer name}. Use the rule that wrote the checkpoint."
        | None -> ()

    let internal tensor (file: string) (content: Safetensors) (name: string) : Tensor =
        match content.Tensors.TryFind name with
        | Some tensor -> tensor
        | None -> damaged file $"The tensor '{name}' is missing."

    let internal values<'T> (file: string) (name: string) (tensor: Tensor) : 'T array =
        let struct (stored, found: obj | null) =
            match tensor.Cells with
            | F32 values -> struct ("float32", box values)
            | F64 values -> struct ("float64", box values)
            | I64 values -> struct ("int64", box values)
            | U8 values -> struct ("uint8", box values)

        let needed =
            if typeof<'T> = typeof<float32> then "float32"
            elif typeof<'T> = typeof<float> then "float64"
            else "int64"

        match found with
        | :? ('T array) as values -> values
        | _ -> damaged file $"The tensor '{name}' holds {stored}. It must hold {needed}."

    let internal single<'T> (file: string) (content: Safetensors) (name: string) : 'T =
        let tensor = tensor file content name

        if tensor.Shape <> [] then
            damaged file $"The tensor '{name}' must be a single number."

        (values<'T> file name tensor)[0]

    /// Reads the steps that tensors have missed; empty if there are none.
    let private readAbsences (file: string) (content: Safetensors) (state: State<'T>) : int64 array =
        match content.Tensors.TryFind absencesName with
        | None -> Array.Empty()
        | Some tensor ->
            let parts, tensors = state.Steps.Length, state.Layout.Parameters.Count

            if tensor.Shape <> [ parts; tensors ] then
                damaged
                    file
                    $"The tensor '{absencesName}' must have a row for each of {parts} parts and a column for each of {tensors} tensors."

            let counts = values<int64> file absencesName tensor

            for node in state.Plan.Separate.Nodes do
                for k in 0 .. tensors - 1 do
                    let count = counts[state.PlaceOf(node, k)]
                    let most = if node.IsSeparate && Array.contains k node.Tensors then state.Steps[node.Index] else 0L

                    if count < 0L || count > most then
                        damaged file $"A tensor has missed {count} steps of {node.Kind.Name}. It must have missed from 0 to {most} steps."

            counts

    /// <summary>Reads the checkpoint of a given optimizer from the content of a safetensors file.</summary>
    /// <param name="optimizer">The optimizer, which need not have a text form. Its parts must be those of the saved one.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The content is not a checkpoint, or belongs to another optimizer or
    /// precision.</exception>
    let ofContentFor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (optimizer: Optimizer)
        (file: string)
        (content: Safetensors)
        : Checkpoint<'T> =
        checkFormat file content
        checkOwnRules file content optimizer

        let names =
            match metadata file content parametersKey with
            | "" when not (content.Tensors.ContainsKey "parameter:") -> []
            | text -> text.Split '\n' |> Array.toList

        let tensors = names |> List.map (fun name -> name, tensor file content $"parameter:{name}")

        let state =
            try
                let unitsFirst =
                    match content.Metadata.TryFind unitsFirstKey with
                    | Some names -> Set(names.Split '\n')
                    | None -> Set.empty

                let layout =
                    Layout.Of
                        [ for parameter in (Layout.OfShapes [ for name, tensor in tensors -> name, tensor.Shape ]).Parameters ->
                              { parameter with UnitsFirst = unitsFirst.Contains parameter.Name } ]

                // Shares of the run stay: who reads a checkpoint need not know the length of the run.
                State<'T>.Zero(optimizer, layout)
            with :? ArgumentException as error ->
                // A reader of the file knows no parameter names.
                damaged file (Refusal.sentence error)

        let parameters =
            [| for name, tensor in tensors do
                   yield! values<'T> file $"parameter:{name}" tensor |]

        let expected = HashSet<string>([ "step"; "steps"; absencesName ])
        names |> List.iter (fun name -> expected.Add $"parameter:{name}" |> ignore)

        let fill (name: string) (target: Memory<'U>) =
            expected.Add name |> ignore
            let source = values<'U> file name (tensor file content name)

            if source.Length <> target.Length then
                damaged file $"The tensor '{name}' has {source.Length} elements, but {optimizer} needs {target.Length}."

            source.CopyTo target

        for name in state.SlotNames do
            fill $"slot:{name}" (state.WritableSlot name)

        for i, (name, _) in List.indexed state.Numbers do
            expected.Add $"number:{name}" |> ignore
            state.Scalars[i] <- single<float> file content $"number:{name}"

        fill "steps" (Memory state.Steps)
        let step = single<int64> file content "step"

        if step < 0L then
            damaged file $"The step is {step}. It must be at least 0."

        match state.Steps |> Array.tryFind (fun part -> part < 0L || part > step) with
        | Some part -> damaged file $"A part has counted {part} steps. It must have counted from 0 to {step}, all steps of the optimizer."
        | None -> ()

        match content.Tensors |> Map.tryFindKey (fun name _ -> not (expected.Contains name)) with
        | Some name -> damaged file $"The tensor '{name}' belongs to no part of {optimizer}."
        | None -> ()

        let absences = readAbsences file content state
        { Optimizer = optimizer; State = state.With(step, absences); Parameters = parameters }

    /// <summary>Reads a checkpoint from the content of a safetensors file.</summary>
    /// <param name="registry">The rules and schedules that the text form of the optimizer can name.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The content is not a checkpoint, the text form of its optimizer is unknown, a
    /// rule is another one than in the registry, or it has another precision.</exception>
    let ofContentWith<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
        (registry: Registry)
        (file: string)
        (content: Safetensors)
        : Checkpoint<'T> =
        checkFormat file content

        match ownRules file content |> List.tryFind (fun (name, _) -> (registry.TryFind name).IsNone) with
        | Some(name, identity) ->
            damaged
                file
                $"The checkpoint has the rule {Tensor.shown name} ({OwnRules.describe identity}), which is not in the registry. Read it with a registry that has this rule, or with its optimizer."
        | None -> ()

        let optimizer =
            try
                Expression.parseWith registry (metadata file content optimizerKey)
            with :? ExpressionException as error ->
                damaged file $"The optimizer cannot be read: {error.Message}"

        ofContentFor<'T> optimizer file content

    /// <summary>Reads a checkpoint with rules of the library from the content of a safetensors file.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentWith</c>.</exception>
    let ofContent<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (file: string) (content: Safetensors) : Checkpoint<'T> =
        ofContentWith<'T> Registry.Standard file content

    /// <summary>Writes a checkpoint to a safetensors file, completely or not at all.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. An old file is unchanged.</exception>
    let save (path: string) (checkpoint: Checkpoint<'T>) : unit = Safetensors.save path (toContent checkpoint)

    /// <summary>Reads a checkpoint from a safetensors file.</summary>
    /// <param name="registry">The rules and schedules that the text form of the optimizer can name.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentWith</c>, or the file is damaged.</exception>
    let readWith<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (registry: Registry) (path: string) : Checkpoint<'T> =
        ofContentWith<'T> registry path (Safetensors.read path)

    /// <summary>Reads a checkpoint with rules of the library from a safetensors file.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentWith</c>, or the file is damaged.</exception>
    let read<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (path: string) : Checkpoint<'T> =
        readWith<'T> Registry.Standard path

    /// <summary>Reads the checkpoint of an optimizer that has no text form.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentFor</c>, or the file is damaged.</exception>
    let readFor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (path: string) : Checkpoint<'T> =
        ofContentFor<'T> optimizer path (Safetensors.read path)

    // An npz archive has only arrays, so each metadata entry is an array of bytes.
    let private metadataPrefix = "metadata:"

    let private contentOfNpz (path: string) : Safetensors =
        let arrays = Npz.read path
        let isMetadata (name: string) = name.StartsWith(metadataPrefix, StringComparison.Ordinal)

        let text (name: string) (array: Tensor) =
            match array.Cells with
            | U8 bytes -> Text.Encoding.UTF8.GetString bytes
            | _ -> damaged path $"The array '{name}' must hold bytes."

        { Metadata =
            Map
                [ for KeyValue(name, array) in arrays do
                      if isMetadata name then
                          name.Substring metadataPrefix.Length, text name array ]
          Tensors = arrays |> Map.filter (fun name _ -> not (isMetadata name)) }

    /// <summary>Writes a checkpoint to an npz archive: the same tensors, and the metadata as UTF-8 bytes.</summary>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. An old file is unchanged.</exception>
    let saveNpz (path: string) (checkpoint: Checkpoint<'T>) : unit =
        let content = toContent checkpoint

        let bytes (text: string) =
            let bytes = Text.Encoding.UTF8.GetBytes text
            { Shape = [ bytes.Length ]; Cells = U8 bytes }

        (content.Tensors, content.Metadata)
        ||> Map.fold (fun arrays key value -> arrays.Add(metadataPrefix + key, bytes value))
        |> Npz.save path

    /// <summary>Reads a checkpoint from an npz archive.</summary>
    /// <param name="registry">The rules and schedules that the text form of the optimizer can name.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentWith</c>, or the file is damaged.</exception>
    let readNpzWith<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (registry: Registry) (path: string) : Checkpoint<'T> =
        ofContentWith<'T> registry path (contentOfNpz path)

    /// <summary>Reads a checkpoint with rules of the library from an npz archive.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentWith</c>, or the file is damaged.</exception>
    let readNpz<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (path: string) : Checkpoint<'T> =
        readNpzWith<'T> Registry.Standard path

    /// <summary>Reads the checkpoint of an optimizer that has no text form from an npz archive.</summary>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">As for <c>ofContentFor</c>, or the file is damaged.</exception>
    let readNpzFor<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (optimizer: Optimizer) (path: string) : Checkpoint<'T> =
        ofContentFor<'T> optimizer path (contentOfNpz path)
