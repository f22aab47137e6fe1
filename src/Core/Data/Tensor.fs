namespace CuteDl.Core.Data

open System
open System.Text

/// <summary>The values of a tensor in row-major order, the last dimension contiguous, by their type.</summary>
type Cells =
    /// <summary>Floating-point numbers of 32 bits.</summary>
    | F32 of float32 array
    /// <summary>Floating-point numbers of 64 bits.</summary>
    | F64 of float array
    /// <summary>Signed integers of 64 bits.</summary>
    | I64 of int64 array
    /// <summary>Unsigned integers of 8 bits.</summary>
    | U8 of byte array

/// <summary>Numbers in so many dimensions, as files hold them.</summary>
type Tensor =
    {
        /// <summary>Sizes, outermost first, each at least 0, at most 64 of them; none for a single number.</summary>
        Shape: int list
        /// <summary>As many values as the product of the sizes.</summary>
        Cells: Cells
    }

/// What every file format asks of the tensors that it is to hold.
module internal Tensor =
    /// The most dimensions: numpy's and PyTorch's limit.
    let maximumRank = 64

    let count (cells: Cells) : int =
        match cells with
        | F32 values -> values.Length
        | F64 values -> values.Length
        | I64 values -> values.Length
        | U8 values -> values.Length

    /// How many values a shape has room for.
    let volume (shape: int list) : bigint = shape |> List.fold (fun product size -> product * bigint size) 1I

    /// A name or a text as messages show it: in one line, and not all of a long one.
    let shown (text: string) : string =
        let line =
            String.map (fun letter -> if Char.IsControl letter then '?' else letter) (text.Substring(0, min text.Length 60))

        if text.Length > line.Length then $"'{line}...'" else $"'{line}'"

    let private strictUtf8 =
        UTF8Encoding(encoderShouldEmitUTF8Identifier = false, throwOnInvalidBytes = true)

    /// A text as UTF-8.
    /// <exception cref="T:System.ArgumentException">It is no Unicode: half of a surrogate pair has no bytes.</exception>
    let utf8 (parameter: string) (text: string) : byte array =
        try
            strictUtf8.GetBytes text
        with :? EncoderFallbackException as error ->
            raise (
                ArgumentException($"the text {shown text} has half of a surrogate pair at {error.Index}: no file can hold it.", parameter)
            )

    /// <exception cref="T:System.ArgumentException">A shape does not fit its values, or a name is no Unicode.</exception>
    let check (parameter: string) (tensors: Map<string, Tensor>) : unit =
        for KeyValue(name, tensor) in tensors do
            let refuse problem = raise (ArgumentException($"the tensor {shown name} {problem}", parameter))
            utf8 parameter name |> ignore

            if tensor.Shape.Length > maximumRank then
                refuse $"has {tensor.Shape.Length} dimensions, at most {maximumRank} are allowed."

            match List.tryFind (fun size -> size < 0) tensor.Shape with
            | Some size -> refuse $"has a size of {size}, at least 0 is allowed."
            | None -> ()

            if volume tensor.Shape <> bigint (count tensor.Cells) then
                refuse
                    $"""has {count tensor.Cells} values, expected {volume tensor.Shape} for the shape [{String.Join(", ", tensor.Shape)}]."""
