namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>A tensor of a layer's parameters.</summary>
type LayerTensor =
    {
        /// <summary>The name within the layer: weight, bias, ...</summary>
        Name: string
        /// <summary>The sizes. The last dimension is contiguous in memory.</summary>
        Shape: int list
        /// <summary>The initial values.</summary>
        Initial: InitialValues
    }

    /// The number of elements, also if no array can hold them.
    member internal tensor.Elements: bigint =
        tensor.Shape |> List.fold (fun product size -> product * bigint size) 1I

    /// <summary>The number of elements; 2³¹ − 1 if there are more.</summary>
    member tensor.Length = int (min (bigint Int32.MaxValue) tensor.Elements)

/// <summary>The dependence of a layer's output shape on its input.</summary>
[<RequireQualifiedAccess>]
type OutputSize =
    /// <summary>A vector of this length, for any input.</summary>
    | Units of count: int
    /// <summary>The shape of the input.</summary>
    | AsInput
    /// <summary>Another function of the input's shape.</summary>
    | OfInput

/// <summary>
/// A layer with its buffers, for batches of at most a capacity. It allocates all of them at construction, so a step allocates nothing. Not
/// thread-safe.
/// </summary>
/// <remarks>
/// Sums over the batch follow the examples in ascending order, and within an example its positions in row-major order. So the bits do not
/// depend on the vector width.
/// </remarks>
/// <param name="output">The shape of the output.</param>
/// <param name="capacity">The largest number of examples in a batch.</param>
[<AbstractClass>]
type LayerOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(output: TensorShape, capacity: int) =
    let length = output.Length
    let outputs: 'T array = BatchArray.create capacity length
    let outputGradient: 'T array = BatchArray.create capacity length

    /// <summary>The shape of the output.</summary>
    member _.Output = output

    /// <summary>The number of values of an example's output.</summary>
    member _.Length = length

    /// <summary>The outputs of the last forward pass, capacity × output, row-major.</summary>
    member _.Outputs = outputs

    /// <summary>The gradient with respect to the outputs. The next layer or the loss writes it. <c>Backward</c> may overwrite it.</summary>
    member _.OutputGradient = outputGradient

    /// <summary>Computes the outputs of the first rows.</summary>
    /// <param name="rows">The number of examples.</param>
    /// <param name="input">rows × input, row-major.</param>
    /// <param name="parameters">The tensors of the layer, one after another.</param>
    /// <param name="isTraining">False if random layers do nothing.</param>
    /// <param name="key">The key of random numbers in this pass.</param>
    abstract Forward: rows: int * input: ReadOnlySpan<'T> * parameters: ReadOnlySpan<'T> * isTraining: bool * key: uint64 -> unit

    /// <summary>Computes the gradients after a forward pass in training.</summary>
    /// <param name="rows">The number of examples of the forward pass.</param>
    /// <param name="input">The input of the forward pass.</param>
    /// <param name="parameters">The tensors of the layer, one after another.</param>
    /// <param name="gradient">Receives the gradient with respect to the parameters.</param>
    /// <param name="inputGradient">Receives the gradient with respect to the input; empty if it is not needed.</param>
    abstract Backward:
        rows: int * input: ReadOnlySpan<'T> * parameters: ReadOnlySpan<'T> * gradient: Span<'T> * inputGradient: Span<'T> -> unit

/// <summary>A layer that can be the first and then computes from sparse rows.</summary>
type internal ISparseLayer<'T> =
    /// Allocates what sparse rows need.
    abstract PrepareSparse: unit -> unit

    /// As <c>Forward</c>, with the bits of the same examples as numbers.
    abstract Forward: examples: SparseExamples<'T> * parameters: ReadOnlySpan<'T> -> unit

    /// As <c>Backward</c> for the examples of the last <c>Forward</c>, without a gradient with respect to the input.
    abstract Backward: examples: SparseExamples<'T> * gradient: Span<'T> -> unit

/// <summary>The form of an argument of a layer.</summary>
[<RequireQualifiedAccess>]
type LayerForm =
    /// <summary>A whole number of at least this.</summary>
    | Whole of least: int
    /// <summary>A number in a range.</summary>
    | Number of range: ArgumentRange
    /// <summary>An activation.</summary>
    | Activation
    /// <summary>At least one layer.</summary>
    | Layers

/// <summary>The value of an argument of a layer.</summary>
[<RequireQualifiedAccess>]
type LayerValue =
    /// <summary>A whole number.</summary>
    | Whole of int
    /// <summary>A number.</summary>
    | Number of float
    /// <summary>An activation.</summary>
    | Activation of Activation
    /// <summary>Layers in order.</summary>
    | Layers of Layer list

    /// <summary>Returns the text form, as in the text form of a layer.</summary>
    override value.ToString() =
        match value with
        | Whole value -> string value
        | Number value -> NumberText.ofFloat value
        | Activation activation -> string activation
        | Layers layers -> layers |> List.map (fun (layer: Layer) -> layer.Text) |> String.concat " | "

/// <summary>The value of an argument that is not given.</summary>
and [<RequireQualifiedAccess>] LayerDefault =
    /// <summary>There is none: the argument must be given.</summary>
    | Required
    /// <summary>This value.</summary>
    | Constant of LayerValue
    /// <summary>The value of the first argument.</summary>
    | AsFirst

/// <summary>An argument of a kind of layer.</summary>
and LayerArgument =
    {
        /// <summary>The name in text forms and study files.</summary>
        Name: string
        /// <summary>The meaning, as a clause.</summary>
        Summary: string
        /// <summary>The form.</summary>
        Form: LayerForm
        /// <summary>The default.</summary>
        Default: LayerDefault
    }

    /// <summary>Returns the value of the argument if it is not given; ValueNone if it must be given.</summary>
    /// <param name="first">The value of the kind's first argument.</param>
    member argument.Otherwise(first: LayerValue) : LayerValue voption =
        match argument.Default with
        | LayerDefault.Required -> ValueNone
        | LayerDefault.Constant value -> ValueSome value
        | LayerDefault.AsFirst -> ValueSome first

    /// <summary>Describes the allowed values, as the end of a sentence "units must be ...".</summary>
    member argument.Allowed =
        match argument.Form with
        | LayerForm.Whole least -> $"a whole number of at least {least}"
        | LayerForm.Number range -> $"a number in {range}"
        | LayerForm.Activation -> "one of " + String.Join(", ", Activation.all)
        | LayerForm.Layers -> "at least one layer"

    /// <summary>True if a value is allowed.</summary>
    member argument.Allows(value: LayerValue) =
        match value with
        | LayerValue.Whole value ->
            match argument.Form with
            | LayerForm.Whole least -> value >= least
            | LayerForm.Number _
            | LayerForm.Activation
            | LayerForm.Layers -> false
        | LayerValue.Number value ->
            match argument.Form with
            | LayerForm.Number range -> range.Contains value
            | LayerForm.Whole _
            | LayerForm.Activation
            | LayerForm.Layers -> false
        | LayerValue.Activation _ -> argument.Form = LayerForm.Activation
        | LayerValue.Layers layers -> argument.Form = LayerForm.Layers && not layers.IsEmpty

/// <summary>
/// A kind of layer: its name, its arguments, and how a layer is made from their values. Everything that treats layers by their names reads
/// it: text forms, study files, the methods of the C# facade, and the tests of all layers.
/// </summary>
and [<NoEquality; NoComparison>] LayerKind =
    {
        /// <summary>The name in text forms and study files: small letters, digits and underscores.</summary>
        Name: string
        /// <summary>The meaning, as the end of a sentence "Adds ...".</summary>
        Summary: string
        /// <summary>The equation; empty if there is none.</summary>
        Formula: string
        /// <summary>The shapes of the input and of the output: <c>a vector → a vector of units</c>.</summary>
        Shapes: string
        /// <summary>The paper that introduced it; empty if there is none.</summary>
        Source: string
        /// <summary>The class of its layers.</summary>
        Class: Type
        /// <summary>The arguments. The first needs no name in text forms.</summary>
        Arguments: LayerArgument list
        /// <summary>Makes a layer from the values of all arguments, in order.</summary>
        Make: LayerValue list -> Layer
    }

/// <summary>A layer without parameters: its kind and the values of its arguments. Immutable; equal if both are equal.</summary>
/// <param name="kind">The kind.</param>
/// <param name="values">The values of the kind's arguments, in order.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">A value is not allowed.</exception>
and [<AbstractClass>] Layer(kind: LayerKind, values: LayerValue list) =
    do
        for argument, value in List.zip kind.Arguments values do
            if not (argument.Allows value) then
                raise (
                    ArgumentOutOfRangeException(
                        argument.Name,
                        string value,
                        $"{argument.Name} of {kind.Name} ({argument.Summary}) must be {argument.Allowed}."
                    )
                )

    /// <summary>The kind.</summary>
    member _.Kind = kind

    /// <summary>The values of the kind's arguments, in order.</summary>
    member _.Values = values

    /// <summary>Returns the text form that all kinds have: <c>dropout(0.5)</c>. Arguments with their default are left out.</summary>
    member _.Text: string =
        let arguments =
            [ for i, (argument, value) in List.indexed (List.zip kind.Arguments values) do
                  if argument.Otherwise values.Head <> ValueSome value then
                      if i = 0 then string value else $"{argument.Name}={value}" ]

        if arguments.IsEmpty then
            kind.Name
        else
            let joined = String.Join(", ", arguments)
            $"{kind.Name}({joined})"

    /// <summary>The dependence of the output's shape on the input.</summary>
    abstract Size: OutputSize

    /// <summary>Returns the shape of the output, or the reason why the layer does not take the input.</summary>
    abstract OutputOf: input: TensorShape -> Result<TensorShape, string>

    /// <summary>Returns the tensors of its parameters, in memory order.</summary>
    abstract TensorsOf: input: TensorShape -> LayerTensor list
    default _.TensorsOf(_) = []

    /// <summary>The activation that computes its outputs; ValueNone if there is none.</summary>
    abstract OutputActivation: Activation voption
    default _.OutputActivation = ValueNone

    /// <summary>The number that its inputs must be below, if they must be whole numbers of at least 0; ValueNone for all numbers.</summary>
    abstract InputsBelow: int voption
    default _.InputsBelow = ValueNone

    /// <summary>True if its outputs in training are random.</summary>
    abstract IsRandom: bool
    default _.IsRandom = false

    /// <summary>Returns the layer with its buffers.</summary>
    /// <param name="input">The shape of its input, which <c>OutputOf</c> accepts.</param>
    /// <param name="capacity">The largest number of examples in a batch, at least 1.</param>
    abstract Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> : input: TensorShape * capacity: int -> LayerOperation<'T>

    /// <summary>Adds the layer to an ONNX graph, as it computes in validation, and returns its output. By default, the layer is refused.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="input">The input of the layer.</param>
    /// <param name="name">The first part of the names of its tensors: <c>layers.0</c>.</param>
    /// <param name="parameters">The tensors of the layer, one after another.</param>
    /// <exception cref="T:System.NotSupportedException">The layer has no form in ONNX.</exception>
    abstract AddToOnnx: graph: OnnxGraph * input: OnnxValue * name: string * parameters: float32 array -> OnnxValue

    default layer.AddToOnnx(_, _, _, _) =
        raise (NotSupportedException $"The layer {layer} has no form in ONNX. Override AddToOnnx of its class, or use other layers.")

    override _.Equals(other: obj) =
        match other with
        | :? Layer as other -> kind.Name = other.Kind.Name && values = other.Values
        | _ -> false

    override _.GetHashCode() = HashCode.Combine(kind.Name, values)

    /// <summary>Returns the text form in models: <c>128(relu)</c> or <c>dropout(0.5)</c>.</summary>
    override layer.ToString() = layer.Text

/// <summary>Unwraps the values of arguments. The kind of layer has checked their forms.</summary>
[<RequireQualifiedAccess>]
module LayerValue =
    let private mistake (expected: string) : 'any = invalidOp $"An argument of a layer must be {expected}."

    /// <summary>Returns a whole number.</summary>
    /// <exception cref="T:System.InvalidOperationException">The value has another form.</exception>
    let whole (value: LayerValue) : int =
        match value with
        | LayerValue.Whole value -> value
        | LayerValue.Number _
        | LayerValue.Activation _
        | LayerValue.Layers _ -> mistake "a whole number"

    /// <summary>Returns a number.</summary>
    /// <exception cref="T:System.InvalidOperationException">The value has another form.</exception>
    let number (value: LayerValue) : float =
        match value with
        | LayerValue.Number value -> value
        | LayerValue.Whole _
        | LayerValue.Activation _
        | LayerValue.Layers _ -> mistake "a number"

    /// <summary>Returns an activation.</summary>
    /// <exception cref="T:System.InvalidOperationException">The value has another form.</exception>
    let activation (value: LayerValue) : Activation =
        match value with
        | LayerValue.Activation value -> value
        | LayerValue.Whole _
        | LayerValue.Number _
        | LayerValue.Layers _ -> mistake "an activation"

    /// <summary>Returns layers.</summary>
    /// <exception cref="T:System.InvalidOperationException">The value has another form.</exception>
    let layers (value: LayerValue) : Layer list =
        match value with
        | LayerValue.Layers value -> value
        | LayerValue.Whole _
        | LayerValue.Number _
        | LayerValue.Activation _ -> mistake "layers"
