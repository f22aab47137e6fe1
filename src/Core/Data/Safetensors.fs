namespace CuteDl.Core.Data

open System
open System.Buffers.Binary
open System.IO
open CuteDl.Core.Data.CellBytes

/// <summary>The content of a safetensors file: named tensors, and metadata.</summary>
type Safetensors =
    {
        /// <summary>The metadata: texts by key.</summary>
        Metadata: Map<string, string>
        /// <summary>The tensors by name.</summary>
        Tensors: Map<string, Tensor>
    }

/// <summary>
/// Reads and writes files in the safetensors format: https://github.com/huggingface/safetensors#format. All types of <c>CellType</c> are
/// supported; types of 4 and 8 bits (F8, F4) are not.
/// </summary>
/// <remarks>
/// The format has no checksum. So a checksum of the whole content, names and metadata included, is written to the metadata under
/// <c>cutedl.checksum</c>. If a file has it, reading checks it. It is not part of <c>Metadata</c>. A program that changes the content of
/// such a file must remove that key.
/// </remarks>
module Safetensors =
    let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

    /// <summary>The key of the checksum in a file's metadata.</summary>
    [<Literal>]
    let ChecksumKey = "cutedl.checksum"

    let private isChecksum (value: string) = value.StartsWith(ContentChecksum.prefix, StringComparison.Ordinal)

    let private readHeader (file: string) (stream: Stream) (fileLength: int64) : SafetensorsHeader.Header =
        if fileLength < SafetensorsHeader.start then
            fail file fileLength "The file ends within the length of its header, which has 8 bytes."

        let prefix = Array.zeroCreate<byte> 8
        stream.ReadExactly prefix
        let promised = BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan prefix)

        if promised > uint64 SafetensorsHeader.maximumLength then
            fail file 0L $"The file states a header of {promised} bytes. At most {SafetensorsHeader.maximumLength} are allowed."

        let valuesStart = SafetensorsHeader.start + int64 promised

        if valuesStart > fileLength then
            fail file 0L $"The file states a header of {promised} bytes, but it has only {fileLength} bytes in all."

        let bytes = Array.zeroCreate<byte>(int promised)
        stream.ReadExactly bytes
        SafetensorsHeader.ofBytes file bytes (fileLength - valuesStart)

    let private readTensor (file: string) (stream: Stream) (entry: SafetensorsHeader.Entry) : Tensor =
        let count = (entry.End - entry.Begin) / int64 (size entry.Type)

        try
            { Shape = entry.Shape; Cells = read stream entry.Type (int count) }
        with :? OverflowException ->
            fail file 0L $"The tensor {Tensor.shown entry.Name} has values of 2^63 or more. Unsigned integers must be smaller to be read."

    /// Checks and removes the checksum of the content, if there is one.
    let private verified (file: string) (content: Safetensors) : Safetensors =
        // A checksum is also recognized by its value, so that a damaged key does not hide it.
        match content.Metadata |> Map.tryFindKey (fun key value -> key = ChecksumKey || isChecksum value) with
        | None -> content
        | Some key ->
            let given = content.Metadata[key]
            let content = { content with Metadata = content.Metadata.Remove key }

            if key <> ChecksumKey then
                fail
                    file
                    SafetensorsHeader.start
                    $"The metadata have a checksum with the key {Tensor.shown key}. Its key must be '{ChecksumKey}'."

            let expected = ContentChecksum.compute content.Metadata content.Tensors

            if given <> expected then
                fail
                    file
                    SafetensorsHeader.start
                    $"The checksum of the content is {expected}, but the file states {Tensor.shown given}. The file is damaged, or a program changed it and kept the old '{ChecksumKey}'."

            content

    /// <summary>Reads the content of a file.</summary>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="stream">The bytes of the file, from the current position to the end. Must be seekable. It is not closed.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file has another format, is damaged, or has tensors of an unsupported
    /// type.</exception>
    let readStream (file: string) (stream: Stream) : Safetensors =
        let fileLength = stream.Length - stream.Position

        try
            let header = readHeader file stream fileLength
            let tensors = Map.ofList [ for entry in header.Entries -> entry.Name, readTensor file stream entry ]

            verified file { Metadata = header.Metadata; Tensors = tensors }
        with :? EndOfStreamException ->
            fail file fileLength "The file became shorter while it was read."

    /// <summary>Reads the content of a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="T:System.IO.FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The file has another format, is damaged, or has tensors of an unsupported
    /// type.</exception>
    let read (path: string) : Safetensors =
        use stream = InputFile.openRead path
        readStream path stream

    /// Orders entries by size of type, largest first, so that every tensor is aligned, and then by name. The format's own library uses this
    /// order.
    let private entries (tensors: Map<string, CellType * Tensor>) : SafetensorsHeader.Entry list =
        let rank (cellType: CellType) = List.findIndex ((=) cellType) all

        let compare (name, (cellType, _)) (otherName, (otherType, _)) =
            match compare (rank cellType) (rank otherType) with
            | 0 -> (ReadOnlySpan<byte>(Tensor.utf8 "content" name)).SequenceCompareTo(ReadOnlySpan(Tensor.utf8 "content" otherName))
            | order -> order

        (0L, tensors |> Map.toList |> List.sortWith compare)
        ||> List.mapFold (fun start (name, (cellType, tensor)) ->
            let stop = start + length cellType tensor.Cells

            let entry: SafetensorsHeader.Entry =
                { Name = name; Type = cellType; Shape = tensor.Shape; Begin = start; End = stop }

            entry, stop)
        |> fst

    let private check (content: Safetensors) =
        let refuse problem = raise (ArgumentException(problem, nameof content))
        Tensor.check (nameof content) content.Tensors

        if content.Tensors.ContainsKey SafetensorsHeader.metadataKey then
            refuse
                $"A tensor is named '{SafetensorsHeader.metadataKey}'. The format uses this name for the metadata, so give the tensor another name."

        for KeyValue(key, value) in content.Metadata do
            Tensor.utf8 (nameof content) key |> ignore
            Tensor.utf8 (nameof content) value |> ignore

            if key = ChecksumKey || isChecksum value then
                refuse
                    $"The key {Tensor.shown key} of the metadata is '{ChecksumKey}', or its value is a checksum. Remove it: writing computes the checksum of each file."

    /// <summary>Writes the bytes of a file. Equal content gives equal bytes.</summary>
    /// <param name="types">The types of tensors that are not stored as they are in memory, for example F16 or BF16 (rounded) for
    /// F32.</param>
    /// <param name="stream">Receives the bytes. It is not closed.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:System.ArgumentException">A shape does not fit its values; a name or text is not valid Unicode; a tensor is named
    /// <c>__metadata__</c>; the metadata have a checksum already; the header would exceed the 100 MB that the format allows; or values
    /// cannot be stored as their type.</exception>
    let writeAs (types: Map<string, CellType>) (stream: Stream) (content: Safetensors) : unit =
        check content
        let stored = stored (nameof types) types content.Tensors
        let entries = entries stored

        let checksum =
            ContentChecksum.compute content.Metadata (stored |> Map.map (fun _ (_, tensor) -> tensor))

        let header =
            SafetensorsHeader.toBytes { Metadata = content.Metadata.Add(ChecksumKey, checksum); Entries = entries }

        if header.Length > SafetensorsHeader.maximumLength then
            raise (
                ArgumentException(
                    $"The names and metadata need a header of {header.Length} bytes. The format allows at most {SafetensorsHeader.maximumLength}.",
                    nameof content
                )
            )

        let prefix = Array.zeroCreate<byte> 8
        BinaryPrimitives.WriteInt64LittleEndian(Span prefix, int64 header.Length)
        stream.Write(prefix, 0, prefix.Length)
        stream.Write(header, 0, header.Length)

        for entry in entries do
            CellBytes.write stream entry.Type (snd stored[entry.Name]).Cells

    /// <summary>Writes the bytes of a file, with tensors stored as they are in memory; see <c>writeAs</c>.</summary>
    let write (stream: Stream) (content: Safetensors) : unit = writeAs Map.empty stream content

    /// <summary>Writes a file completely or not at all, and replaces an existing one.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="T:System.ArgumentException">The content cannot be written; see <c>write</c>.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be written. The message names it, and the old file is
    /// unchanged.</exception>
    let save (path: string) (content: Safetensors) : unit = AtomicFile.write path (Action<Stream>(fun stream -> write stream content))

    /// <summary>Writes a file completely or not at all, with tensors stored as given types; see <c>writeAs</c> and <c>save</c>.</summary>
    let saveAs (types: Map<string, CellType>) (path: string) (content: Safetensors) : unit =
        AtomicFile.write path (Action<Stream>(fun stream -> writeAs types stream content))
