namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.Text.Json
open System.Text.Json.Serialization
open System.Text.Json.Serialization.Metadata
open CuteDl.Core.Optimizers

/// Reads records from JSON. An error names the member, its value, and what is allowed. The serializer's own messages name types of the
/// program.
[<RequireQualifiedAccess>]
module internal JsonRecord =

    let private typeOf (info: JsonTypeInfo) : Type =
        match Nullable.GetUnderlyingType info.Type with
        | null -> info.Type
        | inner -> inner

    /// The allowed values of a type; None if its converter describes them.
    let private allowed (info: JsonTypeInfo) : string option =
        let ofType = typeOf info

        if info.Kind = JsonTypeInfoKind.Object || info.Kind = JsonTypeInfoKind.Dictionary then
            Some "an object"
        elif info.Kind = JsonTypeInfoKind.Enumerable then
            Some "a list"
        elif ofType = typeof<string> then
            Some "a text"
        elif ofType = typeof<bool> then
            Some "true or false"
        elif ofType = typeof<int> then
            Some $"a whole number from {Int32.MinValue} to {Int32.MaxValue}"
        elif ofType = typeof<int64> then
            Some "a whole number"
        elif ofType = typeof<float> then
            Some "a finite number, \"NaN\", \"Infinity\" or \"-Infinity\""
        elif ofType.IsEnum then
            let words =
                [ for value in Enum.GetValues ofType -> JsonSerializer.Serialize(value, info.Options.GetTypeInfo ofType) ]

            Some("one of " + String.Join(", ", words))
        else
            None

    let private expected (info: JsonTypeInfo) : string =
        match allowed info with
        | Some allowed -> $" Expected {allowed}."
        | None -> ""

    let private wrong (info: JsonTypeInfo) (path: string) (value: JsonElement) : string =
        let subject = if path = "" then "The text" else $"'{path}'"
        $"{subject} is {Quotation.shorten (value.GetRawText())}.{expected info}"

    let private allowsNull (property: JsonPropertyInfo) : bool =
        if property.PropertyType.IsValueType then
            not (isNull (Nullable.GetUnderlyingType property.PropertyType))
        else
            match property.AssociatedParameter with
            | null -> property.IsSetNullable
            | parameter -> parameter.IsNullable

    /// True if reading sets the property. Others are only written, and follow from the rest.
    let private isRead (property: JsonPropertyInfo) : bool = not (isNull property.Set) || not (isNull property.AssociatedParameter)

    let rec private problem (info: JsonTypeInfo) (isNullAllowed: bool) (path: string) (value: JsonElement) : string option =
        let inner = typeOf info

        if value.ValueKind = JsonValueKind.Null then
            if isNullAllowed then None else Some(wrong info path value)
        elif inner <> info.Type then
            problem (info.Options.GetTypeInfo inner) false path value
        elif info.Kind = JsonTypeInfoKind.Object then
            if value.ValueKind = JsonValueKind.Object then
                problemOfMembers info path value
            else
                Some(wrong info path value)
        elif info.Kind = JsonTypeInfoKind.Enumerable then
            if value.ValueKind = JsonValueKind.Array then
                problemOfItems info path value
            else
                Some(wrong info path value)
        else
            try
                value.Deserialize info |> ignore
                None
            with :? JsonException as error ->
                // The converters of this program describe what they allow.
                match allowed info with
                | Some _ -> Some(wrong info path value)
                | None -> Some $"{wrong info path value} {error.Message}"

    and private problemOfItems (info: JsonTypeInfo) (path: string) (value: JsonElement) : string option =
        match info.ElementType with
        | null -> None
        | elementType ->
            let ofElement = info.Options.GetTypeInfo elementType

            value.EnumerateArray()
            |> Seq.indexed
            |> Seq.tryPick (fun (i, item) -> problem ofElement false $"{path}[{i}]" item)

    and private problemOfMembers (info: JsonTypeInfo) (path: string) (value: JsonElement) : string option =
        let options = info.Options
        let pathTo (name: string) = if path = "" then name else $"{path}.{name}"

        let properties =
            [ for property in info.Properties do
                  if isRead property || not (isNull property.Get) then
                      property ]

        let known = [ for property in properties -> property.Name ]
        let seen = HashSet<string>()

        let problemOfMember (name: string) (value: JsonElement) : string option =
            match properties |> List.tryFind (fun property -> property.Name = name) with
            | _ when not (seen.Add name) && not options.AllowDuplicateProperties ->
                Some $"'{pathTo (Quotation.shorten name)}' is given twice. Give it once."
            | None when options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow ->
                Some $"'{pathTo (Quotation.shorten name)}' is not a member of this file. {Suggestion.describe known name}"
            | None -> None
            | Some property when not (isRead property) -> None
            | Some property -> problem (options.GetTypeInfo property.PropertyType) (allowsNull property) (pathTo name) value

        let missing () =
            properties
            |> List.tryFind (fun property -> property.IsRequired && not (seen.Contains property.Name))
            |> Option.map (fun property -> $"'{pathTo property.Name}' is missing.{expected (options.GetTypeInfo property.PropertyType)}")

        value.EnumerateObject()
        |> Seq.tryPick (fun property -> problemOfMember property.Name property.Value)
        |> Option.orElseWith missing

    /// Returns why a text is not JSON.
    let syntaxProblem (error: JsonException) : string =
        let fromOne (position: Nullable<int64>) = position.GetValueOrDefault() + 1L
        $"The text is not JSON: see line {fromOne error.LineNumber}, byte {fromOne error.BytePositionInLine}."

    /// <summary>Reads a record.</summary>
    /// <exception cref="T:System.Text.Json.JsonException">The text is not such a record; the message says why.</exception>
    let read<'record when 'record: not struct and 'record: not null> (info: JsonTypeInfo<'record>) (json: string) : 'record =
        let fail (problem: string) (cause: exn | null) : 'any = raise (JsonException(problem, cause))

        let explain (error: JsonException) : 'any =
            use document =
                try
                    JsonDocument.Parse json
                with :? JsonException as error ->
                    fail (syntaxProblem error) error

            match problem info false "" document.RootElement with
            | Some problem -> fail problem error
            | None -> fail error.Message error

        let found: 'record | null =
            try
                JsonSerializer.Deserialize(json, info)
            with :? JsonException as error ->
                explain error

        match found with
        | null -> fail "The text is null. Expected an object." null
        | record -> record

    /// <summary>Reads a record with the options that describe its form.</summary>
    let readWith<'record when 'record: not struct and 'record: not null> (options: JsonSerializerOptions) (json: string) : 'record =
        read (options.GetTypeInfo typeof<'record> :?> JsonTypeInfo<'record>) json
