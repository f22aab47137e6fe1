namespace CuteDl.Core.Networks

open System
open System.Numerics
open CuteDl.Core.Data
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

    // For each output: the index of the largest input in its example.
    let places: int array =
        match pooling with
        | Pooling.Largest -> BatchArray.create capacity outputs
        | Pooling.Mean -> [||]

    /// The index in an example of the first channel at the corner of a window.
    let corner (window: int) : int =
        let y = window / windows.Columns * windows.Stride
        let x = window % windows.Columns * windows.Stride
        (y * windows.Width + x) * channels

    let largest (input: ReadOnlySpan<'T>) (output: Span<'T>) (places: Span<int>) =
        for window in 0 .. windows.Count - 1 do
            let start = corner window

            for c in 0 .. channels - 1 do
                let mutable place = start + c
                let mutable value = input[place]

                for dy in 0 .. windows.Size - 1 do
                    for dx in 0 .. windows.Size - 1 do
                        let other = start + (dy * windows.Width + dx) * channels + c

                        // Of equal values the first counts. NaN stays NaN.
                        if 'T.op_GreaterThan (input[other], value) || 'T.IsNaN input[other] then
                            place <- other
                            value <- input[other]

                output[window * channels + c] <- value
                places[window * channels + c] <- place

    let mean (input: ReadOnlySpan<'T>) (output: Span<'T>) =
        for window in 0 .. windows.Count - 1 do
            let start = corner window
            let sums = output.Slice(window * channels, channels)
            sums.Clear()

            for dy in 0 .. windows.Size - 1 do
                for dx in 0 .. windows.Size - 1 do
                    let values = input.Slice(start + (dy * windows.Width + dx) * channels, channels)

                    for c in 0 .. channels - 1 do
                        sums[c] <- sums[c] + values[c]

            for c in 0 .. channels - 1 do
                sums[c] <- sums[c] * share

    override layer.Forward(rows, input, _, _, _) =
        for row in 0 .. rows - 1 do
            let example = input.Slice(row * windows.Input, windows.Input)
            let output = Span(layer.Outputs, row * outputs, outputs)

            match pooling with
            | Pooling.Largest -> largest example output (Span(places, row * outputs, outputs))
            | Pooling.Mean -> mean example output

    override layer.Backward(rows, _, _, _, inputGradient) =
        if not inputGradient.IsEmpty then
            inputGradient.Clear()

            for row in 0 .. rows - 1 do
                let target = inputGradient.Slice(row * windows.Input, windows.Input)
                let delta = ReadOnlySpan(layer.OutputGradient, row * outputs, outputs)

                match pooling with
                | Pooling.Largest ->
                    for i in 0 .. outputs - 1 do
                        let place = places[row * outputs + i]
                        target[place] <- target[place] + delta[i]
                | Pooling.Mean ->
                    for window in 0 .. windows.Count - 1 do
                        for dy in 0 .. windows.Size - 1 do
                            for dx in 0 .. windows.Size - 1 do
                                let start = corner window + (dy * windows.Width + dx) * channels

                                for c in 0 .. channels - 1 do
                                    target[start + c] <- target[start + c] + delta[window * channels + c] * share

/// <summary>A pooling layer: one number for each channel of square windows.</summary>
/// <param name="kind">The kind.</param>
/// <param name="pooling">The number.</param>
/// <param name="size">The side of the windows, at least 1.</param>
/// <param name="stride">The distance of neighbouring windows, at least 1.</param>
[<AbstractClass>]
type Pool internal (kind: LayerKind, pooling: Pooling, size: int, stride: int) =
    inherit Layer(kind, [ LayerValue.Whole size; LayerValue.Whole stride ])

    /// What both kinds of pooling share.
    static member internal KindOf(name: string, summary: string, formula: string, layer: Type, make: int * int -> Layer) : LayerKind =
        { Name = name
          Summary = summary
          Formula = formula
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
        Windows.tryOf kind.Name size stride 0 input
        |> Result.map (fun windows -> windows.Output windows.Channels)

    override _.Start<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>>(input, capacity) =
        PoolOperation<'T>(Windows.ofShape kind.Name size stride 0 input, pooling, capacity)

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
