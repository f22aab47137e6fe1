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
let private complete (study: StudyDesign) (results: TrialResult array) (metric: Metric) (tasks: StudyTask list) : float array array array =
    let values (task: StudyTask) (contender: Contender) =
        Measures.select results (Measures.comparedPhase study) task.Name contender.Name
        |> Array.map (fun result -> result.Trial.Seed, MetricKinds.measure metric task result)
        |> Array.filter (fun (_, value) -> not (Double.IsNaN value))
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

let private ofTimes (study: StudyDesign) (times: float array array array) =
    // The ratios are computed task by task, then grouped by contender again.
    let ratios = times |> Array.transpose |> Array.map Profile.ratios |> Array.transpose
    let finite = ratios |> Array.collect Array.concat |> Array.filter Double.IsFinite
    let most = if finite.Length = 0 then 1.0 else Array.max finite
    // Evenly spaced in the logarithm, and exact at both ends.
    let at = places 0.0 (log most) |> Array.map exp
    at[at.Length - 1] <- most

    rows study Metric.StepsToTarget (Profile.ofRatios Measures.Level at) ratios

let private ofAccuracies (study: StudyDesign) metric (accuracies: float array array array) =
    let all = accuracies |> Array.collect Array.concat
    let at = places (Array.min all) (Array.max all)
    rows study metric (Profile.ofScores Measures.Level at) accuracies

let ofResults (study: StudyDesign) (results: TrialResult array) : ProfileRow array =
    let times = complete study results Metric.StepsToTarget study.Tasks

    let accuracy = if study.Protocol.CanStop then Metric.AccuracyAtStop else Metric.FinalAccuracy

    let accuracies = complete study results accuracy (study.Tasks |> List.filter Measures.hasClasses)

    [| if times.Length > 0 then
           yield! ofTimes study times
       if accuracies.Length > 0 then
           yield! ofAccuracies study accuracy accuracies |]
