namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// <summary>A file of bytes in the IDX format, plain or gzipped: magic, dimensions (32-bit, big-endian), then one byte a cell.</summary>
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

    /// The stream of cells: decompressed if the file is gzipped, which its first two bytes tell.
    let private decompress (file: string) (stream: Stream) : Stream =
        let head = Array.zeroCreate<byte> 2
        let read = stream.ReadAtLeast(Span head, 2, throwOnEndOfStream = false)
        stream.Seek(-(int64 read), SeekOrigin.Current) |> ignore

        if read = 2 && head[0] = 0x1Fuy && head[1] = 0x8Buy then
            new GZipStream(stream, CompressionMode.Decompress)
        elif file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) then
            fail file 0L "not gzip, though the name says so: a gzip file begins with the bytes 1F 8B."
        else
            stream

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

    /// A gzip file ends with the length of its data, modulo 2³² (RFC 1952, 2.3.1): one cut off within its last bytes does not.
    let private checkTrailer (file: string) (stream: Stream) (length: int64) =
        let trailer = Array.zeroCreate<byte> 4
        stream.Seek(-4L, SeekOrigin.End) |> ignore
        stream.ReadExactly(Span trailer)

        if BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan trailer) <> uint32 length then
            fail file length "the gzip data do not end with their own length: the file is cut off, or more follows."

    /// <summary>The contents of an IDX file of unsigned bytes with so many dimensions.</summary>
    /// <param name="file">The file's name, for messages; one that ends in .gz must be gzipped.</param>
    /// <param name="stream">The file's bytes; must be seekable. Left open.</param>
    /// <param name="rank">The number of dimensions: 3 for images, 1 for labels.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is not such a file, or not whole, or longer than it says.</exception>
    let read (file: string) (stream: Stream) (rank: int) : Idx =
        let cells = decompress file stream
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

        let beyond = Array.zeroCreate<byte> 1

        if readUpTo file cells (headerLength + int64 length) beyond 0 1 > 0 then
            fail file (headerLength + int64 length) $"the file goes on after the {promised} bytes that its dimensions promise."

        if cells :? GZipStream then
            checkTrailer file stream (headerLength + int64 length)

        { Dimensions = dimensions; Cells = buffer }
