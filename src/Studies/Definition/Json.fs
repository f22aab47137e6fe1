namespace CuteDl.Studies

open System
open System.Text
open System.Text.Encodings.Web
open System.Text.Json
open CuteDl.Core.Optimizers

/// A value of JSON, and on which line of its file it begins; 0 for what was not read.
type internal JsonTree = { Line: int; Value: JsonValue }

and [<RequireQualifiedAccess>] internal JsonValue =
    | Null
    | Bool of bool
    | Number of float
    | Text of string
    | List of JsonTree list
    /// Members in their order; a name may be there twice.
    | Object of (string * JsonTree) list

/// A text that is not JSON, and where.
exception internal JsonSyntaxException of line: int * problem: string

/// JSON with lines, which System.Text.Json's documents forget, and with members that are there twice, which it would pass over.
[<RequireQualifiedAccess>]
module internal Json =
    let private tokens (bytes: byte array) =
        let options = JsonReaderOptions(CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)
        let mutable reader = Utf8JsonReader(ReadOnlySpan bytes, options)
        let tokens = ResizeArray<struct (JsonTokenType * int * JsonValue)>()
        let mutable line = 1
        let mutable counted = 0

        while reader.Read() do
            while counted < int reader.TokenStartIndex do
                if bytes[counted] = 10uy then
                    line <- line + 1

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

            tokens.Add(struct (reader.TokenType, line, value))

        tokens

    /// The tree of a text; comments and trailing commas are allowed.
    let parse (text: string) : JsonTree =
        let bytes = Encoding.UTF8.GetBytes(text.TrimStart '\uFEFF')

        let tokens =
            try
                tokens bytes
            with
            | :? JsonException as error ->
                let message = error.Message
                let cut = message.IndexOf(" LineNumber:", StringComparison.Ordinal)
                let line = if error.LineNumber.HasValue then int error.LineNumber.Value + 1 else 0
                raise (JsonSyntaxException(line, (if cut < 0 then message else message.Substring(0, cut))))
            // Half of a pair of surrogates, written as an escape.
            | :? InvalidOperationException as error -> raise (JsonSyntaxException(0, error.Message))

        let mutable next = 0

        let rec value () =
            let struct (kind, line, scalar) = tokens[next]
            next <- next + 1

            let value =
                match kind with
                | JsonTokenType.StartObject -> JsonValue.Object(members [])
                | JsonTokenType.StartArray -> JsonValue.List(items [])
                | _ -> scalar

            { Line = line; Value = value }

        and members (before: (string * JsonTree) list) =
            let struct (kind, _, name) = tokens[next]
            next <- next + 1

            match kind, name with
            | JsonTokenType.EndObject, _ -> List.rev before
            | _, JsonValue.Text name -> members ((name, value ()) :: before)
            | _ -> members before

        and items (before: JsonTree list) =
            match tokens[next] with
            | struct (JsonTokenType.EndArray, _, _) ->
                next <- next + 1
                List.rev before
            | _ -> items (value () :: before)

        value ()

    /// A value that was not read.
    let make (value: JsonValue) : JsonTree = { Line = 0; Value = value }

    let private quote (text: string) =
        "\"" + JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString() + "\""

    /// A value on one line.
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

    /// A value over as many lines as it takes: what fits on one is on one.
    let print (tree: JsonTree) : string =
        let builder = StringBuilder()

        // What stands in front on the same line, and behind, counts.
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
