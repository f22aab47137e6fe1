/// The published schema says what the reader does, both ways round. JsonSchema.Net judges, a validator that is not ours.
module CuteDl.Studies.Tests.SchemaTests

open System.Collections.Generic
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open Json.Schema
open CuteDl.Studies
open CuteDl.Studies.Tests.StudyGenerators

let private options =
    JsonDocumentOptions(CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)

let private load (text: string) =
    use document = JsonDocument.Parse(text, options)
    document.RootElement.Clone()

let private schema = lazy load (File.ReadAllText(repositoryFile "docs/study.schema.json"))

let private find (name: string) (element: JsonElement) =
    match element.TryGetProperty name with
    | true, value -> Some value
    | _ -> None

let private validator =
    lazy JsonSchema.FromText(File.ReadAllText(repositoryFile "docs/study.schema.json"))

/// Returns what JsonSchema.Net says against a study file, by place.
let private problems (text: string) : string list =
    let result = validator.Value.Evaluate(load text, EvaluationOptions(OutputFormat = OutputFormat.List))

    if result.IsValid then
        []
    else
        [ for detail in Option.ofObj result.Details |> Option.defaultValue (ResizeArray()) do
              for error in Option.ofObj detail.Errors |> Option.defaultValue (Dictionary()) do
                  $"{detail.InstanceLocation}: {error.Value}" ]

let tests =
    testList
        "schema"
        [ testCase "docs/study.schema.json is up to date" (fun () ->
              Expect.equal (File.ReadAllText(repositoryFile "docs/study.schema.json")) StudyJson.schema "run tools/Generate")

          testCase "it is a schema of the draft that it names" (fun () ->
              let result =
                  MetaSchemas.Draft202012.Evaluate(schema.Value, EvaluationOptions(OutputFormat = OutputFormat.List))

              Expect.isTrue result.IsValid "valid against the draft's own schema")

          testCase "every key is described" (fun () ->
              let rec undescribed path (element: JsonElement) =
                  [ match element.ValueKind with
                    | JsonValueKind.Object ->
                        for property in element.EnumerateObject() do
                            if property.Name = "properties" then
                                for key in property.Value.EnumerateObject() do
                                    if (find "description" key.Value).IsNone then
                                        $"{path}.{key.Name}"

                            yield! undescribed $"{path}.{property.Name}" property.Value
                    | JsonValueKind.Array ->
                        for item in element.EnumerateArray() do
                            yield! undescribed path item
                    | _ -> () ]

              Expect.isEmpty (undescribed "$" schema.Value) "described")

          testCase "the samples and the example are of it" (fun () ->
              for text in StudyJson.example :: List.map sample samples do
                  Expect.isEmpty (problems text) "problems")

          forAllStudies "what is printed is of it" (fun study -> Expect.isEmpty (problems (StudyJson.print study)) "problems")

          testCase "what it refuses the reader refuses" (fun () ->
              // Each value of each sample in turn becomes one that is likely wrong.
              let rec places (node: JsonNode | null) : (JsonNode * (JsonNode | null -> unit)) list =
                  [ match node with
                    | :? JsonObject as object' ->
                        for name in [ for member' in object' -> member'.Key ] do
                            match object'[name] with
                            | null -> ()
                            | value ->
                                value, (fun replacement -> object'[name] <- replacement)
                                yield! places value
                    | :? JsonArray as array ->
                        for i in 0 .. array.Count - 1 do
                            match array[i] with
                            | null -> ()
                            | value ->
                                value, (fun replacement -> array[i] <- replacement)
                                yield! places value
                    | _ -> () ]

              let mutable refused = 0

              for text in StudyJson.example :: List.map sample samples do
                  let count = places (JsonNode.Parse(text, documentOptions = options)) |> List.length

                  for i in 0 .. count - 1 do
                      for wrong in [ "-1"; "\"?\""; "{ \"x\": 1 }"; "[]"; "null"; "1e300" ] do
                          let node = JsonNode.Parse(text, documentOptions = options)
                          snd (places node).[i] (JsonNode.Parse wrong)
                          let changed = (Unchecked.nonNull node).ToJsonString()

                          if not (problems changed).IsEmpty then
                              refused <- refused + 1
                              Expect.isError (StudyJson.parse changed) changed

              Expect.isGreaterThan refused 300 "tried") ]
