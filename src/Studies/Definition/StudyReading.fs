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
        /// <summary>The column of the value's first character, from 1; 0 if it has none.</summary>
        Column: int
        /// <summary>A message with the value found and the values allowed.</summary>
        Problem: string
    }

    /// <summary>Returns <c>line 12, column 14, $.tasks[0].batch: Expected a whole number from 1 to 1000000, found 0.</c></summary>
    override error.ToString() =
        if error.Line > 0 then
            $"line {error.Line}, column {error.Column}, {error.Path}: {error.Problem}"
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

/// Collects the errors of a file.
[<Sealed>]
type internal Reading() =
    let errors = ResizeArray<StudyFileError>()

    /// Returns the errors in the order of the file.
    member _.Errors: StudyFileError array =
        errors |> List.ofSeq |> List.sortBy (fun error -> error.Line, error.Column) |> List.toArray

    member _.HasErrors = errors.Count > 0

    /// True if no more errors are collected, so that there is no reason to read on.
    member _.IsFull = errors.Count >= Bounded.MostCollected

    member reading.Fail(place: Place, problem: string) =
        if not reading.IsFull then
            errors.Add
                { Path = place.Path
                  Line = place.Tree.Line
                  Column = place.Tree.Column
                  Problem = Quotation.sentence problem }

    member reading.FailValue(place: Place, allowed: string) =
        reading.Fail(place, $"Expected {allowed}, found {Quotation.shorten (Json.line place.Tree)}.")

    member reading.FailKey(place: Place, name: string, known: string list) =
        if not reading.IsFull then
            reading.Fail(place, $"{Quotation.quote name} is not a key here. {Suggestion.describe known name}")

/// The members of an object.
[<Sealed>]
type internal Members(reading: Reading, place: Place, members: (string * JsonTree) list) =
    member _.Reading = reading
    member _.Place = place

    member _.TryFind(name: string) : Place option = members |> List.tryFind (fst >> (=) name) |> Option.map place.Member

    member found.Has(name: string) = (found.TryFind name).IsSome

    /// Adds an error to a member, or to the whole object if it has no such member.
    member found.Fail(name: string, problem: string) = reading.Fail(found.TryFind name |> Option.defaultValue place, problem)

    /// Adds an error for each key that occurs several times.
    member _.RefuseRepetitions() =
        for name, same in members |> List.groupBy fst do
            if same.Length > 1 then
                let lines =
                    String.Join(", ", same |> List.truncate 5 |> List.map (fun (_, tree) -> tree.Line))
                    + (if same.Length > 5 then ", ..." else "")

                reading.Fail(place.Member(name, snd (List.last same)), $"The key appears {same.Length} times, on lines {lines}. Keep one.")

    /// Adds an error for each key that is not known.
    member _.RefuseUnknown(known: string list) =
        for name, tree in members do
            if not (List.contains name known) then
                reading.FailKey(place.Member(name, tree), name, known)
