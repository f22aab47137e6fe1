namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.Globalization
open System.IO
open System.IO.Compression
open System.Text
open System.Text.RegularExpressions
open CuteDl.Core.Data.CellBytes

/// <summary>
/// Numpy's .npz archives of float32, float64, int64 and uint8 arrays (numpy.lib.format). Read are versions 1 to 3, compressed or not;
/// written is version 1, not compressed.
/// </summary>
/// <remarks>
/// An archive that is written here has a checksum of all names, shapes and values as its comment, which other programs leave alone; if
/// an archive that is read has one, it must be right.
/// </remarks>
module Npz =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    let private magic = "\u0093NUMPY"

    let private descriptions =
        [ "<f4", CellType.F32; "<f8", CellType.F64; "<i8", CellType.I64; "|u1", CellType.U8 ]

    let private field (file: string) (header: string) (pattern: string) (name: string) : string =
        let found = Regex.Match(header, $"'{name}'\\s*:\\s*{pattern}", RegexOptions.CultureInvariant)

        if not found.Success then
            fail file 10L $"the header has no readable '{name}': {header.Trim()}."

        found.Groups[1].Value

    let private readShape (file: string) (text: string) : int list =
        [ for size in text.Split(',', StringSplitOptions.RemoveEmptyEntries ||| StringSplitOptions.TrimEntries) do
              match Int32.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture) with
              | true, value -> value
              | false, _ -> fail file 10L $"'{size}' is no size: the shape is ({text})." ]

    /// Row-major values from column-major ones.
    let private fromFortran (shape: int list) (cells: Cells) : Cells =
        let reorder (values: 'T array) =
            match shape with
            | [ rows; columns ] -> Array.init values.Length (fun i -> values[i % columns * rows + i / columns])
            | _ -> values

        match cells with
        | F32 values -> F32(reorder values)
        | F64 values -> F64(reorder values)
        | I64 values -> I64(reorder values)
        | U8 values -> U8(reorder values)

    let private parse (file: string) (bytes: byte array) : Tensor =
        if bytes.Length < 12 || Encoding.Latin1.GetString(bytes, 0, 6) <> magic then
            fail file 0L "not a numpy array: it does not begin with the bytes 93 'NUMPY'."

        let lengthBytes = if bytes[6] = 1uy then 2 else 4
        let start = 8 + lengthBytes

        let headerLength =
            if lengthBytes = 2 then
                int64 (BinaryPrimitives.ReadUInt16LittleEndian(ReadOnlySpan(bytes, 8, 2)))
            else
                int64 (BinaryPrimitives.ReadUInt32LittleEndian(ReadOnlySpan(bytes, 8, 4)))

        if int64 start + headerLength > int64 bytes.Length then
            fail file 8L $"the header is said to take {headerLength} bytes, the array has {bytes.Length} in all."

        let header = Encoding.UTF8.GetString(bytes, start, int headerLength)
        let dataStart = start + int headerLength

        let description = field file header "'([^']*)'" "descr"

        let cellType =
            match descriptions |> List.tryFind (fun (known, _) -> known = description) with
            | Some(_, cellType) -> cellType
            | None ->
                fail
                    file
                    10L
                    $"the values are of type '{description}', expected '<f4', '<f8', '<i8' or '|u1' (float32, float64, int64, uint8)."

        let shape = readShape file (field file header "\\(([^)]*)\\)" "shape")

        if shape.Length > Tensor.maximumRank then
            fail file 10L $"the array has {shape.Length} dimensions, at most {Tensor.maximumRank} are read."

        let isFortran = field file header "(True|False)" "fortran_order" = "True"

        if isFortran && shape.Length > 2 then
            fail file 10L "column-major arrays of more than two dimensions are not read."

        let promised = Tensor.volume shape * bigint (size cellType)

        if promised <> bigint (bytes.Length - dataStart) then
            fail file dataStart $"{bytes.Length - dataStart} bytes of values, expected {promised} for the shape."

        use values = new MemoryStream(bytes, dataStart, bytes.Length - dataStart)
        let cells = CellBytes.read values cellType ((bytes.Length - dataStart) / size cellType)
        { Shape = shape; Cells = if isFortran then fromFortran shape cells else cells }

    // CRC-32 of the zip format (ISO 3309, reflected polynomial EDB88320), which the library's reader does not check.
    let private crcTable =
        [| for first in 0u .. 255u ->
               (first, seq { 1..8 })
               ||> Seq.fold (fun value _ -> if value &&& 1u = 1u then 0xEDB88320u ^^^ (value >>> 1) else value >>> 1) |]

    let private crc32 (bytes: byte array) : uint32 =
        let mutable crc = 0xFFFFFFFFu

        for value in bytes do
            crc <- crcTable[int ((crc ^^^ uint32 value) &&& 0xFFu)] ^^^ (crc >>> 8)

        ~~~crc

    let private readEntry (file: string) (stored: int64) (entry: ZipArchiveEntry) : Tensor =
        let name = $"{file}({entry.FullName})"

        if entry.Length > int64 Array.MaxLength then
            fail name 0L $"the array is said to have {entry.Length} bytes, more than the {Array.MaxLength} that can be read."

        let promised = int entry.Length
        use stream = entry.Open()

        let bytes =
            Growing.read promised stored (fun buffer start count ->
                stream.ReadAtLeast(Span(buffer, start, count), count, throwOnEndOfStream = false))

        if bytes.Length < promised then
            fail name (int64 bytes.Length) $"the array ends after {bytes.Length} of {promised} bytes."

        if crc32 bytes <> entry.Crc32 then
            fail name 0L "the array's bytes do not have the checksum that the archive gives."

        parse name bytes

    let private extension = ".npy"

    let private nameOf (entry: ZipArchiveEntry) : string =
        if entry.FullName.EndsWith(extension, StringComparison.Ordinal) then
            entry.FullName[.. entry.FullName.Length - extension.Length - 1]
        else
            entry.FullName

    /// <summary>All arrays of an archive by name.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="stream">The archive's bytes; must be seekable. Left open.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is no archive, or an array in it is damaged or of another type.</exception>
    let readStream (file: string) (stream: Stream) : Map<string, Tensor> =
        try
            use archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen = true)
            let mutable arrays = Map.empty

            for entry in archive.Entries do
                let name = nameOf entry

                if arrays.ContainsKey name then
                    fail $"{file}({entry.FullName})" 0L $"the archive has the array {Tensor.shown name} twice."

                arrays <- arrays.Add(name, readEntry file stream.Length entry)

            if archive.Comment.StartsWith(ContentChecksum.prefix, StringComparison.Ordinal) then
                let expected = ContentChecksum.compute Map.empty arrays

                if archive.Comment <> expected then
                    fail
                        file
                        0L
                        $"the arrays have the checksum {expected}, but the archive's comment says {Tensor.shown archive.Comment}: it is damaged, or was changed by a program that kept the comment."

            arrays
        with :? InvalidDataException as error ->
            fail file 0L $"not a readable .npz archive ({error.Message.TrimEnd('.')})."

    /// <summary>All arrays of a file by name.</summary>
    /// <param name="path">The .npz file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">There is no such file.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is no archive, or an array in it is damaged or of another type.</exception>
    let read (path: string) : Map<string, Tensor> =
        use stream = File.OpenRead path
        readStream path stream

    /// What stands before the values: its length is a multiple of 64, so that they are aligned.
    let private npyHeader (tensor: Tensor) : byte array =
        let cellType = typeOf tensor.Cells
        let description, _ = descriptions |> List.find (fun (_, known) -> known = cellType)

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

    let private check (arrays: Map<string, Tensor>) =
        Tensor.check (nameof arrays) arrays

        for KeyValue(name, array) in arrays do
            let refuse problem =
                raise (ArgumentException($"the array {Tensor.shown name} {problem}", nameof arrays))

            let nameLength = (Tensor.utf8 (nameof arrays) (name + extension)).Length

            if nameLength > int UInt16.MaxValue then
                refuse $"has a name of {nameLength} bytes in the archive, at most {UInt16.MaxValue} are allowed."

            let arrayLength = int64 (npyHeader array).Length + length array.Cells

            if arrayLength > int64 Array.MaxLength then
                refuse $"takes {arrayLength} bytes, at most the {Array.MaxLength} that can be read are written."

    /// <summary>Writes an archive: for the same arrays, on one operating system, the same bytes.</summary>
    /// <param name="stream">Takes the archive. Left open.</param>
    /// <param name="arrays">The arrays by name.</param>
    /// <exception cref="T:System.ArgumentException">
    /// A shape does not fit its values; a name is no Unicode, or longer than the format allows; or an array is too large to be read.
    /// </exception>
    let write (stream: Stream) (arrays: Map<string, Tensor>) : unit =
        check arrays
        use archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen = true)
        archive.Comment <- ContentChecksum.compute Map.empty arrays

        for KeyValue(name, array) in arrays do
            let entry = archive.CreateEntry(name + extension, CompressionLevel.NoCompression)
            // The format's earliest time, and read and write for the owner, read for others: not when and where it was written.
            entry.LastWriteTime <- DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero)
            entry.ExternalAttributes <- 0o100644 <<< 16
            use target = entry.Open()
            target.Write(npyHeader array)
            CellBytes.write target array.Cells

    /// <summary>Writes an archive whole or not at all, over a file of that name.</summary>
    /// <param name="path">The .npz file; its folder must be there.</param>
    /// <param name="arrays">The arrays by name.</param>
    /// <exception cref="T:System.ArgumentException">The arrays cannot be written; see <c>write</c>.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written: the message names it, and the old one is as it was.</exception>
    let save (path: string) (arrays: Map<string, Tensor>) : unit = AtomicFile.write path (Action<Stream>(fun stream -> write stream arrays))
