namespace CuteDl.Studies

open System.Text.Json

/// <summary>A trial's result with everything that is needed to run it again: the content of its file.</summary>
type TrialManifest =
    {
        /// <summary>The form of this record: <c>cutedl/trial/1</c>.</summary>
        Schema: string
        /// <summary>The version of the library that ran it.</summary>
        Version: string
        /// <summary>The study, in its complete JSON form.</summary>
        Study: string
        /// <summary>A hash of the task's images; empty if it has none.</summary>
        Data: string
        /// <summary>Its result.</summary>
        Result: TrialResult
    }

/// <summary>Manifests as JSON.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module TrialManifest =
    /// <summary>The form that this version writes and reads.</summary>
    let CurrentSchema = "cutedl/trial/1"

    /// <summary>A manifest as JSON.</summary>
    let write (manifest: TrialManifest) : string = JsonSerializer.Serialize(manifest, TrialJson.options)

    /// <summary>Reads a manifest that <c>write</c> wrote.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="json">Its text.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The text is not a manifest, or of another form.</exception>
    let read (file: string) (json: string) : TrialManifest =
        let fail problem = raise (CuteDl.Core.Data.DataFormatException(file, 0L, problem))

        let manifest =
            try
                JsonSerializer.Deserialize<TrialManifest | null>(json, TrialJson.options)
            with :? JsonException as error ->
                fail $"The file is not the result of a trial: {error.Message}"

        match manifest with
        | null -> fail "The file is not the result of a trial: it is null."
        | manifest when manifest.Schema <> CurrentSchema -> fail $"Expected the schema '{CurrentSchema}', found '{manifest.Schema}'."
        | manifest ->
            match TrialJson.problem manifest.Result with
            | Some problem -> fail $"The file is not the result of a trial: it has {problem}."
            | None -> manifest
