namespace CuteDl.Studies

open System
open System.IO

module internal StudyFileMessage =
    let ofErrors (source: string) (errors: StudyFileError array) : string =
        let shown = errors |> Array.truncate Bounded.MostErrors |> Array.map (fun error -> $"  {error}")
        let others = errors.Length - shown.Length

        String.Join(
            "\n",
            [| $"{source} is not a study:"
               yield! shown
               if others > 0 then
                   $"  and {others} more." |]
        )

/// <summary>A study file is not one.</summary>
/// <param name="source">The file's name, or what else the text comes from.</param>
/// <param name="errors">What is wrong, in the order of the file; at least one.</param>
[<Sealed>]
type StudyFileException(source: string, errors: StudyFileError array) =
    inherit FormatException(StudyFileMessage.ofErrors source errors)

    /// <summary>What is wrong, in the order of the file; at least one.</summary>
    member _.Errors = errors

/// <summary>One place where two studies differ.</summary>
type StudyDifference =
    {
        /// <summary>The place in the printed study: <c>$.tuning.trials</c>.</summary>
        Path: string
        /// <summary>What the first study has there, as JSON on one line; nothing, if it has no such place.</summary>
        First: string option
        /// <summary>What the second study has there.</summary>
        Second: string option
    }

    /// <summary>$.tuning.trials: 8 and 16.</summary>
    override difference.ToString() =
        let shown = Option.map Bounded.text >> Option.defaultValue "nothing"
        $"{difference.Path}: {shown difference.First} and {shown difference.Second}"

/// <summary>Studies as files: JSON (with comments and trailing commas, if one likes) that <c>docs/study.schema.json</c> describes.</summary>
[<RequireQualifiedAccess>]
module StudyJson =
    /// <summary>The form that a study file names as its own.</summary>
    let version = StudyKeys.Version

    /// <summary>
    /// The study that a text describes, or all that is wrong with it: keys that are unknown, missing or there twice, values that are of the
    /// wrong kind or out of their range, spaces that cannot be searched.
    /// </summary>
    let parse (text: string) : Result<StudyDesign, StudyFileError array> =
        try
            let tree = Json.parse text
            let reading = Reading()
            let study = StudyParser.study reading tree
            if reading.Errors.Length = 0 then Ok study else Error reading.Errors
        with JsonSyntaxException(line, problem) ->
            Error [| { Path = "$"; Line = line; Problem = "this is not JSON: " + problem } |]

    /// <summary>
    /// The text of a study: everything that is left to defaults is written out, in a fixed order, so that equal studies have equal texts and
    /// parsing it gives the same study. An <c>epochs</c> has become <c>steps</c>, and the spread of a frontier its rates.
    /// </summary>
    /// <remarks>Images that a program holds appear under their name, which does not parse.</remarks>
    let print (study: StudyDesign) : string = Json.print (StudyPrinter.study study)

    /// <summary>The study in a file.</summary>
    /// <exception cref="T:CuteDl.Studies.StudyFileException">It is not a study; the message has all errors, one a line.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    let load (path: string) : StudyDesign =
        match parse (File.ReadAllText path) with
        | Ok study -> study
        | Error errors -> raise (StudyFileException(path, errors))

    let rec private walk (path: string) (first: JsonTree option) (second: JsonTree option) : StudyDifference list =
        match first, second with
        | Some { Value = JsonValue.Object a }, Some { Value = JsonValue.Object b } ->
            let names = List.map fst a @ List.map fst b |> List.distinct
            let find name members = members |> List.tryFind (fst >> (=) name) |> Option.map snd
            names |> List.collect (fun name -> walk $"{path}.{name}" (find name a) (find name b))
        | Some { Value = JsonValue.List a }, Some { Value = JsonValue.List b } ->
            [ 0 .. max a.Length b.Length - 1 ]
            |> List.collect (fun i -> walk $"{path}[{i}]" (List.tryItem i a) (List.tryItem i b))
        | _ ->
            let first, second = Option.map Json.line first, Option.map Json.line second
            if first = second then [] else [ { Path = path; First = first; Second = second } ]

    /// <summary>Where two studies differ, in the order of the first's text; nothing, if they are equal.</summary>
    let differences (first: StudyDesign) (second: StudyDesign) : StudyDifference array =
        walk "$" (Some(StudyPrinter.study first)) (Some(StudyPrinter.study second)) |> List.toArray

    /// <summary>
    /// Where two texts of studies differ in what they say: their defaults written out, comments and layout left out. Texts that do not
    /// parse, such as those of images that a program holds, are compared as they are.
    /// </summary>
    let textDifferences (first: string) (second: string) : StudyDifference array =
        let tree (text: string) =
            match parse text with
            | Ok study -> Some(StudyPrinter.study study)
            | Error _ ->
                try
                    Some(Json.parse text)
                with JsonSyntaxException _ ->
                    None

        walk "$" (tree first) (tree second) |> List.toArray

    let private resource (name: string) : string =
        match typeof<StudyFileError>.Assembly.GetManifestResourceStream name with
        | null -> raise (InvalidOperationException $"The assembly has no resource '{name}'.")
        | stream ->
            use reader = new StreamReader(stream)
            reader.ReadToEnd()

    /// <summary>A commented study to begin with, as <c>cutedl study init</c> writes it.</summary>
    let example: string = resource "study-example.jsonc"

    /// <summary>The JSON schema of study files, as <c>cutedl schema study</c> prints it.</summary>
    let schema: string = resource StudyKeys.SchemaFile
