namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// What a pooling layer computes of a window.
[<RequireQualifiedAccess>]
type internal Pooling =
    | Largest
    | Mean

[<Sealed>]
type internal PoolOperation<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(windows: Windows, pooling: Pooling, capacity: int) =
    inherit LayerOperation<'T>(windows.Output windows.Channels, capacity)

    let channels = windows.Channels
    let outputs = windows.Count * channels
    let share = 'T.CreateTruncating(1.0 / float (windows.Size * windows.Size))

    // For each output: the position of the largest input in its window. It is a number of the precision, so that channels are lanes.
    let places: 'T array =
        match pooling with
        | Pooling.Largest -> BatchArray.create capacity outputs
        | Pooling.Mean -> [||]

    let positions = windows.Size * windows.Size

    /// The index in an example of the first channel at a position of a window.
    let at (window: int) (position: int) : int =
        let y = window / windows.Columns * windows.Stride + position / windows.Size
        let x = window % windows.Columns * windows.Stride + position % windows.Size
        (y * windows.Width + x) * channels

    /// Takes the values at a position where they are larger. Of equal values the first counts. NaN stays NaN.
    [<Kernel>]
    let takeLarger (values: ReadOnlySpan<'T>) (position: int) (largest: Span<'T>) (places: Span<'T>) =
        let step = Vector<'T>.Count
        let place = 'T.CreateTruncating position
        let mutable c = 0

        while c <= channels - step do
            let others = Vector<'T>(values.Slice c)
            let before = Vector<'T>(largest.Slice c)

            let isLarger =
                Vector.BitwiseOr(Vector.GreaterThan(others, before), Vector.OnesComplement(Vector.Equals(others, others)))

            Vector.ConditionalSelect(isLarger, others, before).CopyTo(largest.Slice c)

            Vector
                .ConditionalSelect(isLarger, Vector<'T> place, Vector<'T>(Span<_>.op_Implicit(places.Slice c): ReadOnlySpan<'T>))
                .CopyTo(places.Slice c)

            c <- c + step

        while c < channels do
            if 'T.op_GreaterThan (values[c], largest[c]) || 'T.IsNaN values[c] then
                largest[c] <- values[c]
                places[c] <- place

            c <- c + 1

    /// Adds the gradients of a window to those of its largest inputs.
    [<Kernel>]
    let addWhere (position: int) (places: ReadOnlySpan<'T>) (delta: ReadOnlySpan<'T>) (target: Span<'T>) =
        let step = Vector<'T>.Count
        let place = 'T.CreateTruncating position
        let mutable c = 0

        while c <= channels - step do
            let isHere = Vector.Equals(Vector<'T>(places.Slice c), Vector<'T> place)
            let added = Vector.ConditionalSelect(isHere, Vector<'T>(delta.Slice c), Vector<'T>.Zero)
            Vector.Add(Vector<'T>(Span<_>.op_Implicit(target.Slice c): ReadOnlySpan<'T>), added).CopyTo(target.Slice c)
            c <- c + step

        while c < channels do
            if 'T.op_Equality (places[c], place) then
                target[c] <- target[c] + delta[c]

            c <- c + 1

    override layer.Forward(rows, input, _, _, _) =
        for row in 0 .. rows - 1 do
            let example = input.Slice(row * windows.Input, windows.Input)

            for window in 0 .. windows.Count - 1 do
                let start = row * outputs + window * channels
                let output = Span(layer.Outputs, start, channels)
                example.Slice(at window 0, channels).CopyTo output

                match pooling with
                | Pooling.Largest ->
                    let places = Span(places, start, channels)
                    places.Clear()

                    for position in 1 .. positions - 1 do
                        takeLarger (example.Slice(at window position, channels)) position output places
                | Pooling.Mean ->
                    for position in 1 .. positions - 1 do
                        Elementwise.add output (example.Slice(at window position, channels))

                    Elementwise.scale output share

    override layer.Backward(rows, _, _, _, inputGradient) =
        if not inputGradient.IsEmpty then
            inputGradient.Clear()

            for row in 0 .. rows - 1 do
                let target = inputGradient.Slice(row * windows.Input, windows.Input)

                for window in 0 .. windows.Count - 1 do
                    let start = row * outputs + window * channels
                    let delta = ReadOnlySpan(layer.OutputGradient, start, channels)

                    for position in 0 .. positions - 1 do
                        let target = target.Slice(at window position, channels)

                        match pooling with
                        | Pooling.Largest -> addWhere position (ReadOnlySpan(places, start, channels)) delta target
                        | Pooling.Mean -> Elementwise.mix target 'T.One delta share

/// <summary>A pooling layer: one number for each channel of square windows.</summary>
/// <param name="kind">The kind.</param>
/// <param name="pooling">The number.</param>
/// <param name="size">The side of the windows, at least 1.</param>
/// <param name="stride">The distance of neighbouring windows, at least 1.</param>
[<AbstractClass>]
type Pool internal (kind: LayerKind, pooling: Pooling, size: int, stride: int) =
    inherit Layer(kind, [ LayerValue.Whole size; LayerValue.Whole stride ])

    /// The largest number of values in a window: single precision has all positions up to this one.
    static member private MostValues = 1L <<< 24

    /// What both kinds of pooling share.
    static member internal KindOf(name: string, summary: string, formula: string, layer: Type, make: int * int -> Layer) : LayerKind =
        { Name = name
          Summary = summary
          Formula = formula
          Shapes = "c × h × w → c × h′ × w′, where h′ = ⌊(h − size) / stride⌋ + 1, and w′ likewise"
          Source = ""
          Class = layer
          Arguments =
            [ { Name = "size"
                Summary = "the side of the square windows"
                Form = LayerForm.Whole 1
                Default = LayerDefault.Required }
              { Name = "stride"
                Summary = "the distance of neighbouring windows"
                Form = LayerForm.Whole 1
                Default = LayerDefault.AsFirst } ]
          Make = fun values -> make (LayerValue.whole values[0], LayerValue.whole values[1]) }

    override _.Size = OutputSize.OfInput

    override _.OutputOf(input) =
        match Windows.tryOf kind.Name size stride 0 input with
        | Ok _ when int64 size * int64 size > Pool.MostValues ->
            Error
                $"The layer {kind.Name} has windows of {size} × {size}. A window can have at most {Pool.MostValues} values. Use smaller ones."
        | Ok windows -> Ok(windows.Output windows.Channels)
        | Error problem -> Error problem

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        PoolOperation<'T>(Windows.ofShape kind.Name size stride 0 input, pooling, capacity)

    override _.AddToOnnx(graph, input, _, _) =
        let windows = Windows.ofShape kind.Name size stride 0 input.Shape

        let operator =
            match pooling with
            | Pooling.Largest -> "MaxPool"
            | Pooling.Mean -> "AveragePool"

        let pooled = graph.Map(operator, graph.ChannelsFirst input, [], windows.OnnxAttributes)
        { pooled with Shape = windows.Output windows.Channels }

/// <summary>Max pooling: the largest value of each channel in square windows.</summary>
/// <param name="size">The side of the windows, at least 1.</param>
/// <param name="stride">The distance of neighbouring windows, at least 1.</param>
[<Sealed>]
type MaxPool(size: int, stride: int) =
    inherit Pool(MaxPool.Kind, Pooling.Largest, size, stride)

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        Pool.KindOf(
            "max_pool",
            "max pooling: the largest value of each channel in square windows",
            "max over the window",
            typeof<MaxPool>,
            fun (size, stride) -> MaxPool(size, stride)
        )

/// <summary>Average pooling: the mean of each channel in square windows.</summary>
/// <param name="size">The side of the windows, at least 1.</param>
/// <param name="stride">The distance of neighbouring windows, at least 1.</param>
[<Sealed>]
type AveragePool(size: int, stride: int) =
    inherit Pool(AveragePool.Kind, Pooling.Mean, size, stride)

    /// <summary>The kind of layer.</summary>
    static member Kind: LayerKind =
        Pool.KindOf(
            "average_pool",
            "average pooling: the mean of each channel in square windows",
            "mean over the window",
            typeof<AveragePool>,
            fun (size, stride) -> AveragePool(size, stride)
        )
