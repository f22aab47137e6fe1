namespace CuteDl.Core.Networks

open System
open CuteDl.Core.Data

/// <summary>The table of layers. A new layer needs a file with its class, and an entry here.</summary>
[<RequireQualifiedAccess>]
module LayerKinds =
    /// <summary>All kinds of layers.</summary>
    let all: LayerKind list = [ Dense.Kind; Dropout.Kind; Activate.Kind; Flatten.Kind ]

/// <summary>Properties of chains of layers.</summary>
[<RequireQualifiedAccess>]
module Layers =
    /// <summary>Returns the shape of each layer's output, or the reason why a layer does not take its input.</summary>
    let shapes (input: TensorShape) (layers: Layer list) : Result<TensorShape list, string> =
        let next (found: Result<TensorShape list, string>) (layer: Layer) =
            match found with
            | Error _ -> found
            | Ok shapes ->
                match layer.OutputOf(List.head shapes) with
                | Ok shape when shape.Length < Int32.MaxValue -> Ok(shape :: shapes)
                | Ok shape -> Error $"The outputs of {layer} have the shape {shape}. They must be fewer than {Int32.MaxValue} values."
                | Error problem -> Error problem

        layers |> List.fold next (Ok [ input ]) |> Result.map (List.rev >> List.tail)

    /// <summary>Returns the activation that the outputs of the last layer are values of; linear if there is none.</summary>
    /// <remarks>Layers that only pass values on, such as dropout, do not change it.</remarks>
    let outputActivation (layers: Layer list) : Activation =
        let passesOn (layer: Layer) = layer.OutputActivation.IsNone && layer.Size = OutputSize.AsInput

        match layers |> List.rev |> List.skipWhile passesOn with
        | last :: _ -> ValueOption.defaultValue Linear last.OutputActivation
        | [] -> Linear

    /// <summary>Returns the number of outputs; None if it depends on the input.</summary>
    let units (layers: Layer list) : int option =
        match layers |> List.rev |> List.skipWhile (fun layer -> layer.Size = OutputSize.AsInput) with
        | last :: _ ->
            match last.Size with
            | OutputSize.Units count -> Some count
            | OutputSize.AsInput
            | OutputSize.OfInput -> None
        | [] -> None
