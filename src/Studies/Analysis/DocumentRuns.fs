/// Checks the source document's conclusions on runs with several seeds.
module internal CuteDl.Studies.DocumentRuns

open System
open CuteDl.Core.Training
open CuteDl.Studies.Statistics

let private hasLost (result: TrialResult) = (Measures.lostClasses result).Length > 0

let private share (holds: TrialResult -> bool) (trials: TrialResult array) =
    Wilson.interval Measures.Level (trials |> Array.filter holds |> Array.length) trials.Length

/// Returns the steps of a run that held its target, as the document counts them; infinite for other runs.
let private stepsToHold (result: TrialResult) = if result.Ending = Ending.TargetHeld then float result.Steps else infinity

let private row (study: StudyDesign) (task: StudyTask) (contender: Contender) (trials: TrialResult array) : DocumentRow =
    let lost, sound = Array.partition hasLost trials
    let accuracy trials = MetricValues.median study Metric.AccuracyAtStop Phase.Document task trials
    let steps (trials: TrialResult array) = trials |> Array.map (fun result -> float result.Steps) |> Measures.medianOr nan

    { Task = task.Name
      Contender = contender.Name
      Trials = trials.Length
      Dead = share (fun result -> result.Health.DeadLogits.Length > 0) trials
      DeadOrAlmost = share hasLost trials
      LostClasses =
        trials
        |> Array.collect Measures.lostClasses
        |> Array.countBy id
        |> Array.sortBy fst
        |> Array.map (fun (lostClass, count) -> struct (lostClass, count))
      Diverged = share Measures.isDiverged trials
      AccuracyWith = accuracy lost
      AccuracyWithout = accuracy sound
      Steps = steps trials
      StepsWith = steps lost
      StepsWithout = steps sound
      Figures =
        DocumentedRuns.all
        |> List.tryFind (fun run -> run.Name = contender.Name)
        |> Option.map _.Figures
        |> Option.defaultValue "" }

let rows (study: StudyDesign) (results: TrialResult array) : DocumentRow array =
    [| for task in study.Tasks do
           for contender in study.Contenders do
               let trials = Measures.select results Phase.Document task.Name contender.Name

               if trials.Length > 0 then
                   row study task contender trials |]

let private count (share: Interval) trials = int (round (share.Value * float trials))

let private deaths (row: DocumentRow) =
    let lost = count row.DeadOrAlmost row.Trials

    let accuracies =
        [ if lost > 0 then
              $"{SentenceText.accuracy row.AccuracyWith} in runs that lost a class (median of {lost})"
          if lost < row.Trials then
              $"{SentenceText.accuracy row.AccuracyWithout} in the other runs (median of {row.Trials - lost})" ]

    $"{row.Contender}: {lost} of {row.Trials} runs lost a class ({SentenceText.interval SentenceText.percent row.DeadOrAlmost}). Accuracy at the stop: {SentenceText.list accuracies}."

/// Returns sentences about contenders whose single run in the document diverged.
let private diverging (rows: DocumentRow array) =
    rows
    |> Array.filter (fun row -> DocumentedRuns.all |> List.exists (fun run -> run.Name = row.Contender && run.CalledDiverged))
    |> Array.map (fun row ->
        let diverged = count row.Diverged row.Trials
        let lost = count row.DeadOrAlmost row.Trials

        let meaning =
            if diverged = 0 && lost > 0 then
                ": the cause is a lost class, not a learning rate that is too large"
            else
                ""

        $"The document calls {row.Contender} \"diverged\" ({row.Figures}). Here the loss became infinite or NaN in {diverged} of {row.Trials} runs, and {lost} lost a class{meaning}.")

/// The document's order by steps, fastest first.
let private order = [ "adam"; "momentum"; "fixed-0.01" ]

let private ascends (steps: float list) = steps |> List.pairwise |> List.forall (fun (first, second) -> first < second)

/// Returns, for each seed that all these contenders have finished, the steps until each held the target.
let private bySeed (results: TrialResult array) (task: StudyTask) (contenders: string list) =
    let runs = contenders |> List.map (Measures.select results Phase.Document task.Name)
    let seeds = runs |> List.map (Array.map _.Trial.Seed >> Set.ofArray) |> Set.intersectMany |> Set.toList

    seeds
    |> List.map (fun seed -> runs |> List.map (Array.find (fun result -> result.Trial.Seed = seed) >> stepsToHold))

let private orderings (study: StudyDesign) (results: TrialResult array) (task: StudyTask) =
    let names = study.Contenders |> List.map _.Name
    let hasOrder = order |> List.forall (fun name -> List.contains name names)
    let documented = if hasOrder then bySeed results task order else []
    let all = bySeed results task names

    let fastest =
        all
        |> List.choose (fun steps ->
            let least = List.min steps
            if Double.IsInfinity least then None else Some names[List.findIndex ((=) least) steps])
        |> List.countBy id
        |> List.sortBy (fun (name, count) -> -count, name)

    [ if not documented.IsEmpty then
          let same = documented |> List.filter ascends |> List.length

          $"{task.Name}: the document's order by steps ({SentenceText.list order}: 20,000, 23,000 and 28,000) is found with {same} of {documented.Length} seeds."
      if not all.IsEmpty && names.Length > 1 then
          let each = fastest |> List.map (fun (name, count) -> $"{name} ({count})")

          $"{task.Name}: with one run of each optimizer, the first to hold the target depends on the seed. Over {all.Length} seeds: {SentenceText.list each}." ]

/// Counts the runs with a low accuracy and a lost class. Which runs lose a class is chance.
let private luck (study: StudyDesign) (results: TrialResult array) (task: StudyTask) =
    let runs =
        results
        |> Array.filter (fun result -> result.Trial.Phase = Phase.Document && result.Trial.Task = task.Name)

    match task.Target with
    | Accuracy least when runs.Length > 0 && MetricValues.applies study Metric.AccuracyAtStop task Phase.Document ->
        let low =
            runs |> Array.filter (fun result -> MetricValues.ofTrial Metric.AccuracyAtStop task result < least)

        let lost = low |> Array.filter hasLost |> Array.length
        [ $"{task.Name}: {low.Length} of {runs.Length} runs ended below {SentenceText.accuracy least}, and {lost} of these had lost a class." ]
    | Accuracy _
    | Target.Loss _ -> []

let sentences (study: StudyDesign) (results: TrialResult array) (rows: DocumentRow array) : string array =
    [| yield! rows |> Array.map deaths
       yield! diverging rows

       if rows.Length > 0 then
           for task in study.Tasks do
               yield! orderings study results task
               yield! luck study results task |]
