namespace CuteDl.Core.Networks

open System
open CuteDl.Core.Data

/// <summary>Properties of chains of layers.</summary>
[<RequireQualifiedAccess>]
module Layers =
    /// <summary>Returns the shape of each layer's output, or the reason why a layer does not take its input.</summary>
    let shapes (input: TensorShape) (layers: Layer list) : Result<TensorShape list, string> =
        let next (found: Result<TensorShape list, string>) (layer: Layer) =
            match found with
            | Error _ -> found
            | Ok shapes when layer.InputsBelow.IsSome && shapes.Length > 1 ->
                Error $"{layer} takes whole numbers, but is not the first layer: Make it the first."
            | Ok shapes ->
                match layer.OutputOf(List.head shapes) with
                | Ok shape when shape.Length < Int32.MaxValue -> Ok(shape :: shapes)
                | Ok shape -> Error $"The outputs of {layer} have the shape {shape}. They must be fewer than {Int32.MaxValue} values."
                | Error problem -> Error problem

        layers |> List.fold next (Ok [ input ]) |> Result.map (List.rev >> List.tail)

    /// <summary>Returns the activation that computes the outputs of the last layer; linear if there is none.</summary>
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

    /// <summary>
    /// Returns the shape in which layers take examples: their own, or a vector if the layers take only that. If they take neither, returns
    /// the shape that the first layer takes.
    /// </summary>
    /// <param name="shape">The shape of the examples.</param>
    /// <param name="layers">The layers.</param>
    let inputFor (shape: TensorShape) (layers: Layer list) : TensorShape =
        let flat = TensorShape.Flat shape.Length

        if (shapes shape layers).IsOk then
            shape
        elif (shapes flat layers).IsOk then
            flat
        else
            match layers with
            | first :: _ when (first.OutputOf shape).IsOk -> shape
            | _ -> flat

    /// <summary>Returns the shape of each layer's input.</summary>
    /// <exception cref="T:System.ArgumentException">A layer does not take its input.</exception>
    let inputs (input: TensorShape) (layers: Layer list) : TensorShape list =
        match shapes input layers with
        | Ok shapes -> input :: List.truncate (layers.Length - 1) shapes
        | Error problem -> raise (ArgumentException(problem, nameof layers))

    /// Adds layers to an ONNX graph, and returns their output.
    let internal addToOnnx
        (graph: OnnxGraph)
        (name: string)
        (layers: Layer list)
        (parameters: float32 array)
        (input: OnnxValue)
        : OnnxValue =
        let add (value: OnnxValue, start: int, index: int) (layer: Layer) =
            let length = layer.TensorsOf value.Shape |> List.sumBy _.Length
            let output = layer.AddToOnnx(graph, value, $"{name}.{index}", Array.sub parameters start length)
            output, start + length, (if length = 0 then index else index + 1)

        let output, _, _ = layers |> List.fold add (input, 0, 0)
        output

    /// <summary>Returns the tensors of layers in memory order, each with the number of its layer. Layers without tensors have no
    /// number.</summary>
    /// <exception cref="T:System.ArgumentException">A layer does not take its input.</exception>
    let tensors (input: TensorShape) (layers: Layer list) : (int * LayerTensor) list =
        List.map2 (fun (layer: Layer) input -> layer.TensorsOf input) layers (inputs input layers)
        |> List.filter (fun tensors -> not tensors.IsEmpty)
        |> List.indexed
        |> List.collect (fun (index, tensors) -> [ for tensor in tensors -> index, tensor ])
