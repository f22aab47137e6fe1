/// Checks whether wins depend on the learning rates that tuning chose.
module internal CuteDl.Studies.Sensitivity

open System

/// A contender's medians over the tuning seeds: at the chosen rate, and at the next lower and next higher rate that were tried.
type private Tuned = { Chosen: float; Neighbours: float array }

/// Returns None if the settings differ in more than the learning rate, or the chosen setting is not one of them.
let private tuned
    (study: StudyDesign)
    (results: TrialResult array)
    (settings: SettingRow array)
    metric
    (task: StudyTask)
    contender
    : Tuned option =
    let rows =
        settings
        |> Array.filter (fun row -> row.Task = task.Name && row.Contender = contender)
        |> Array.sortBy _.Rate

    let trials = Measures.tuningTrials study results task.Name contender

    let median (row: SettingRow) =
        trials
        |> Array.filter (fun trial -> trial.Trial.Setting = row.Setting)
        |> MetricValues.median study metric Phase.Tuning task

    match rows |> Array.tryFindIndex _.Chosen with
    | Some chosen when Tunings.differInRateOnly rows ->
        Some
            { Chosen = median rows[chosen]
              Neighbours = [| chosen - 1; chosen + 1 |] |> Array.choose (fun i -> Array.tryItem i rows) |> Array.map median }
    | Some _
    | None -> None

let private ofWin (study: StudyDesign) results settings (pair: PairComparison) : Nullable<NeighbouringRates> =
    let task = study.Tasks |> List.find (fun task -> task.Name = pair.Task)
    let loser = if pair.Winner = pair.First then pair.Second else pair.First
    let tuned = tuned study results settings pair.Metric task

    match tuned pair.Winner, tuned loser with
    | Some winner, Some loser ->
        let isAhead (one: float) (other: float) = if PairedRuns.isTime pair.Metric then one < other else one > other

        let cases =
            [| for neighbour in winner.Neighbours -> struct (neighbour, loser.Chosen)
               for neighbour in loser.Neighbours -> struct (winner.Chosen, neighbour) |]
            |> Array.filter (fun struct (one, other) -> not (Double.IsNaN one || Double.IsNaN other))

        if cases.Length = 0 then
            Nullable()
        else
            Nullable
                { Cases = cases.Length
                  Held = cases |> Array.filter (fun struct (one, other) -> isAhead one other) |> Array.length
                  Seeds =
                    match study.Protocol.Tuning with
                    | Some tuning -> tuning.Seeds.Length
                    | None -> 0 }
    | _ -> Nullable()

/// Adds the sensitivity to each win on one task. Tuning measures no test accuracy, and success has no useful median.
let ofComparisons (study: StudyDesign) (results: TrialResult array) (settings: SettingRow array) (comparisons: PairComparison array) =
    comparisons
    |> Array.map (fun pair ->
        if pair.Outcome = Outcome.Wins && not (PairedRuns.isOutcome pair.Metric) then
            { pair with NeighbouringRates = ofWin study results settings pair }
        else
            pair)
