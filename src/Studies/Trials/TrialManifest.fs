namespace CuteDl.Studies

open System.Text.Json
open CuteDl.Core.Optimizers

/// <summary>The content of a trial's result file: the result, with everything that a replay needs.</summary>
type TrialManifest =
    {
        /// <summary>The version of the format: <c>cutedl/trial/2</c>.</summary>
        Schema: string
        /// <summary>The version of the library that ran the trial.</summary>
        Version: string
        /// <summary>The study as JSON, with all defaults.</summary>
        Study: string
        /// <summary>A hash of the task's images; empty if it has none.</summary>
        Data: string
        /// <summary>The result.</summary>
        Result: TrialResult
    }

/// <summary>Reads and writes manifests as JSON.</summary>
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module TrialManifest =
    /// <summary>The version of the format that is written and read.</summary>
    let CurrentSchema = "cutedl/trial/2"

    /// <summary>Returns a manifest as JSON.</summary>
    let write (manifest: TrialManifest) : string = JsonSerializer.Serialize(manifest, TrialJson.options)

    /// <summary>Reads a manifest that <c>write</c> wrote.</summary>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="json">The text of the file.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The text is not a manifest, or has another version of the
    /// format.</exception>
    let read (file: string) (json: string) : TrialManifest =
        let fail problem = raise (CuteDl.Core.Data.DataFormatException(file, 0L, problem))

        let manifest =
            try
                JsonRecord.readWith<TrialManifest> TrialJson.options json
            with :? JsonException as error ->
                fail $"The file is not the result of a trial: {error.Message}"

        if manifest.Schema <> CurrentSchema then
            fail $"The file has the schema {Quotation.quote manifest.Schema}. Only '{CurrentSchema}' can be read."

        match TrialJson.problem manifest.Result with
        | Some problem -> fail $"The file is not the result of a trial: it has {problem}."
        | None -> manifest
