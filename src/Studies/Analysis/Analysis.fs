/// <summary>Computes all tables, comparisons and verdicts of a study from the results of its trials.</summary>
/// <remarks>
/// A diverged trial never reached its target, and its accuracies count as 0. Pairs are compared on the seeds that both have finished; over
/// all tasks, on the seeds that both have finished on every task. A pair is ranked once these are all the seeds of the look. A trial that
/// was stopped before it reached the target is known only up to its stop, and no later time is compared. The probability of a wrong winner is
/// at most the study's alpha for each task and metric, and for each metric over all tasks; so is the probability of a wrong tie. Both are
/// controlled over pairs by Holm's correction, and over looks by error spending. Over several tasks and metrics these rates add up. Trials
/// of later looks are ignored. Equal results give an equal analysis in any order, except for seconds.
/// </remarks>
module CuteDl.Studies.Analysis

open System
open CuteDl.Studies.Statistics

/// Returns the number of seeds at each look.
let internal planned (study: StudyDesign) =
    match study.Protocol.Confirmation.InterimLooks with
    | Some looks -> Array.ofList looks.Seeds
    | None -> [| study.Protocol.Confirmation.Seeds.Length |]

/// <summary>
/// Returns the significance level of each look, with the error spending of O'Brien and Fleming. A single look gets all of alpha.
/// </summary>
let levels (study: StudyDesign) : float array =
    ErrorSpending.levels Spending.OBrienFleming study.Protocol.Confirmation.Alpha (planned study)

let private lookState (study: StudyDesign) (looksDone: int) isDecided : LookState =
    let planned = planned study
    let levels = levels study
    let look = min looksDone planned.Length

    { Planned = planned
      Levels = levels
      Done = look
      Level = levels[look - 1]
      FewestSeeds = max Measures.FewestToRank (SignFlip.fewest levels[look - 1] (max 1 (Measures.pairs study).Length))
      Decided = isDecided }

let private isCompared (study: StudyDesign) (result: TrialResult) =
    result.Trial.Phase = Measures.comparedPhase study || result.Trial.Phase = Phase.Defaults

/// Leaves out compared trials with seeds of the next look: to use them would be one more look.
let private upTo (study: StudyDesign) (look: LookState) (results: TrialResult array) : TrialResult array =
    match study.Protocol.Confirmation.InterimLooks with
    | Some looks ->
        let seeds =
            StudyDesign.seedsToLook study.Protocol.Confirmation looks
            |> List.truncate look.Planned[look.Done - 1]
            |> Set.ofList

        results
        |> Array.filter (fun result -> not (isCompared study result) || seeds.Contains result.Trial.Seed)
    | None -> results

let private rules (study: StudyDesign) (look: LookState) : Pairs.Rules =
    { Level = look.Level
      EqualWithin = study.Protocol.Confirmation.EqualWithin
      LookSeeds = look.Planned[look.Done - 1] }

/// <summary>
/// True if the confirmation trials of a look decide the study: in each primary metric, some contender beats or equals every other.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="results">The results of finished trials, in any order.</param>
/// <param name="look">The look, from 1.</param>
[<CompiledName("IsDecided")>]
let isDecided (study: StudyDesign) (results: TrialResult seq) (look: int) : bool =
    Guard.atLeast "look" 1 look
    let look = lookState study look false
    let results = results |> Seq.sortBy _.Trial.Id |> Array.ofSeq |> upTo study look
    Verdicts.isDecided study (Pairs.ofTasks (rules study look) study results)

let private expected (study: StudyDesign) (look: LookState) =
    let variants = if study.Protocol.Confirmation.Defaults then 2 else 1
    study.Tasks.Length * study.Contenders.Length * variants * look.Planned[look.Done - 1]

let private progress (look: LookState) trials expected hasPairs =
    [| if trials < expected then
           if trials = 0 then
               $"Incomplete: none of {expected} compared trials is finished, so there is no verdict yet."
           else
               $"Incomplete: {trials} of {expected} compared trials are finished; all figures are from these."
       if look.Planned.Length > 1 then
           let next =
               if look.Decided then "; the question is decided"
               elif look.Done = look.Planned.Length then "; this is the last look"
               else $"; not yet decided, the next look is at {SentenceText.seeds look.Planned[look.Done]}"

           $"Interim look {look.Done} of {look.Planned.Length}, at {SentenceText.seeds look.Planned[look.Done - 1]} with significance level {SentenceText.ratio look.Level}{next}."
       if hasPairs && look.Planned[look.Done - 1] < look.FewestSeeds then
           $"With {SentenceText.seeds look.Planned[look.Done - 1]} no pair can win at this level, even if all seeds agree; {look.FewestSeeds} are needed." |]

/// <summary>
/// Returns everything that a report shows, from the results so far. Incomplete results give an analysis of the finished trials.
/// </summary>
/// <param name="study">The study.</param>
/// <param name="results">The results of finished trials, in any order.</param>
/// <param name="looksDone">The number of looks taken, at least 1; 1 for a study without looks. Greater numbers count as the last
/// look.</param>
/// <exception cref="T:System.ArgumentOutOfRangeException">The number of looks is below 1.</exception>
[<CompiledName("OfResults")>]
let ofResults (study: StudyDesign) (results: TrialResult seq) (looksDone: int) : StudyAnalysis =
    Guard.atLeast "looksDone" 1 looksDone
    let look = lookState study looksDone false
    let results = results |> Seq.sortBy _.Trial.Id |> Array.ofSeq |> upTo study look
    let rules = rules study look

    let summaries = Summaries.ofResults study results
    let settings = Tunings.settings study results
    let comparisons = Pairs.ofTasks rules study results |> Sensitivity.ofComparisons study results settings
    let overall = Pairs.overall rules study results
    let resolutions = Resolutions.ofResults study results
    let verdicts = Verdicts.ofComparisons study (Array.append overall comparisons)
    let look = { look with Decided = Verdicts.isDecided study comparisons }
    let cells = Tunings.frontier study results
    let trials = results |> Array.filter (isCompared study) |> Array.length
    let expected = expected study look
    let document = DocumentRuns.rows study results
    let documentSentences = DocumentRuns.sentences study results document
    let progress = progress look trials expected (Measures.pairs study |> Array.isEmpty |> not)

    let limits =
        Array.concat
            [ Resolutions.sentences study resolutions
              Verdicts.scope study overall
              Tunings.scope study
              Verdicts.protocolLimits study comparisons ]

    let failures = Verdicts.failures summaries

    { Study = study.Name
      Metrics = Array.ofList study.Metrics
      Trials = trials
      Expected = expected
      Summaries = summaries
      Comparisons = comparisons
      Overall = overall
      Resolutions = resolutions
      Findings = Resolutions.findings study resolutions
      Verdicts = verdicts
      InterimLooks = look
      Settings = settings
      Frontier = cells
      FrontierLimits = Tunings.limits cells
      Tolerances = Tunings.tolerances settings cells
      BestOfK = Tunings.bestOf study results
      Profiles = Profiles.ofResults study results
      Autopsies = Autopsies.ofResults study results
      Document = document
      Notes = Array.append progress limits
      DocumentSentences = documentSentences
      Failures = failures
      Sentences =
        // For the document's protocol, the sentences about its conclusions come first.
        Array.concat [ progress; documentSentences; limits; verdicts |> Array.collect _.Sentences; failures ] }
