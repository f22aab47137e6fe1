namespace CuteDl.Studies

open System
open System.Globalization
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.Json.Serialization
open System.Text.Json.Serialization.Metadata
open CuteDl.Core.Optimizers

/// <summary>
/// Reads and writes trial results as JSON: one line, names in snake_case, NaN and infinities as strings, and doubles that round-trip.
/// </summary>
module TrialJson =
    let private values =
        { new JsonConverter<struct (string * float) array>() with
            override _.Read(reader, _, _) =
                use document = JsonDocument.ParseValue(&reader)

                if document.RootElement.ValueKind <> JsonValueKind.Object then
                    raise (JsonException "The values of hyper-parameters must be an object.")

                [| for property in document.RootElement.EnumerateObject() do
                       let value = if property.Value.ValueKind = JsonValueKind.Number then property.Value.GetDouble() else nan

                       if not (Double.IsFinite value) then
                           raise (JsonException $"The value of {Quotation.quote property.Name} must be a finite number.")

                       struct (property.Name, value) |]

            override _.Write(writer, values, _) =
                writer.WriteStartObject()

                for struct (name, value) in values do
                    writer.WriteNumber(name, value)

                writer.WriteEndObject() }

    let private marks =
        { new JsonConverter<uint16 array>() with
            override _.Read(reader, _, _) =
                let mutable bytes: byte array | null = null
                let isText = reader.TokenType = JsonTokenType.String && reader.TryGetBytesFromBase64 &bytes

                match bytes with
                | NonNull bytes when isText && bytes.Length % 2 = 0 -> MemoryMarshal.Cast<byte, uint16>(ReadOnlySpan bytes).ToArray()
                | _ -> raise (JsonException "The marks of a fingerprint must be 16-bit numbers in base 64.")

            override _.Write(writer, marks, _) = writer.WriteBase64StringValue(MemoryMarshal.AsBytes(ReadOnlySpan marks)) }

    let private hash =
        { new JsonConverter<uint64>() with
            override _.Read(reader, _, _) =
                let digits = if reader.TokenType = JsonTokenType.String then reader.GetString() else null

                match digits, UInt64.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) with
                | NonNull digits, (true, hash) when digits.Length = 16 -> hash
                | _ -> raise (JsonException "A hash must be a string of 16 hexadecimal digits.")

            override _.Write(writer, hash, _) = writer.WriteStringValue(hash.ToString "x16") }

    /// Lets a file leave out members that are not written when they have no value: null, or NaN in a score.
    let private leaveOut (info: JsonTypeInfo) : unit =
        for property in info.Properties do
            let isLeftOut =
                match property.AttributeProvider with
                | null -> false
                | provider ->
                    provider.GetCustomAttributes(typeof<JsonIgnoreAttribute>, false)
                    |> Array.exists (fun attribute -> (attribute :?> JsonIgnoreAttribute).Condition = JsonIgnoreCondition.WhenWritingNull)

            let hasDefault =
                match property.AssociatedParameter with
                | null -> false
                | parameter -> parameter.HasDefaultValue

            if isLeftOut then
                property.IsRequired <- false

            if hasDefault && property.PropertyType = typeof<float> then
                property.ShouldSerialize <- fun _ value -> not (isNull value) && not (Double.IsNaN(unbox<float> value))

    /// The options of all JSON about trials.
    let internal options =
        let resolver = DefaultJsonTypeInfoResolver()
        resolver.Modifiers.Add leaveOut

        let options =
            JsonSerializerOptions(
                PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
                // Files may come from anywhere: unknown, missing, null and duplicate members are errors.
                UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
                RespectNullableAnnotations = true,
                RespectRequiredConstructorParameters = true,
                AllowDuplicateProperties = false,
                // Set explicitly, because single-file programs are built without reflection-based JSON by default.
                TypeInfoResolver = resolver,
                NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
                Encoder = Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
            )

        options.Converters.Add values
        options.Converters.Add marks
        options.Converters.Add hash
        options.Converters.Add(JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues = false))

        options.MakeReadOnly true
        options

    /// <summary>Returns a result as JSON.</summary>
    let write (result: TrialResult) : string = JsonSerializer.Serialize(result, options)

    /// Returns the reason why a record cannot be the result of any training.
    let internal problem (result: TrialResult) : string option =
        let curve = result.Curve
        let count = curve.Steps.Length

        let columns =
            [ curve.TrainingLoss
              curve.Loss
              curve.Accuracy
              curve.GradientNorm
              curve.UpdateRatio
              curve.Seconds
              for column, _ in Curve.Metrics do
                  match column curve with
                  | null -> ()
                  | values -> values ]

        if result.Steps < 0L then
            Some $"{result.Steps} steps"
        elif result.Ending = Ending.Cancelled then
            Some "the ending of a trial that was cancelled, which has no result"
        elif (result.Ending = Ending.Failed) <> (result.Failure <> "") then
            Some "a failure without a reason, or a reason without a failure"
        elif result.FingerprintEvery < 1 then
            Some $"a mark every {result.FingerprintEvery} steps"
        elif columns |> List.exists (fun column -> column.Length <> count) then
            Some "a curve whose columns differ in length"
        elif curve.Steps |> Array.pairwise |> Array.exists (fun (a, b) -> a >= b) then
            Some "a curve whose steps do not ascend"
        elif count > 0 && (curve.Steps[0] < 0L || curve.Steps[count - 1] > result.Steps) then
            Some "a curve with validations outside of its steps"
        else
            None

    /// <summary>Reads a result that <c>write</c> wrote.</summary>
    /// <exception cref="T:System.Text.Json.JsonException">The text is not a result.</exception>
    let read (json: string) : TrialResult =
        let result = JsonRecord.readWith<TrialResult> options json

        match problem result with
        | Some problem -> raise (JsonException $"The result has {problem}.")
        | None -> result
