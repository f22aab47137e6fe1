namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression
open System.Text
open CuteDl.Core.Data.CellBytes

/// <summary>
/// Reads and writes numpy's .npz archives (numpy.lib.format). Reads versions 1 to 3, compressed or not, all types of <c>CellType</c> that
/// numpy has, both byte orders and both orders of dimensions. Writes version 1, uncompressed.
/// </summary>
/// <remarks>
/// A written archive has a checksum of all names, shapes and values as its comment, which other programs ignore. If an archive has such a
/// comment, reading checks it.
/// </remarks>
module Npz =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    let private magic = "\u0093NUMPY"

    /// Converts values from column-major to row-major order, for any number of dimensions.
    let private fromFortran (shape: int list) (cells: Cells) : Cells =
        let sizes = List.toArray shape
        // In column-major order, a step along a dimension skips the values of all dimensions before it.
        let strides = sizes |> Array.scan (*) 1

        let reorder (values: 'T array) : 'T array =
            let index: int array = Array.zeroCreate sizes.Length
            let mutable source = 0

            [| for _ in 1 .. values.Length do
                   values[source]
                   let mutable dimension = sizes.Length - 1
                   let mutable carries = true

                   while carries && dimension >= 0 do
                       index[dimension] <- index[dimension] + 1
                       source <- source + strides[dimension]
                       carries <- index[dimension] = sizes[dimension]

                       if carries then
                           source <- source - index[dimension] * strides[dimension]
                           index[dimension] <- 0
                           dimension <- dimension - 1 |]

        match cells with
        | F32 values -> F32(reorder values)
        | F64 values -> F64(reorder values)
        | I64 values -> I64(reorder values)
        | U8 values -> U8(reorder values)

    let private parse (file: string) (bytes: byte array) : Tensor =
        if bytes.Length < 12 || Encoding.Latin1.GetString(bytes, 0, 6) <> magic then
            fail file 0L "This is not a numpy array: it does not begin with the bytes 93 'NUMPY'."

        let lengthBytes = if bytes[6] = 1uy then 2 else 4
        let start = 8 + lengthBytes

        let headerLength =
            if lengthBytes = 2 then
                int64 (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, 8, 2)))
            else
                int64 (BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, 8, 4)))

        if int64 start + headerLength > int64 bytes.Length then
            fail file 8L $"The array states a header of {headerLength} bytes, but it has only {bytes.Length} bytes in all."

        let header = NpyHeader.parse file start (Encoding.UTF8.GetString(bytes, start, int headerLength))
        let dataStart = start + int headerLength
        let promised = Tensor.volume header.Shape * bigint (size header.Type)

        if promised <> bigint (bytes.Length - dataStart) then
            fail file dataStart $"The array has {bytes.Length - dataStart} bytes of values, but its shape requires {promised}."

        use values = new MemoryStream(bytes, dataStart, bytes.Length - dataStart)

        let cells =
            try
                CellBytes.readOrdered header.IsBigEndian values header.Type ((bytes.Length - dataStart) / size header.Type)
            with :? OverflowException ->
                fail file dataStart "Some values are 2^63 or more. Unsigned integers must be smaller to be read."

        { Shape = header.Shape; Cells = if header.IsFortran then fromFortran header.Shape cells else cells }

    let private readEntry (file: string) (stored: int64) (entry: ZipArchiveEntry) : Tensor =
        let name = $"{file}({entry.FullName})"

        if entry.Length > int64 Array.MaxLength then
            fail name 0L $"The archive states {entry.Length} bytes for the array. At most {Array.MaxLength} can be read."

        let promised = int entry.Length
        use stream = entry.Open()

        let bytes =
            Growing.read promised stored (fun buffer start count ->
                stream.ReadAtLeast(Span(buffer, start, count), count, throwOnEndOfStream = false))

        if bytes.Length < promised then
            fail name (int64 bytes.Length) $"The array ends after {bytes.Length} of {promised} bytes."

        if Crc32.finish (Crc32.add Crc32.start (ReadOnlySpan bytes)) <> entry.Crc32 then
            fail name 0L "The checksum of the array differs from the one that the archive states, so the array is damaged."

        parse name bytes

    let private extension = ".npy"

    let private nameOf (entry: ZipArchiveEntry) : string =
        if entry.FullName.EndsWith(extension, StringComparison.Ordinal) then
            entry.FullName[.. entry.FullName.Length - extension.Length - 1]
        else
            entry.FullName

    /// Throws if the declared sizes are larger than the archive allows.
    let private checkSizes (file: string) (expansion: int) (stored: int64) (archive: ZipArchive) =
        // A local header of 30 bytes and the name come before the values.
        let claimed =
            archive.Entries
            |> Seq.sumBy (fun entry -> bigint entry.CompressedLength + 30I + bigint (Encoding.UTF8.GetByteCount entry.FullName))

        if claimed > bigint stored then
            fail file 0L $"The entries of the archive overlap: together they state {claimed} bytes, but the archive has only {stored}."

        let promised = archive.Entries |> Seq.sumBy (fun entry -> bigint entry.Length)

        match Growing.refusal expansion stored promised with
        | Some problem -> fail file 0L problem
        | None -> ()

    /// <summary>Reads all arrays of an archive, by name.</summary>
    /// <param name="expansion">The largest number of decompressed bytes per byte of the archive, at least 1.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="stream">The bytes of the archive. Must be seekable. It is not closed.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is not an archive, or an array in it is damaged or has an
    /// unsupported type.</exception>
    let readStreamWithin (expansion: int) (file: string) (stream: Stream) : Map<string, Tensor> =
        try
            use archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen = true)
            checkSizes file expansion stream.Length archive
            let mutable arrays = Map.empty

            for entry in archive.Entries do
                let name = nameOf entry

                if arrays.ContainsKey name then
                    fail $"{file}({entry.FullName})" 0L $"The archive has the array {Tensor.shown name} twice."

                arrays <- arrays.Add(name, readEntry file stream.Length entry)

            if archive.Comment.StartsWith(ContentChecksum.prefix, StringComparison.Ordinal) then
                let expected = ContentChecksum.compute Map.empty arrays

                if archive.Comment <> expected then
                    fail
                        file
                        0L
                        $"The checksum of the arrays is {expected}, but the archive's comment is {Tensor.shown archive.Comment}. The archive is damaged, or a program changed it and kept the comment."

            arrays
        with :? InvalidDataException as error ->
            fail file 0L $"The file is not a readable .npz archive ({error.Message.TrimEnd('.')})."

    /// <summary>Reads all arrays of an archive with the default limit of expansion; see <c>readStreamWithin</c>.</summary>
    let readStream (file: string) (stream: Stream) : Map<string, Tensor> = readStreamWithin Growing.DefaultExpansion file stream

    /// <summary>Reads all arrays of a file, by name.</summary>
    /// <param name="expansion">The largest number of decompressed bytes per byte of the file, at least 1.</param>
    /// <param name="path">The .npz file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file is not an archive, or an array in it is damaged or has an
    /// unsupported type.</exception>
    let readWithin (expansion: int) (path: string) : Map<string, Tensor> =
        use stream = InputFile.openRead path
        readStreamWithin expansion path stream

    /// <summary>Reads all arrays of a file with the default limit of expansion; see <c>readWithin</c>.</summary>
    let read (path: string) : Map<string, Tensor> = readWithin Growing.DefaultExpansion path

    /// Returns the bytes before the values. Their number is a multiple of 64, so that the values are aligned.
    let private npyHeader (description: string) (tensor: Tensor) : byte array =
        let shape =
            match tensor.Shape with
            | [ size ] -> $"({size},)"
            | sizes -> "(" + String.Join(", ", sizes) + ")"

        let text = $"{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}"
        let start = 10
        let stop = (start + text.Length + 1 + 63) / 64 * 64
        let bytes = Array.zeroCreate<byte> stop
        Encoding.Latin1.GetBytes(magic + "\u0001\u0000", 0, 8, bytes, 0) |> ignore
        BinaryPrimitives.WriteUInt16LittleEndian(Span(bytes, 8, 2), uint16 (stop - start))

        Encoding.Latin1.GetBytes(text.PadRight(stop - start - 1) + "\n", 0, stop - start, bytes, start)
        |> ignore

        bytes

    /// Returns numpy's code for the type of an array.
    let private describe (name: string) (cellType: CellType) : string =
        match NpyHeader.description cellType with
        | Some description -> description
        | None ->
            raise (ArgumentException($"The array {Tensor.shown name} cannot be stored as {cellType}: numpy has no such type.", "types"))

    let private check (arrays: Map<string, CellType * Tensor>) =
        for KeyValue(name, (cellType, array)) in arrays do
            let refuse problem =
                raise (ArgumentException($"The array {Tensor.shown name} {problem}", nameof arrays))

            let nameLength = (Tensor.utf8 (nameof arrays) (name + extension)).Length

            if nameLength > int UInt16.MaxValue then
                refuse $"has a name of {nameLength} bytes in the archive. At most {UInt16.MaxValue} are allowed."

            let arrayLength = int64 (npyHeader (describe name cellType) array).Length + length cellType array.Cells

            if arrayLength > int64 Array.MaxLength then
                refuse $"needs {arrayLength} bytes. At most {Array.MaxLength} are allowed, because more cannot be read."

    /// <summary>Writes an archive. On one operating system, equal arrays give equal bytes.</summary>
    /// <param name="types">The types of arrays that are not stored as they are in memory, for example F16 (rounded) for F32.</param>
    /// <param name="stream">Receives the archive. It is not closed.</param>
    /// <param name="arrays">The arrays by name.</param>
    /// <exception cref="T:System.ArgumentException">A shape does not fit its values; a name is not valid Unicode or too long for the
    /// format; an array is too large to be read again; or values cannot be stored as their type.</exception>
    let writeAs (types: Map<string, CellType>) (stream: Stream) (arrays: Map<string, Tensor>) : unit =
        Tensor.check (nameof arrays) arrays
        let stored = stored (nameof types) types arrays
        check stored
        use archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen = true)
        archive.Comment <- ContentChecksum.compute Map.empty (stored |> Map.map (fun _ (_, array) -> array))

        for KeyValue(name, (cellType, array)) in stored do
            let entry = archive.CreateEntry(name + extension, CompressionLevel.NoCompression)
            // Fixed values, so that the bytes do not depend on time and user: the earliest time of the format, and mode 644.
            entry.LastWriteTime <- DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero)
            entry.ExternalAttributes <- 0o100644 <<< 16
            use target = entry.Open()
            target.Write(npyHeader (describe name cellType) array)
            CellBytes.write target cellType array.Cells

    /// <summary>Writes an archive, with arrays stored as they are in memory; see <c>writeAs</c>.</summary>
    let write (stream: Stream) (arrays: Map<string, Tensor>) : unit = writeAs Map.empty stream arrays

    /// <summary>Writes an archive completely or not at all, and replaces an existing file; see <c>writeAs</c>.</summary>
    /// <param name="types">The types of arrays that are not stored as they are in memory.</param>
    /// <param name="path">The .npz file. Its folder must exist.</param>
    /// <param name="arrays">The arrays by name.</param>
    /// <exception cref="T:System.ArgumentException">The arrays cannot be written; see <c>writeAs</c>.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. The message names it, and the old file is
    /// unchanged.</exception>
    let saveAs (types: Map<string, CellType>) (path: string) (arrays: Map<string, Tensor>) : unit =
        AtomicFile.write path (Action<Stream>(fun stream -> writeAs types stream arrays))

    /// <summary>Writes an archive completely or not at all, with arrays stored as they are in memory; see <c>saveAs</c>.</summary>
    let save (path: string) (arrays: Map<string, Tensor>) : unit = saveAs Map.empty path arrays
