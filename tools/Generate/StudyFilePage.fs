/// The page of all keys of a study file: docs/study-file.md.
module internal CuteDl.Generate.StudyFilePage

open System
open System.Collections.Generic
open System.Text.Json
open CuteDl.Generate.Markdown
open CuteDl.Studies

let private introduction =
    """# The keys of a study file

This page lists every key. It is generated from the description of the format: `dotnet run --project tools/Generate`. A study file is JSON
with comments and trailing commas allowed. `cutedl study init` writes a commented example, and [study.schema.json](study.schema.json) lets
editors complete and check a file. [Studies](studies.md) explains the method.
"""

let private find (name: string) (element: JsonElement) : JsonElement option =
    match element.ValueKind, element.TryGetProperty name with
    | JsonValueKind.Object, (true, value) -> Some value
    | _ -> None

let private alternatives (schema: JsonElement) : JsonElement list =
    match find "anyOf" schema with
    | Some schemas -> [ for schema in schemas.EnumerateArray() -> schema ]
    | None -> [ schema ]

let private range (schema: JsonElement) : string =
    let bound name words =
        match find name schema with
        // The largest whole numbers are no limits that a reader needs.
        | Some value when abs (value.GetDouble()) < 2147483647.0 -> [ $"{words} {value.GetRawText()}" ]
        | _ -> []

    String.Join(
        ", ",
        bound "minimum" "at least"
        @ bound "exclusiveMinimum" "above"
        @ bound "maximum" "at most"
        @ bound "exclusiveMaximum" "below"
        @ bound "multipleOf" "a multiple of"
    )

let rec private values (schema: JsonElement) : string =
    let limited (kind: string) =
        match range schema with
        | "" -> kind
        | range -> $"{kind}, {range}"

    match find "anyOf" schema, find "const" schema, find "enum" schema, find "type" schema with
    | Some _, _, _, _ -> String.Join("; ", alternatives schema |> List.map values)
    | _, Some word, _, _ -> code (word.GetRawText())
    | _, _, Some words, _ -> String.Join(", ", [ for word in words.EnumerateArray() -> code (word.GetRawText()) ])
    | _, _, _, Some kind when kind.ValueKind = JsonValueKind.Array ->
        String.Join(" or ", [ for kind in kind.EnumerateArray() -> string kind ])
    | _, _, _, Some kind ->
        match string kind with
        | "array" -> "list of " + (find "items" schema |> Option.map values |> Option.defaultValue "values")
        | "integer" -> limited "whole number"
        | "object" ->
            match find "properties" schema with
            | Some keys -> "object with " + String.Join(", ", [ for key in keys.EnumerateObject() -> code key.Name ])
            | None -> "object"
        | kind -> limited kind
    | _ -> ""

/// The table of an object, then those of the objects in it. One of several objects in a place is named by the first key that no other has. A table that is
/// already on the page is not repeated.
let rec private tables (seen: HashSet<string>) (path: string) (schema: JsonElement) : string list =
    let forms = alternatives schema
    let objects = forms |> List.choose (find "properties")

    [ for schema in forms do
          match find "properties" schema with
          | Some keys when seen.Add(JsonSerializer.Serialize keys) ->
              let required =
                  [ for name in (find "required" schema |> Option.map _.EnumerateArray() |> Option.toList |> Seq.concat) -> string name ]

              let rows =
                  [ for key in keys.EnumerateObject() ->
                        let otherwise =
                            match find "default" key.Value with
                            | _ when List.contains key.Name required -> "required"
                            | Some value -> code (value.GetRawText())
                            | None -> ""

                        [ code key.Name
                          values key.Value
                          otherwise
                          find "description" key.Value |> Option.map string |> Option.defaultValue "" ] ]

              let isOwn (name: string) =
                  objects |> List.filter (fun other -> (find name other).IsSome) |> List.length = 1

              let names = [ for key in keys.EnumerateObject() -> key.Name ]
              let own = names |> List.tryFind isOwn |> Option.defaultValue names.Head

              let title =
                  if path = "" then "## The study"
                  elif objects.Length > 1 then $"## {code path} with {code own}"
                  else $"## {code path}"

              $"\n{title}\n" + table [ "key"; "values"; "default"; "meaning" ] rows

              for key in keys.EnumerateObject() do
                  yield! tables seen (if path = "" then key.Name else $"{path}.{key.Name}") key.Value
          | Some _ -> ()
          | None ->
              match find "items" schema, find "additionalProperties" schema with
              | Some items, _ -> yield! tables seen $"{path}[]" items
              | None, Some values when values.ValueKind = JsonValueKind.Object -> yield! tables seen $"{path}.NAME" values
              | None, _ -> () ]

let file () : string =
    use document = JsonDocument.Parse StudyJson.schema
    introduction + String.Join("", tables (HashSet()) "" document.RootElement)
