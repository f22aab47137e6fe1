namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.IO
open System.Text
open CuteDl.Core.Data

/// Where a study keeps its results. Used by several threads at a time.
type internal IStudyStore =
    /// The results of earlier sittings, by the trials' ids.
    abstract Results: IReadOnlyDictionary<string, TrialResult>
    /// The decisions of earlier sittings.
    abstract Decisions: StudyDecision list
    /// Keeps a result for good, before it returns.
    abstract Keep: result: TrialResult -> unit
    /// Keeps a decision for good, before it returns.
    abstract Keep: decision: StudyDecision -> unit
    /// Saves the state of a trial that is being trained.
    abstract Save: trial: Trial * run: ITrialRun -> unit
    /// Continues a trial from its saved state, if there is one.
    abstract Restore: trial: Trial * source: ITrialSource -> ITrialRun voption
    /// Fails if what is kept is no longer there, or another process has added to it.
    abstract Verify: unit -> unit

/// Results and decisions in memory, for a study that continues in the same process.
[<Sealed>]
type internal Kept(results: TrialResult seq, decisions: StudyDecision seq) =
    let results = Dictionary(results |> Seq.map (fun result -> KeyValuePair(result.Trial.Id, result)))
    let decisions = List<StudyDecision> decisions
    member _.Results = lock results (fun () -> Dictionary results)
    member _.Decisions = lock decisions (fun () -> List.ofSeq decisions)
    member _.Add(result: TrialResult) = lock results (fun () -> results[result.Trial.Id] <- result)
    member _.Add(decision: StudyDecision) = lock decisions (fun () -> decisions.Add decision)

/// Keeps nothing beyond the process.
[<Sealed>]
type internal MemoryStore() =
    let kept = Kept([], [])

    interface IStudyStore with
        member _.Results = kept.Results
        member _.Decisions = kept.Decisions
        member _.Keep(result: TrialResult) = kept.Add result
        member _.Keep(decision: StudyDecision) = kept.Add decision
        member _.Save(_, _) = ()
        member _.Restore(_, _) = ValueNone
        member _.Verify() = ()

/// Keeps everything in a folder. The journal is the truth; every other file can be written anew from it.
[<Sealed>]
type internal FolderStore
    (folder: StudyFolder, journal: Journal, header: StudyHeader, results: TrialResult list, decisions: StudyDecision list) =
    let kept = Kept(results, decisions)

    let manifest (result: TrialResult) : byte array =
        { Schema = TrialManifest.CurrentSchema
          Version = header.Version
          Study = header.Study
          Data =
            header.Data
            |> Array.tryPick (fun struct (task, hash) -> if task = result.Trial.Task then Some hash else None)
            |> Option.defaultValue ""
          Result = result }
        |> TrialManifest.write
        |> Encoding.UTF8.GetBytes

    let writeResult (result: TrialResult) (content: byte array) =
        let path = folder.Result result.Trial
        Directory.CreateDirectory(Path.GetDirectoryName path |> string) |> ignore
        AtomicFile.write path (Action<Stream>(fun stream -> stream.Write(ReadOnlySpan content)))

    /// True if the file was missing, or not as the journal has it.
    let mend (result: TrialResult) : bool =
        let path, content = folder.Result result.Trial, manifest result

        let isWhole =
            File.Exists path
            && (FileInfo path).Length = int64 content.Length
            && File.ReadAllBytes(path).AsSpan().SequenceEqual(ReadOnlySpan content)

        if not isWhole then
            writeResult result content

        not isWhole

    let dropCheckpoint (trial: Trial) =
        if File.Exists(folder.Checkpoint trial) then
            File.Delete(folder.Checkpoint trial)

    let mended =
        AtomicFile.removeUnfinished folder.Results
        AtomicFile.removeUnfinished folder.Checkpoints
        let mended = results |> List.filter mend |> List.length

        for result in results do
            dropCheckpoint result.Trial

        mended

    /// How many files of results were missing, or not as the journal has them, and are written anew.
    member _.Mended = mended

    interface IStudyStore with
        member _.Results = kept.Results
        member _.Decisions = kept.Decisions

        member _.Keep(result: TrialResult) =
            journal.Append(StudyRecord.write (Finished result))
            kept.Add result
            writeResult result (manifest result)
            dropCheckpoint result.Trial

        member _.Keep(decision: StudyDecision) =
            journal.Append(StudyRecord.write (Decided decision))
            kept.Add decision

        member _.Save(trial, run) =
            // Otherwise the study's folder would be made anew, without its journal, when it was removed.
            journal.Verify()
            Directory.CreateDirectory folder.Checkpoints |> ignore
            run.Save(folder.Checkpoint trial)

        member _.Restore(trial, source) =
            let path = folder.Checkpoint trial

            if File.Exists path then
                // A checkpoint only saves time: one that cannot be read, of an older version say, costs the steps since the trial's start.
                try
                    ValueSome(source.Restore(trial, path))
                with :? FormatException ->
                    File.Delete path
                    ValueNone
            else
                ValueNone

        member _.Verify() = journal.Verify()
