namespace CuteDl.Studies

open System
open CuteDl.Core.Optimizers

/// <summary>An error in a study file, with its place.</summary>
type StudyFileError =
    {
        /// <summary>The place of the value in the file, for example <c>$.tasks[0].batch</c>.</summary>
        Path: string
        /// <summary>The line of the value, from 1; 0 if it has none.</summary>
        Line: int
        /// <summary>A message with the value found and the values allowed.</summary>
        Problem: string
    }

    /// <summary>Returns <c>line 12, $.tasks[0].batch: Expected a whole number from 1 to 1000000, found 0.</c></summary>
    override error.ToString() =
        if error.Line > 0 then
            $"line {error.Line}, {error.Path}: {error.Problem}"
        else
            $"{error.Path}: {error.Problem}"

/// Limits of the errors that are reported of one file.
module internal Bounded =
    /// The largest number of errors that one message shows.
    [<Literal>]
    let MostErrors = 20

    /// The largest number of errors that are collected from a file.
    [<Literal>]
    let MostCollected = 200

/// A value with its path in the file.
type internal Place =
    { Path: string
      Tree: JsonTree }

    member place.Item(index: int, tree: JsonTree) = { Path = $"{place.Path}[{index}]"; Tree = tree }

    member place.Member(name: string, tree: JsonTree) = { Path = $"{place.Path}.{Quotation.shorten name}"; Tree = tree }

/// Reads values and collects their errors. A value that cannot be read is replaced by a placeholder, so that reading continues. If there
/// are errors, the result must not be used.
[<Sealed>]
type internal Reading() =
    let errors = ResizeArray<StudyFileError>()

    /// Returns the errors, ordered by line.
    member _.Errors: StudyFileError array = errors.ToArray() |> Array.sortBy _.Line

    member _.Fail(place: Place, problem: string) =
        if errors.Count < Bounded.MostCollected then
            errors.Add { Path = place.Path; Line = place.Tree.Line; Problem = Quotation.sentence problem }

    /// True if no more errors are collected, so that there is no reason to read on.
    member _.IsFull = errors.Count >= Bounded.MostCollected

    member reading.FailValue(place: Place, allowed: string) =
        reading.Fail(place, $"Expected {allowed}, found {Quotation.shorten (Json.line place.Tree)}.")

    member reading.Number(place: Place, range: ArgumentRange) : float =
        match place.Tree.Value with
        | JsonValue.Number value when range.Contains value && Double.IsFinite value -> value
        | _ ->
            reading.FailValue(place, $"a number in {range}")
            1.0

    member reading.Whole(place: Place, low: int64, high: int64) : int64 =
        match place.Tree.Value with
        | JsonValue.Number value when Math.Floor value = value && value >= float low && value <= float high -> int64 value
        | _ ->
            reading.FailValue(place, $"a whole number from {low} to {high}")
            max low 1L

    member reading.Int(place: Place, low: int, high: int) : int = int (reading.Whole(place, int64 low, int64 high))

    member reading.Bool(place: Place) : bool =
        match place.Tree.Value with
        | JsonValue.Bool value -> value
        | _ ->
            reading.FailValue(place, "true or false")
            false

    member reading.Text(place: Place) : string =
        match place.Tree.Value with
        | JsonValue.Text text when not (String.IsNullOrWhiteSpace text) -> text
        | _ ->
            reading.FailValue(place, "a string that is not empty")
            "?"

    /// Reads a name that is valid in file names.
    member reading.Name(place: Place) : string =
        match place.Tree.Value with
        | JsonValue.Text text when StudyDesign.isName text -> text
        | _ ->
            reading.FailValue(
                place,
                "a name of 1 to 60 letters, digits, '-', '_', '+' and '.' that begins with a letter or digit and does not end with '.'"
            )

            "?"

    /// Reads one of the given words.
    member reading.Word(place: Place, words: (string * 'value) list) : 'value =
        let known = List.map fst words

        match place.Tree.Value with
        | JsonValue.Text text ->
            match words |> List.tryFind (fst >> (=) text) with
            | Some(_, value) -> value
            | None ->
                reading.Fail(place, $"{Quotation.shorten (Json.line place.Tree)} is not allowed here. {Suggestion.describe known text}")
                snd words.Head
        | _ ->
            reading.FailValue(place, "one of " + String.Join(", ", known))
            snd words.Head

    /// Reads a list with at least one item.
    member reading.Items(place: Place, what: string) : Place list =
        match place.Tree.Value with
        | JsonValue.List(_ :: _ as items) -> items |> List.mapi (fun i item -> place.Item(i, item))
        | _ ->
            reading.FailValue(place, $"a list of {what} with at least one item")
            []

    member reading.Ascending(place: Place, values: 'number list) =
        if values |> List.pairwise |> List.exists (fun (a, b) -> a >= b) then
            reading.FailValue(place, "a list of numbers in ascending order")

    /// Reads a list of seeds, or a number of consecutive seeds.
    member reading.Seeds(place: Place, first: int) : int list =
        match place.Tree.Value with
        | JsonValue.Number _ -> let count = reading.Int(place, 1, 999) in [ first .. first + count - 1 ]
        | JsonValue.List(_ :: _) ->
            let seeds =
                reading.Items(place, "seeds")
                |> List.map (fun item -> reading.Int(item, Int32.MinValue, Int32.MaxValue))

            if List.distinct seeds |> List.length < seeds.Length then
                reading.FailValue(place, "a list of distinct seeds")

            seeds
        | _ ->
            reading.FailValue(place, $"a number of seeds (from seed {first} on) or a list of seeds")
            [ first ]

    /// Reads an object. Unknown and duplicate keys are errors.
    member reading.Members(place: Place, known: string list) : Members =
        match place.Tree.Value with
        | JsonValue.Object members ->
            for name, tree in members do
                if not reading.IsFull && not (List.contains name known) then
                    reading.Fail(place.Member(name, tree), $"{Quotation.quote name} is not a key here. {Suggestion.describe known name}")

            for name, same in members |> List.groupBy fst do
                if same.Length > 1 then
                    let lines =
                        String.Join(", ", same |> List.truncate 5 |> List.map (fun (_, tree) -> tree.Line))
                        + (if same.Length > 5 then ", ..." else "")

                    reading.Fail(
                        place.Member(name, snd (List.last same)),
                        $"The key appears {same.Length} times, on lines {lines}. Keep one."
                    )

            Members(reading, place, members)
        | _ ->
            reading.FailValue(place, "an object with keys among " + String.Join(", ", known))
            Members(reading, place, [], true)

/// The members of an object.
and [<Sealed>] internal Members(reading: Reading, place: Place, members: (string * JsonTree) list, ?isBroken: bool) =
    let isBroken = defaultArg isBroken false

    member _.Place = place

    member _.Has(name: string) = members |> List.exists (fst >> (=) name)

    member _.TryFind(name: string) : Place option =
        match members |> List.tryFind (fst >> (=) name) with
        | Some(_, tree) -> Some(place.Member(name, tree))
        | None -> None

    /// Reads a member, or returns a default if it is missing.
    member found.Optional(name: string, otherwise: 'value, read: Place -> 'value) : 'value =
        match found.TryFind name with
        | Some place -> read place
        | None -> otherwise

    /// Reads a member that must be present.
    member found.Required(name: string, otherwise: 'value, read: Place -> 'value) : 'value =
        match found.TryFind name with
        | Some place -> read place
        | None ->
            if not isBroken then
                reading.Fail(place, $"The key \"{name}\" is missing. Add it.")

            otherwise
