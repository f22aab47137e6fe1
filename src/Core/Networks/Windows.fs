namespace CuteDl.Core.Networks

open CuteDl.Core.Data

/// The windows of a square on an image: their number in each direction, and the position of each in the input.
[<Struct>]
type internal Windows =
    { Channels: int
      Height: int
      Width: int
      Size: int
      Stride: int
      Padding: int
      Rows: int
      Columns: int }

    /// The number of windows of one example.
    member windows.Count = windows.Rows * windows.Columns

    member windows.Input = windows.Height * windows.Width * windows.Channels

    member windows.Output(channels: int) = TensorShape.Planes(channels, windows.Rows, windows.Columns)

    /// The attributes of a node over the windows.
    member windows.OnnxAttributes: (string * OnnxAttribute) list =
        let twice (value: int) = OnnxAttribute.Wholes [ int64 value; int64 value ]

        [ "kernel_shape", twice windows.Size
          "strides", twice windows.Stride
          "pads", OnnxAttribute.Wholes(List.replicate 4 (int64 windows.Padding)) ]

module internal Windows =
    /// Returns the windows on an image, or the reason why there are none.
    let tryOf (kind: string) (size: int) (stride: int) (padding: int) (input: TensorShape) : Result<Windows, string> =
        match input with
        | TensorShape.Flat _ ->
            Error
                $"The layer {kind} takes an image, such as 1x28x28, not a vector of {input} values. Give the examples the shape of an image."
        | TensorShape.Planes(channels, height, width) ->
            let padded side = int64 side + 2L * int64 padding

            if padded height < int64 size || padded width < int64 size then
                Error
                    $"The layer {kind} has windows of {size} × {size}, larger than its input of the shape {input}. Use smaller windows or a padding."
            else
                let count side = int ((padded side - int64 size) / int64 stride) + 1

                Ok
                    { Channels = channels
                      Height = height
                      Width = width
                      Size = size
                      Stride = stride
                      Padding = padding
                      Rows = count height
                      Columns = count width }

    /// Returns the windows of a shape that a layer takes.
    let ofShape (kind: string) (size: int) (stride: int) (padding: int) (input: TensorShape) : Windows =
        match tryOf kind size stride padding input with
        | Ok windows -> windows
        | Error problem -> invalidArg (nameof input) problem
