namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.IO
open CuteDl.Core.Data

/// Where a study keeps what comes of it. Used by several threads at a time.
type internal IStudyStore =
    /// What is there from earlier sittings, by the trials' ids.
    abstract Results: IReadOnlyDictionary<string, TrialResult>
    /// The decisions of earlier sittings.
    abstract Decisions: StudyDecision list
    /// Keeps a result for good, before it returns.
    abstract Keep: result: TrialResult -> unit
    /// Keeps a decision for good.
    abstract Keep: decision: StudyDecision -> unit
    /// Saves a trial under way.
    abstract Save: trial: Trial * run: ITrialRun -> unit
    /// Goes on with a trial from where it was saved, if it was.
    abstract Restore: trial: Trial * source: ITrialSource -> ITrialRun voption

/// Keeps nothing beyond the process.
[<Sealed>]
type internal MemoryStore() =
    interface IStudyStore with
        member _.Results = Dictionary()
        member _.Decisions = []
        member _.Keep(_: TrialResult) = ()
        member _.Keep(_: StudyDecision) = ()
        member _.Save(_, _) = ()
        member _.Restore(_, _) = ValueNone

/// Keeps everything in a folder.
[<Sealed>]
type internal FolderStore
    (folder: StudyFolder, journal: Journal, header: StudyHeader, results: TrialResult list, decisions: StudyDecision list) =
    let results = results |> List.map (fun result -> KeyValuePair(result.Trial.Id, result)) |> Dictionary

    let manifest (result: TrialResult) : TrialManifest =
        { Schema = TrialManifest.CurrentSchema
          Version = header.Version
          Study = header.Study
          Data =
            header.Data
            |> Array.tryPick (fun struct (task, hash) -> if task = result.Trial.Task then Some hash else None)
            |> Option.defaultValue ""
          Result = result }

    let writeManifest (result: TrialResult) =
        let path = folder.Result result.Trial
        Directory.CreateDirectory(Path.GetDirectoryName path |> string) |> ignore

        AtomicFile.write
            path
            (Action<Stream>(fun stream ->
                use writer = new StreamWriter(stream, leaveOpen = true)
                writer.Write(TrialManifest.write (manifest result))))

    do
        // Those that a crash kept from being written: the journal is what counts.
        for result in results.Values do
            if not (File.Exists(folder.Result result.Trial)) then
                writeManifest result

    interface IStudyStore with
        member _.Results = results
        member _.Decisions = decisions

        member _.Keep(result: TrialResult) =
            journal.Append(StudyRecord.write (Finished result))
            writeManifest result

            if File.Exists(folder.Checkpoint result.Trial) then
                File.Delete(folder.Checkpoint result.Trial)

        member _.Keep(decision: StudyDecision) = journal.Append(StudyRecord.write (Decided decision))

        member _.Save(trial, run) =
            Directory.CreateDirectory folder.Checkpoints |> ignore
            run.Save(folder.Checkpoint trial)

        member _.Restore(trial, source) =
            let path = folder.Checkpoint trial

            if File.Exists path then
                // A checkpoint only saves time: one that cannot be read, of an older version say, costs the steps since the trial's begin.
                try
                    ValueSome(source.Restore(trial, path))
                with :? FormatException ->
                    File.Delete path
                    ValueNone
            else
                ValueNone
