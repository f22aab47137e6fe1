namespace CuteDl.Studies

open System
open System.IO
open CuteDl.Core.Optimizers

module internal StudyFileMessage =
    let ofErrors (source: string) (errors: StudyFileError array) : string =
        let shown = errors |> Array.truncate Bounded.MostErrors |> Array.map (fun error -> $"  {error}")
        let others = errors.Length - shown.Length
        let atLeast = if errors.Length >= Bounded.MostCollected then "at least " else ""

        String.Join(
            "\n",
            [| $"{source} is not a study:"
               yield! shown
               if others > 0 then
                   $"  And {atLeast}{others} more errors." |]
        )

/// <summary>Thrown if a file is not a study.</summary>
/// <param name="source">The name of the file or of the text.</param>
/// <param name="errors">The errors, in the order of the file; at least one.</param>
[<Sealed>]
type StudyFileException(source: string, errors: StudyFileError array) =
    inherit FormatException(StudyFileMessage.ofErrors source errors)

    /// <summary>The errors, in the order of the file; at least one.</summary>
    member _.Errors = errors

/// <summary>One place where two studies differ.</summary>
type StudyDifference =
    {
        /// <summary>The path in the printed study, for example <c>$.tuning.trials</c>.</summary>
        Path: string
        /// <summary>The value in the first study, as JSON on one line; None if the first study does not have this path.</summary>
        First: string option
        /// <summary>The value in the second study; None if the second study does not have this path.</summary>
        Second: string option
    }

    /// <summary>Returns <c>$.tuning.trials: 8 and 16</c>.</summary>
    override difference.ToString() =
        let shown = Option.map Quotation.shorten >> Option.defaultValue "nothing"
        $"{difference.Path}: {shown difference.First} and {shown difference.Second}"

/// <summary>Reads and writes study files: JSON by the schema <c>docs/study.schema.json</c>. Comments and trailing commas are allowed.</summary>
[<RequireQualifiedAccess>]
module StudyJson =
    /// <summary>The value of <c>schema</c> in a study file.</summary>
    let version = StudyFormat.Version

    /// <summary>
    /// Reads a study, or returns all errors: unknown, missing and duplicate keys, values of a wrong kind or out of range, and search spaces
    /// that do not fit the search.
    /// </summary>
    /// <param name="registry">The kinds that the study can name.</param>
    /// <param name="text">The text of the file.</param>
    let parseWith (registry: StudyRegistry) (text: string) : Result<StudyDesign, StudyFileError array> =
        try
            let tree = Json.parse text
            let reading = Reading()

            match (StudyFormat.shape registry).Read reading { Path = "$"; Tree = tree } with
            | Some study when not reading.HasErrors -> Ok study
            | Some _
            | None -> Error reading.Errors
        with JsonSyntaxException(line, column, problem) ->
            Error [| { Path = "$"; Line = line; Column = column; Problem = "This is not JSON: " + problem } |]

    /// <summary>Reads a study with rules of the library, or returns all errors.</summary>
    let parse (text: string) : Result<StudyDesign, StudyFileError array> = parseWith StudyRegistry.Standard text

    /// <summary>
    /// Writes a study with all defaults, in a fixed order. Equal studies have equal texts, and parsing a text returns the same study.
    /// <c>epochs</c> is written as <c>steps</c>, and the range of a frontier as its rates.
    /// </summary>
    /// <remarks>Images in memory are written by name. Such a text cannot be parsed.</remarks>
    let print (study: StudyDesign) : string = Json.print (StudyFormat.print study)

    /// Resolves relative image folders against a folder: a study means the same images wherever it is run, resumed or replayed.
    let private resolved (folder: string) (study: StudyDesign) : StudyDesign =
        { study with
            Tasks = study.Tasks |> List.map (fun task -> { task with Problem = task.Problem.InFolder folder }) }

    /// <summary>Reads a study file. Relative image folders are relative to the file.</summary>
    /// <param name="registry">The kinds that the study can name.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="T:CuteDl.Studies.StudyFileException">The file is not a study. The message has one error per line.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    let loadWith (registry: StudyRegistry) (path: string) : StudyDesign =
        match parseWith registry (File.ReadAllText path) with
        | Ok study -> resolved (Path.GetDirectoryName(Path.GetFullPath path) |> string) study
        | Error errors -> raise (StudyFileException(path, errors))

    /// <summary>Reads the file of a study with rules of the library. Relative image folders are relative to the file.</summary>
    /// <exception cref="T:CuteDl.Studies.StudyFileException">The file is not a study. The message has one error per line.</exception>
    /// <exception cref="T:System.IO.IOException">The file cannot be read.</exception>
    let load (path: string) : StudyDesign = loadWith StudyRegistry.Standard path

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

    /// <summary>Returns the differences of two studies, in the order of the first's text; empty if they are equal.</summary>
    let differences (first: StudyDesign) (second: StudyDesign) : StudyDifference array =
        walk "$" (Some(StudyFormat.print first)) (Some(StudyFormat.print second)) |> List.toArray

    /// <summary>
    /// Returns the differences of two texts of studies. Defaults are filled in; comments and layout do not count. Texts that cannot be
    /// parsed, for example with images in memory, are compared as they are.
    /// </summary>
    /// <param name="registry">The kinds that the texts can name.</param>
    /// <param name="folder">The full path of the folder to which relative image folders are relative.</param>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text.</param>
    let textDifferences (registry: StudyRegistry) (folder: string) (first: string) (second: string) : StudyDifference array =
        let tree (text: string) =
            match parseWith registry text with
            | Ok study -> Some(StudyFormat.print (resolved folder study))
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

    /// <summary>A commented example, as <c>cutedl study init</c> writes it.</summary>
    let example: string = resource "study-example.jsonc"

    /// <summary>The JSON schema of study files, as <c>cutedl schema study</c> prints it.</summary>
    let schema: string = Json.print StudyFormat.schema
