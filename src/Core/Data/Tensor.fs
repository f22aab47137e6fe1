namespace CuteDl.Core.Data

open System
open System.Text
open CuteDl.Core.Optimizers

/// <summary>The values of a tensor, in row-major order, by type.</summary>
type Cells =
    /// <summary>Floating-point numbers of 32 bits.</summary>
    | F32 of float32 array
    /// <summary>Floating-point numbers of 64 bits.</summary>
    | F64 of float array
    /// <summary>Signed integers of 64 bits.</summary>
    | I64 of int64 array
    /// <summary>Unsigned integers of 8 bits.</summary>
    | U8 of byte array

/// <summary>
/// The type of a tensor's values in a file. Reading converts them exactly to one of the four types of <c>Cells</c>; each case names it.
/// </summary>
[<RequireQualifiedAccess>]
type CellType =
    /// <summary>Floating-point numbers of 64 bits: read as F64.</summary>
    | F64
    /// <summary>Floating-point numbers of 32 bits: read as F32.</summary>
    | F32
    /// <summary>IEEE 754 half precision, 16 bits: read as F32.</summary>
    | F16
    /// <summary>bfloat16, the upper 16 bits of a float32: read as F32. Numpy has no such type.</summary>
    | BF16
    /// <summary>Signed integers of 64 bits: read as I64.</summary>
    | I64
    /// <summary>Signed integers of 32 bits: read as I64.</summary>
    | I32
    /// <summary>Signed integers of 16 bits: read as I64.</summary>
    | I16
    /// <summary>Signed integers of 8 bits: read as I64.</summary>
    | I8
    /// <summary>Unsigned integers of 64 bits: read as I64. Values of 2⁶³ or more are errors.</summary>
    | U64
    /// <summary>Unsigned integers of 32 bits: read as I64.</summary>
    | U32
    /// <summary>Unsigned integers of 16 bits: read as I64.</summary>
    | U16
    /// <summary>Unsigned integers of 8 bits: read as U8.</summary>
    | U8
    /// <summary>Truth values of 8 bits: read as U8, 1 for any byte other than 0.</summary>
    | Bool

    /// <summary>Returns the name in the safetensors format, which messages also use.</summary>
    override cellType.ToString() =
        match cellType with
        | F64 -> "F64"
        | F32 -> "F32"
        | F16 -> "F16"
        | BF16 -> "BF16"
        | I64 -> "I64"
        | I32 -> "I32"
        | I16 -> "I16"
        | I8 -> "I8"
        | U64 -> "U64"
        | U32 -> "U32"
        | U16 -> "U16"
        | U8 -> "U8"
        | Bool -> "BOOL"

/// <summary>A tensor in a file.</summary>
type Tensor =
    {
        /// <summary>The sizes, outermost first: at most 64, each at least 0. Empty for a single number.</summary>
        Shape: int list
        /// <summary>The values. Their number is the product of the sizes.</summary>
        Cells: Cells
    }

/// Checks that every file format can store a tensor.
module internal Tensor =
    /// The largest number of dimensions: the limit of numpy and PyTorch.
    let maximumRank = 64

    let count (cells: Cells) : int =
        match cells with
        | F32 values -> values.Length
        | F64 values -> values.Length
        | I64 values -> values.Length
        | U8 values -> values.Length

    /// Returns the number of values in a shape.
    let volume (shape: int list) : bigint = shape |> List.fold (fun product size -> product * bigint size) 1I

    /// Returns a shape for messages: <c>[784, 10]</c>.
    let shapeText (shape: int list) : string = "[" + String.Join(", ", shape) + "]"

    /// Returns a text for messages: on one line, and cut to 60 characters.
    let shown (text: string) : string =
        Quotation.shorten text
        |> String.map (fun letter -> if Char.IsControl letter then '?' else letter)
        |> Quotation.quote

    let private strictUtf8 =
        UTF8Encoding(encoderShouldEmitUTF8Identifier = false, throwOnInvalidBytes = true)

    /// Returns a text as UTF-8.
    /// <exception cref="T:System.ArgumentException">The text is not valid Unicode: half of a surrogate pair has no UTF-8 form.</exception>
    let utf8 (parameter: string) (text: string) : byte array =
        try
            strictUtf8.GetBytes text
        with :? EncoderFallbackException as error ->
            raise (
                ArgumentException(
                    $"The text {shown text} has half of a surrogate pair at index {error.Index}. No file can store it.",
                    parameter
                )
            )

    /// <exception cref="T:System.ArgumentException">A shape does not fit its values, or a name is not valid Unicode.</exception>
    let check (parameter: string) (tensors: Map<string, Tensor>) : unit =
        for KeyValue(name, tensor) in tensors do
            let refuse problem = raise (ArgumentException($"The tensor {shown name} {problem}", parameter))
            utf8 parameter name |> ignore

            if tensor.Shape.Length > maximumRank then
                refuse $"has {tensor.Shape.Length} dimensions. At most {maximumRank} are allowed."

            match List.tryFind (fun size -> size < 0) tensor.Shape with
            | Some size -> refuse $"has a size of {size}. Sizes must be at least 0."
            | None -> ()

            if volume tensor.Shape <> bigint (count tensor.Cells) then
                refuse
                    $"""has {count tensor.Cells} values, but the shape [{String.Join(", ", tensor.Shape)}] requires {volume tensor.Shape}."""
