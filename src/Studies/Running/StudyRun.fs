namespace CuteDl.Studies

open System
open System.IO
open System.Reflection
open System.Threading
open CuteDl.Core.Data

/// <summary>How a study is carried out: nothing here has a part in its results.</summary>
type RunOptions =
    {
        /// <summary>Trials at the same time, at least 1.</summary>
        Workers: int
        /// <summary>How often a trial under way is saved.</summary>
        SaveEvery: TimeSpan
    }

    /// <summary>A trial for each processor, saved every 10 seconds.</summary>
    static member Defaults = { Workers = Environment.ProcessorCount; SaveEvery = TimeSpan.FromSeconds 10.0 }

/// <summary>What came of a study, all of it or as far as it went.</summary>
type StudyOutcome =
    {
        /// <summary>The question.</summary>
        Study: StudyDesign
        /// <summary>Whether seeds were to be added at the looks.</summary>
        UntilDecided: bool
        /// <summary>The results, in the order of the plan.</summary>
        Results: TrialResult array
        /// <summary>What tuning found.</summary>
        Selections: Selection array
        /// <summary>What was decided on the way.</summary>
        Decisions: StudyDecision array
        /// <summary>How many looks were taken at the confirmed trials.</summary>
        LooksDone: int
        /// <summary>How many trials are known to be needed.</summary>
        Planned: int
        /// <summary>Whether all of them are there.</summary>
        IsComplete: bool
    }

/// <summary>A study that is being carried out, in a folder or in memory.</summary>
[<Sealed>]
type StudyRun
    private
    (
        study: StudyDesign,
        untilDecided: bool,
        store: IStudyStore,
        source: ITrialSource,
        lockOfFolder: IDisposable | null,
        journal: IDisposable | null
    ) =

    static let version =
        match typeof<StudyRun>.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>() with
        | null -> ""
        | attribute -> attribute.InformationalVersion.Split('+')[0]

    static let check (study: StudyDesign) (untilDecided: bool) =
        match StudyRules.broken study with
        | [] -> ()
        | problems ->
            let list = String.Join("\n  ", problems)
            raise (StudyException $"the study '{study.Name}' cannot be carried out:\n  {list}")

        match study.Protocol with
        | Fair(_, { Looks = Some _ }, _) -> ()
        | _ when untilDecided ->
            raise (StudyException "seeds can be added only at looks that the study declares before its first trial, and it declares none.")
        | _ -> ()

    static let header (study: StudyDesign) (untilDecided: bool) (data: struct (string * string) array) : StudyHeader =
        { Study = StudyJson.print study; UntilDecided = untilDecided; Data = data; Version = version }

    static let load (folder: StudyFolder) (records: string seq) : struct (StudyHeader * TrialResult list * StudyDecision list) =
        match records |> Seq.mapi (fun i text -> StudyRecord.read folder.Journal (i + 1) text) |> Seq.toList with
        | Header header :: rest ->
            let results =
                rest
                |> List.choose (function
                    | Finished result -> Some result
                    | _ -> None)

            let decisions =
                rest
                |> List.choose (function
                    | Decided decision -> Some decision
                    | _ -> None)

            match results |> List.countBy _.Trial.Id |> List.tryFind (fun (_, count) -> count > 1) with
            | Some(id, count) -> raise (DataFormatException(folder.Journal, 0L, $"it has {count} results of the trial {id}."))
            | None -> ()

            struct (header, results, decisions)
        | _ -> raise (DataFormatException(folder.Journal, 0L, "a journal begins with its study, this one does not."))

    static let parse (file: string) (text: string) : StudyDesign =
        match StudyJson.parse text with
        | Ok study -> study
        | Error errors -> raise (StudyFileException(file, errors))

    static let refuseChanges (folder: StudyFolder) (begun: string) (now: string) =
        match StudyJson.textDifferences begun now with
        | [||] -> ()
        | differences ->
            let list = String.Join("\n  ", differences |> Seq.map string)

            raise (
                StudyException
                    $"'{folder.Path}' has another study (what it has first):\n  {list}\nPut the study back as it was, or begin the new one in a folder of its own."
            )

    /// Under another name until it is whole: a journal without its study could neither be gone on with nor begun again.
    static let beginJournal (path: string) (header: string) : Journal =
        let unfinished = path + ".new"
        File.Delete unfinished

        using (Journal.Create unfinished) (fun journal -> journal.Append header)
        File.Move(unfinished, path)
        Journal.Open path

    static let planner (study: StudyDesign) (untilDecided: bool) =
        Planner(study, untilDecided, (fun look results -> Analysis.isDecided study results look))

    /// <summary>The study.</summary>
    member _.Study = study

    /// <summary>A study that keeps nothing beyond the process.</summary>
    /// <param name="study">The study.</param>
    /// <param name="untilDecided">Whether seeds are added at its looks.</param>
    /// <param name="source">Trains.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">The study cannot be carried out: why. Or seeds are to be added, and no looks are declared.</exception>
    static member InMemory(study: StudyDesign, untilDecided: bool, source: ITrialSource) : StudyRun =
        check study untilDecided
        new StudyRun(study, untilDecided, MemoryStore(), source, null, null)

    /// <summary>Begins a study in a folder.</summary>
    /// <param name="study">The study.</param>
    /// <param name="untilDecided">Whether seeds are added at its looks.</param>
    /// <param name="path">The folder; made, if it is not there.</param>
    /// <param name="source">Trains.</param>
    /// <param name="data">A hash of the images of each task.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">The study cannot be carried out, or there is one in the folder already.</exception>
    /// <exception cref="T:System.IO.IOException">The folder cannot be written, or another process is at work in it.</exception>
    static member Begin
        (study: StudyDesign, untilDecided: bool, path: string, source: ITrialSource, data: struct (string * string) array)
        : StudyRun =
        check study untilDecided
        let folder = StudyFolder path
        Directory.CreateDirectory folder.Path |> ignore
        let folderLock = FolderLock.Take folder.Path

        try
            if File.Exists folder.Journal then
                raise (StudyException $"'{folder.Path}' holds a study that was begun before: resume it, or choose another folder.")

            let header = header study untilDecided data

            // A file that is there already, with somebody's comments, stays as it is.
            if File.Exists folder.Study then
                refuseChanges folder (File.ReadAllText folder.Study) header.Study
            else
                AtomicFile.write
                    folder.Study
                    (Action<Stream>(fun stream ->
                        use writer = new StreamWriter(stream, leaveOpen = true)
                        writer.Write header.Study))

            let journal = beginJournal folder.Journal (StudyRecord.write (Header header))

            try
                new StudyRun(study, untilDecided, FolderStore(folder, journal, header, [], []), source, folderLock, journal)
            with _ ->
                (journal :> IDisposable).Dispose()
                reraise ()
        with _ ->
            (folderLock :> IDisposable).Dispose()
            reraise ()

    /// <summary>Goes on with a study.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="given">The study, if a program has it: one whose images or optimizers no file can name. Nothing: as the folder has it.</param>
    /// <param name="source">From the study to what trains it, and the hashes of its images.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">
    /// There is no study in the folder; its file was changed since, or the images were, or another is given; or it was begun by another version.
    /// </exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The journal is damaged.</exception>
    /// <exception cref="T:System.IO.IOException">The folder cannot be written, or another process is at work in it.</exception>
    static member Resume
        (path: string, given: StudyDesign option, source: Func<StudyDesign, struct (ITrialSource * struct (string * string) array)>)
        : StudyRun =
        let folder = StudyFolder path

        if not (File.Exists folder.Journal) then
            raise (StudyException $"'{folder.Path}' holds no study that was begun.")

        let folderLock = FolderLock.Take folder.Path

        try
            let journal = Journal.Open folder.Journal

            try
                let struct (header, results, decisions) = load folder journal.Records
                let begun = header.Study

                if File.Exists folder.Study then
                    refuseChanges folder begun (File.ReadAllText folder.Study)

                let study =
                    match given with
                    | None -> parse folder.Journal begun
                    | Some study ->
                        refuseChanges folder begun (StudyJson.print study)
                        study

                check study header.UntilDecided

                if header.Version <> version then
                    raise (
                        StudyException
                            $"'{folder.Path}' was begun by version {header.Version}, this is {version}: results of two versions do not belong in one study."
                    )

                let struct (source, data) = source.Invoke study

                for struct (task, hash) in header.Data do
                    match data |> Array.tryPick (fun struct (name, hash) -> if name = task then Some hash else None) with
                    | Some now when now = hash -> ()
                    | _ -> raise (StudyException $"the images of the task '{task}' are not those that '{folder.Path}' was begun with.")

                new StudyRun(
                    study,
                    header.UntilDecided,
                    FolderStore(folder, journal, header, results, decisions),
                    source,
                    folderLock,
                    journal
                )
            with _ ->
                (journal :> IDisposable).Dispose()
                reraise ()
        with _ ->
            (folderLock :> IDisposable).Dispose()
            reraise ()

    /// <summary>What came of a study so far, which another process may be carrying on.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="given">The study, if a program has it; nothing: as the folder has it.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">There is no study in the folder, or another than is given.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The journal is damaged.</exception>
    static member Read(path: string, given: StudyDesign option) : StudyOutcome =
        let folder = StudyFolder path

        if not (File.Exists folder.Journal) then
            raise (StudyException $"'{folder.Path}' holds no study that was begun.")

        let struct (header, results, decisions) = load folder (Journal.Read folder.Journal)

        let study =
            match given with
            | None -> parse folder.Journal header.Study
            | Some study ->
                refuseChanges folder header.Study (StudyJson.print study)
                study

        let byId = results |> List.map (fun result -> result.Trial.Id, result) |> Map.ofList

        let plan =
            (planner study header.UntilDecided)
                .Make(fun id ->
                    match byId.TryFind id with
                    | Some result -> ValueSome result
                    | None -> ValueNone)

        { Study = study
          UntilDecided = header.UntilDecided
          Results = plan.Trials |> Array.choose (fun trial -> byId.TryFind trial.Id)
          Selections = plan.Selections
          Decisions =
            decisions
            |> List.sortBy (fun decision -> decision.Kind, decision.About, decision.At)
            |> List.toArray
          LooksDone = plan.LooksDone
          Planned = plan.Trials.Length
          IsComplete = plan.IsComplete }

    /// <summary>Trains what is needed. Cancelled, it saves what is under way, and gives what there is.</summary>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of news, from the threads that train.</param>
    /// <param name="cancellation">Ends it within a batch.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">A trial failed, or what came of it could not be kept: which, and why. What is in the journal stays.</exception>
    member _.Run(options: RunOptions, progress: StudyProgress -> unit, cancellation: CancellationToken) : StudyOutcome =
        if options.Workers < 1 then
            raise (ArgumentOutOfRangeException("workers", options.Workers, "at least 1 trial at a time."))

        let scheduler =
            Scheduler(study, planner study untilDecided, source, store, options.Workers, options.SaveEvery, progress)

        scheduler.Run cancellation

        { Study = study
          UntilDecided = untilDecided
          Results = scheduler.Results
          Selections = scheduler.Plan.Selections
          Decisions = scheduler.Decisions
          LooksDone = scheduler.Plan.LooksDone
          Planned = scheduler.Plan.Trials.Length
          IsComplete = scheduler.Plan.IsComplete }

    interface IDisposable with
        member _.Dispose() =
            for resource in [ journal; lockOfFolder ] do
                match resource with
                | null -> ()
                | resource -> resource.Dispose()
