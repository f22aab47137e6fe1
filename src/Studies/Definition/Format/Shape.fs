namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// The description of a value in a study file. It reads the value, prints it and gives its JSON schema.
type internal Shape<'T> =
    {
        /// Reads a value. A value that is not allowed adds errors and gives None.
        Read: Reading -> Place -> 'T option
        /// Prints a value with all defaults. What is printed can be read.
        Print: 'T -> JsonTree
        /// The keywords of the JSON schema, without a description.
        Schema: (string * JsonTree) list
        /// Sentences that follow the meaning of a key with this shape; can be empty.
        Note: string
    }

/// Shapes of single values and lists.
[<RequireQualifiedAccess>]
module internal Shape =
    let private reader (allowed: string) (find: JsonValue -> 'T option) (reading: Reading) (place: Place) : 'T option =
        match find place.Tree.Value with
        | Some value -> Some value
        | None ->
            reading.FailValue(place, allowed)
            None

    /// Adds keywords to the JSON schema.
    let withKeywords (keywords: (string * JsonTree) list) (shape: Shape<'T>) : Shape<'T> = { shape with Schema = shape.Schema @ keywords }

    /// Describes the same values of a file as another type.
    let convert (there: 'A -> 'B) (back: 'B -> 'A) (shape: Shape<'A>) : Shape<'B> =
        { Read = fun reading place -> shape.Read reading place |> Option.map there
          Print = back >> shape.Print
          Schema = shape.Schema
          Note = shape.Note }

    /// Allows only values without a problem.
    let refuse (problem: 'T -> string option) (shape: Shape<'T>) : Shape<'T> =
        { shape with
            Read =
                fun reading place ->
                    match shape.Read reading place with
                    | None -> None
                    | Some value ->
                        match problem value with
                        | None -> Some value
                        | Some problem ->
                            reading.Fail(place, problem)
                            None }

    /// Allows only values for which a condition holds. The condition in words follows "Expected".
    let ensure (allowed: string) (holds: 'T -> bool) (shape: Shape<'T>) : Shape<'T> =
        { shape with
            Read =
                fun reading place ->
                    match shape.Read reading place with
                    | None -> None
                    | Some value when holds value -> Some value
                    | Some _ ->
                        reading.FailValue(place, allowed)
                        None }

    /// The part of a JSON schema for a range.
    let bounds (range: ArgumentRange) : (string * JsonTree) list =
        [ if Double.IsFinite range.Lower then
              (if range.LowerIncluded then "minimum" else "exclusiveMinimum"), Json.number range.Lower

          if Double.IsFinite range.Upper then
              (if range.UpperIncluded then "maximum" else "exclusiveMaximum"), Json.number range.Upper ]

    let number (range: ArgumentRange) : Shape<float> =
        { Read =
            reader $"a number in {range}" (function
                | JsonValue.Number value when range.Contains value && Double.IsFinite value -> Some value
                | _ -> None)
          Print = Json.number
          Schema = ("type", Json.text "number") :: bounds range
          Note = "" }

    let private wholeIn (low: int64) (high: int64) (ofNumber: float -> 'T) (toNumber: 'T -> float) : Shape<'T> =
        { Read =
            reader $"a whole number from {low} to {high}" (function
                | JsonValue.Number value when Math.Floor value = value && value >= float low && value <= float high -> Some(ofNumber value)
                | _ -> None)
          Print = toNumber >> Json.number
          Schema =
            [ "type", Json.text "integer"
              "minimum", Json.number (float low)
              "maximum", Json.number (float high) ]
          Note = "" }

    let whole (low: int) (high: int) : Shape<int> = wholeIn (int64 low) (int64 high) int float
    let atLeast (low: int) : Shape<int> = whole low Int32.MaxValue
    let integer: Shape<int> = atLeast Int32.MinValue

    /// Whole numbers that JSON holds exactly: at most 2⁵³.
    let count (low: int64) (high: int64) : Shape<int64> = wholeIn low (min high (1L <<< 53)) int64 float

    let flag: Shape<bool> =
        { Read =
            reader "true or false" (function
                | JsonValue.Bool value -> Some value
                | _ -> None)
          Print = Json.bool
          Schema = [ "type", Json.text "boolean" ]
          Note = "" }

    let text: Shape<string> =
        { Read =
            reader "a string that is not empty" (function
                | JsonValue.Text text when not (String.IsNullOrWhiteSpace text) -> Some text
                | _ -> None)
          Print = Json.text
          Schema = [ "type", Json.text "string"; "pattern", Json.text "\\S" ]
          Note = "" }

    /// Texts that stand for values.
    let textOf (allowed: string) (pattern: string) (read: string -> 'T option) (print: 'T -> string) : Shape<'T> =
        { Read =
            reader allowed (function
                | JsonValue.Text text -> read text
                | _ -> None)
          Print = print >> Json.text
          Schema = [ "type", Json.text "string"; "pattern", Json.text pattern ]
          Note = "" }

    /// Names that are valid in file names.
    let name: Shape<string> =
        textOf
            "a name of 1 to 60 letters, digits, '-', '_', '+' and '.' that begins with a letter or digit and does not end with '.'"
            "^[A-Za-z0-9]([A-Za-z0-9._+-]{0,58}[A-Za-z0-9_+-])?$"
            (fun text -> if StudyName.isValid text then Some text else None)
            id

    /// One of several words. Each value has exactly one.
    let word (wordOf: 'T -> string) (values: 'T list) : Shape<'T> =
        let known = List.map wordOf values

        { Read =
            fun reading place ->
                match place.Tree.Value with
                | JsonValue.Text text ->
                    match values |> List.tryFind (wordOf >> (=) text) with
                    | Some value -> Some value
                    | None ->
                        reading.Fail(
                            place,
                            $"{Quotation.shorten (Json.line place.Tree)} is not allowed here. {Suggestion.describe known text}"
                        )

                        None
                | _ ->
                    reading.FailValue(place, "one of " + String.Join(", ", known))
                    None
          Print = wordOf >> Json.text
          Schema = [ "enum", Json.list (List.map Json.text known) ]
          Note = "" }

    /// One of several words, each with its meaning as a clause.
    let wordWithMeaning (wordOf: 'T -> string) (meaningOf: 'T -> string) (values: 'T list) : Shape<'T> =
        { word wordOf values with
            Note = String.Join(" ", [ for value in values -> $"{wordOf value}: {meaningOf value}." ]) }

    /// A list with at least one item. The check returns problems of the items that could be read.
    let checkedItems (check: 'T list -> string list) (what: string) (item: Shape<'T>) : Shape<'T list> =
        { Read =
            fun reading place ->
                match place.Tree.Value with
                | JsonValue.List(_ :: _ as trees) ->
                    let items =
                        [ for i, tree in List.indexed trees do
                              if not reading.IsFull then
                                  match item.Read reading (place.Item(i, tree)) with
                                  | Some item -> item
                                  | None -> () ]

                    for problem in check items do
                        reading.Fail(place, problem)

                    if items.Length = trees.Length then Some items else None
                | _ ->
                    reading.FailValue(place, $"a list of {what} with at least one item")
                    None
          Print = List.map item.Print >> Json.list
          Schema = [ "type", Json.text "array"; "items", Json.record item.Schema; "minItems", Json.number 1.0 ]
          Note = item.Note }

    /// A list with at least one item.
    let items (what: string) (item: Shape<'T>) : Shape<'T list> = checkedItems (fun _ -> []) what item

    /// Allows the empty list too.
    let orEmpty (items: Shape<'T list>) : Shape<'T list> =
        { items with
            Read =
                fun reading place ->
                    match place.Tree.Value with
                    | JsonValue.List [] -> Some []
                    | _ -> items.Read reading place
            Schema = items.Schema |> List.filter (fst >> (<>) "minItems") }

    let ascending (list: Shape<'T list>) : Shape<'T list> =
        list
        |> ensure "a list of numbers in ascending order" (List.pairwise >> List.forall (fun (before, after) -> before < after))

    let distinct (what: string) (list: Shape<'T list>) : Shape<'T list> =
        list
        |> ensure $"a list of distinct {what}" (fun values -> (List.distinct values).Length = values.Length)
        |> withKeywords [ "uniqueItems", Json.bool true ]

    /// A list of two items.
    let pair (allowed: string) (item: Shape<'T>) : Shape<'T * 'T> =
        { Read =
            fun reading place ->
                match place.Tree.Value with
                | JsonValue.List [ first; second ] ->
                    Option.map2
                        (fun first second -> first, second)
                        (item.Read reading (place.Item(0, first)))
                        (item.Read reading (place.Item(1, second)))
                | _ ->
                    reading.FailValue(place, allowed)
                    None
          Print = fun (first, second) -> Json.list [ item.Print first; item.Print second ]
          Schema =
            [ "type", Json.text "array"
              "items", Json.record item.Schema
              "minItems", Json.number 2.0
              "maxItems", Json.number 2.0 ]
          Note = "" }

    /// Returns the problems of a value that was made by a program: the errors of reading what is printed.
    let problems (shape: Shape<'T>) (value: 'T) : StudyFileError array =
        let reading = Reading()
        shape.Read reading { Path = "$"; Tree = shape.Print value } |> ignore
        reading.Errors
