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

/// What is kept, as a study that is gone on with in the same process finds it.
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

/// Keeps everything in a folder.
[<Sealed>]
type internal FolderStore
    (folder: StudyFolder, journal: Journal, header: StudyHeader, results: TrialResult list, decisions: StudyDecision list) =
    let kept = Kept(results, decisions)

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

    let dropCheckpoint (trial: Trial) =
        if File.Exists(folder.Checkpoint trial) then
            File.Delete(folder.Checkpoint trial)

    do
        // What a crash kept from being written, or from being deleted: the journal is what counts.
        for result in results do
            if not (File.Exists(folder.Result result.Trial)) then
                writeManifest result

            dropCheckpoint result.Trial

    interface IStudyStore with
        member _.Results = kept.Results
        member _.Decisions = kept.Decisions

        member _.Keep(result: TrialResult) =
            journal.Append(StudyRecord.write (Finished result))
            kept.Add result
            writeManifest result
            dropCheckpoint result.Trial

        member _.Keep(decision: StudyDecision) =
            journal.Append(StudyRecord.write (Decided decision))
            kept.Add decision

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
