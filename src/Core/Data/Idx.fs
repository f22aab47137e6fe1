namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// <summary>
/// A file of bytes in the IDX format, uncompressed or gzipped (one or more members). The format has a magic number, the dimensions (32-bit,
/// big-endian), and one byte per cell.
/// </summary>
type Idx =
    {
        /// <summary>The sizes, outermost first: images, rows, columns.</summary>
        Dimensions: int list
        /// <summary>All cells, with the innermost dimension contiguous.</summary>
        Cells: byte array
    }

/// <summary>Reads IDX files. Memory is allocated only for bytes that arrive, whatever size the file declares.</summary>
module Idx =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    /// Fills the array as far as there are data. A damaged gzip stream throws at the damage.
    let private readUpTo (stream: Stream) (before: int64) (buffer: byte array) (start: int) (count: int) : int =
        try
            stream.ReadAtLeast(Span(buffer, start, count), count, throwOnEndOfStream = false)
        with :? InvalidDataException ->
            raise (GzipDamaged before)

    /// Returns the stream of cells, decompressed if the first two bytes are those of gzip, and the end marker of a gzipped file.
    let private decompress (file: string) (stream: Stream) : struct (Stream * MarkedEnd voption) =
        let head = Array.zeroCreate<byte> 2
        let read = stream.ReadAtLeast(Span head, 2, throwOnEndOfStream = false)
        stream.Seek(-(int64 read), SeekOrigin.Current) |> ignore

        if read = 2 && head[0] = 0x1Fuy && head[1] = 0x8Buy then
            let marked = new MarkedEnd(stream)
            struct (new GZipStream(marked, CompressionMode.Decompress), ValueSome marked)
        elif file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) then
            fail file 0L "The name ends with .gz, but the file is not gzipped: a gzip file begins with the bytes 1F 8B."
        else
            struct (stream, ValueNone)

    let private readHeader (file: string) (stream: Stream) (rank: int) : int list =
        let header = Array.zeroCreate<byte>(4 + 4 * rank)
        let read = readUpTo stream 0L header 0 header.Length

        if read < 4 then
            fail file (int64 read) "The file ends within its magic number, which has 4 bytes."

        // 0, 0, the type of the cells (8: unsigned byte), and the number of dimensions.
        let magic = BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(header, 0, 4))
        let expected = 0x0800 + rank

        if magic <> expected then
            fail file 0L $"The magic number is 0x%08X{magic}. It must be 0x%08X{expected} (unsigned bytes in {rank} dimensions)."

        if read < header.Length then
            fail file (int64 read) $"The file ends within its dimensions, which have {4 * rank} bytes."

        [ for d in 0 .. rank - 1 do
              let offset = 4 + 4 * d
              let size = BinaryPrimitives.ReadInt32BigEndian(ReadOnlySpan(header, offset, 4))

              if size <= 0 then
                  fail file (int64 offset) $"Dimension {d + 1} of {rank} is {uint32 size}. It must be from 1 to {Int32.MaxValue}."

              size ]

    /// Checks that nothing follows the cells, and that a gzipped file is complete to its last byte.
    let private checkEnd (file: string) (cells: Stream) (gzipped: MarkedEnd voption) (promised: int) (offset: int64) =
        let refuseMore () =
            fail file offset $"The file has more bytes than the {promised} that its dimensions require."

        match gzipped with
        | ValueNone ->
            if readUpTo cells offset (Array.zeroCreate 1) 0 1 > 0 then
                refuseMore ()
        | ValueSome marked ->
            marked.Append()
            let beyond = Array.zeroCreate<byte>(MarkedEnd.Mark.Length + 1)
            let read = readUpTo cells offset beyond 0 beyond.Length

            if read = 0 then
                fail file offset "The gzip data are cut off within their last bytes, or other data follow them."
            elif Array.truncate read beyond <> MarkedEnd.Mark then
                refuseMore ()

    let private readUnexplained (expansion: int) (file: string) (stream: Stream) (rank: int) : Idx =
        let struct (cells, gzipped) = decompress file stream
        let dimensions = readHeader file cells rank
        let headerLength = int64 (4 + 4 * rank)
        let promised = dimensions |> List.fold (fun product size -> product * bigint size) 1I

        if promised > bigint Array.MaxLength then
            fail file 4L $"The dimensions require {promised} bytes. At most {Array.MaxLength} can be read."

        match gzipped, Growing.refusal expansion stream.Length promised with
        | ValueSome _, Some problem -> fail file 4L problem
        | ValueSome _, None
        | ValueNone, _ -> ()

        let promised = int promised

        let buffer =
            Growing.read promised stream.Length (fun buffer start count -> readUpTo cells (headerLength + int64 start) buffer start count)

        let length = buffer.Length

        if length < promised then
            fail file (headerLength + int64 length) $"The file ends after {length} of the {promised} bytes that its dimensions require."

        checkEnd file cells gzipped promised (headerLength + int64 length)
        { Dimensions = dimensions; Cells = buffer }

    /// <summary>Reads the contents of an IDX file of unsigned bytes.</summary>
    /// <param name="expansion">The largest number of decompressed bytes per byte of a gzipped file, at least 1.</param>
    /// <param name="file">The name of the file, for messages. A file named .gz must be gzipped.</param>
    /// <param name="stream">The bytes of the file. Must be seekable. It is not closed.</param>
    /// <param name="rank">The number of dimensions: 3 for images, 1 for labels.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file has another format, is incomplete, or has more data than it
    /// declares.</exception>
    let readWithin (expansion: int) (file: string) (stream: Stream) (rank: int) : Idx =
        let start = stream.Position

        try
            readUnexplained expansion file stream rank
        with GzipDamaged offset ->
            stream.Position <- start

            match GzipMember.diagnose stream with
            | GzipMember.Damaged -> fail file offset "The gzip data after this place are damaged."
            | GzipMember.WrongChecksum(given, found) ->
                fail file offset $"The checksum (CRC-32) of the content is {found:X8}, but the gzip file states {given:X8}."
            | GzipMember.WrongLength(given, found) -> fail file offset $"The content has {found} bytes, but the gzip file states {given}."
            | GzipMember.Sound -> fail file offset "The first gzip member is intact, but the data after it are damaged or not gzip."

    /// <summary>Reads the contents of an IDX file with the default limit of expansion; see <c>readWithin</c>.</summary>
    let read (file: string) (stream: Stream) (rank: int) : Idx = readWithin Growing.DefaultExpansion file stream rank
