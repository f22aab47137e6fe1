namespace CuteDl.Studies

open System.Collections.Generic
open System.Text.Json
open System.Text.Json.Nodes

/// <summary>What a journal begins with: the question, and all that the answer depends on.</summary>
type StudyHeader =
    {
        /// <summary>The study, in its complete JSON form.</summary>
        Study: string
        /// <summary>Whether seeds are added at the study's looks: settled before the first trial.</summary>
        UntilDecided: bool
        /// <summary>A hash of the images of each task that has some, by the task's name.</summary>
        Data: struct (string * string) array
        /// <summary>The version of this library.</summary>
        Version: string
    }

/// A record of a study's journal.
type internal StudyRecord =
    | Header of StudyHeader
    | Finished of TrialResult
    | Decided of StudyDecision

module internal StudyRecord =
    [<Literal>]
    let private schema = "cutedl/journal/1"

    let private record (kind: string) (content: JsonNode | null) : string =
        let node = JsonObject()
        node.Add("record", kind)
        node.Add("content", content)
        node.ToJsonString TrialJson.options

    let write (entry: StudyRecord) : string =
        match entry with
        | Header header ->
            let data = JsonObject()

            for struct (task, hash) in header.Data do
                data.Add(task, hash)

            let content = JsonObject()
            content.Add("schema", schema)
            content.Add("version", header.Version)
            content.Add("until_decided", header.UntilDecided)
            content.Add("data", data)
            content.Add("study", JsonNode.Parse header.Study)
            record "study" content
        | Finished result -> record "trial" (JsonSerializer.SerializeToNode(result, TrialJson.options))
        | Decided decision -> record "decision" (JsonSerializer.SerializeToNode(decision, TrialJson.options))

    let private fail (file: string) (number: int) problem : 'any =
        raise (CuteDl.Core.Data.DataFormatException(file, 0L, $"record {number}: {problem}"))

    let read (file: string) (number: int) (text: string) : StudyRecord =
        try
            use document = JsonDocument.Parse text
            let root = document.RootElement
            let content = root.GetProperty "content"

            let text (element: JsonElement) : string =
                match element.GetString() with
                | null -> fail file number "null where a text should be."
                | text -> text

            match text (root.GetProperty "record") with
            | "study" ->
                let found = text (content.GetProperty "schema")

                if found <> schema then
                    fail file number $"a journal of the form '{found}', expected '{schema}'."

                Header
                    // As it was printed, so that trials have the same files before and after an interruption.
                    { Study = content.GetProperty("study").GetRawText() |> Json.parse |> Json.print
                      UntilDecided = content.GetProperty("until_decided").GetBoolean()
                      Data = [| for entry in content.GetProperty("data").EnumerateObject() -> struct (entry.Name, text entry.Value) |]
                      Version = text (content.GetProperty "version") }
            | "trial" -> Finished(TrialJson.read (content.GetRawText()))
            | "decision" ->
                match content.Deserialize<StudyDecision | null> TrialJson.options with
                | null -> fail file number "null where a decision should be."
                | decision -> Decided decision
            | other -> fail file number $"a record of the unknown kind '{other}'."
        with
        | JsonSyntaxException(_, problem) -> fail file number $"its study is not JSON: {problem}"
        | :? JsonException
        | :? KeyNotFoundException
        | :? System.InvalidOperationException as error -> fail file number $"it is not in the form of this version: {error.Message}"
