namespace CuteDl.Core.Optimizers

open System

/// <summary>A named tensor among parameters that lie one after another in one flat array, row after row.</summary>
type Parameter =
    {
        /// <summary>Such as <c>layers.0.weight</c>.</summary>
        Name: string
        /// <summary>Inputs × units for a weight, units for a bias.</summary>
        Shape: int list
        /// <summary>Where it begins in the flat array.</summary>
        Offset: int
    }

    /// <summary>How many elements it has.</summary>
    member parameter.Length = List.fold (*) 1 parameter.Shape

/// <summary>The tensors that make up a flat array of parameters: what an optimizer needs to know of a model.</summary>
[<Sealed>]
type Layout private (parameters: Parameter array, length: int) =
    /// <summary>The tensors in the order in which they lie.</summary>
    member _.Parameters: Collections.Generic.IReadOnlyList<Parameter> = parameters

    /// <summary>How many elements they have together.</summary>
    member _.Length = length

    /// <summary>So many elements that make one tensor without a name.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The length is negative.</exception>
    static member Flat(length: int) =
        ArgumentOutOfRangeException.ThrowIfNegative(length, nameof length)
        Layout([| { Name = ""; Shape = [ length ]; Offset = 0 } |], length)

    /// <summary>These tensors, one after another.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// They do not lie one after another from 0, a size is negative, two have the same name, or they are more than an array can hold.
    /// </exception>
    static member Of(parameters: Parameter seq) =
        let parameters = Seq.toArray parameters
        let mutable length = 0

        for parameter in parameters do
            match parameter.Shape |> List.tryFind (fun size -> size < 0) with
            | Some size -> raise (ArgumentException($"'{parameter.Name}' has a size of {size}, at least 0 is expected.", nameof parameters))
            | None -> ()

            if parameter.Offset <> length then
                raise (
                    ArgumentException(
                        $"'{parameter.Name}' begins at {parameter.Offset}, expected {length}: tensors lie one after another.",
                        nameof parameters
                    )
                )

            let elements =
                bigint length + (parameter.Shape |> List.fold (fun product size -> product * bigint size) 1I)

            if elements > bigint Array.MaxLength then
                raise (
                    ArgumentException(
                        $"with '{parameter.Name}' there are {elements} elements, at most {Array.MaxLength} are possible.",
                        nameof parameters
                    )
                )

            length <- int elements

        match parameters |> Array.countBy _.Name |> Array.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> raise (ArgumentException($"two tensors are named '{name}'.", nameof parameters))
        | None -> ()

        Layout(parameters, length)

    /// <summary>Tensors of these names and shapes, one after another.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// A size is negative, two have the same name, or they are more than an array can hold.
    /// </exception>
    static member OfShapes(shapes: (string * int list) seq) =
        let parameters, _ =
            shapes
            |> Seq.toList
            |> List.mapFold
                (fun offset (name, shape) ->
                    let parameter = { Name = name; Shape = shape; Offset = offset }
                    parameter, offset + parameter.Length)
                0

        Layout.Of parameters
