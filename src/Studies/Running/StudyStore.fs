namespace CuteDl.Studies

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.IO
open System.Text
open CuteDl.Core.Data
open CuteDl.Core.Models

/// Stores the results of a study. Thread-safe.
type internal IStudyStore =
    /// The results of earlier sessions, by trial id.
    abstract Results: IReadOnlyDictionary<string, TrialResult>
    /// The decisions of earlier sessions.
    abstract Decisions: StudyDecision list
    /// Stores a result and the trial's model, if there is one, permanently before it returns.
    abstract Keep: result: TrialResult * model: TrainedModel | null -> unit
    /// Stores a decision permanently before it returns.
    abstract Keep: decision: StudyDecision -> unit
    /// Saves the state of a trial that is being trained.
    abstract Save: trial: Trial * run: ITrialRun -> unit
    /// Continues a trial from its saved state, if there is one.
    abstract Restore: trial: Trial * source: ITrialSource -> ITrialRun voption
    /// Throws if the store was removed, or if another process has written to it.
    abstract Verify: unit -> unit

/// Results and decisions in memory.
[<Sealed>]
type internal StoredRecords(results: TrialResult seq, decisions: StudyDecision seq) =
    let results = Dictionary(results |> Seq.map (fun result -> KeyValuePair(result.Trial.Id, result)))
    let decisions = List<StudyDecision> decisions
    member _.Results = lock results (fun () -> Dictionary results)
    member _.Decisions = lock decisions (fun () -> List.ofSeq decisions)
    member _.Add(result: TrialResult) = lock results (fun () -> results[result.Trial.Id] <- result)
    member _.Add(decision: StudyDecision) = lock decisions (fun () -> decisions.Add decision)

/// A store that lasts as long as the process.
[<Sealed>]
type internal MemoryStore() =
    let kept = StoredRecords([], [])
    let models = ConcurrentDictionary<string, TrainedModel | null>()

    interface IStudyStore with
        member _.Results = kept.Results
        member _.Decisions = kept.Decisions

        member _.Keep(result: TrialResult, model) =
            match model with
            | null -> ()
            | model -> models[result.Trial.Id] <- model

            kept.Add result

        member _.Keep(decision: StudyDecision) = kept.Add decision

        member _.Save(_, _) = ()
        member _.Restore(_, _) = ValueNone
        member _.Verify() = ()

    interface ITrialModels with
        member _.Of trial : TrainedModel | null =
            let mutable model = null
            if models.TryGetValue(trial.Id, &model) then model else null

/// Stores everything in a folder. The journal is authoritative: every other file can be restored from it.
[<Sealed>]
type internal FolderStore
    (folder: StudyFolder, journal: Journal, header: StudyHeader, results: TrialResult list, decisions: StudyDecision list) =
    let kept = StoredRecords(results, decisions)

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

    /// Writes the result file if it is missing or differs from the journal. True if it was written.
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

    /// The number of result files that were missing or differed from the journal, and were restored.
    member _.Mended = mended

    interface IStudyStore with
        member _.Results = kept.Results
        member _.Decisions = kept.Decisions

        member _.Keep(result: TrialResult, model) =
            // Before the record: a finished trial has its model, also after a crash.
            match model with
            | null -> ()
            | model -> FolderModels.write folder result.Trial model

            journal.Append(StudyRecord.write (Finished result))
            kept.Add result
            writeResult result (manifest result)
            dropCheckpoint result.Trial

        member _.Keep(decision: StudyDecision) =
            journal.Append(StudyRecord.write (Decided decision))
            kept.Add decision

        member _.Save(trial, run) =
            // Without this check, a removed study folder would be created again, without its journal.
            journal.Verify()
            Directory.CreateDirectory folder.Checkpoints |> ignore
            run.Save(folder.Checkpoint trial)

        member _.Restore(trial, source) =
            let path = folder.Checkpoint trial

            if File.Exists path then
                // A checkpoint only saves time. If it cannot be read, for example because of its version, the trial starts again.
                try
                    ValueSome(source.Restore(trial, path))
                with :? FormatException ->
                    File.Delete path
                    ValueNone
            else
                ValueNone

        member _.Verify() = journal.Verify()
