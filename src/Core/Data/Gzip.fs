namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// A stream that can only be read, from start to end.
[<AbstractClass>]
type internal ForwardStream() =
    inherit Stream()
    override _.CanRead = true
    override _.CanSeek = false
    override _.CanWrite = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())
    override _.Write(_: byte array, _, _) = raise (NotSupportedException())

/// The bytes of a gzip file and, after <c>Append</c>, of another gzip member whose content is the mark. .NET reads a file that is cut off
/// within its last bytes, or followed by other data, as if it were complete. But concatenated gzip files are one gzip file (RFC 1952, 2.2).
/// So the mark is read after the content exactly if the file is complete, whatever its number of members.
type internal MarkedEnd(file: Stream) =
    inherit ForwardStream()

    static let mark = "the end of the file"B

    static let memberBytes =
        use target = new MemoryStream()
        using (new GZipStream(target, CompressionLevel.NoCompression, true)) (fun stream -> stream.Write(mark, 0, mark.Length))
        target.ToArray()

    let tail = new MemoryStream(memberBytes)
    let mutable isAppended = false

    /// The content of the appended member.
    static member Mark = mark

    /// Appends the marked member to the end of the file.
    member _.Append() = isAppended <- true

    override _.Read(buffer: byte array, offset, count) =
        match file.Read(buffer, offset, count) with
        | 0 when isAppended -> tail.Read(buffer, offset, count)
        | read -> read

/// Thrown if a gzip stream is damaged after this offset of its content.
exception internal GzipDamaged of offset: int64

/// Returns at most one byte per read, so that a decoder reads no more bytes than it needs.
type internal SingleBytes(file: Stream) =
    inherit ForwardStream()
    override _.Read(buffer: byte array, offset, count) = file.Read(buffer, offset, min count 1)

/// Finds the error in the first member of a gzip file. .NET's message is the same for damaged data and for a wrong checksum, and mentions a
/// compression method.
module internal GzipMember =
    type Diagnosis =
        | Damaged
        | WrongChecksum of given: uint32 * found: uint32
        | WrongLength of given: uint32 * found: uint32
        | Sound

    let private next (stream: Stream) : int =
        match stream.ReadByte() with
        | -1 -> raise (EndOfStreamException())
        | value -> value

    /// Skips the header: RFC 1952, 2.3.
    let private skipHeader (stream: Stream) =
        let skip (count: int) =
            for _ in 1..count do
                next stream |> ignore

        let skipText () =
            while next stream <> 0 do
                ()

        // Magic and method; then flags, time, extra flags and system; then the fields that the flags announce.
        skip 3
        let flags = next stream
        skip 6

        if flags &&& 4 <> 0 then
            let low = next stream
            skip (low + 256 * next stream)

        if flags &&& 8 <> 0 then
            skipText ()

        if flags &&& 16 <> 0 then
            skipText ()

        if flags &&& 2 <> 0 then
            skip 2

    /// Decompresses the member at the stream's position and compares its trailer.
    let diagnose (stream: Stream) : Diagnosis =
        try
            skipHeader stream
            use content = new DeflateStream(new SingleBytes(stream), CompressionMode.Decompress)
            let buffer = Array.zeroCreate<byte> 65536
            let mutable crc = Crc32.start
            let mutable length = 0UL
            let mutable read = content.Read(buffer, 0, buffer.Length)

            while read > 0 do
                crc <- Crc32.add crc (ReadOnlySpan(buffer, 0, read))
                length <- length + uint64 read
                read <- content.Read(buffer, 0, buffer.Length)

            let trailer = Array.zeroCreate<byte> 8
            stream.ReadExactly trailer
            let givenCrc = BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(trailer, 0, 4))
            let givenLength = BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(trailer, 4, 4))

            if givenCrc <> Crc32.finish crc then WrongChecksum(givenCrc, Crc32.finish crc)
            elif givenLength <> uint32 length then WrongLength(givenLength, uint32 length)
            else Sound
        with
        | :? InvalidDataException
        | :? EndOfStreamException -> Damaged
