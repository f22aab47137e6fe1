namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// The bytes of a gzip file and, once appended, another member behind them whose content is the mark. .NET reads a file that is cut off
/// within its last bytes, or followed by something else, as if it were whole; but gzip files one after another are one gzip file (RFC
/// 1952, 2.2), and so the mark comes out behind the content if the file is whole, of however many members, and only then.
type internal MarkedEnd(file: Stream) =
    inherit Stream()

    static let mark = "the end of the file"B

    static let memberBytes =
        use target = new MemoryStream()
        using (new GZipStream(target, CompressionLevel.NoCompression, true)) (fun stream -> stream.Write(mark, 0, mark.Length))
        target.ToArray()

    let tail = new MemoryStream(memberBytes)
    let mutable isAppended = false

    /// The content of what is appended.
    static member Mark = mark

    /// From now on the file does not end where it ends.
    member _.Append() = isAppended <- true

    override _.Read(buffer: byte array, offset, count) =
        match file.Read(buffer, offset, count) with
        | 0 when isAppended -> tail.Read(buffer, offset, count)
        | read -> read

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

/// <summary>
/// A file of bytes in the IDX format, plain or gzipped (in one member or several): magic, dimensions (32-bit, big-endian), then one byte
/// a cell.
/// </summary>
type Idx =
    {
        /// <summary>The sizes, outermost first: images, rows, columns.</summary>
        Dimensions: int list
        /// <summary>All cells, the innermost dimension contiguous.</summary>
        Cells: byte array
    }

/// <summary>Reading IDX files. Whatever a file promises, memory is taken only for what it holds.</summary>
module Idx =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    /// Fills the span as far as the data go. A broken gzip stream fails where it breaks.
    let private readUpTo (file: string) (stream: Stream) (before: int64) (buffer: byte array) (start: int) (count: int) : int =
        try
            stream.ReadAtLeast(Span(buffer, start, count), count, throwOnEndOfStream = false)
        with :? InvalidDataException as error ->
            fail file before $"the gzip data behind this place are damaged ({error.Message.TrimEnd('.')})."

    /// The stream of cells: decompressed if the file is gzipped, which its first two bytes tell, and then what ends the file.
    let private decompress (file: string) (stream: Stream) : struct (Stream * MarkedEnd voption) =
        let head = Array.zeroCreate<byte> 2
        let read = stream.ReadAtLeast(Span head, 2, throwOnEndOfStream = false)
        stream.Seek(-(int64 read), SeekOrigin.Current) |> ignore

        if read = 2 && head[0] = 0x1Fuy && head[1] = 0x8Buy then
            let marked = new MarkedEnd(stream)
            struct (new GZipStream(marked, CompressionMode.Decompress), ValueSome marked)
        elif file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) then
            fail file 0L "not gzip, though the name says so: a gzip file begins with the bytes 1F 8B."
        else
            struct (stream, ValueNone)

    let private readHeader (file: string) (stream: Stream) (rank: int) : int list =
        let header = Array.zeroCreate<byte>(4 + 4 * rank)
        let read = readUpTo file stream 0L header 0 header.Length

        if read < 4 then
            fail file (int64 read) $"the file ends within its magic number, 4 bytes."

        // 0, 0, the cells' type (8: unsigned byte), the number of dimensions.
        let magic = BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(header, 0, 4))
        let expected = 0x0800 + rank

        if magic <> expected then
            fail file 0L $"the magic number is 0x%08X{magic}, expected 0x%08X{expected} (unsigned bytes in {rank} dimensions)."

        if read < header.Length then
            fail file (int64 read) $"the file ends within its dimensions, {rank} numbers of 4 bytes."

        [ for d in 0 .. rank - 1 do
              let offset = 4 + 4 * d
              let size = BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(header, offset, 4))

              if size <= 0 then
                  fail file (int64 offset) $"dimension {d + 1} of {rank} is {uint32 size}, expected 1 to {Int32.MaxValue}."

              size ]

    /// Nothing may follow the cells, and a gzipped file must be whole to its last byte.
    let private checkEnd (file: string) (cells: Stream) (gzipped: MarkedEnd voption) (promised: int) (offset: int64) =
        let goesOn () =
            fail file offset $"the file goes on after the {promised} bytes that its dimensions promise."

        match gzipped with
        | ValueNone ->
            if readUpTo file cells offset (Array.zeroCreate 1) 0 1 > 0 then
                goesOn ()
        | ValueSome marked ->
            marked.Append()
            let beyond = Array.zeroCreate<byte>(MarkedEnd.Mark.Length + 1)
            let read = readUpTo file cells offset beyond 0 beyond.Length

            if read = 0 then
                fail file offset "the gzip data are cut off within their last bytes, or something else follows them."
            elif Array.truncate read beyond <> MarkedEnd.Mark then
                goesOn ()

    /// <summary>The contents of an IDX file of unsigned bytes with so many dimensions.</summary>
    /// <param name="file">The file's name, for messages; one that ends in .gz must be gzipped.</param>
    /// <param name="stream">The file's bytes; must be seekable. Left open.</param>
    /// <param name="rank">The number of dimensions: 3 for images, 1 for labels.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is not such a file, or not whole, or longer than it says.</exception>
    let read (file: string) (stream: Stream) (rank: int) : Idx =
        let struct (cells, gzipped) = decompress file stream
        let dimensions = readHeader file cells rank
        let headerLength = int64 (4 + 4 * rank)
        let promised = dimensions |> List.fold (fun product size -> product * bigint size) 1I

        if promised > bigint Array.MaxLength then
            fail file 4L $"the dimensions promise {promised} bytes, more than the {Array.MaxLength} that can be read."

        let promised = int promised

        let buffer =
            Growing.read promised stream.Length (fun buffer start count ->
                readUpTo file cells (headerLength + int64 start) buffer start count)

        let length = buffer.Length

        if length < promised then
            fail file (headerLength + int64 length) $"the file ends after {length} of the {promised} bytes that its dimensions promise."

        checkEnd file cells gzipped promised (headerLength + int64 length)
        { Dimensions = dimensions; Cells = buffer }
