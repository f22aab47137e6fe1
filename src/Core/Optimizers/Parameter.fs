namespace CuteDl.Core.Optimizers

open System

/// <summary>A named tensor in a flat array of parameters. Tensors are contiguous and stored row by row.</summary>
type Parameter =
    {
        /// <summary>The name, such as <c>layers.0.weight</c>.</summary>
        Name: string
        /// <summary>The shape: inputs × units for a weight, units for a bias. With <c>UnitsFirst</c>, units × inputs for a weight.</summary>
        Shape: int list
        /// <summary>True if the units of a weight are its first dimension, as in PyTorch. Otherwise, they are its last dimension.</summary>
        UnitsFirst: bool
        /// <summary>The position of its first element in the flat array.</summary>
        Offset: int
    }

    /// <summary>The number of elements.</summary>
    member parameter.Length = List.fold (*) 1 parameter.Shape

    /// <summary>Creates a tensor whose units are its last dimension.</summary>
    static member Of(name: string, shape: int list, offset: int) : Parameter =
        { Name = name; Shape = shape; UnitsFirst = false; Offset = offset }

/// <summary>The tensors of a flat array of parameters. An optimizer needs no other information about a model.</summary>
[<Sealed>]
type Layout private (parameters: Parameter array, length: int) =
    let indices =
        lazy
            (Collections.Generic.Dictionary<string, int>(
                seq { for i in 0 .. parameters.Length - 1 -> Collections.Generic.KeyValuePair(parameters[i].Name, i) }
            ))

    /// <summary>The tensors in the order of their positions.</summary>
    member _.Parameters: Collections.Generic.IReadOnlyList<Parameter> = parameters

    /// <summary>The number of elements of all tensors.</summary>
    member _.Length = length

    /// <summary>Returns the same tensors with the units of weights as their first dimension: units × inputs, as in PyTorch.</summary>
    member _.WithUnitsFirst() : Layout =
        Layout(Array.map (fun parameter -> { parameter with UnitsFirst = true }) parameters, length)

    /// Returns the index of a tensor by its name; −1 if there is none.
    member internal _.IndexOf(name: string) : int =
        match indices.Value.TryGetValue name with
        | true, index -> index
        | false, _ -> -1

    /// Returns the index of a tensor by its name. Throws if there is none.
    member internal layout.Find(name: string, argument: string) : int =
        let index = layout.IndexOf name

        if index < 0 then
            let known = Suggestion.describe (Seq.map _.Name layout.Parameters) name
            raise (ArgumentException($"No tensor is named {Quotation.quote name}. {known}", argument))

        index

    /// <summary>True if both have the same tensors: names, shapes and positions.</summary>
    override _.Equals(other: obj) =
        match other with
        | :? Layout as other ->
            length = other.Length
            && Seq.forall2 (=) parameters other.Parameters
            && parameters.Length = other.Parameters.Count
        | _ -> false

    override _.GetHashCode() = HashCode.Combine(length, parameters.Length, Seq.tryHead parameters)

    /// <summary>The names and shapes: <c>layers.0.weight [784, 10], layers.0.bias [10]</c>. At most eight tensors are shown.</summary>
    override _.ToString() =
        let shown (parameter: Parameter) =
            let shape = "[" + String.Join(", ", parameter.Shape) + "]"
            if parameter.Name = "" then shape else $"{parameter.Name} {shape}"

        let first = parameters |> Seq.truncate 8 |> Seq.map shown |> Seq.toList
        let more = if parameters.Length > 8 then [ $"... {parameters.Length - 8} more" ] else []
        String.concat ", " (first @ more)

    /// <summary>Creates the layout of one tensor without a name.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">The length is negative.</exception>
    static member Flat(length: int) =
        ArgumentOutOfRangeException.ThrowIfNegative(length, nameof length)
        Layout([| Parameter.Of("", [ length ], 0) |], length)

    /// <summary>Creates the layout of contiguous tensors.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// The tensors are not contiguous from 0, a size is negative, two names are equal, or there are more elements than an array can hold.
    /// </exception>
    static member Of(parameters: Parameter seq) =
        let parameters = Seq.toArray parameters
        let mutable length = 0

        for parameter in parameters do
            match parameter.Shape |> List.tryFind (fun size -> size < 0) with
            | Some size ->
                raise (ArgumentException($"'{parameter.Name}' has a size of {size}. Sizes must be at least 0.", nameof parameters))
            | None -> ()

            if parameter.Offset <> length then
                raise (
                    ArgumentException(
                        $"'{parameter.Name}' has the offset {parameter.Offset}. It must be {length}, the end of the previous tensor.",
                        nameof parameters
                    )
                )

            let elements =
                bigint length + (parameter.Shape |> List.fold (fun product size -> product * bigint size) 1I)

            if elements > bigint Array.MaxLength then
                raise (
                    ArgumentException(
                        $"The tensors up to '{parameter.Name}' have {elements} elements. At most {Array.MaxLength} are possible.",
                        nameof parameters
                    )
                )

            length <- int elements

        match parameters |> Array.countBy _.Name |> Array.tryFind (fun (_, count) -> count > 1) with
        | Some(name, _) -> raise (ArgumentException($"Two tensors are named '{name}'. Give each tensor its own name.", nameof parameters))
        | None -> ()

        Layout(parameters, length)

    /// <summary>Creates the layout of contiguous tensors with these names and shapes.</summary>
    /// <exception cref="T:System.ArgumentException">
    /// A size is negative, two names are equal, or there are more elements than an array can hold.
    /// </exception>
    static member OfShapes(shapes: (string * int list) seq) =
        let parameters, _ =
            shapes
            |> Seq.toList
            |> List.mapFold
                (fun offset (name, shape) ->
                    let parameter = Parameter.Of(name, shape, offset)
                    parameter, offset + parameter.Length)
                0

        Layout.Of parameters
