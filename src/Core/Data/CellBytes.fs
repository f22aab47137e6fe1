/// Converts values to the bytes of a file, and back.
module internal CuteDl.Core.Data.CellBytes

open System
open System.Buffers.Binary
open System.IO
open System.Numerics

/// All types, widest first.
let all: CellType list =
    [ CellType.I64
      CellType.U64
      CellType.F64
      CellType.F32
      CellType.I32
      CellType.U32
      CellType.F16
      CellType.BF16
      CellType.I16
      CellType.U16
      CellType.I8
      CellType.U8
      CellType.Bool ]

/// Returns the type in which values are stored without a conversion.
let typeOf (cells: Cells) : CellType =
    match cells with
    | F32 _ -> CellType.F32
    | F64 _ -> CellType.F64
    | I64 _ -> CellType.I64
    | U8 _ -> CellType.U8

/// Returns the number of bytes of one value.
let size (cellType: CellType) : int =
    match cellType with
    | CellType.F64
    | CellType.I64
    | CellType.U64 -> 8
    | CellType.F32
    | CellType.I32
    | CellType.U32 -> 4
    | CellType.F16
    | CellType.BF16
    | CellType.I16
    | CellType.U16 -> 2
    | CellType.I8
    | CellType.U8
    | CellType.Bool -> 1

/// Returns the number of bytes of all values, stored as a type.
let length (cellType: CellType) (cells: Cells) : int64 = int64 (Tensor.count cells) * int64 (size cellType)

/// The number of values converted per chunk.
let private atOnce = 8192

let inline private encode (values: 'T array) (size: int) ([<InlineIfLambda>] put: byte array -> int -> 'T -> unit) (target: Stream) =
    let chunk = Array.zeroCreate<byte>(size * min atOnce values.Length)
    let mutable start = 0

    while start < values.Length do
        let count = min atOnce (values.Length - start)

        for i in 0 .. count - 1 do
            put chunk (i * size) values[start + i]

        target.Write(chunk, 0, count * size)
        start <- start + count

/// Reverses the bytes of each value in place, from big-endian to little-endian.
let private reverseEach (chunk: byte array) (length: int) (size: int) =
    for start in 0..size .. length - size do
        Array.Reverse(chunk, start, size)

let inline private decode
    (isBigEndian: bool)
    (count: int)
    (size: int)
    ([<InlineIfLambda>] get: byte array -> int -> 'T)
    (source: Stream)
    : 'T array =
    let values = Array.zeroCreate<'T> count
    let chunk = Array.zeroCreate<byte>(size * min atOnce count)
    let mutable start = 0

    while start < count do
        let count = min atOnce (count - start)
        source.ReadExactly(chunk, 0, count * size)

        if isBigEndian then
            reverseEach chunk (count * size) size

        for i in 0 .. count - 1 do
            values[start + i] <- get chunk (i * size)

        start <- start + count

    values

/// Converts an integer to a narrower type.
/// <exception cref="T:System.OverflowException">The integer is out of the type's range.</exception>
let inline private narrow<'U when 'U :> IBinaryInteger<'U>> (value: int64) : 'U = 'U.CreateChecked value

/// Returns the upper 16 bits of a float32, rounded to nearest, ties to even. A NaN stays a NaN.
let private toBFloat16 (value: float32) : uint16 =
    let bits = BitConverter.SingleToUInt32Bits value

    if Single.IsNaN value then
        uint16 (bits >>> 16) ||| 0x40us
    else
        uint16 ((bits + 0x7FFFu + ((bits >>> 16) &&& 1u)) >>> 16)

let private ofBFloat16 (bits: uint16) : float32 = BitConverter.UInt32BitsToSingle(uint32 bits <<< 16)

/// Returns the types in which values can be stored: those that reading converts back to the same type in memory.
let storable (cells: Cells) : CellType list =
    match cells with
    | F64 _ -> [ CellType.F64 ]
    | F32 _ -> [ CellType.F32; CellType.F16; CellType.BF16 ]
    | I64 _ -> [ CellType.I64; CellType.I32; CellType.I16; CellType.I8; CellType.U64; CellType.U32; CellType.U16 ]
    | U8 _ -> [ CellType.U8; CellType.Bool ]

let private unstorable (cellType: CellType) (cells: Cells) : 'any =
    let allowed = String.Join(", ", storable cells)
    raise (NotSupportedException $"{typeOf cells} values cannot be stored as {cellType}. Use one of {allowed}.")

/// Writes values little-endian.
/// <exception cref="T:System.NotSupportedException">The values cannot be stored as the type.</exception>
/// <exception cref="T:System.OverflowException">An integer is out of the type's range.</exception>
let write (target: Stream) (cellType: CellType) (cells: Cells) : unit =
    match cells with
    | F64 values ->
        match cellType with
        | CellType.F64 -> encode values 8 (fun chunk at value -> BinaryPrimitives.WriteDoubleLittleEndian(Span(chunk, at, 8), value)) target
        | _ -> unstorable cellType cells
    | F32 values ->
        match cellType with
        | CellType.F32 -> encode values 4 (fun chunk at value -> BinaryPrimitives.WriteSingleLittleEndian(Span(chunk, at, 4), value)) target
        | CellType.F16 ->
            encode
                values
                2
                (fun chunk at value -> BinaryPrimitives.WriteHalfLittleEndian(Span(chunk, at, 2), Half.CreateTruncating value))
                target
        | CellType.BF16 ->
            encode values 2 (fun chunk at value -> BinaryPrimitives.WriteUInt16LittleEndian(Span(chunk, at, 2), toBFloat16 value)) target
        | _ -> unstorable cellType cells
    | I64 values ->
        match cellType with
        | CellType.I64 -> encode values 8 (fun chunk at value -> BinaryPrimitives.WriteInt64LittleEndian(Span(chunk, at, 8), value)) target
        | CellType.U64 ->
            encode values 8 (fun chunk at value -> BinaryPrimitives.WriteUInt64LittleEndian(Span(chunk, at, 8), narrow value)) target
        | CellType.I32 ->
            encode values 4 (fun chunk at value -> BinaryPrimitives.WriteInt32LittleEndian(Span(chunk, at, 4), narrow value)) target
        | CellType.U32 ->
            encode values 4 (fun chunk at value -> BinaryPrimitives.WriteUInt32LittleEndian(Span(chunk, at, 4), narrow value)) target
        | CellType.I16 ->
            encode values 2 (fun chunk at value -> BinaryPrimitives.WriteInt16LittleEndian(Span(chunk, at, 2), narrow value)) target
        | CellType.U16 ->
            encode values 2 (fun chunk at value -> BinaryPrimitives.WriteUInt16LittleEndian(Span(chunk, at, 2), narrow value)) target
        | CellType.I8 -> encode values 1 (fun chunk at value -> chunk[at] <- byte (narrow<sbyte> value)) target
        | _ -> unstorable cellType cells
    | U8 values ->
        match cellType with
        | CellType.U8 -> target.Write(values, 0, values.Length)
        | CellType.Bool -> encode values 1 (fun chunk at value -> chunk[at] <- if value = 0uy then 0uy else 1uy) target
        | _ -> unstorable cellType cells

/// Reads values of either byte order.
/// <exception cref="T:System.IO.EndOfStreamException">The stream has fewer values.</exception>
/// <exception cref="T:System.OverflowException">An unsigned integer of 64 bits is 2⁶³ or more.</exception>
let readOrdered (isBigEndian: bool) (source: Stream) (cellType: CellType) (count: int) : Cells =
    match cellType with
    | CellType.F64 ->
        F64(decode isBigEndian count 8 (fun chunk at -> BinaryPrimitives.ReadDoubleLittleEndian(ReadOnlySpan(chunk, at, 8))) source)
    | CellType.F32 ->
        F32(decode isBigEndian count 4 (fun chunk at -> BinaryPrimitives.ReadSingleLittleEndian(ReadOnlySpan(chunk, at, 4))) source)
    | CellType.F16 ->
        F32(
            decode
                isBigEndian
                count
                2
                (fun chunk at -> Half.op_Explicit (BinaryPrimitives.ReadHalfLittleEndian(ReadOnlySpan(chunk, at, 2))))
                source
        )
    | CellType.BF16 ->
        F32(
            decode
                isBigEndian
                count
                2
                (fun chunk at -> ofBFloat16 (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(chunk, at, 2))))
                source
        )
    | CellType.I64 ->
        I64(decode isBigEndian count 8 (fun chunk at -> BinaryPrimitives.ReadInt64LittleEndian(ReadOnlySpan(chunk, at, 8))) source)
    | CellType.I32 ->
        I64(decode isBigEndian count 4 (fun chunk at -> int64 (BinaryPrimitives.ReadInt32LittleEndian(ReadOnlySpan(chunk, at, 4)))) source)
    | CellType.I16 ->
        I64(decode isBigEndian count 2 (fun chunk at -> int64 (BinaryPrimitives.ReadInt16LittleEndian(ReadOnlySpan(chunk, at, 2)))) source)
    | CellType.I8 -> I64(decode isBigEndian count 1 (fun chunk at -> int64 (sbyte chunk[at])) source)
    | CellType.U64 ->
        I64(
            decode
                isBigEndian
                count
                8
                (fun chunk at -> Int64.CreateChecked(BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(chunk, at, 8))))
                source
        )
    | CellType.U32 ->
        I64(decode isBigEndian count 4 (fun chunk at -> int64 (BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(chunk, at, 4)))) source)
    | CellType.U16 ->
        I64(decode isBigEndian count 2 (fun chunk at -> int64 (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(chunk, at, 2)))) source)
    | CellType.U8 -> U8(decode isBigEndian count 1 (fun chunk at -> chunk[at]) source)
    | CellType.Bool -> U8(decode isBigEndian count 1 (fun chunk at -> if chunk[at] = 0uy then 0uy else 1uy) source)

/// Reads little-endian values; see <c>readOrdered</c>.
let read (source: Stream) (cellType: CellType) (count: int) : Cells = readOrdered false source cellType count

/// Returns the tensors as they are after storing them with the given types and reading them. Tensors without a given type are stored as
/// they are in memory.
/// <exception cref="T:System.ArgumentException">A type is given for a tensor that does not exist; or the values cannot be stored as their
/// type.</exception>
let stored (parameter: string) (types: Map<string, CellType>) (tensors: Map<string, Tensor>) : Map<string, CellType * Tensor> =
    for name in types.Keys do
        if not (tensors.ContainsKey name) then
            raise (ArgumentException($"A type is given for the tensor {Tensor.shown name}, which does not exist.", parameter))

    tensors
    |> Map.map (fun name tensor ->
        let natural = typeOf tensor.Cells
        let cellType = types.TryFind name |> Option.defaultValue natural

        if cellType = natural then
            cellType, tensor
        else
            try
                use bytes = new MemoryStream()
                write bytes cellType tensor.Cells
                bytes.Position <- 0L
                cellType, { tensor with Cells = read bytes cellType (Tensor.count tensor.Cells) }
            with
            | :? NotSupportedException as error ->
                raise (ArgumentException($"The tensor {Tensor.shown name}: {error.Message}", parameter, error))
            | :? OverflowException as error ->
                raise (
                    ArgumentException(
                        $"The tensor {Tensor.shown name} has values that are out of the range of {cellType}.",
                        parameter,
                        error
                    )
                ))
