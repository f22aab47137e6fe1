/// The header of a safetensors file: a JSON object with `__metadata__`, a map of texts, and the type, shape and place of each tensor.
/// Specification: https://github.com/huggingface/safetensors#format
module internal CuteDl.Core.Data.SafetensorsHeader

open System
open System.Buffers
open System.IO
open System.Text
open System.Text.Encodings.Web
open System.Text.Json
open System.Text.Unicode
open CuteDl.Core.Data.CellBytes

/// The largest number of bytes of a header, the limit of the format.
let maximumLength = 100_000_000

/// The offset of the header in the file: the length comes before it.
let start = 8L

let metadataKey = "__metadata__"

/// The entry of a tensor in a header.
type Entry =
    {
        Name: string
        Type: CellType
        Shape: int list
        /// The offset of the first byte of the values, from the end of the header.
        Begin: int64
        /// The offset after the last byte.
        End: int64
    }

type Header =
    {
        Metadata: Map<string, string>
        /// In the order of their offsets.
        Entries: Entry list
    }

let private fail file (offset: int64) problem : 'any = raise (DataFormatException(file, offset, problem))

/// Returns the header as bytes, padded with spaces to a multiple of 8 bytes, so that the values after it are aligned.
let toBytes (header: Header) : byte array =
    use buffer = new MemoryStream()

    using (new Utf8JsonWriter(buffer, JsonWriterOptions(Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping))) (fun json ->
        json.WriteStartObject()

        json.WriteStartObject metadataKey

        for KeyValue(key, value) in header.Metadata do
            json.WriteString(key, value)

        json.WriteEndObject()

        for entry in header.Entries do
            json.WriteStartObject entry.Name
            json.WriteString("dtype", string entry.Type)
            json.WriteStartArray "shape"
            entry.Shape |> List.iter json.WriteNumberValue
            json.WriteEndArray()
            json.WriteStartArray "data_offsets"
            json.WriteNumberValue entry.Begin
            json.WriteNumberValue entry.End
            json.WriteEndArray()
            json.WriteEndObject()

        json.WriteEndObject())

    while buffer.Length % 8L <> 0L do
        buffer.WriteByte(byte ' ')

    buffer.ToArray()

/// Reads the next token.
let private next (file: string) (reader: byref<Utf8JsonReader>) : JsonTokenType =
    try
        reader.Read() |> ignore
    with :? JsonException ->
        fail
            file
            (start + reader.BytesConsumed)
            "The header is not valid JSON from here on, or it is nested more deeply than the shape of a tensor."

    reader.TokenType

/// Returns the offset of the token in the file.
let private offset (reader: byref<Utf8JsonReader>) : int64 = start + reader.TokenStartIndex

/// Returns the token as the file has it, for messages.
let private found (reader: byref<Utf8JsonReader>) : string =
    match reader.TokenType with
    | JsonTokenType.StartObject
    | JsonTokenType.EndObject -> "an object"
    | JsonTokenType.StartArray
    | JsonTokenType.EndArray -> "an array"
    | _ -> Tensor.shown (Encoding.UTF8.GetString(reader.ValueSpan.Slice(0, min reader.ValueSpan.Length 300)))

let private text (file: string) (reader: byref<Utf8JsonReader>) : string =
    try
        match reader.GetString() with
        | null -> ""
        | text -> text
    with :? InvalidOperationException ->
        fail file (offset &reader) $"The text {found &reader} is not valid Unicode: it escapes half of a surrogate pair."

let private expect (file: string) (token: JsonTokenType) (what: string) (reader: byref<Utf8JsonReader>) =
    if next file &reader <> token then
        fail file (offset &reader) $"The header has {found &reader} in place of {what}."

/// Reads a whole number without sign, point or exponent.
let private number (file: string) (what: string) (largest: int64) (reader: byref<Utf8JsonReader>) : int64 =
    let mutable value = 0L

    let isNumber =
        reader.TokenType = JsonTokenType.Number
        && reader.ValueSpan[0] <> byte '-'
        && reader.TryGetInt64 &value

    if not isNumber || value > largest then
        fail file (offset &reader) $"{what} is {found &reader}. It must be a whole number from 0 to {largest}."

    value

let private readMetadata (file: string) (reader: byref<Utf8JsonReader>) : Map<string, string> =
    expect file JsonTokenType.StartObject "the map of metadata" &reader
    let mutable metadata = Map.empty

    while next file &reader <> JsonTokenType.EndObject do
        let key = text file &reader

        if metadata.ContainsKey key then
            fail file (offset &reader) $"The metadata have the key {Tensor.shown key} twice."

        expect file JsonTokenType.String $"the text of the metadata's key {Tensor.shown key}" &reader
        metadata <- metadata.Add(key, text file &reader)

    metadata

let private readShape (file: string) (tensor: string) (reader: byref<Utf8JsonReader>) : int list =
    expect file JsonTokenType.StartArray $"the shape of the tensor {tensor}" &reader
    let sizes = ResizeArray<int>()

    while next file &reader <> JsonTokenType.EndArray do
        if sizes.Count = Tensor.maximumRank then
            fail file (offset &reader) $"The tensor {tensor} has more than {Tensor.maximumRank} dimensions."

        sizes.Add(int (number file $"A size of the tensor {tensor}" (int64 Int32.MaxValue) &reader))

    List.ofSeq sizes

let private readOffsets (file: string) (tensor: string) (reader: byref<Utf8JsonReader>) : struct (int64 * int64) =
    expect file JsonTokenType.StartArray $"the offsets of the tensor {tensor}" &reader
    next file &reader |> ignore
    let first = number file $"The first offset of the tensor {tensor}" Int64.MaxValue &reader
    next file &reader |> ignore
    let last = number file $"The second offset of the tensor {tensor}" Int64.MaxValue &reader
    expect file JsonTokenType.EndArray $"the end of the two offsets of the tensor {tensor}" &reader
    struct (first, last)

let private readType (file: string) (tensor: string) (reader: byref<Utf8JsonReader>) : CellType =
    expect file JsonTokenType.String $"the type of the tensor {tensor}" &reader
    let given = text file &reader

    match all |> List.tryFind (fun known -> string known = given) with
    | Some known -> known
    | None ->
        let known = String.Join(", ", all)

        fail
            file
            (offset &reader)
            $"The values of the tensor {tensor} are of type {Tensor.shown given}. The types that can be read are {known}."

let private readEntry (file: string) (name: string) (reader: byref<Utf8JsonReader>) : Entry =
    let start = offset &reader
    let tensor = Tensor.shown name
    expect file JsonTokenType.StartObject $"the description of the tensor {tensor}" &reader
    let mutable cellType = ValueNone
    let mutable shape = ValueNone
    let mutable offsets = ValueNone

    while next file &reader <> JsonTokenType.EndObject do
        match text file &reader with
        | "dtype" when cellType.IsNone -> cellType <- ValueSome(readType file tensor &reader)
        | "shape" when shape.IsNone -> shape <- ValueSome(readShape file tensor &reader)
        | "data_offsets" when offsets.IsNone -> offsets <- ValueSome(readOffsets file tensor &reader)
        | field ->
            fail
                file
                (offset &reader)
                $"The tensor {tensor} has the field {Tensor.shown field}. Its fields must be dtype, shape and data_offsets, each once."

    match cellType, shape, offsets with
    | ValueSome cellType, ValueSome shape, ValueSome(struct (first, last)) ->
        { Name = name; Type = cellType; Shape = shape; Begin = first; End = last }
    | _ -> fail file start $"The tensor {tensor} lacks a field. Its fields must be dtype, shape and data_offsets."

let private checkUtf8 (file: string) (bytes: byte array) =
    if not (Utf8.IsValid(ReadOnlySpan bytes)) then
        let mutable rest = ReadOnlySpan bytes
        let mutable rune = Rune()
        let mutable consumed = 0

        while Rune.DecodeFromUtf8(rest, &rune, &consumed) = OperationStatus.Done do
            rest <- rest.Slice consumed

        fail
            file
            (start + int64 (bytes.Length - rest.Length))
            $"The header is not UTF-8: the byte 0x{rest[0]:X2} begins no valid character."

/// Parses a header, without checking the offsets of tensors. Returns the metadata, and each entry with its own offset in the file.
let private parse (file: string) (bytes: byte array) : struct (Map<string, string> * (int64 * Entry) list) =
    if bytes.Length = 0 || bytes[0] <> byte '{' then
        fail file start "The header does not begin with '{'."

    checkUtf8 file bytes
    // The depth: the header, a tensor, its shape.
    let mutable reader = Utf8JsonReader(ReadOnlySpan bytes, JsonReaderOptions(MaxDepth = 3))
    next file &reader |> ignore
    let mutable metadata = ValueNone
    let mutable entries = Map.empty

    while next file &reader <> JsonTokenType.EndObject do
        let name = text file &reader

        if name = metadataKey && metadata.IsNone then
            metadata <- ValueSome(readMetadata file &reader)
        elif name = metadataKey || entries.ContainsKey name then
            fail file (offset &reader) $"The header has the key {Tensor.shown name} twice."
        else
            let offset = offset &reader
            entries <- entries.Add(name, (offset, readEntry file name &reader))

    // Only white space may follow.
    next file &reader |> ignore
    struct (ValueOption.defaultValue Map.empty metadata, List.ofSeq entries.Values)

/// Returns the entries in the order of their offsets. They must cover all bytes of values, each byte once.
let private inOrder (file: string) (valuesStart: int64) (valueBytes: int64) (entries: (int64 * Entry) list) : Entry list =
    let mutable covered = 0L

    [ for offset, entry in entries |> List.sortBy (fun (_, entry) -> struct (entry.Begin, entry.End)) do
          let refuse problem =
              fail file offset $"The values of the tensor {Tensor.shown entry.Name}, bytes {entry.Begin} to {entry.End}, {problem}."

          if entry.End < entry.Begin then
              refuse "end before they begin"

          if entry.End > valueBytes then
              refuse $"exceed the {valueBytes} bytes of values in the file"

          if entry.Begin < covered then
              refuse $"overlap the previous values, which end at {covered}"

          if entry.Begin > covered then
              refuse $"leave a gap after the previous values, which end at {covered}"

          let expected = Tensor.volume entry.Shape * bigint (size entry.Type)

          if bigint (entry.End - entry.Begin) <> expected then
              refuse $"""must have {expected} bytes for {entry.Type} in the shape [{String.Join(", ", entry.Shape)}]"""

          if (entry.End - entry.Begin) / int64 (size entry.Type) > int64 Array.MaxLength then
              refuse $"are more than the {Array.MaxLength} values that can be read"

          covered <- entry.End
          entry

      if covered <> valueBytes then
          fail file (valuesStart + covered) $"{valueBytes - covered} bytes of values belong to no tensor." ]

/// Reads a header.
/// <param name="file">The name of the file, for messages.</param>
/// <param name="bytes">The header, without its length.</param>
/// <param name="valueBytes">The number of bytes after the header.</param>
let ofBytes (file: string) (bytes: byte array) (valueBytes: int64) : Header =
    let struct (metadata, entries) = parse file bytes
    { Metadata = metadata; Entries = inOrder file (start + int64 bytes.Length) valueBytes entries }
