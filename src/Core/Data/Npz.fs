namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.Globalization
open System.IO
open System.IO.Compression
open System.Text
open System.Text.RegularExpressions

/// <summary>An array out of a numpy file.</summary>
type NpyArray =
    {
        /// <summary>Sizes, outermost first; none for a single number.</summary>
        Shape: int list
        /// <summary>All values in row-major order; float32 values are widened exactly.</summary>
        Values: float array
    }

/// <summary>
/// Reading numpy's .npz archives of float32 and float64 arrays (numpy.lib.format, versions 1 to 3), compressed or not.
/// </summary>
module Npz =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    let private magic = "\u0093NUMPY"

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
    let private fromFortran (shape: int list) (values: float array) : float array =
        match shape with
        | [ rows; columns ] -> Array.init values.Length (fun i -> values[i % columns * rows + i / columns])
        | _ -> values

    let private parse (file: string) (bytes: byte array) : NpyArray =
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

        let size, read =
            match field file header "'([^']*)'" "descr" with
            | "<f8" -> 8, (fun (cell: int) -> BinaryPrimitives.ReadDoubleLittleEndian(ReadOnlySpan(bytes, cell, 8)))
            | "<f4" -> 4, (fun cell -> float (BinaryPrimitives.ReadSingleLittleEndian(ReadOnlySpan(bytes, cell, 4))))
            | other -> fail file 10L $"the values are of type '{other}', expected '<f4' or '<f8' (float32, float64)."

        let shape = readShape file (field file header "\\(([^)]*)\\)" "shape")
        let isFortran = field file header "(True|False)" "fortran_order" = "True"

        if isFortran && shape.Length > 2 then
            fail file 10L "column-major arrays of more than two dimensions are not read."

        let count = shape |> List.fold (fun product size -> product * bigint size) 1I

        if count * bigint size <> bigint (bytes.Length - dataStart) then
            fail file dataStart $"{bytes.Length - dataStart} bytes of values, expected {count * bigint size} for the shape."

        let values = Array.init (int count) (fun i -> read (dataStart + i * size))

        { Shape = shape; Values = if isFortran then fromFortran shape values else values }

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

    let private readEntry (file: string) (stored: int64) (entry: ZipArchiveEntry) : NpyArray =
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

    /// <summary>All arrays of an archive by name.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="stream">The archive's bytes; must be seekable. Left open.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is no archive, or an array in it is damaged or of another type.</exception>
    let readStream (file: string) (stream: Stream) : Map<string, NpyArray> =
        try
            use archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen = true)

            Map.ofList
                [ for entry in archive.Entries do
                      let name =
                          if entry.FullName.EndsWith(".npy", StringComparison.Ordinal) then
                              entry.FullName[.. entry.FullName.Length - 5]
                          else
                              entry.FullName

                      name, readEntry file stream.Length entry ]
        with :? InvalidDataException as error ->
            fail file 0L $"not a readable .npz archive ({error.Message.TrimEnd('.')})."

    /// <summary>All arrays of a file by name.</summary>
    /// <param name="path">The .npz file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">There is no such file.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">It is no archive, or an array in it is damaged or of another type.</exception>
    let read (path: string) : Map<string, NpyArray> =
        use stream = File.OpenRead path
        readStream path stream
