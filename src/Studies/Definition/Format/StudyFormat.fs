namespace CuteDl.Studies

/// The format of a study file.
[<RequireQualifiedAccess>]
module internal StudyFormat =
    [<Literal>]
    let Version = "cutedl/study/1"

    /// The file name of the JSON schema, next to a study's file. `cutedl schema study` prints the schema.
    [<Literal>]
    let SchemaFile = "study.schema.json"

    let private order =
        [ "$schema"
          "schema"
          "name"
          "protocol"
          "tasks"
          "optimizers"
          "tuning"
          "confirmation"
          "frontier"
          "seeds"
          "stop_rules"
          "metrics" ]

    // The names become file names, and some file systems ignore case.
    let private sameNames what (names: string list) =
        [ for _, same in names |> List.groupBy _.ToLowerInvariant() do
              if same.Length > 1 then
                  $"{same.Length} {what} are named '{same.Head}'. Give each a different \"name\"; case does not count." ]

    /// The names of tasks or optimizers.
    let names what : Shape<string list> = Shape.name |> Shape.checkedItems (sameNames what) what

    /// A list of items with different names.
    let private named what (nameOf: 'T -> string) (item: Shape<'T>) : Shape<'T list> =
        item |> Shape.checkedItems (List.map nameOf >> sameNames what) what

    let private tasks registry = TaskFormat.shape registry |> named "tasks" (fun task -> task.Name)

    /// The search of each contender must fit its space.
    let private checkSearch (found: Members) (study: StudyDesign) =
        match study.Protocol.Tuning, found.TryFind "optimizers" with
        | Some tuning, Some({ Tree = { Value = JsonValue.List trees } } as place) when not found.Reading.HasErrors ->
            for i, (contender, tree) in List.indexed (List.zip study.Contenders trees) do
                match Settings.tryStart tuning contender with
                | Ok _ -> ()
                | Error problem -> found.Reading.Fail(place.Item(i, tree), problem)
        | Some _, _
        | None, _ -> ()

    /// The format of studies with the kinds of a registry.
    let shape (registry: StudyRegistry) : Shape<StudyDesign> =
        fields<StudyDesign> {
            let! _ =
                Field.optional "$schema" "The location of this schema, for editors." Shape.text SchemaFile (fun _ -> SchemaFile)

            and! _ =
                Field.required "schema" "The version of the format." (Shape.word id [ Version ]) (fun _ -> Version)

            and! name = Field.required "name" "The study's name." Shape.text _.Name

            and! tasks =
                Field.required "tasks" "The tasks: models that are trained on a data set, and small functions." (tasks registry) _.Tasks

            and! contenders =
                Field.required
                    "optimizers"
                    "The optimizers to compare."
                    (ContenderFormat.shape registry.Rules |> named "optimizers" (fun contender -> contender.Name))
                    _.Contenders

            and! protocol = Fields.over _.Protocol (ProtocolFormat.fields registry)
            and! metrics = MetricsFormat.field registry _.Metrics

            return { Name = name; Tasks = tasks; Contenders = contenders; Protocol = protocol; Metrics = metrics }
        }
        |> Fields.inOrder order
        |> Fields.choose (fun found study ->
            checkSearch found study
            Some study)
        |> Fields.shape

    let private standard = shape StudyRegistry.Standard

    /// Prints a study with all defaults. The optimizers need not be in a registry.
    let print (study: StudyDesign) : JsonTree = standard.Print study

    /// The JSON schema of study files.
    let schema: JsonTree =
        Json.record
            [ "$schema", Json.text "https://json-schema.org/draft/2020-12/schema"
              "title", Json.text "A study of optimizers"
              "description", Json.text "A study file for `cutedl study`: a comparison of optimizers."
              yield! standard.Schema ]
