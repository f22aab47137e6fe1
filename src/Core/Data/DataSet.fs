namespace CuteDl.Core.Data

open System
open CuteDl.Core.Numerics

/// <summary>The inputs of all examples, one example after another.</summary>
[<RequireQualifiedAccess>]
type Features =
    /// <summary>Bytes, such as pixels. A byte represents value / 255.</summary>
    | Bytes of byte array
    /// <summary>Finite numbers of 32 bits.</summary>
    | Singles of float32 array
    /// <summary>Finite numbers of 64 bits.</summary>
    | Doubles of float array

    /// <summary>The number of values.</summary>
    member features.Length =
        match features with
        | Bytes values -> values.Length
        | Singles values -> values.Length
        | Doubles values -> values.Length

    /// <summary>The number that the value at an index represents.</summary>
    member features.Item(index: int) : float =
        match features with
        | Bytes values -> float values[index] / 255.0
        | Singles values -> float values[index]
        | Doubles values -> values[index]

/// <summary>The targets of all examples.</summary>
[<RequireQualifiedAccess>]
type Targets =
    /// <summary>The class of each example, from 0, and the number of classes.</summary>
    | Labels of labels: int array * classes: int
    /// <summary>Rows of finite numbers, all of one width, one row after another.</summary>
    | Values of width: int * values: float array

    /// <summary>The number of examples.</summary>
    member targets.Count =
        match targets with
        | Labels(labels, _) -> labels.Length
        | Values(width, values) -> values.Length / width

    /// <summary>The smallest number of outputs of a model: the number of classes, or the width of a row.</summary>
    member targets.Length =
        match targets with
        | Labels(_, classes) -> classes
        | Values(width, _) -> width

    /// <summary>True if the targets are classes.</summary>
    member targets.HasClasses =
        match targets with
        | Labels _ -> true
        | Values _ -> false

    /// <summary>The class of each example; empty if the targets are numbers.</summary>
    member targets.Classes =
        match targets with
        | Labels(labels, _) -> labels
        | Values _ -> [||]

/// <summary>Examples: inputs of one shape, and their targets. The arrays are not copied, and must not change.</summary>
/// <param name="shape">The shape of an example, with at least 1 value.</param>
/// <param name="features">The inputs.</param>
/// <param name="targets">The targets, one for each example.</param>
/// <exception cref="T:System.ArgumentException">The sizes do not fit each other, a number is not finite, or a label is no class.</exception>
[<Sealed>]
type DataSet(shape: TensorShape, features: Features, targets: Targets) =
    let width = shape.Length

    let refuse (name: string) (message: string) : unit = raise (ArgumentException(message, name))

    let checkFinite (name: string) (kind: string) (width: int) (length: int) (isFinite: int -> bool) (show: int -> string) =
        let mutable index = 0

        while index < length && isFinite index do
            index <- index + 1

        if index < length then
            refuse
                name
                $"The {kind} in row {index / width}, column {index % width} is {show index}. It must be a finite number. (Rows and columns count from 0.)"

    let checkFeatures () =
        match features with
        | Features.Bytes _ -> ()
        | Features.Singles values ->
            checkFinite (nameof features) "input" width values.Length (fun i -> Single.IsFinite values[i]) (fun i -> $"{values[i]}")
        | Features.Doubles values ->
            checkFinite (nameof features) "input" width values.Length (fun i -> Double.IsFinite values[i]) (fun i -> $"{values[i]}")

    let checkTargets () =
        match targets with
        | Targets.Labels(labels, classes) ->
            if classes < 1 then
                raise (ArgumentOutOfRangeException(nameof targets, classes, "There must be at least 1 class."))

            match labels |> Array.tryFindIndex (fun label -> label < 0 || label >= classes) with
            | Some row ->
                refuse (nameof targets) $"The label in row {row} is {labels[row]}. It must be from 0 to {classes - 1}. (Rows count from 0.)"
            | None -> ()
        | Targets.Values(width, values) ->
            if width < 1 then
                raise (ArgumentOutOfRangeException(nameof targets, width, "A row of targets must have at least 1 value."))

            if values.Length % width <> 0 then
                refuse (nameof targets) $"The targets have {values.Length} values, which are no whole number of rows of {width}."

            checkFinite (nameof targets) "target" width values.Length (fun i -> Double.IsFinite values[i]) (fun i -> $"{values[i]}")

    do
        if width < 1 then
            raise (ArgumentOutOfRangeException(nameof width, width, "An example must have at least 1 value."))

        checkTargets ()
        let needed = int64 width * int64 targets.Count

        if int64 features.Length <> needed then
            refuse
                (nameof features)
                $"The inputs have {features.Length} values, but {targets.Count} examples of {width} values need {needed}."

        checkFeatures ()

    // Above this share of groups that are not all zeros, skipping the others costs more than multiplying by them: see docs/adr/0038.
    let largestOccupancy = 0.5

    let sparse =
        lazy
            (match features with
             | Features.Bytes bytes when SparseRows.occupancy bytes <= largestOccupancy -> Some(SparseRows.ofCells bytes width)
             | Features.Bytes _
             | Features.Singles _
             | Features.Doubles _ -> None)

    /// <summary>Examples of bytes that are vectors, with their classes.</summary>
    new(width: int, bytes: byte array, labels: int array, classes: int) =
        DataSet(TensorShape.Flat width, Features.Bytes bytes, Targets.Labels(labels, classes))

    /// <summary>The shape of an example.</summary>
    member _.Shape = shape

    /// <summary>The number of values per example.</summary>
    member _.Width = width

    /// <summary>The inputs.</summary>
    member _.Features = features

    /// <summary>The targets.</summary>
    member _.Targets = targets

    /// <summary>The number of examples.</summary>
    member _.Count = targets.Count

    /// <summary>The inputs as sparse rows; None if they are not bytes, or too few are 0. Created on first use.</summary>
    member _.Sparse = sparse.Value

/// <summary>Creates data sets from others.</summary>
module DataSet =
    let private pick (width: int) (indices: int array) (values: 'value array) : 'value array =
        let picked = Array.zeroCreate (indices.Length * width)

        indices
        |> Array.iteri (fun row index -> Array.Copy(values, index * width, picked, row * width, width))

        picked

    /// <summary>Returns the examples at some indices, in this order.</summary>
    let choose (indices: int array) (set: DataSet) : DataSet =
        let features =
            match set.Features with
            | Features.Bytes values -> Features.Bytes(pick set.Width indices values)
            | Features.Singles values -> Features.Singles(pick set.Width indices values)
            | Features.Doubles values -> Features.Doubles(pick set.Width indices values)

        let targets =
            match set.Targets with
            | Targets.Labels(labels, classes) -> Targets.Labels(pick 1 indices labels, classes)
            | Targets.Values(width, values) -> Targets.Values(width, pick width indices values)

        DataSet(set.Shape, features, targets)
