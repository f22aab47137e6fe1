namespace CuteDl.Studies

open System.Collections.Generic

/// The checked records of a study's journal: every record belongs to the study, and none is repeated.
type internal StudyRecords =
    { Header: StudyHeader
      Study: StudyDesign
      Results: TrialResult list
      Decisions: StudyDecision list }

[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal StudyRecords =
    /// A record with its number, from 1.
    type private Numbered<'content> = { Number: int; Record: JournalRecord; Content: 'content }

    let private read (file: string) (records: IReadOnlyList<JournalRecord>) : Numbered<StudyRecord> list =
        [ for i, record in Seq.indexed records -> { Number = i + 1; Record = record; Content = StudyRecord.read file (i + 1) record } ]

    let private refuseSecond (file: string) (entries: Numbered<'content> list) (key: 'content -> string) (what: string) =
        let seen = HashSet<string>()

        for entry in entries do
            if not (seen.Add(key entry.Content)) then
                StudyRecord.fail file entry.Number entry.Record $"It repeats {what} '{key entry.Content}'."

    let private sameValues (a: Trial) (b: Trial) =
        let values (trial: Trial) =
            [ for struct (name, value) in trial.Values -> name, System.BitConverter.DoubleToInt64Bits value ]

        values a = values b

    let private checkData (file: string) (first: Numbered<StudyHeader>) (study: StudyDesign) =
        let names = [ for struct (name, _) in first.Content.Data -> name ]

        let expected =
            [ for task in study.Tasks do
                  if task.Problem.HasData then
                      task.Name ]

        if List.sort names <> List.sort expected then
            StudyRecord.fail file first.Number first.Record "It has hashes of data for other tasks than those of the study."

    /// Checks that the study plans every result and every decision. The plan follows from the results.
    let private checkPlan (file: string) (plan: Plan) (results: Numbered<TrialResult> list) (decisions: Numbered<StudyDecision> list) =
        let trials = Dictionary<string, Trial>()

        for trial in plan.Trials do
            trials[trial.Id] <- trial

        for entry in results do
            let found = entry.Content.Trial

            match trials.TryGetValue found.Id with
            | true, trial when trial = found && sameValues trial found -> ()
            | true, trial ->
                StudyRecord.fail
                    file
                    entry.Number
                    entry.Record
                    $"The trial '{found.Id}' has the optimizer {found.Optimizer} instead of {trial.Optimizer}."
            | _ -> StudyRecord.fail file entry.Number entry.Record $"The study has no trial '{found.Id}'."

        let planned = HashSet<string>(plan.Decisions |> Seq.map _.Key)

        for entry in decisions do
            let decision = entry.Content

            let isOurs =
                match decision.Kind with
                | DecisionKind.Pruned
                | DecisionKind.WentOn -> trials.ContainsKey decision.About
                | DecisionKind.Extended
                | DecisionKind.Selected
                | DecisionKind.Looked -> planned.Contains decision.Key
                | _ -> false

            if not isOurs then
                StudyRecord.fail file entry.Number entry.Record $"The study has no decision '{decision.Key}'."

    /// <param name="folder">The folder of the study.</param>
    /// <param name="records">The records of its journal.</param>
    /// <param name="parse">Returns the study of a header.</param>
    /// <param name="planner">Returns the planner of a study. The flag is true if seeds are added at interim looks.</param>
    /// <exception cref="T:CuteDl.Core.Data.DataFormatException">A record does not belong to this study, or is repeated. The message has its
    /// number and place.</exception>
    let load
        (folder: StudyFolder)
        (records: IReadOnlyList<JournalRecord>)
        (parse: StudyHeader -> StudyDesign)
        (planner: StudyDesign -> bool -> Planner)
        : struct (StudyRecords * Planner) =
        let file = folder.Journal
        let entries = read file records

        let header, rest =
            match entries with
            | { Content = Header header } as first :: rest -> { Number = 1; Record = first.Record; Content = header }, rest
            | first :: _ -> StudyRecord.fail file 1 first.Record "The first record of a journal must be its study."
            | [] -> raise (CuteDl.Core.Data.DataFormatException(file, 0L, "The journal is empty. Run the study again in a new folder."))

        let results, decisions = List<Numbered<TrialResult>>(), List<Numbered<StudyDecision>>()

        for entry in rest do
            match entry.Content with
            | Finished result -> results.Add { Number = entry.Number; Record = entry.Record; Content = result }
            | Decided decision -> decisions.Add { Number = entry.Number; Record = entry.Record; Content = decision }
            | Header _ -> StudyRecord.fail file entry.Number entry.Record "It repeats the study."

        let results, decisions = List.ofSeq results, List.ofSeq decisions
        refuseSecond file results _.Trial.Id "the result of"
        refuseSecond file decisions _.Key "the decision"
        let study = parse header.Content
        checkData file header study
        let planner = planner study header.Content.UntilDecided

        let byId =
            Dictionary(results |> Seq.map (fun entry -> KeyValuePair(entry.Content.Trial.Id, entry.Content)))

        let plan =
            planner.Make(fun id ->
                match byId.TryGetValue id with
                | true, result -> ValueSome result
                | _ -> ValueNone)

        checkPlan file plan results decisions

        struct ({ Header = header.Content
                  Study = study
                  Results = results |> List.map _.Content
                  Decisions = decisions |> List.map _.Content },
                planner)
