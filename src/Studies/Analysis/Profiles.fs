/// Builds profiles over all tasks and seeds that every contender has finished.
module internal CuteDl.Studies.Profiles

open System
open CuteDl.Studies.Statistics

/// The number of points of a curve: enough to look smooth, and few enough for a table.
[<Literal>]
let private Places = 48

/// Returns evenly spaced values from low to high; one value if they are equal.
let private places low high =
    if low = high then
        [| low |]
    else
        Array.init Places (fun i -> if i = Places - 1 then high else low + (high - low) * float i / float (Places - 1))

/// Returns, for each contender and each task with results, the values by seed. Only the seeds that every contender has finished on every
/// such task are used.
let private complete (study: StudyDesign) (results: TrialResult array) (metric: IMetric) (tasks: StudyTask list) : float array array array =
    let values (task: StudyTask) (contender: Contender) =
        MetricValues.ofContender metric (Measures.comparedPhase study) task results contender.Name
        |> Array.map (fun measured -> measured.Result.Trial.Seed, measured.Value)
        |> Map.ofArray

    let seeds (contenders: Map<int, float> list) =
        contenders |> List.map (fun values -> Set.ofSeq values.Keys) |> Set.intersectMany

    let byTask =
        tasks
        |> List.map (fun task -> study.Contenders |> List.map (values task))
        |> List.filter (seeds >> Set.isEmpty >> not)

    let common = if byTask.IsEmpty then Set.empty else byTask |> List.map seeds |> Set.intersectMany

    if common.IsEmpty then
        [||]
    else
        byTask
        |> List.map (
            List.map (fun values -> common |> Set.toArray |> Array.map (fun seed -> values[seed]))
            >> Array.ofList
        )
        |> Array.ofList
        |> Array.transpose

let private rows
    (study: StudyDesign)
    metric
    (curve: float array array -> Profile.Curve)
    (strata: float array array array)
    : ProfileRow array =
    Array.zip (Array.ofList study.Contenders) strata
    |> Array.map (fun (contender, strata) -> { Contender = contender.Name; Metric = metric; Curve = curve strata })

let private ofTimes (study: StudyDesign) metric (times: float array array array) =
    // The ratios are computed task by task, then grouped by contender again.
    let ratios = times |> Array.transpose |> Array.map Profile.ratios |> Array.transpose
    let finite = ratios |> Array.collect Array.concat |> Array.filter Double.IsFinite
    let most = if finite.Length = 0 then 1.0 else Array.max finite
    // Evenly spaced in the logarithm, and exact at both ends.
    let at = places 0.0 (log most) |> Array.map exp
    at[at.Length - 1] <- most

    rows study metric (Profile.ofRatios Measures.Level at) ratios

let private ofShares (study: StudyDesign) metric (shares: float array array array) =
    let all = shares |> Array.collect Array.concat
    let at = places (Array.min all) (Array.max all)
    rows study metric (Profile.ofScores Measures.Level at) shares

let private ofMetric (study: StudyDesign) (results: TrialResult array) (metric: IMetric) : ProfileRow array =
    let tasks =
        study.Tasks
        |> List.filter (fun task -> MetricValues.applies study metric task (Measures.comparedPhase study))

    match metric.Scale, complete study results metric tasks with
    | _, [||] -> [||]
    | MetricScale.Time, values -> ofTimes study metric values
    | MetricScale.Share, values -> ofShares study metric values
    // A curve of two values says less than the rate.
    | MetricScale.Outcome, _ -> [||]

/// Returns the profiles of the primary metrics.
let ofResults (study: StudyDesign) (results: TrialResult array) : ProfileRow array =
    [| for metric in study.Metrics do
           if metric.Role = MetricRole.Primary then
               yield! ofMetric study results metric |]
