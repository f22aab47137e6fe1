namespace CuteDl.Core.Networks

#nowarn "9" // Addresses of spans that several threads read and write.

open System
open System.Collections.Generic
open System.Numerics
open System.Runtime.InteropServices
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// The workspace of one thread: the windows of a block of examples, one a row, and the gradient of the weights over these examples.
[<Sealed>]
type private ConvWorkspace<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(block: int, windows: int, depth: int, channels: int) =
    member val Matrix: 'T array = BatchArray.create block (windows * depth)
    member val Gradient: 'T array = Array.zeroCreate (depth * channels)

/// A convolution without biases and activation, as products of matrices: each row of the left one is a window of the input. The examples are
/// divided into blocks, which several threads share.
[<Sealed>]
type private ConvBlocks<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(windows: Windows, channels: int, capacity: int) =
    inherit SharedWork()

    // About as many windows as this are multiplied at once, so that the matrix stays in the cache. The number depends only on the shape: the
    // gradient of the weights is the sum of the products in this order.
    static let usualWindows = 1024

    let depth = windows.Size * windows.Size * windows.Channels
    let outputs = windows.Count * channels
    let block = min capacity (max 1 (usualWindows / windows.Count))
    let workspaces = List [ ConvWorkspace<'T>(block, windows.Count, depth, channels) ]

    // The operands of the pass that threads share.
    let mutable input = Pinned<'T>()
    let mutable weights = Pinned<'T>()
    let mutable outputValues = Pinned<'T>()
    let mutable inputGradient = Pinned<'T>()
    let mutable rows = 0
    let mutable isForward = true
    let mutable firstBlock = 0

    /// The part of a window's row at dy that is inside the image: the first and the number of its values in the window, and its start in the
    /// input; 0 values if it is outside.
    let inside (window: int) (dy: int) : struct (int * int * int) =
        let y = window / windows.Columns * windows.Stride - windows.Padding + dy
        let x = window % windows.Columns * windows.Stride - windows.Padding
        let first = max 0 -x
        let last = min windows.Size (windows.Width - x)

        if y < 0 || y >= windows.Height || last <= first then
            struct (0, 0, 0)
        else
            struct (first * windows.Channels, (last - first) * windows.Channels, (y * windows.Width + x + first) * windows.Channels)

    /// Copies the windows of some examples to the rows of the matrix. Values outside of the image are 0.
    [<Kernel>]
    let spread (matrix: 'T array) (input: ReadOnlySpan<'T>) (examples: int) =
        let line = windows.Size * windows.Channels

        for example in 0 .. examples - 1 do
            let image = input.Slice(example * windows.Input, windows.Input)

            for window in 0 .. windows.Count - 1 do
                let row = (example * windows.Count + window) * depth

                for dy in 0 .. windows.Size - 1 do
                    let struct (first, length, start) = inside window dy
                    let target = Span(matrix, row + dy * line, line)

                    if length < line then
                        target.Clear()

                    image.Slice(start, length).CopyTo(target.Slice first)

    /// Adds the rows of the matrix to the places of their windows.
    [<Kernel>]
    let gather (matrix: 'T array) (gradient: Span<'T>) (examples: int) =
        let line = windows.Size * windows.Channels
        gradient.Clear()

        for example in 0 .. examples - 1 do
            let image = gradient.Slice(example * windows.Input, windows.Input)

            for window in 0 .. windows.Count - 1 do
                let row = (example * windows.Count + window) * depth

                for dy in 0 .. windows.Size - 1 do
                    let struct (first, length, start) = inside window dy

                    if length > 0 then
                        Elementwise.add (image.Slice(start, length)) (ReadOnlySpan(matrix, row + dy * line + first, length))

    let blocks () = (rows + block - 1) / block

    /// Returns the number of threads that share the blocks.
    let partsOf () =
        let parts = Team.Parts(int64 rows * int64 outputs * int64 depth, MatrixProduct.LeastShared, blocks ())

        while workspaces.Count < parts do
            workspaces.Add(ConvWorkspace<'T>(block, windows.Count, depth, channels))

        parts

    let examplesOf (number: int) = min block (rows - number * block)

    let forward (workspace: ConvWorkspace<'T>) (number: int) =
        let examples = examplesOf number
        let start = number * block
        spread workspace.Matrix (input.ReadOnly.Slice(start * windows.Input)) examples
        let count = examples * windows.Count

        MatrixProduct.multiply
            (ReadOnlySpan(workspace.Matrix, 0, count * depth))
            (MatrixProduct.rowMajor depth)
            weights.ReadOnly
            (MatrixProduct.rowMajor channels)
            (outputValues.Span.Slice(start * outputs, examples * outputs))
            count
            depth
            channels

    let backward (workspace: ConvWorkspace<'T>) (number: int) =
        let examples = examplesOf number
        let start = number * block
        let count = examples * windows.Count
        let delta = outputValues.ReadOnly.Slice(start * outputs, examples * outputs)
        spread workspace.Matrix (input.ReadOnly.Slice(start * windows.Input)) examples

        MatrixProduct.multiply
            (ReadOnlySpan(workspace.Matrix, 0, count * depth))
            (MatrixProduct.transposed depth)
            delta
            (MatrixProduct.rowMajor channels)
            (Span workspace.Gradient)
            depth
            count
            channels

        if inputGradient.Length > 0 then
            MatrixProduct.multiply
                delta
                (MatrixProduct.rowMajor channels)
                weights.ReadOnly
                (MatrixProduct.transposed channels)
                (Span(workspace.Matrix, 0, count * depth))
                count
                channels
                depth

            gather workspace.Matrix (inputGradient.Span.Slice(start * windows.Input, examples * windows.Input)) examples

    override _.Run(part, parts) =
        if isForward then
            let struct (first, past) = SharedWork.Range(blocks (), 1, part, parts)

            for number in first .. past - 1 do
                forward workspaces[part] number
        else
            backward workspaces[part] (firstBlock + part)

    /// Computes the sums of the windows of all examples.
    member shared.Forward(examples: int, from: ReadOnlySpan<'T>, ofWeights: ReadOnlySpan<'T>, sums: Span<'T>) : unit =
        use pinnedInput = fixed &MemoryMarshal.GetReference from
        use pinnedWeights = fixed &MemoryMarshal.GetReference ofWeights
        use pinnedSums = fixed &MemoryMarshal.GetReference sums
        input <- Pinned(pinnedInput, from.Length)
        weights <- Pinned(pinnedWeights, ofWeights.Length)
        outputValues <- Pinned(pinnedSums, sums.Length)
        rows <- examples
        isForward <- true
        Team.Run(shared, partsOf ())

    /// Computes the gradient of the weights, and of the input unless its span is empty.
    member shared.Backward
        (examples: int, from: ReadOnlySpan<'T>, ofWeights: ReadOnlySpan<'T>, delta: Span<'T>, gradient: Span<'T>, ofInput: Span<'T>)
        : unit =
        use pinnedInput = fixed &MemoryMarshal.GetReference from
        use pinnedWeights = fixed &MemoryMarshal.GetReference ofWeights
        use pinnedDelta = fixed &MemoryMarshal.GetReference delta
        use pinnedInputGradient = fixed &MemoryMarshal.GetReference ofInput
        input <- Pinned(pinnedInput, from.Length)
        weights <- Pinned(pinnedWeights, ofWeights.Length)
        outputValues <- Pinned(pinnedDelta, delta.Length)
        inputGradient <- Pinned(pinnedInputGradient, ofInput.Length)
        rows <- examples
        isForward <- false
        firstBlock <- 0
        let parts = partsOf ()

        // Each thread computes one block at a time. The blocks are added in their order.
        while firstBlock < blocks () do
            let count = min parts (blocks () - firstBlock)
            Team.Run(shared, count)

            for part in 0 .. count - 1 do
                if firstBlock + part = 0 then
                    Span(workspaces[part].Gradient).CopyTo gradient
                else
                    Elementwise.add gradient (ReadOnlySpan workspaces[part].Gradient)

            firstBlock <- firstBlock + count

[<Sealed>]
type internal ConvOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (windows: Windows, channels: int, activation: Activation, capacity: int) =
    inherit LayerOperation<'T>(windows.Output channels, capacity)

    let weightCount = windows.Size * windows.Size * windows.Channels * channels
    let outputs = windows.Count * channels
    let fused = FusedActivation<'T>(activation, capacity, outputs)
    let blocks = ConvBlocks<'T>(windows, channels, capacity)

    override layer.Forward(rows, input, parameters, _, _) =
        let values = Span(layer.Outputs, 0, rows * outputs)
        blocks.Forward(rows, input, parameters.Slice(0, weightCount), values)
        fused.Apply(values, parameters.Slice(weightCount, channels))

    override layer.Backward(rows, input, parameters, gradient, inputGradient) =
        let delta = Span(layer.OutputGradient, 0, rows * outputs)
        fused.Backward(ReadOnlySpan(layer.Outputs, 0, rows * outputs), delta)
        Elementwise.sumOfRows (Span<_>.op_Implicit delta) (gradient.Slice(weightCount, channels))
        blocks.Backward(rows, input, parameters.Slice(0, weightCount), delta, gradient.Slice(0, weightCount), inputGradient)

/// <summary>
/// A convolution: activation(Σ x·W + b) over square windows of an image. W has the shape size × size × input channels × channels.
/// </summary>
/// <param name="channels">The number of output channels, at least 1.</param>
/// <param name="size">The side of the windows, at least 1.</param>
/// <param name="stride">The distance of neighbouring windows, at least 1.</param>
/// <param name="padding">The number of zeros around the image, at least 0.</param>
/// <param name="activation">The activation.</param>
[<Sealed>]
type Conv(channels: int, size: int, stride: int, padding: int, activation: Activation) =
    inherit
        Layer(
            Conv.Kind,
            [ LayerValue.Whole channels
              LayerValue.Whole size
              LayerValue.Whole stride
              LayerValue.Whole padding
              LayerValue.Activation activation ]
        )

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        { Name = "conv"
          Summary = "a convolution: weighted sums over square windows of an image, and an activation"
          Formula = "activation(Σ x·W + b) over the window"
          Shapes = "c × h × w → channels × h′ × w′, where h′ = ⌊(h + 2·padding − size) / stride⌋ + 1, and w′ likewise"
          Source = "LeCun et al. 1989, \"Backpropagation applied to handwritten zip code recognition\""
          Class = typeof<Conv>
          Arguments =
            [ { Name = "channels"
                Summary = "the number of output channels"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Required }
              { Name = "size"
                Summary = "the side of the square windows"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Constant(LayerValue.Whole 3) }
              { Name = "stride"
                Summary = "the distance of neighbouring windows"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Constant(LayerValue.Whole 1) }
              { Name = "padding"
                Summary = "the number of zeros around the image, on each side"
                Form = LayerForm.Whole 0
                Default = LayerDefault.Constant(LayerValue.Whole 0) }
              { Name = "activation"
                Summary = "the activation"
                Form = LayerForm.Activation
                Default = LayerDefault.Constant(LayerValue.Activation Linear) } ]
          Make =
            fun values ->
                Conv(
                    LayerValue.whole values[0],
                    LayerValue.whole values[1],
                    LayerValue.whole values[2],
                    LayerValue.whole values[3],
                    LayerValue.activation values[4]
                ) }

    override _.Size = OutputSize.OfInput

    override _.OutputOf(input) =
        match Windows.tryOf Conv.Kind.Name size stride padding input with
        | Error problem -> Error problem
        | Ok windows when int64 size * int64 size * int64 windows.Channels * int64 windows.Count > int64 Array.MaxLength ->
            Error $"The layer conv has too many windows on an input of the shape {input}. Use fewer or smaller windows."
        | Ok windows -> Ok(windows.Output channels)

    override _.TensorsOf(input) =
        let area = size * size

        [ { Name = "weight"
            Shape = [ size; size; input.Channels; channels ]
            Initial = InitialValues.Weights(area * input.Channels, area * channels) }
          { Name = "bias"; Shape = [ channels ]; Initial = InitialValues.Constant 0.0 } ]

    override _.OutputActivation = ValueSome activation

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        ConvOperation<'T>(Windows.ofShape Conv.Kind.Name size stride padding input, channels, activation, capacity)

    override _.AddToOnnx(graph, input, name, parameters) =
        let inputs = input.Shape.Channels
        let area = size * size

        // ONNX has the weights as channels × input channels × size × size.
        let weights =
            [| for channel in 0 .. channels - 1 do
                   for source in 0 .. inputs - 1 do
                       for position in 0 .. area - 1 do
                           parameters[(position * inputs + source) * channels + channel] |]

        let weight = graph.Constant($"{name}.weight", [ channels; inputs; size; size ], weights)
        let bias = graph.Constant($"{name}.bias", [ channels ], Array.skip weights.Length parameters)
        let windows = Windows.ofShape Conv.Kind.Name size stride padding input.Shape
        let sums = graph.Map("Conv", graph.ChannelsFirst input, [ weight; bias ], windows.OnnxAttributes)
        Activation.addToOnnx graph activation { sums with Shape = windows.Output channels }
