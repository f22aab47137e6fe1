/// Values as the bytes of a file, little-endian, and back, bit for bit.
module internal CuteDl.Core.Data.CellBytes

open System
open System.Buffers.Binary
open System.IO

/// The type of a tensor's values.
[<RequireQualifiedAccess>]
type CellType =
    | F32
    | F64
    | I64
    | U8

let typeOf (cells: Cells) : CellType =
    match cells with
    | F32 _ -> CellType.F32
    | F64 _ -> CellType.F64
    | I64 _ -> CellType.I64
    | U8 _ -> CellType.U8

/// The name that the type has in messages, and in the safetensors format.
let typeName (cellType: CellType) : string =
    match cellType with
    | CellType.F32 -> "F32"
    | CellType.F64 -> "F64"
    | CellType.I64 -> "I64"
    | CellType.U8 -> "U8"

/// The bytes of one value.
let size (cellType: CellType) : int =
    match cellType with
    | CellType.F32 -> 4
    | CellType.F64
    | CellType.I64 -> 8
    | CellType.U8 -> 1

/// The bytes of all values.
let length (cells: Cells) : int64 = int64 (Tensor.count cells) * int64 (size (typeOf cells))

/// Values are turned into bytes, and back, so many at once.
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

let inline private decode (count: int) (size: int) ([<InlineIfLambda>] get: byte array -> int -> 'T) (source: Stream) : 'T array =
    let values = Array.zeroCreate<'T> count
    let chunk = Array.zeroCreate<byte>(size * min atOnce count)
    let mutable start = 0

    while start < count do
        let count = min atOnce (count - start)
        source.ReadExactly(chunk, 0, count * size)

        for i in 0 .. count - 1 do
            values[start + i] <- get chunk (i * size)

        start <- start + count

    values

let write (target: Stream) (cells: Cells) : unit =
    match cells with
    | F32 values -> encode values 4 (fun chunk at value -> BinaryPrimitives.WriteSingleLittleEndian(Span(chunk, at, 4), value)) target
    | F64 values -> encode values 8 (fun chunk at value -> BinaryPrimitives.WriteDoubleLittleEndian(Span(chunk, at, 8), value)) target
    | I64 values -> encode values 8 (fun chunk at value -> BinaryPrimitives.WriteInt64LittleEndian(Span(chunk, at, 8), value)) target
    | U8 values -> target.Write(values, 0, values.Length)

/// <exception cref="T:System.IO.EndOfStreamException">There are fewer.</exception>
let read (source: Stream) (cellType: CellType) (count: int) : Cells =
    match cellType with
    | CellType.F32 -> F32(decode count 4 (fun chunk at -> BinaryPrimitives.ReadSingleLittleEndian(ReadOnlySpan(chunk, at, 4))) source)
    | CellType.F64 -> F64(decode count 8 (fun chunk at -> BinaryPrimitives.ReadDoubleLittleEndian(ReadOnlySpan(chunk, at, 8))) source)
    | CellType.I64 -> I64(decode count 8 (fun chunk at -> BinaryPrimitives.ReadInt64LittleEndian(ReadOnlySpan(chunk, at, 8))) source)
    | CellType.U8 -> U8(decode count 1 (fun chunk at -> chunk[at]) source)
