namespace CuteDl.Studies

open CuteDl.Core.Optimizers

/// A key of an object.
type internal Key =
    {
        Name: string
        /// The meaning: one sentence or several.
        Meaning: string
        /// The JSON schema of its values, with the default.
        Schema: (string * JsonTree) list
        IsRequired: bool
    }

/// The description of some keys of an object. They are read to a value, and printed from the whole record.
type internal Fields<'Record, 'T> = { Keys: Key list; Read: Members -> 'T option; Print: 'Record -> (string * JsonTree) list }

/// Fields of one key.
[<RequireQualifiedAccess>]
module internal Field =
    let private key name (meaning: string) (shape: Shape<'T>) isRequired (otherwise: 'T option) =
        { Name = name
          Meaning = if shape.Note = "" then meaning else $"{meaning} {shape.Note}"
          Schema =
            shape.Schema
            @ [ match otherwise with
                | Some value -> "default", shape.Print value
                | None -> () ]
          IsRequired = isRequired }

    /// A key that must be present.
    let required name meaning (shape: Shape<'T>) (get: 'Record -> 'T) : Fields<'Record, 'T> =
        { Keys = [ key name meaning shape true None ]
          Read =
            fun found ->
                match found.TryFind name with
                | Some place -> shape.Read found.Reading place
                | None ->
                    found.Fail(name, $"The key \"{name}\" is missing. Add it.")
                    None
          Print = fun record -> [ name, shape.Print(get record) ] }

    /// A key with a default.
    let optional name meaning (shape: Shape<'T>) (otherwise: 'T) (get: 'Record -> 'T) : Fields<'Record, 'T> =
        { Keys = [ key name meaning shape false (Some otherwise) ]
          Read =
            fun found ->
                match found.TryFind name with
                | Some place -> shape.Read found.Reading place
                | None -> Some otherwise
          Print = fun record -> [ name, shape.Print(get record) ] }

    /// A key whose default is the value of a record with defaults.
    let from (defaults: 'Record) name meaning (shape: Shape<'T>) (get: 'Record -> 'T) : Fields<'Record, 'T> =
        optional name meaning shape (get defaults) get

    /// A key with a default. The default is not printed.
    let brief name meaning (shape: Shape<'T>) (otherwise: 'T) (get: 'Record -> 'T) : Fields<'Record, 'T> =
        { optional name meaning shape otherwise get with
            Print = fun record -> if get record = otherwise then [] else [ name, shape.Print(get record) ] }

    /// A key that can be missing. Other keys decide its default.
    let given name meaning (shape: Shape<'T>) (get: 'Record -> 'T option) : Fields<'Record, 'T option> =
        { Keys = [ key name meaning shape false None ]
          Read =
            fun found ->
                match found.TryFind name with
                | Some place -> shape.Read found.Reading place |> Option.map Some
                | None -> Some None
          Print =
            fun record ->
                [ match get record with
                  | Some value -> name, shape.Print value
                  | None -> () ] }

/// Fields that a word selects.
type internal Alternative<'Record> =
    {
        Word: string
        /// The meaning of the word: a clause.
        Meaning: string
        Selects: 'Record -> bool
        Fields: Fields<'Record, 'Record>
    }

[<RequireQualifiedAccess>]
module internal Fields =
    let map (make: 'A -> 'B) (fields: Fields<'Record, 'A>) : Fields<'Record, 'B> =
        { Keys = fields.Keys; Read = fields.Read >> Option.map make; Print = fields.Print }

    /// A value without a key.
    let constant (value: 'T) : Fields<'Record, 'T> =
        { Keys = []
          Read = fun _ -> Some value
          Print = fun _ -> [] }

    /// Both are read, so that the errors of both are reported.
    let both (first: Fields<'Record, 'A>) (second: Fields<'Record, 'B>) : Fields<'Record, 'A * 'B> =
        { Keys = first.Keys @ second.Keys
          Read =
            fun found ->
                let first = first.Read found
                let second = second.Read found
                Option.map2 (fun first second -> first, second) first second
          Print = fun record -> first.Print record @ second.Print record }

    /// Fields of a part of a larger record.
    let over (part: 'Record -> 'Part) (fields: Fields<'Part, 'T>) : Fields<'Record, 'T> =
        { Keys = fields.Keys; Read = fields.Read; Print = part >> fields.Print }

    /// Makes the value, or adds errors and gives None.
    let choose (make: Members -> 'A -> 'B option) (fields: Fields<'Record, 'A>) : Fields<'Record, 'B> =
        { Keys = fields.Keys
          Read = fun found -> fields.Read found |> Option.bind (make found)
          Print = fields.Print }

    /// Reads further fields that depend on the first. The JSON schema is that of the usual value.
    let andThen (usual: 'A) (next: 'A -> Fields<'Record, 'B>) (first: Fields<'Record, 'A>) : Fields<'Record, 'B> =
        let shown = next usual

        { Keys = first.Keys @ shown.Keys
          Read =
            fun found ->
                match first.Read found with
                | Some value -> (next value).Read found
                | None ->
                    // For its errors.
                    shown.Read found |> ignore
                    None
          Print = fun record -> first.Print record @ shown.Print record }

    /// Reads the key of <c>full</c> if it is present, else <c>short</c>. A file cannot have both.
    let instead (advice: string) (isShort: 'Record -> bool) (full: Fields<'Record, 'T>) (short: Fields<'Record, 'T>) : Fields<'Record, 'T> =
        let name = full.Keys.Head.Name

        { Keys = short.Keys @ [ for key in full.Keys -> { key with IsRequired = false } ]
          Read =
            fun found ->
                if found.Has name then
                    for key in short.Keys do
                        if found.Has key.Name then
                            found.Fail(key.Name, $"\"{key.Name}\" cannot be used beside \"{name}\". {advice}")

                    full.Read found
                else
                    short.Read found
          Print = fun record -> if isShort record then short.Print record else full.Print record }

    /// The keys of all alternatives, each once.
    let private united (alternatives: Alternative<'Record> list) : Key list =
        [ for _, same in alternatives |> List.collect _.Fields.Keys |> List.groupBy _.Name do
              let schema =
                  match same |> List.map _.Schema |> List.distinct with
                  | [ schema ] -> schema
                  | schemas -> [ "anyOf", Json.list (List.map Json.record schemas) ]

              { same.Head with
                  Schema = schema
                  IsRequired = same.Length = alternatives.Length && same |> List.forall _.IsRequired } ]

    /// Fields that the word of a key selects. The keys of other alternatives are refused.
    let tagged
        (field: Shape<string> -> ('Record -> string) -> Fields<'Record, string>)
        (alternatives: Alternative<'Record> list)
        : Fields<'Record, 'Record> =
        let find word = alternatives |> List.find (fun alternative -> alternative.Word = word)
        let chosen record = alternatives |> List.find (fun alternative -> alternative.Selects record)
        let keys = united alternatives

        let tag =
            field (Shape.wordWithMeaning id (find >> _.Meaning) (alternatives |> List.map _.Word)) (chosen >> _.Word)

        { Keys = tag.Keys @ keys
          Read =
            fun found ->
                match tag.Read found with
                | None -> None
                | Some word ->
                    let fields = (find word).Fields
                    let name = tag.Keys.Head.Name

                    for key in keys do
                        if found.Has key.Name && fields.Keys |> List.forall (fun own -> own.Name <> key.Name) then
                            found.Fail(key.Name, $"The {name} \"{word}\" has no \"{key.Name}\". Remove this key, or change the {name}.")

                    fields.Read found
          Print = fun record -> tag.Print record @ (chosen record).Fields.Print record }

    /// Prints the members in the order of a list of their names.
    let inOrder (names: string list) (fields: Fields<'Record, 'T>) : Fields<'Record, 'T> =
        let place name = List.findIndex ((=) name) names

        { fields with
            Keys = fields.Keys |> List.sortBy (_.Name >> place)
            Print = fields.Print >> List.sortBy (fst >> place) }

    let private describe (key: Key) : string * JsonTree = key.Name, Json.record (("description", Json.text key.Meaning) :: key.Schema)

    /// The object that has exactly these keys.
    let shape (fields: Fields<'Record, 'Record>) : Shape<'Record> =
        let names = fields.Keys |> List.map _.Name

        { Read =
            fun reading place ->
                match place.Tree.Value with
                | JsonValue.Object members ->
                    let found = Members(reading, place, members)
                    found.RefuseUnknown names
                    found.RefuseRepetitions()
                    fields.Read found
                | _ ->
                    reading.FailValue(place, "an object with keys among " + System.String.Join(", ", names))
                    None
          Print = fields.Print >> Json.record
          Schema =
            [ "type", Json.text "object"
              "properties", Json.record (List.map describe fields.Keys)
              match fields.Keys |> List.filter _.IsRequired with
              | [] -> ()
              | required -> "required", Json.list [ for key in required -> Json.text key.Name ]
              "additionalProperties", Json.bool false ]
          Note = "" }

/// Writes fields as <c>let! a = ... and! b = ... return ...</c>
[<Sealed>]
type internal FieldsBuilder<'Record>() =
    member _.BindReturn(fields: Fields<'Record, 'A>, make: 'A -> 'B) : Fields<'Record, 'B> = Fields.map make fields

    member _.MergeSources(first: Fields<'Record, 'A>, second: Fields<'Record, 'B>) : Fields<'Record, 'A * 'B> = Fields.both first second

/// Writes the fields of a whole object, and gives its shape.
[<Sealed>]
type internal RecordBuilder<'Record>() =
    member _.BindReturn(fields: Fields<'Record, 'A>, make: 'A -> 'B) : Fields<'Record, 'B> = Fields.map make fields

    member _.MergeSources(first: Fields<'Record, 'A>, second: Fields<'Record, 'B>) : Fields<'Record, 'A * 'B> = Fields.both first second

    member _.Run(fields: Fields<'Record, 'Record>) : Shape<'Record> = Fields.shape fields

[<AutoOpen>]
module internal FieldsBuilders =
    let fields<'Record> = FieldsBuilder<'Record>()
    let record<'Record> = RecordBuilder<'Record>()
