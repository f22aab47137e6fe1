namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// A convolution as a product of matrices: each row of the left one is a window of the input.
[<Sealed>]
type internal ConvOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>
    (windows: Windows, channels: int, activation: Activation, capacity: int) =
    inherit LayerOperation<'T>(windows.Output channels, capacity)

    // About as many windows as this are multiplied at once, so that the matrix stays in the cache. The number depends only on the shape: the
    // gradient of the weights is the sum of the products in this order.
    static let usualWindows = 1024

    let depth = windows.Size * windows.Size * windows.Channels
    let weightCount = depth * channels
    let outputs = windows.Count * channels
    let block = min capacity (max 1 (usualWindows / windows.Count))
    let matrix: 'T array = BatchArray.create block (windows.Count * depth)
    let part: 'T array = Array.zeroCreate weightCount
    let fused = FusedActivation<'T>(activation, capacity, outputs)

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
    let spread (input: ReadOnlySpan<'T>) (examples: int) =
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
    let gather (gradient: Span<'T>) (examples: int) =
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

    override layer.Forward(rows, input, parameters, _, _) =
        let weights = parameters.Slice(0, weightCount)
        let mutable start = 0

        while start < rows do
            let examples = min block (rows - start)
            spread (input.Slice(start * windows.Input)) examples
            let count = examples * windows.Count

            MatrixProduct.multiply
                (ReadOnlySpan(matrix, 0, count * depth))
                (MatrixProduct.rowMajor depth)
                weights
                (MatrixProduct.rowMajor channels)
                (Span(layer.Outputs, start * outputs, examples * outputs))
                count
                depth
                channels

            start <- start + examples

        fused.Apply(Span(layer.Outputs, 0, rows * outputs), parameters.Slice(weightCount, channels))

    override layer.Backward(rows, input, parameters, gradient, inputGradient) =
        let weights = parameters.Slice(0, weightCount)
        let delta = Span(layer.OutputGradient, 0, rows * outputs)
        fused.Backward(ReadOnlySpan(layer.Outputs, 0, rows * outputs), delta)
        let delta: ReadOnlySpan<'T> = Span<_>.op_Implicit delta
        Elementwise.sumOfRows delta (gradient.Slice(weightCount, channels))
        let mutable start = 0

        while start < rows do
            let examples = min block (rows - start)
            let count = examples * windows.Count
            let delta = delta.Slice(start * outputs, examples * outputs)
            spread (input.Slice(start * windows.Input)) examples

            MatrixProduct.multiply
                (ReadOnlySpan(matrix, 0, count * depth))
                (MatrixProduct.transposed depth)
                delta
                (MatrixProduct.rowMajor channels)
                (Span part)
                depth
                count
                channels

            if start = 0 then
                ReadOnlySpan(part).CopyTo(gradient.Slice(0, weightCount))
            else
                Elementwise.add (gradient.Slice(0, weightCount)) (ReadOnlySpan part)

            if not inputGradient.IsEmpty then
                MatrixProduct.multiply
                    delta
                    (MatrixProduct.rowMajor channels)
                    weights
                    (MatrixProduct.transposed channels)
                    (Span(matrix, 0, count * depth))
                    count
                    channels
                    depth

                gather (inputGradient.Slice(start * windows.Input, examples * windows.Input)) examples

            start <- start + examples

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
