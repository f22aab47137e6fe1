/// Summarizes each contender: how often it reaches the target, how soon, and its accuracy at the end.
module internal CuteDl.Studies.Summaries

open System
open CuteDl.Studies.Statistics

/// Returns the median of times. NaN if it depends on when stopped runs would have reached the target.
let private median (ends: float array) (times: float array) : Interval =
    let earliest = Array.map2 min times ends
    let latest = Quantile.median times
    let isKnown = latest = infinity || Quantile.median earliest = latest
    MedianInterval.ofTimes Measures.Level (if isKnown then latest else nan) earliest times

let private time (horizon: float) (ends: float array) (times: float array) : TimeSummary =
    { Median = median ends times
      RestrictedMean = RestrictedMean.interval Measures.Level horizon times
      Horizon = horizon }

let private interquartile (values: float array) : Nullable<Interval> =
    if values.Length = 0 then
        Nullable()
    else
        Nullable(InterquartileMean.interval Measures.Level values |> _.CutTo(0.0, 1.0))

/// The columns of a summary have the time to the target in three units, and the number of trials that reached it.
let private ofTarget = [ Metric.StepsToTarget; Metric.Success ]

/// Summarizes the study's other metrics. The horizon of a time is the same for all contenders.
let private others (study: StudyDesign) (results: TrialResult array) (phases: Phase list) (task: StudyTask) =
    let known (measured: MetricValues.Measured) = Measures.knownTo (float measured.Result.Steps) measured.Value measured.Result

    let metrics =
        [| for metric in study.Metrics do
               if not (List.contains metric ofTarget) then
                   let values phase contender =
                       if MetricValues.applies study metric task phase then
                           MetricValues.ofContender metric phase task results contender
                       else
                           [||]

                   let horizon =
                       lazy
                           ([| for phase in phases do
                                   for contender in study.Contenders do
                                       yield! values phase contender.Name |> Array.map known |]
                            |> TimeToTarget.horizon (float task.Steps))

                   struct (metric, values, horizon) |]

    fun phase contender ->
        metrics
        |> Array.map (fun struct (metric, values, horizon) ->
            let measured = values phase contender
            let values = measured |> Array.map _.Value

            let row value restricted horizon : MetricSummary =
                { Metric = metric; Value = value; RestrictedMean = restricted; Horizon = horizon }

            match metric.Scale with
            | MetricScale.Share -> row (interquartile values) (Nullable()) nan
            | MetricScale.Outcome when values.Length = 0 -> row (Nullable()) (Nullable()) nan
            | MetricScale.Outcome -> row (Nullable(Wilson.interval Measures.Level (int (Array.sum values)) values.Length)) (Nullable()) nan
            | MetricScale.Time when values.Length = 0 -> row (Nullable()) (Nullable()) nan
            | MetricScale.Time ->
                let summary = time horizon.Value (Array.map known measured) values
                row (Nullable summary.Median) (Nullable summary.RestrictedMean) summary.Horizon)

let private batch (task: StudyTask) = float task.Problem.ExamplesAStep

/// The times up to which every run of a task is known. All contenders share them, so that their means are comparable.
[<Struct>]
type private Horizons = { Steps: float; Seconds: float }

let private horizons (task: StudyTask) (trials: TrialResult array) : Horizons =
    let longest = trials |> Array.map _.Seconds |> Array.fold max Double.Epsilon

    { Steps = trials |> Array.map Measures.stepsKnownTo |> TimeToTarget.horizon (float task.Steps)
      // Trials without a measurable duration must have a horizon above 0 too.
      Seconds = trials |> Array.map Measures.secondsKnownTo |> TimeToTarget.horizon longest |> max Double.Epsilon }

/// Nested tunings can select a setting for each seed.
let private optimizer (trials: TrialResult array) : string =
    match trials |> Array.map _.Trial.Optimizer |> Array.distinct with
    | [| only |] -> only
    | settings -> $"{settings.Length} settings, each selected by a tuning"

let private summary
    (horizons: Horizons)
    metrics
    (task: StudyTask)
    (variant: Variant)
    (contender: string)
    (trials: TrialResult array)
    : Summary =
    let reached = trials |> Array.filter Measures.isReached
    let stepsKnown = trials |> Array.map Measures.stepsKnownTo
    let secondsKnown = trials |> Array.map Measures.secondsKnownTo
    let examplesKnown = stepsKnown |> Array.map ((*) (batch task))

    { Task = task.Name
      Contender = contender
      Variant = variant
      Optimizer = optimizer trials
      Trials = trials.Length
      Reached = reached.Length
      Diverged = trials |> Array.filter Measures.isDiverged |> Array.length
      Success = Wilson.interval Measures.Level reached.Length trials.Length
      Steps = trials |> Array.map Measures.steps |> time horizons.Steps stepsKnown
      Examples = trials |> Array.map Measures.examples |> time (horizons.Steps * batch task) examplesKnown
      Seconds = trials |> Array.map Measures.seconds |> time horizons.Seconds secondsKnown
      Metrics = metrics
      FinalLoss = trials |> Array.map Measures.finalLoss |> Measures.medianOr nan
      WithDeadLogits = trials |> Array.filter (fun trial -> trial.Health.DeadLogits.Length > 0) |> Array.length }

let ofResults (study: StudyDesign) (results: TrialResult array) : Summary array =
    let variants =
        [ Measures.comparedPhase study, Measures.comparedVariant study; Phase.Defaults, Variant.Defaults ]

    [| for task in study.Tasks do
           let groups =
               [| for phase, variant in variants do
                      for contender in study.Contenders ->
                          struct (phase, variant, contender.Name, Measures.select results phase task.Name contender.Name) |]

           let others = others study results (List.map fst variants) task
           let horizons = groups |> Array.collect (fun struct (_, _, _, trials) -> trials) |> horizons task

           for struct (phase, variant, contender, trials) in groups do
               if trials.Length > 0 then
                   summary horizons (others phase contender) task variant contender trials |]
