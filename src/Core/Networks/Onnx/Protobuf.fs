namespace CuteDl.Core.Networks

open System
open System.IO

/// A field of a message in the format of protocol buffers: https://protobuf.dev/programming-guides/encoding.
type internal ProtobufField = { Number: int; Value: ProtobufValue }

/// The value of a field.
and [<RequireQualifiedAccess>] internal ProtobufValue =
    | Whole of int64
    | Number of float32
    | Bytes of byte array
    | Message of ProtobufField list

[<RequireQualifiedAccess>]
module internal Protobuf =
    let whole (number: int) (value: int64) : ProtobufField = { Number = number; Value = ProtobufValue.Whole value }
    let number (number: int) (value: float32) : ProtobufField = { Number = number; Value = ProtobufValue.Number value }
    let bytes (number: int) (value: byte array) : ProtobufField = { Number = number; Value = ProtobufValue.Bytes value }
    let text (number: int) (value: string) : ProtobufField = bytes number (Text.Encoding.UTF8.GetBytes value)
    let message (number: int) (fields: ProtobufField list) : ProtobufField = { Number = number; Value = ProtobufValue.Message fields }

    let rec private varintSize (value: uint64) : int64 = if value < 128UL then 1L else 1L + varintSize (value >>> 7)

    let rec private writeVarint (stream: Stream) (value: uint64) : unit =
        if value < 128UL then
            stream.WriteByte(byte value)
        else
            stream.WriteByte(byte (value &&& 127UL ||| 128UL))
            writeVarint stream (value >>> 7)

    // The form of a value on the wire: a varint, a length with as many bytes, or 4 bytes.
    let private tag (field: ProtobufField) : uint64 =
        let form =
            match field.Value with
            | ProtobufValue.Whole _ -> 0
            | ProtobufValue.Bytes _
            | ProtobufValue.Message _ -> 2
            | ProtobufValue.Number _ -> 5

        uint64 (field.Number <<< 3 ||| form)

    /// Returns the number of bytes of a message.
    let rec size (fields: ProtobufField list) : int64 =
        let withLength (length: int64) = varintSize (uint64 length) + length

        fields
        |> List.sumBy (fun field ->
            varintSize (tag field)
            + match field.Value with
              | ProtobufValue.Whole value -> varintSize (uint64 value)
              | ProtobufValue.Number _ -> 4L
              | ProtobufValue.Bytes bytes -> withLength bytes.LongLength
              | ProtobufValue.Message fields -> withLength (size fields))

    /// Writes a message.
    let rec write (stream: Stream) (fields: ProtobufField list) : unit =
        for field in fields do
            writeVarint stream (tag field)

            match field.Value with
            | ProtobufValue.Whole value -> writeVarint stream (uint64 value)
            | ProtobufValue.Number value -> stream.Write(ReadOnlySpan(BitConverter.GetBytes value))
            | ProtobufValue.Bytes bytes ->
                writeVarint stream (uint64 bytes.LongLength)
                stream.Write(ReadOnlySpan bytes)
            | ProtobufValue.Message inner ->
                writeVarint stream (uint64 (size inner))
                write stream inner
