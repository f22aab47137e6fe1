namespace CuteDl.Studies

open System
open System.Text
open System.Text.Encodings.Web
open System.Text.Json
open CuteDl.Core.Optimizers

/// A JSON value, with the line and column of its first character, from 1. Both are 0 if the value was not read from a file.
type internal JsonTree = { Line: int; Column: int; Value: JsonValue }

and [<RequireQualifiedAccess>] internal JsonValue =
    | Null
    | Bool of bool
    | Number of float
    | Text of string
    | List of JsonTree list
    /// The members in order. A name can occur twice.
    | Object of (string * JsonTree) list

/// The text is not JSON. Line and column are 0 if they are unknown.
exception internal JsonSyntaxException of line: int * column: int * problem: string

/// Reads JSON with positions and duplicate members. System.Text.Json's documents lose both.
[<RequireQualifiedAccess>]
module internal Json =
    /// True for the first byte of a character in UTF-8.
    let private beginsCharacter (unit: byte) = unit &&& 0xC0uy <> 0x80uy

    /// Returns the column of a byte in a line of UTF-8. The line and the byte count from 0, the column from 1.
    let private columnOf (bytes: byte array) (line: int64) (offset: int64) : int =
        let mutable start = 0

        for _ in 1L .. line do
            start <- 1 + Array.IndexOf(bytes, 10uy, start)

        let mutable column = 1

        for i in start .. min bytes.Length (start + int offset) - 1 do
            if beginsCharacter bytes[i] then
                column <- column + 1

        column

    let private tokens (bytes: byte array) =
        let options = JsonReaderOptions(CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)
        let mutable reader = Utf8JsonReader(ReadOnlySpan bytes, options)
        let tokens = ResizeArray<struct (JsonTokenType * int * int * JsonValue)>()
        let mutable line = 1
        let mutable column = 1
        let mutable counted = 0

        while reader.Read() do
            while counted < int reader.TokenStartIndex do
                if bytes[counted] = 10uy then
                    line <- line + 1
                    column <- 1
                elif beginsCharacter bytes[counted] then
                    column <- column + 1

                counted <- counted + 1

            let value =
                match reader.TokenType with
                | JsonTokenType.PropertyName
                | JsonTokenType.String ->
                    match reader.GetString() with
                    | null -> JsonValue.Null
                    | text -> JsonValue.Text text
                | JsonTokenType.Number -> JsonValue.Number(reader.GetDouble())
                | JsonTokenType.True -> JsonValue.Bool true
                | JsonTokenType.False -> JsonValue.Bool false
                | _ -> JsonValue.Null

            tokens.Add(struct (reader.TokenType, line, column, value))

        tokens

    /// Parses a text. Comments and trailing commas are allowed.
    let parse (text: string) : JsonTree =
        let bytes = Encoding.UTF8.GetBytes(text.TrimStart '\uFEFF')

        let tokens =
            try
                tokens bytes
            with
            | :? JsonException as error ->
                let message = error.Message
                let cut = message.IndexOf(" LineNumber:", StringComparison.Ordinal)
                let problem = if cut < 0 then message else message.Substring(0, cut)

                let line, column =
                    match Option.ofNullable error.LineNumber, Option.ofNullable error.BytePositionInLine with
                    | Some line, Some offset -> int line + 1, columnOf bytes line offset
                    | Some line, None -> int line + 1, 0
                    | None, _ -> 0, 0

                raise (JsonSyntaxException(line, column, problem))
            // An unpaired surrogate, written as an escape.
            | :? InvalidOperationException as error -> raise (JsonSyntaxException(0, 0, error.Message))

        let mutable next = 0

        let rec value () =
            let struct (kind, line, column, scalar) = tokens[next]
            next <- next + 1

            let value =
                match kind with
                | JsonTokenType.StartObject -> JsonValue.Object(members [])
                | JsonTokenType.StartArray -> JsonValue.List(items [])
                | _ -> scalar

            { Line = line; Column = column; Value = value }

        and members (before: (string * JsonTree) list) =
            let struct (kind, _, _, name) = tokens[next]
            next <- next + 1

            match kind, name with
            | JsonTokenType.EndObject, _ -> List.rev before
            | _, JsonValue.Text name -> members ((name, value ()) :: before)
            | _ -> members before

        and items (before: JsonTree list) =
            match tokens[next] with
            | struct (JsonTokenType.EndArray, _, _, _) ->
                next <- next + 1
                List.rev before
            | _ -> items (value () :: before)

        value ()

    /// Makes a value that was not read from a file.
    let make (value: JsonValue) : JsonTree = { Line = 0; Column = 0; Value = value }

    let text (value: string) : JsonTree = make (JsonValue.Text value)
    let number (value: float) : JsonTree = make (JsonValue.Number value)
    let bool (value: bool) : JsonTree = make (JsonValue.Bool value)
    let list (items: JsonTree list) : JsonTree = make (JsonValue.List items)
    let record (members: (string * JsonTree) list) : JsonTree = make (JsonValue.Object members)

    let private quote (text: string) =
        "\"" + JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString() + "\""

    /// Prints a value on one line.
    let rec line (tree: JsonTree) : string =
        match tree.Value with
        | JsonValue.Null -> "null"
        | JsonValue.Bool value -> if value then "true" else "false"
        | JsonValue.Number value -> NumberText.ofFloat value
        | JsonValue.Text text -> quote text
        | JsonValue.List [] -> "[]"
        | JsonValue.List items -> "[" + String.Join(", ", List.map line items) + "]"
        | JsonValue.Object [] -> "{}"
        | JsonValue.Object members ->
            "{ "
            + String.Join(", ", members |> List.map (fun (name, value) -> $"{quote name}: {line value}"))
            + " }"

    let private widest = 100

    /// Prints a value: on one line if it fits, else one member or item per line.
    let print (tree: JsonTree) : string =
        let builder = StringBuilder()

        // The text before and after the value on its line counts too.
        let rec write (indent: int) (before: string) (after: string) (tree: JsonTree) =
            let block (opening: string) (closing: string) (items: (string * JsonTree) list) =
                builder.Append(' ', indent).Append(before).Append(opening).Append('\n') |> ignore
                let last = items.Length - 1

                items
                |> List.iteri (fun i (name, item) ->
                    write (indent + 2) (if name = "" then "" else quote name + ": ") (if i = last then "" else ",") item)

                builder.Append(' ', indent).Append(closing).Append(after).Append('\n') |> ignore

            let short = line tree

            match tree.Value with
            | JsonValue.Object(_ :: _ as members) when indent = 0 || indent + before.Length + short.Length + after.Length > widest ->
                block "{" "}" members
            | JsonValue.List(_ :: _ as items) when indent + before.Length + short.Length + after.Length > widest ->
                block "[" "]" (items |> List.map (fun item -> "", item))
            | _ -> builder.Append(' ', indent).Append(before).Append(short).Append(after).Append('\n') |> ignore

        write 0 "" "" tree
        builder.ToString()
