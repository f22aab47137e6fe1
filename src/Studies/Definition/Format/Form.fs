namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// One of several forms of a value in a study file.
type internal Form<'T> =
    {
        /// True if a value has this form, whether it is valid or not.
        Accepts: JsonValue -> bool
        /// The form as messages show it.
        Example: string
        /// The key that distinguishes an object of this form; None for other forms.
        Key: string option
        Read: Reading -> Place -> 'T option
        /// Prints a value that has this form; None for other values.
        Print: 'T -> JsonTree option
        /// Empty if no file can have this form.
        Schema: (string * JsonTree) list
        Note: string
    }

[<RequireQualifiedAccess>]
module internal Form =
    /// A form of a shape. <c>unwrap</c> gives None for values of other forms.
    let make accepts example (wrap: 'A -> 'T) (unwrap: 'T -> 'A option) (shape: Shape<'A>) : Form<'T> =
        { Accepts = accepts
          Example = example
          Key = None
          Read = fun reading place -> shape.Read reading place |> Option.map wrap
          Print = unwrap >> Option.map shape.Print
          Schema = shape.Schema
          Note = shape.Note }

    /// True for an object with a key.
    let hasKey key (value: JsonValue) =
        match value with
        | JsonValue.Object members -> members |> List.exists (fst >> (=) key)
        | _ -> false

    let isObject (value: JsonValue) =
        match value with
        | JsonValue.Object _ -> true
        | _ -> false

    let isList (value: JsonValue) =
        match value with
        | JsonValue.List _ -> true
        | _ -> false

    let isNumber (value: JsonValue) =
        match value with
        | JsonValue.Number _ -> true
        | _ -> false

    /// A word that stands for one value.
    let word (text: string) (only: 'T) : Form<'T> =
        { Accepts = (=) (JsonValue.Text text)
          Example = Json.line (Json.text text)
          Key = None
          Read = fun _ _ -> Some only
          Print = fun value -> if value = only then Some(Json.text text) else None
          Schema = [ "const", Json.text text ]
          Note = "" }

    /// An object that a key distinguishes from other objects.
    let distinguished key (wrap: 'A -> 'T) (unwrap: 'T -> 'A option) (shape: Shape<'A>) : Form<'T> =
        { make (hasKey key) $"{{ \"{key}\": ... }}" wrap unwrap shape with Key = Some key }

    /// An object with one key.
    let under key meaning (wrap: 'A -> 'T) (unwrap: 'T -> 'A option) (shape: Shape<'A>) : Form<'T> =
        Field.required key meaning shape id |> Fields.shape |> distinguished key wrap unwrap

    /// A value that has one of several forms.
    let choice (forms: Form<'T> list) : Shape<'T> =
        let examples = forms |> List.filter (fun form -> not form.Schema.IsEmpty) |> List.map _.Example
        let keys = forms |> List.choose _.Key

        let allowed =
            match List.rev examples with
            | last :: (_ :: _ as before) -> String.Join(", ", List.rev before) + " or " + last
            | _ -> String.Join("", examples)

        { Read =
            fun reading place ->
                match forms |> List.tryFind (fun form -> form.Accepts place.Tree.Value), place.Tree.Value with
                | Some form, _ -> form.Read reading place
                | None, JsonValue.Object [ name, tree ] when not keys.IsEmpty ->
                    reading.FailKey(place.Member(name, tree), name, keys)
                    None
                | None, _ ->
                    reading.FailValue(place, allowed)
                    None
          Print = fun value -> forms |> List.pick (fun form -> form.Print value)
          Schema =
            [ "anyOf",
              Json.list
                  [ for form in forms do
                        if not form.Schema.IsEmpty then
                            Json.record form.Schema ] ]
          Note = String.Join(" ", forms |> List.map _.Note |> List.filter ((<>) "")) }

    /// A word for None, or another shape.
    let orWord (text: string) accepts example (shape: Shape<'T>) : Shape<'T option> =
        choice [ word text None; make accepts example Some id shape ]

    [<Literal>]
    let private MostConsecutive = 999

    /// A list of seeds, or a number of consecutive seeds.
    let seeds (first: int) : Shape<int list> =
        let consecutive count = [ first .. first + count - 1 ]

        let number =
            Shape.whole 1 MostConsecutive
            |> make isNumber $"a number of seeds (from seed {first} on)" consecutive (fun seeds ->
                if seeds.Length >= 1 && seeds.Length <= MostConsecutive && seeds = consecutive seeds.Length then
                    Some seeds.Length
                else
                    None)

        let list =
            Shape.items "seeds" Shape.integer |> Shape.distinct "seeds" |> make isList "a list of seeds" id Some

        let last = if first = 1 then "n" else $"{first} + n − 1"

        { choice [ number; list ] with
            Note = $"A number n means the seeds {first} to {last}; a list gives distinct seeds." }
