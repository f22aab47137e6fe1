/// The published schema says what the reader does: a small judge of schemas, and both ways round.
module CuteDl.Studies.Tests.SchemaTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open System.Text.RegularExpressions
open Expecto
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

let private names (element: JsonElement) = [ for property in element.EnumerateObject() -> property.Name ]
let private equal (a: JsonElement) (b: JsonElement) = JsonElement.DeepEquals(a, b)

let private isOfType (value: JsonElement) name =
    match name, value.ValueKind with
    | "object", JsonValueKind.Object
    | "array", JsonValueKind.Array
    | "string", JsonValueKind.String
    | "number", JsonValueKind.Number
    | "boolean", (JsonValueKind.True | JsonValueKind.False) -> true
    | "integer", JsonValueKind.Number -> floor (value.GetDouble()) = value.GetDouble()
    | _ -> false

/// The words that the judge knows; the schema may use no other.
let private known =
    [ "$schema"
      "title"
      "description"
      "default"
      "type"
      "properties"
      "required"
      "additionalProperties"
      "items" ]
    @ [ "minItems"; "maxItems"; "uniqueItems"; "enum"; "const"; "anyOf"; "pattern"; "multipleOf" ]
    @ [ "minimum"; "maximum"; "exclusiveMinimum"; "exclusiveMaximum" ]

let rec private judge (schema: JsonElement) (value: JsonElement) (path: string) : string list =
    let number (element: JsonElement) = element.GetDouble()

    let bound name isWithin =
        match find name schema with
        | Some bound when value.ValueKind = JsonValueKind.Number && not (isWithin (number value) (number bound)) -> [ $"{path}: {name}" ]
        | _ -> []

    if schema.ValueKind = JsonValueKind.False then
        [ $"{path}: not allowed" ]
    elif schema.ValueKind = JsonValueKind.True then
        []
    else
        for word in names schema do
            if not (List.contains word known) then
                failtestf "the schema says '%s'" word

        [ match find "anyOf" schema with
          | Some schemas ->
              let results = [ for schema in schemas.EnumerateArray() -> judge schema value path ]

              if results |> List.forall (List.isEmpty >> not) then
                  yield! List.minBy List.length results
          | None -> ()

          match find "type" schema with
          | Some types ->
              let types =
                  if types.ValueKind = JsonValueKind.Array then
                      [ for name in types.EnumerateArray() -> string (name.GetString()) ]
                  else
                      [ string (types.GetString()) ]

              if not (List.exists (isOfType value) types) then
                  $"{path}: type"
          | None -> ()

          match find "enum" schema with
          | Some values when not (values.EnumerateArray() |> Seq.exists (equal value)) -> $"{path}: enum"
          | _ -> ()

          match find "const" schema with
          | Some constant when not (equal constant value) -> $"{path}: const"
          | _ -> ()

          yield! bound "minimum" (>=)
          yield! bound "maximum" (<=)
          yield! bound "exclusiveMinimum" (>)
          yield! bound "exclusiveMaximum" (<)

          match value.ValueKind with
          | JsonValueKind.String ->
              match find "pattern" schema with
              | Some pattern when not (Regex.IsMatch(string (value.GetString()), string (pattern.GetString()))) -> $"{path}: pattern"
              | _ -> ()
          | JsonValueKind.Array ->
              let items = value.EnumerateArray() |> Seq.toList

              match find "minItems" schema with
              | Some least when items.Length < least.GetInt32() -> $"{path}: minItems"
              | _ -> ()

              match find "maxItems" schema with
              | Some most when items.Length > most.GetInt32() -> $"{path}: maxItems"
              | _ -> ()

              match find "items" schema with
              | Some schema ->
                  for i, item in List.indexed items do
                      yield! judge schema item $"{path}[{i}]"
              | None -> ()
          | JsonValueKind.Object ->
              let properties = find "properties" schema

              for property in value.EnumerateObject() do
                  match properties |> Option.bind (find property.Name), find "additionalProperties" schema with
                  | Some schema, _
                  | None, Some schema -> yield! judge schema property.Value $"{path}.{property.Name}"
                  | None, None -> ()

              match find "required" schema with
              | Some required ->
                  for name in required.EnumerateArray() do
                      if (find (string (name.GetString())) value).IsNone then
                          $"{path}: {name.GetString()} is missing"
              | None -> ()
          | _ -> () ]

let private problems text = judge schema.Value (load text) "$"

let tests =
    testList
        "schema"
        [ testCase "docs/study.schema.json is up to date" (fun () ->
              Expect.equal (File.ReadAllText(repositoryFile "docs/study.schema.json")) StudyJson.schema "run tools/Generate")

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
