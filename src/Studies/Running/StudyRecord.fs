namespace CuteDl.Studies

open System.Text.Json
open System.Text.Json.Nodes
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>The first record of a journal: the study, and everything else that its results depend on.</summary>
type StudyHeader =
    {
        /// <summary>The study as JSON, with all defaults.</summary>
        Study: string
        /// <summary>True if seeds are added at the study's interim looks. Fixed before the first trial.</summary>
        UntilDecided: bool
        /// <summary>The name and the hash of the images of each task that has images.</summary>
        Data: struct (string * string) array
        /// <summary>The version of the library that started the study.</summary>
        Version: string
        /// <summary>For each contender with rules of one's own: its name, and what tells these rules apart from others of their names.</summary>
        OwnRules: struct (string * string) array
    }

/// A record of a study's journal.
type internal StudyRecord =
    | Header of StudyHeader
    | Finished of TrialResult
    | Decided of StudyDecision

module internal StudyRecord =
    [<Literal>]
    let private schema = "cutedl/journal/2"

    let private record (kind: string) (content: JsonNode | null) : string =
        let node = JsonObject()
        node.Add("record", kind)
        node.Add("content", content)
        node.ToJsonString TrialJson.options

    let private object (members: struct (string * string) array) : JsonObject =
        let node = JsonObject()

        for struct (name, value) in members do
            node.Add(name, value)

        node

    let write (entry: StudyRecord) : string =
        match entry with
        | Header header ->
            let content = JsonObject()
            content.Add("schema", schema)
            content.Add("version", header.Version)
            content.Add("until_decided", header.UntilDecided)
            content.Add("data", object header.Data)

            if header.OwnRules.Length > 0 then
                content.Add("own_rules", object header.OwnRules)

            content.Add("study", JsonNode.Parse header.Study)
            record "study" content
        | Finished result -> record "trial" (JsonSerializer.SerializeToNode(result, TrialJson.options))
        | Decided decision -> record "decision" (JsonSerializer.SerializeToNode(decision, TrialJson.options))

    /// Throws for a record with a correct checksum whose content this program did not write.
    let fail (file: string) (number: int) (record: JournalRecord) (problem: string) : 'any =
        raise (DataFormatException(file, record.Offset, $"Record {number} is damaged. {Quotation.sentence problem}"))

    let private header (content: JsonElement) : StudyHeader =
        let text (element: JsonElement) : string =
            match element.GetString() with
            | null -> raise (JsonException "The header has null in place of a text.")
            | text -> text

        let found = text (content.GetProperty "schema")

        if found <> schema then
            raise (JsonException $"It has the schema '{found}'. Only '{schema}' can be read.")

        let members (element: JsonElement) =
            [| for entry in element.EnumerateObject() -> struct (entry.Name, text entry.Value) |]

        // Printed again, so that result files have the same text before and after an interruption.
        { Study = content.GetProperty("study").GetRawText() |> Json.parse |> Json.print
          UntilDecided = content.GetProperty("until_decided").GetBoolean()
          Data = members (content.GetProperty "data")
          Version = text (content.GetProperty "version")
          OwnRules =
            match content.TryGetProperty "own_rules" with
            | true, rules -> members rules
            | _ -> [||] }

    let private parse (text: string) : StudyRecord =
        use document = JsonDocument.Parse text
        let content = document.RootElement.GetProperty "content"

        match document.RootElement.GetProperty("record").GetString() with
        | "study" -> Header(header content)
        | "trial" -> Finished(TrialJson.read (content.GetRawText()))
        | "decision" -> Decided(JsonRecord.readWith<StudyDecision> TrialJson.options (content.GetRawText()))
        | kind -> raise (JsonException $"'{kind}' is not a kind of record.")

    /// Reads a record. The number, from 1, is used in messages.
    let read (file: string) (number: int) (record: JournalRecord) : StudyRecord =
        let fail problem = fail file number record problem

        let entry =
            try
                parse record.Text
            with
            | JsonSyntaxException(_, _, problem) -> fail $"Its study is not JSON: {problem}"
            | :? JsonException as error -> fail error.Message
            | :? System.Collections.Generic.KeyNotFoundException -> fail "A member is missing."
            | :? System.InvalidOperationException -> fail "A member has a value of another kind."

        // Reading ignores unknown members. Comparing the texts detects them.
        if write entry <> record.Text then
            fail "It has members or values that this program does not write."

        entry
