namespace CuteDl.Core.Data

/// <summary>The shape of one example, or of one example's values between two layers.</summary>
/// <remarks>
/// In memory, the channels of a position are neighbours, and positions follow row by row. So the element of channel c at (y, x) has the
/// index <c>(y · width + x) · channels + c</c>.
/// </remarks>
[<RequireQualifiedAccess>]
type TensorShape =
    /// <summary>A vector of this length.</summary>
    | Flat of length: int
    /// <summary>An image: a number of channels at each position of height × width.</summary>
    | Planes of channels: int * height: int * width: int

    /// <summary>The number of values; 2³¹ − 1 if there are more.</summary>
    member shape.Length =
        match shape with
        | Flat length -> length
        | Planes(channels, height, width) ->
            let largest = int64 System.Int32.MaxValue
            let area = int64 height * int64 width

            if channels > 0 && area > largest / int64 channels then
                System.Int32.MaxValue
            else
                int (area * int64 channels)

    /// <summary>The number of values at one position. A vector has one position.</summary>
    member shape.Channels =
        match shape with
        | Flat length -> length
        | Planes(channels, _, _) -> channels

    /// <summary>The number of positions; 1 for a vector.</summary>
    member shape.Positions =
        match shape with
        | Flat _ -> 1
        | Planes(_, height, width) -> height * width

    /// <summary>Returns the sizes: <c>784</c> or <c>1x28x28</c>.</summary>
    override shape.ToString() =
        match shape with
        | Flat length -> $"{length}"
        | Planes(channels, height, width) -> $"{channels}x{height}x{width}"
