namespace CuteDl.Studies

open System
open System.Globalization
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.Json.Serialization
open System.Text.Json.Serialization.Metadata

/// <summary>The results of trials as JSON: one line, names in snake_case, NaN and infinities as strings, every double with all its digits.</summary>
module TrialJson =
    let private values =
        { new JsonConverter<struct (string * float) array>() with
            override _.Read(reader, _, _) =
                use document = JsonDocument.ParseValue(&reader)

                [| for property in document.RootElement.EnumerateObject() -> struct (property.Name, property.Value.GetDouble()) |]

            override _.Write(writer, values, _) =
                writer.WriteStartObject()

                for struct (name, value) in values do
                    writer.WriteNumber(name, value)

                writer.WriteEndObject() }

    let private marks =
        { new JsonConverter<uint16 array>() with
            override _.Read(reader, _, _) =
                MemoryMarshal.Cast<byte, uint16>(ReadOnlySpan(reader.GetBytesFromBase64())).ToArray()

            override _.Write(writer, marks, _) = writer.WriteBase64StringValue(MemoryMarshal.AsBytes(ReadOnlySpan marks)) }

    let private hash =
        { new JsonConverter<uint64>() with
            override _.Read(reader, _, _) =
                match reader.GetString() with
                | null -> raise (JsonException "a hash is 16 hexadecimal digits, not null.")
                | digits -> UInt64.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture)

            override _.Write(writer, hash, _) = writer.WriteStringValue(hash.ToString "x16") }

    /// <summary>How results, and what goes with them, are written.</summary>
    let internal options =
        let options =
            JsonSerializerOptions(
                PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
                // Said, because programs of a single file are built without reflection for JSON, unless asked.
                TypeInfoResolver = DefaultJsonTypeInfoResolver(),
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Encoder = Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
            )

        options.Converters.Add values
        options.Converters.Add marks
        options.Converters.Add hash
        options.Converters.Add(JsonStringEnumConverter JsonNamingPolicy.SnakeCaseLower)

        options.MakeReadOnly true
        options

    /// <summary>A result as JSON.</summary>
    let write (result: TrialResult) : string = JsonSerializer.Serialize(result, options)

    /// <summary>The result that <c>write</c> wrote.</summary>
    /// <exception cref="T:System.Text.Json.JsonException">It is none.</exception>
    let read (json: string) : TrialResult =
        match JsonSerializer.Deserialize<TrialResult | null>(json, options) with
        | null -> raise (JsonException "null is no result.")
        | result -> result
