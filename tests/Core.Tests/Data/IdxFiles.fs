/// Making files in IDX format, and damaging them.
module CuteDl.Core.Tests.IdxFiles

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open Expecto
open CuteDl.Core.Data

let bigEndian (value: int) : byte array =
    let bytes = Array.zeroCreate 4
    BinaryPrimitives.WriteInt32BigEndian(System.Span bytes, value)
    bytes

/// A header of unsigned bytes.
let header (dimensions: int list) : byte array =
    Array.concat [ [| 0uy; 0uy; 8uy; byte dimensions.Length |]; yield! List.map bigEndian dimensions ]

let file (dimensions: int list) (cells: byte array) : byte array = Array.append (header dimensions) cells

let gzip (bytes: byte array) : byte array =
    use target = new MemoryStream()

    using (new GZipStream(target, CompressionLevel.Fastest, true)) (fun stream -> stream.Write(bytes, 0, bytes.Length))
    target.ToArray()

/// A member of its own even of nothing, for which .NET writes nothing.
let gzipMember (bytes: byte array) : byte array =
    if bytes.Length > 0 then
        gzip bytes
    else
        [| 0x1Fuy; 0x8Buy; 8uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; 255uy; 3uy; 0uy; yield! Array.zeroCreate 8 |]

/// A member that is not compressed.
let storedMember (bytes: byte array) : byte array =
    use target = new MemoryStream()
    using (new GZipStream(target, CompressionLevel.NoCompression, true)) (fun stream -> stream.Write(bytes, 0, bytes.Length))
    target.ToArray()

let read (name: string) (bytes: byte array) (rank: int) : Idx =
    use stream = new MemoryStream(bytes)
    Idx.read name stream rank

/// The message is one line: the file's name, the offset, and sentences.
let expectFormatError (name: string) (offset: int64 option) (parts: string list) (body: unit -> unit) : unit =
    try
        body ()
        failtest "nothing was thrown"
    with :? DataFormatException as error ->
        offset |> Option.iter (fun offset -> Expect.equal error.Offset offset error.Message)
        Expect.stringContains error.File name "the file"
        Expect.stringContains error.Message name "the file's name"
        let place = $", byte {error.Offset}: "
        Expect.stringContains error.Message place "the offset"

        let problem =
            error.Message.Substring(error.Message.IndexOf(place, StringComparison.Ordinal) + place.Length)

        Expect.isFalse (Char.IsLower problem[0]) $"a sentence: {problem}"
        Expect.stringEnds error.Message "." "a sentence"
        Expect.isFalse (error.Message.Contains '\n') $"one line: {error.Message}"

        for part in parts do
            Expect.stringContains error.Message part "what is there, and what was expected"

/// Anything but a result or a DataFormatException fails.
let isReadOrRefused (read: unit -> unit) : unit =
    try
        read ()
    with :? DataFormatException ->
        ()
