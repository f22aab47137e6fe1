/// Evaluates tuning and the frontier: the result of each setting, the smallest and the tolerated learning rates, and smaller tuning
/// budgets.
module internal CuteDl.Studies.Tunings

open System
open CuteDl.Studies.Statistics

/// A learning rate with at most twice the best rate's steps is good.
[<Literal>]
let private Factor = 2.0

let private rate (values: struct (string * float) array) =
    values
    |> Array.tryPick (fun struct (name, value) -> if name = "lr" then Some value else None)
    |> Option.defaultValue nan

let private count (holds: TrialResult -> bool) (trials: TrialResult array) = trials |> Array.filter holds |> Array.length
let private medianSteps (trials: TrialResult array) = trials |> Array.map Measures.steps |> Quantile.median

let private forEach (study: StudyDesign) (rows: StudyTask -> string -> 'Row seq) : 'Row array =
    [| for task in study.Tasks do
           for contender in study.Contenders do
               yield! rows task contender.Name |]

let settings (study: StudyDesign) (results: TrialResult array) : SettingRow array =
    forEach study (fun task contender ->
        let confirmed =
            Measures.tunedTrials study results task.Name contender |> Array.map _.Trial.Optimizer |> Set.ofArray

        Measures.tuningTrials study results task.Name contender
        |> Array.groupBy _.Trial.Setting
        |> Array.sortBy fst
        |> Seq.map (fun (setting, trials) ->
            let trial = trials[0].Trial

            { Task = task.Name
              Contender = contender
              Setting = setting
              Optimizer = trial.Optimizer
              Values = trial.Values
              Rate = rate trial.Values
              Trials = trials.Length
              Reached = count Measures.isReached trials
              Diverged = count Measures.isDiverged trials
              Pruned = count (fun trial -> trial.Ending = Ending.Pruned) trials
              MedianSteps = medianSteps trials
              MedianBestAccuracy = MetricValues.median study Metric.BestAccuracy Phase.Tuning task trials
              Chosen = confirmed.Contains trial.Optimizer }))

/// Returns a sentence that tells which tuning the figures of a nested study show; empty for another study.
let scope (study: StudyDesign) : string array =
    match study.Protocol.Tuning with
    | Some tuning when tuning.Nested ->
        [| $"Every seed has a tuning of its own. The frontier, the sensitivity and the figures of single settings are those of the first tuning, for seed {study.Protocol.Confirmation.Seeds.Head}." |]
    | Some _
    | None -> [||]

let frontier (study: StudyDesign) (results: TrialResult array) : FrontierCell array =
    forEach study (fun task contender ->
        Measures.select results Phase.Frontier task.Name contender
        |> Array.groupBy (fun result -> rate result.Trial.Values)
        |> Array.sortBy fst
        |> Seq.map (fun (rate, trials) ->
            { Task = task.Name
              Contender = contender
              Rate = rate
              Trials = trials.Length
              Reached = count Measures.isReached trials
              Diverged = count Measures.isDiverged trials
              MedianSteps = medianSteps trials }))

let limits (cells: FrontierCell array) : FrontierLimit array =
    cells
    |> Array.groupBy (fun cell -> struct (cell.Task, cell.Contender))
    |> Array.map (fun (struct (task, contender), cells) ->
        let smallest (suffices: FrontierCell -> bool) =
            match Array.tryFind suffices cells with
            | Some cell -> struct (Nullable cell.Rate, cell.Rate = cells[0].Rate)
            | None -> struct (Nullable(), false)

        let struct (all, allIsEnd) = smallest (fun cell -> cell.Reached = cell.Trials)
        let struct (most, mostIsEnd) = smallest (fun cell -> 2 * cell.Reached > cell.Trials)

        { Task = task
          Contender = contender
          AllSeeds = all
          MostSeeds = most
          AllSeedsIsEnd = allIsEnd
          MostSeedsIsEnd = mostIsEnd })

let private tolerance task contender phase (points: struct (float * float) array) : ToleranceRow =
    let points = points |> Array.sortBy (fun struct (rate, _) -> rate)
    let rates = points |> Array.map (fun struct (rate, _) -> rate)
    let objective = points |> Array.map (fun struct (_, objective) -> max 1.0 objective)

    { Task = task
      Contender = contender
      Phase = phase
      Factor = Factor
      Tolerance =
        match RateTolerance.ofObjective Factor rates objective with
        | Some tolerance -> tolerance
        | None -> null }

/// True if the settings differ in the learning rate only, and there are at least two.
let differInRateOnly (rows: SettingRow array) =
    let others =
        rows |> Array.map (fun row -> row.Values |> Array.filter (fun struct (name, _) -> name <> "lr"))

    let rates = rows |> Array.map _.Rate

    rates |> Array.forall (fun rate -> rate > 0.0)
    && (Array.distinct rates).Length = rates.Length
    && rates.Length > 1
    && others |> Array.forall (fun values -> values = others[0])

let tolerances (settings: SettingRow array) (cells: FrontierCell array) : ToleranceRow array =
    let tuned =
        settings
        |> Array.groupBy (fun row -> struct (row.Task, row.Contender))
        |> Array.filter (fun (_, rows) -> differInRateOnly rows)
        |> Array.map (fun (struct (task, contender), rows) ->
            tolerance task contender Phase.Tuning (rows |> Array.map (fun row -> struct (row.Rate, row.MedianSteps))))

    let swept =
        cells
        |> Array.filter (fun cell -> cell.Rate > 0.0)
        |> Array.groupBy (fun cell -> struct (cell.Task, cell.Contender))
        |> Array.filter (fun (_, cells) -> cells.Length > 1)
        |> Array.map (fun (struct (task, contender), cells) ->
            tolerance task contender Phase.Frontier (cells |> Array.map (fun cell -> struct (cell.Rate, cell.MedianSteps))))

    Array.append tuned swept

let private bestOfK task contender (metric: IMetric) (change: float -> float) (objective: float array) : BestOfKRow =
    let curve = BestOfK.curve Measures.Level objective
    let ends = curve |> Array.map (fun point -> struct (change point.Low, change point.High))

    { Task = task
      Contender = contender
      Metric = metric
      K = Array.init curve.Length (fun i -> i + 1)
      Expected = curve |> Array.map (fun point -> change point.Value)
      Low = ends |> Array.map (fun struct (one, other) -> min one other)
      High = ends |> Array.map (fun struct (one, other) -> max one other) }

/// True if smaller tuning budgets are shown by a metric. An accuracy at the end is no measure of tuning, which uses the best one.
let private isOfTuning (metric: IMetric) =
    match metric.Role, metric.Scale with
    | MetricRole.Primary, MetricScale.Time
    | MetricRole.Tuning, _ -> true
    | MetricRole.Primary, (MetricScale.Share | MetricScale.Outcome)
    | MetricRole.Secondary, _ -> false

let bestOf (study: StudyDesign) (results: TrialResult array) : BestOfKRow array =
    forEach study (fun task contender ->
        let settings =
            Measures.tuningTrials study results task.Name contender
            |> Array.groupBy _.Trial.Setting
            |> Array.sortBy fst

        [ for metric in study.Metrics do
              let medians =
                  settings |> Array.map (fun (_, trials) -> MetricValues.median study metric Phase.Tuning task trials)

              if isOfTuning metric && medians.Length > 0 && not (Array.exists Double.IsNaN medians) then
                  match metric.Scale with
                  | MetricScale.Time ->
                      bestOfK task.Name contender metric (~-) (medians |> Array.map (fun time -> -(min (float task.Steps) time)))
                  | MetricScale.Share
                  | MetricScale.Outcome -> bestOfK task.Name contender metric id medians ])
