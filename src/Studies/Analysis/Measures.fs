/// What is measured of one trial, and which of a study's trials are measured: the conventions of every table, in one place.
module internal CuteDl.Studies.Measures

open System
open CuteDl.Studies.Statistics

/// Below this, no ranking: with 5 pairs no two-sided exact test can reach 0.05.
[<Literal>]
let FewestToRank = 6

/// Of intervals that stand for themselves; those of pairs have the level of the look.
[<Literal>]
let Level = 0.95

/// The seed of every bootstrap; purposes keep them apart.
[<Literal>]
let Seed = 0

let isDocument (study: StudyDesign) =
    match study.Protocol with
    | Document _ -> true
    | Fair _ -> false

let confirmation (study: StudyDesign) =
    match study.Protocol with
    | Fair(_, confirmation, _) -> Some confirmation
    | Document _ -> None

/// The phase whose trials contenders are compared by.
let comparedPhase (study: StudyDesign) = if isDocument study then Phase.Document else Phase.Confirmation

let hasClasses (task: StudyTask) =
    match task.Problem with
    | Images _ -> true
    | Function _ -> false

let isDiverged (result: TrialResult) = result.Ending = Ending.Diverged

/// A diverged trial is a failure, even if it saw the target on its way.
let private unlessDiverged time result = if isDiverged result then infinity else time result

let steps (result: TrialResult) = unlessDiverged _.StepsToTarget result
let examples (result: TrialResult) = unlessDiverged _.ExamplesToTarget result
let seconds (result: TrialResult) = unlessDiverged _.SecondsToTarget result
let isReached result = Double.IsFinite(steps result)

/// The end of what is known of a trial's time to the target; infinite if the time is known: it arrived, or diverged and never will.
let private knownTo (finish: TrialResult -> float) (result: TrialResult) =
    if isReached result || isDiverged result then infinity else finish result

let stepsKnownTo result = knownTo (fun result -> float result.Steps) result
let secondsKnownTo result = knownTo _.Seconds result

let private orNaN (value: Score -> float) (score: Nullable<Score>) = if score.HasValue then value score.Value else nan

/// A diverged trial answers nothing rightly. A task without classes has no accuracy, not even of a diverged trial.
let private accuracyOf (score: TrialResult -> Nullable<Score>) (task: StudyTask) (result: TrialResult) =
    if not (hasClasses task) then nan
    elif isDiverged result then 0.0
    else orNaN _.Accuracy (score result)

let finalAccuracy task result = accuracyOf _.Final task result

let accuracyAtStop task result =
    accuracyOf (fun result -> if result.AtStop.HasValue then result.AtStop else result.Final) task result

let testAccuracy task result = accuracyOf _.Test task result
let bestAccuracy task result = accuracyOf _.Best task result

let finalLoss (result: TrialResult) =
    if isDiverged result then infinity
    elif result.Final.HasValue then result.Final.Value.Loss
    else orNaN _.Loss result.AtStop

/// The last validation's accuracy, whatever ended the trial; NaN if there was no validation.
let lastAccuracy (result: TrialResult) =
    if result.Curve.Accuracy.Length = 0 then nan else Array.last result.Curve.Accuracy

let measure (metric: Metric) (task: StudyTask) : TrialResult -> float =
    match metric with
    | Metric.StepsToTarget -> steps
    | Metric.FinalAccuracy -> finalAccuracy task
    | Metric.AccuracyAtStop -> accuracyAtStop task
    | Metric.TestAccuracy -> testAccuracy task
    | Metric.BestAccuracy -> bestAccuracy task
    | Metric.Success -> fun result -> if isReached result then 1.0 else 0.0
    | metric -> raise (ArgumentOutOfRangeException("metric", metric, "No such metric."))

/// Classes whose logits are dead or almost.
let lostClasses (result: TrialResult) =
    Array.append result.Health.DeadLogits result.Health.AlmostDeadLogits |> Array.sort

/// The finished trials of a phase, task and contender, by seed.
let select (results: TrialResult array) (phase: Phase) (task: string) (contender: string) =
    results
    |> Array.filter (fun result -> result.Trial.Phase = phase && result.Trial.Task = task && result.Trial.Contender = contender)
    |> Array.sortBy _.Trial.Seed

/// Every pair of the study's contenders, in their order.
let pairs (study: StudyDesign) =
    let names = study.Contenders |> List.map _.Name |> Array.ofList

    [| for i in 0 .. names.Length - 1 do
           for j in i + 1 .. names.Length - 1 do
               struct (names[i], names[j]) |]

let medianOr (ifNone: float) (values: float array) =
    let values = values |> Array.filter (fun value -> not (Double.IsNaN value))
    if values.Length = 0 then ifNone else Quantile.median values
