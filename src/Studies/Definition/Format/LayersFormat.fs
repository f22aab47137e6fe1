namespace CuteDl.Studies

open System
open CuteDl.Core.Networks

/// The layers of a model in a study file. All kinds, with their keys, are those of the table of layers.
[<RequireQualifiedAccess>]
module internal LayersFormat =
    let activation: Shape<Activation> = Shape.word string Activation.all

    let private sentence (clause: string) : string =
        if clause = "" then "" else string (Char.ToUpperInvariant clause[0]) + clause[1..] + "."

    let private takesLayers (kind: LayerKind) =
        kind.Arguments |> List.exists (fun argument -> argument.Form = LayerForm.Layers)

    /// Layers within a layer: the JSON schema of layers is finite, so these have no layers of their own.
    let rec private value (argument: LayerArgument) : Shape<LayerValue> =
        match argument.Form with
        | LayerForm.Whole least -> Shape.atLeast least |> Shape.convert LayerValue.Whole LayerValue.whole
        | LayerForm.Number range -> Shape.number range |> Shape.convert LayerValue.Number LayerValue.number
        | LayerForm.Activation -> activation |> Shape.convert LayerValue.Activation LayerValue.activation
        | LayerForm.Layers ->
            Shape.items "layers" (ofKinds (LayerKinds.all |> List.filter (takesLayers >> not)))
            |> Shape.convert LayerValue.Layers LayerValue.layers

    /// The first argument has the name of the kind as its key, which tells the kinds apart.
    and private form (kind: LayerKind) : Form<Layer> =
        // None is the value of the first argument.
        let key (index: int) (argument: LayerArgument) : Fields<LayerValue list, LayerValue option> =
            let shape = value argument
            let meaning = sentence argument.Summary

            match argument.Default with
            | LayerDefault.Required -> Field.required argument.Name meaning shape (List.item index) |> Fields.map Some
            | LayerDefault.Constant otherwise -> Field.optional argument.Name meaning shape otherwise (List.item index) |> Fields.map Some
            | LayerDefault.AsFirst ->
                Field.given argument.Name $"{meaning} The default is the value of {kind.Name}." shape (fun values ->
                    if values[index] = values[0] then None else Some values[index])

        let append all one =
            Fields.both all one
            |> Fields.map (fun (values: LayerValue list, value) -> values @ [ defaultArg value values.Head ])

        match kind.Arguments with
        | [] -> Form.word kind.Name (kind.Make [])
        | first :: others ->
            let named = Field.required kind.Name (sentence first.Summary) (value first) List.head

            List.fold append (Fields.map List.singleton named) (List.mapi (fun i argument -> key (i + 1) argument) others)
            |> Fields.shape
            |> Form.distinguished kind.Name kind.Make (fun layer -> if layer.Kind.Name = kind.Name then Some layer.Values else None)

    and private ofKinds (kinds: LayerKind list) : Shape<Layer> =
        // Layers that no file can have, such as those of one's own, are printed by their text. Reading refuses it.
        let others: Form<Layer> =
            { Accepts = fun _ -> false
              Example = ""
              Key = None
              Read = fun _ _ -> None
              Print = fun layer -> Some(Json.text layer.Text)
              Schema = []
              Note = "" }

        Form.choice (List.map form kinds @ [ others ])

    /// A layer of any kind.
    let layer: Shape<Layer> = ofKinds LayerKinds.all
