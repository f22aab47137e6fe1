namespace CuteDl.Studies

open System
open System.Collections.Generic
open System.IO
open System.Threading
open CuteDl.Core.Data
open CuteDl.Core.Optimizers

/// <summary>How a study runs. No option changes its results.</summary>
type RunOptions =
    {
        /// <summary>The number of trials that train at the same time, at least 1.</summary>
        Workers: int
        /// <summary>
        /// The largest number of threads of all trials together, at least 1. Trials share them: see <c>ThreadBudget</c>. It does not limit
        /// <c>Workers</c>: each trial has a thread of its own.
        /// </summary>
        Threads: int
        /// <summary>The time between two saves of a running trial.</summary>
        SaveEvery: TimeSpan
    }

    /// <summary>One trial and one thread per processor; trials are saved every 10 seconds.</summary>
    static member Defaults =
        { Workers = Environment.ProcessorCount
          Threads = Environment.ProcessorCount
          SaveEvery = TimeSpan.FromSeconds 10.0 }

/// <summary>The results of a study, complete or so far.</summary>
type StudyOutcome =
    {
        /// <summary>The study.</summary>
        Study: StudyDesign
        /// <summary>True if seeds are added at the interim looks until the comparisons are decided.</summary>
        UntilDecided: bool
        /// <summary>The version that started the study, and the hashes of its images.</summary>
        Header: StudyHeader
        /// <summary>The results, in the order of the plan.</summary>
        Results: TrialResult array
        /// <summary>
        /// The trials that cancellation left under way, with their validations so far. Their ending is <c>Cancelled</c>. They continue when
        /// the study is resumed.
        /// </summary>
        Interrupted: TrialResult array
        /// <summary>
        /// The exceptions of failed trials by the trial's <c>Id</c>, for trials that failed in this process. The journal has only their messages.
        /// </summary>
        Exceptions: IReadOnlyDictionary<string, exn>
        /// <summary>The models of the trials, if they are kept.</summary>
        Models: ITrialModels
        /// <summary>The settings that tuning selected.</summary>
        Selections: Selection array
        /// <summary>The decisions during the study.</summary>
        Decisions: StudyDecision array
        /// <summary>The number of interim looks taken.</summary>
        LooksDone: int
        /// <summary>The number of trials that the study needs as far as is known, those after tuning included.</summary>
        Planned: int
        /// <summary>True if all of them are finished.</summary>
        IsComplete: bool
        /// <summary>Repaired damage of the folder, in sentences.</summary>
        Notices: string array
    }

/// <summary>Runs a study, in a folder or in memory.</summary>
[<Sealed>]
type StudyRun
    private
    (
        study: StudyDesign,
        header: StudyHeader,
        planner: Planner,
        store: IStudyStore,
        models: ITrialModels,
        source: ITrialSource,
        notices: string array,
        lockOfFolder: IDisposable | null,
        journal: IDisposable | null
    ) =

    static let check (study: StudyDesign) (untilDecided: bool) =
        match StudyRules.broken study with
        | [] -> ()
        | problems ->
            let list = String.Join("\n  ", problems)
            raise (StudyException $"The study '{study.Name}' cannot be run:\n  {list}")

        if untilDecided && study.Protocol.Confirmation.InterimLooks.IsNone then
            raise (
                StudyException
                    "Seeds can be added only at the interim looks that a study declares. This study declares none: set \"looks\" in \"confirmation\"."
            )

    static let headerOf (study: StudyDesign) (untilDecided: bool) (data: struct (string * string) array) : StudyHeader =
        { Study = StudyJson.print study
          UntilDecided = untilDecided
          Data = data
          Version = LibraryVersion.current
          OwnRules = StudyDesign.ownRules study }

    static let parse (registry: StudyRegistry) (file: string) (text: string) : StudyDesign =
        match StudyJson.parseWith registry text with
        | Ok study -> study
        | Error errors -> raise (StudyFileException(file, errors))

    static let refuseChanges (registry: StudyRegistry) (folder: StudyFolder) (begun: string) (now: string) =
        match StudyJson.textDifferences registry folder.Path begun now with
        | [||] -> ()
        | differences ->
            let list = String.Join("\n  ", differences |> Seq.truncate Bounded.MostErrors |> Seq.map string)

            raise (
                StudyException
                    $"'{folder.Path}' holds another study. The differences (the folder's value first):\n  {list}\nRestore the study file, or run the new study in another folder."
            )

    static let newJournal (path: string) : string = path + ".new"

    /// Writes the journal under a temporary name first: a journal without its study could be neither resumed nor started again.
    static let beginJournal (path: string) (header: string) : Journal =
        let unfinished = newJournal path
        File.Delete unfinished

        using (Journal.Create unfinished) (fun journal -> journal.Append header)
        File.Move(unfinished, path)
        AtomicFile.flushFolder (Path.GetDirectoryName path |> string)
        Journal.Open path

    static let plannerOf (study: StudyDesign) (untilDecided: bool) =
        Planner(study, untilDecided, (fun look results -> Analysis.isDecided study results look))

    static let modelsOf (study: StudyDesign) (folder: StudyFolder) (store: IStudyStore) : ITrialModels =
        FolderModels.reader study folder (fun id ->
            match store.Results.TryGetValue id with
            | true, result -> ValueSome result
            | _ -> ValueNone)

    static let existing (path: string) : StudyFolder =
        let folder = StudyFolder path

        if File.Exists folder.Journal then
            folder
        elif Directory.Exists folder.Journal then
            raise (
                StudyException
                    $"'{folder.Journal}' is a folder instead of a file, so '{folder.Path}' is not the folder of a study. Give another folder."
            )
        else
            raise (StudyException $"'{folder.Path}' holds no study. Give the folder of a study.")

    /// Throws if the folder has other files, because the study's files could overwrite them. Allowed are the study file, and files left by
    /// a process that ended before it wrote the journal.
    static let refuseOthers (folder: StudyFolder) : unit =
        let own =
            [ folder.Study; newJournal folder.Journal; folder.Lock; folder.Running ]
            |> List.map Path.GetFileName

        if Directory.Exists folder.Path && not (File.Exists folder.Journal) then
            Directory.EnumerateFileSystemEntries folder.Path
            |> Seq.map Path.GetFileName
            |> Seq.tryFind (fun name -> not (List.contains name own || AtomicFile.isUnfinished (string name)))
            |> Option.iter (fun name ->
                raise (StudyException $"The folder '{folder.Path}' is not empty: it has '{name}'. Choose a new or an empty folder."))

    /// Returns the registry for the texts in a folder: a given study has its rules itself.
    static let registryOf (given: StudyDesign option) (registry: StudyRegistry option) : StudyRegistry =
        match given with
        | Some study -> StudyRegistry.ofStudy study
        | None -> defaultArg registry StudyRegistry.Standard

    /// Returns the study of a header.
    static let studyOf (registry: StudyRegistry) (folder: StudyFolder) (given: StudyDesign option) (header: StudyHeader) : StudyDesign =
        let study =
            match given with
            | None -> parse registry folder.Journal header.Study
            | Some study ->
                refuseChanges registry folder header.Study (StudyJson.print study)
                study

        match Array.except (StudyDesign.ownRules study) header.OwnRules, Array.except header.OwnRules (StudyDesign.ownRules study) with
        | [||], [||] -> study
        | began, now ->
            let list rules =
                match rules with
                | [||] -> "rules of the library"
                | _ -> String.Join("; ", rules |> Array.map (fun struct (contender, rules) -> $"{rules} in {contender}"))

            raise (
                StudyException
                    $"'{folder.Path}' was started with other rules of the same names: {list began}, and now {list now}. Use the rules that started the study."
            )

    static let unfinishedEnd (offset: int64) (bytes: int64) : string =
        $"The journal ends with an unfinished record ({bytes} bytes from byte {offset} on), as after a crash. It is dropped, and its trial runs again."

    /// <summary>The study.</summary>
    member _.Study = study

    /// <summary>Repaired damage of the folder, in sentences.</summary>
    member _.Notices = notices

    /// <summary>Starts a study in memory.</summary>
    /// <param name="study">The study.</param>
    /// <param name="untilDecided">True if seeds are added at the interim looks.</param>
    /// <param name="source">Starts trials.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">The study cannot run, or it declares no interim looks at which to add
    /// seeds.</exception>
    static member InMemory(study: StudyDesign, untilDecided: bool, source: ITrialSource) : StudyRun =
        check study untilDecided
        let store = MemoryStore()
        new StudyRun(study, headerOf study untilDecided [||], plannerOf study untilDecided, store, store, source, [||], null, null)

    /// <summary>Starts a study in a folder.</summary>
    /// <param name="study">The study.</param>
    /// <param name="untilDecided">True if seeds are added at the interim looks.</param>
    /// <param name="path">The folder. It is created if it is missing.</param>
    /// <param name="source">Starts trials.</param>
    /// <param name="data">The name and the hash of the data of each task that has data.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">The study cannot run, or the folder already holds a study.</exception>
    /// <exception cref="T:System.IO.IOException">The folder cannot be written, or another process is running the study.</exception>
    static member Begin
        (study: StudyDesign, untilDecided: bool, path: string, source: ITrialSource, data: struct (string * string) array)
        : StudyRun =
        check study untilDecided
        let folder = StudyFolder path
        refuseOthers folder
        OutputPath.makeFolder folder.Path
        let folderLock = FolderLock.Take folder

        try
            if File.Exists folder.Journal then
                raise (StudyException $"'{folder.Path}' already holds a study. Resume it, or choose another folder.")

            let header = headerOf study untilDecided data

            // An existing study file is kept, because it may have comments.
            if File.Exists folder.Study then
                refuseChanges (StudyRegistry.ofStudy study) folder (File.ReadAllText folder.Study) header.Study
            else
                AtomicFile.write
                    folder.Study
                    (Action<Stream>(fun stream ->
                        use writer = new StreamWriter(stream, leaveOpen = true)
                        writer.Write header.Study))

            let journal = beginJournal folder.Journal (StudyRecord.write (Header header))

            try
                let store = FolderStore(folder, journal, header, [], [])

                new StudyRun(
                    study,
                    header,
                    plannerOf study untilDecided,
                    store,
                    modelsOf study folder store,
                    source,
                    [||],
                    folderLock,
                    journal
                )
            with _ ->
                (journal :> IDisposable).Dispose()
                reraise ()
        with _ ->
            (folderLock :> IDisposable).Dispose()
            reraise ()

    /// <summary>Resumes a study in a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="given">The study, if its images or optimizers exist only in a program; None to read it from the folder.</param>
    /// <param name="source">Returns the source of trials for a study, and the hashes of its images.</param>
    /// <param name="registry">The kinds that the study in the folder can name. Default: the standard registry.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">
    /// The folder holds no study or another one, its file or images have changed, or another version started it.
    /// </exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The journal is damaged.</exception>
    /// <exception cref="T:System.IO.IOException">The folder cannot be written, or another process is running the study.</exception>
    static member Resume
        (
            path: string,
            given: StudyDesign option,
            source: Func<StudyDesign, struct (ITrialSource * struct (string * string) array)>,
            ?registry: StudyRegistry
        ) : StudyRun =
        let registry = registryOf given registry
        let folder = existing path
        let folderLock = FolderLock.Take folder

        try
            let journal = Journal.Open folder.Journal

            try
                let begun (header: StudyHeader) : StudyDesign =
                    if File.Exists folder.Study then
                        refuseChanges registry folder header.Study (File.ReadAllText folder.Study)

                    let study = studyOf registry folder given header
                    check study header.UntilDecided

                    if header.Version <> LibraryVersion.current then
                        raise (
                            StudyException
                                $"'{folder.Path}' was started by version {header.Version}, and this is version {LibraryVersion.current}. A study cannot mix the results of two versions. Resume it with version {header.Version}."
                        )

                    study

                let struct (records, planner) = StudyRecords.load folder journal.Records begun plannerOf
                let struct (source, data) = source.Invoke records.Study

                for struct (task, hash) in records.Header.Data do
                    match data |> Array.tryPick (fun struct (name, hash) -> if name = task then Some hash else None) with
                    | Some now when now = hash -> ()
                    | _ ->
                        raise (
                            StudyException
                                $"The data, the given weights or the functions of the task '{task}' differ from those used when the study in '{folder.Path}' was started. Restore them."
                        )

                let store = FolderStore(folder, journal, records.Header, records.Results, records.Decisions)

                let notices =
                    [| if journal.Unfinished > 0L then
                           unfinishedEnd journal.Length journal.Unfinished

                       if store.Mended > 0 then
                           $"{store.Mended} files under '{folder.Results}' were missing or changed. They were restored from the journal." |]

                new StudyRun(
                    records.Study,
                    records.Header,
                    planner,
                    store,
                    modelsOf records.Study folder store,
                    source,
                    notices,
                    folderLock,
                    journal
                )
            with _ ->
                (journal :> IDisposable).Dispose()
                reraise ()
        with _ ->
            (folderLock :> IDisposable).Dispose()
            reraise ()

    /// <summary>Reads the results so far of a study in a folder. Another process may be running it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="given">The study, if it exists only in a program; None to read it from the folder.</param>
    /// <param name="registry">The kinds that the study in the folder can name. Default: the standard registry.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">The folder holds no study, or another one.</exception>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">The journal is damaged.</exception>
    static member Read(path: string, given: StudyDesign option, ?registry: StudyRegistry) : StudyOutcome =
        StudyRun.Read(path, given, registryOf given registry, FolderLock.IsTaken)

    static member internal Read
        (path: string, given: StudyDesign option, registry: StudyRegistry, isTaken: StudyFolder -> bool)
        : StudyOutcome =
        let folder = existing path
        // Checked before and after reading the journal: a process that starts or ends in between may be writing a record.
        let wasRunning = isTaken folder
        let content = Journal.Read folder.Journal
        let isRunning = isTaken folder || wasRunning

        let struct (records, planner) =
            StudyRecords.load folder content.Records (studyOf registry folder given) plannerOf

        let byId = records.Results |> List.map (fun result -> result.Trial.Id, result) |> Map.ofList

        let find (id: string) =
            match byId.TryFind id with
            | Some result -> ValueSome result
            | None -> ValueNone

        let plan = planner.Make find

        { Study = records.Study
          UntilDecided = records.Header.UntilDecided
          Header = records.Header
          Results = plan.Trials |> Array.choose (fun trial -> byId.TryFind trial.Id)
          Interrupted = [||]
          Exceptions = Dictionary()
          Models = FolderModels.reader records.Study folder find
          Selections = plan.Selections
          Decisions = StudyDecision.InOrder records.Decisions
          LooksDone = plan.LooksDone
          Planned = plan.Expected
          IsComplete = plan.IsComplete
          Notices =
            [| if content.Unfinished > 0L && not isRunning then
                   unfinishedEnd content.Length content.Unfinished |] }

    /// <summary>Runs all trials that are needed. After cancellation, it saves running trials and returns the results so far.</summary>
    /// <param name="options">The options.</param>
    /// <param name="progress">Receives progress reports on training threads.</param>
    /// <param name="cancellation">Stops the run within one batch.</param>
    /// <exception cref="T:CuteDl.Studies.StudyException">A file cannot be read or written, memory is exhausted, or two trainings of a trial differ. Results in the journal are kept.</exception>
    member _.Run(options: RunOptions, progress: StudyProgress -> unit, cancellation: CancellationToken) : StudyOutcome =
        if options.Workers < 1 then
            raise (
                ArgumentOutOfRangeException(
                    "workers",
                    options.Workers,
                    $"{options.Workers} trials cannot run at the same time. Use at least 1."
                )
            )

        if options.Threads < 1 then
            raise (
                ArgumentOutOfRangeException("threads", options.Threads, $"Trials cannot share {options.Threads} threads. Use at least 1.")
            )

        let workers =
            StudyWorkers(study, planner, source, store, options.Workers, options.Threads, options.SaveEvery, progress)

        workers.Run cancellation
        store.Verify()

        { Study = study
          UntilDecided = header.UntilDecided
          Header = header
          Results = workers.Results
          Interrupted = workers.Interrupted
          Exceptions = workers.Exceptions
          Models =
            { new ITrialModels with
                member _.Of trial =
                    match workers.ModelUnderWay trial with
                    | null -> models.Of trial
                    | model -> model }
          Selections = workers.Plan.Selections
          Decisions = workers.Decisions
          LooksDone = workers.Plan.LooksDone
          Planned = workers.Plan.Expected
          IsComplete = workers.Plan.IsComplete
          Notices = notices }

    interface IDisposable with
        member _.Dispose() =
            for resource in [ journal; lockOfFolder ] do
                match resource with
                | null -> ()
                | resource -> resource.Dispose()
