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
    let values = values |> Array.filter (fun value -> not (Double.IsNaN value))

    if values.Length = 0 then
        Nullable()
    else
        Nullable(InterquartileMean.interval Measures.Level values |> _.CutTo(0.0, 1.0))

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
    (study: StudyDesign)
    (horizons: Horizons)
    (task: StudyTask)
    (variant: Variant)
    (contender: string)
    (trials: TrialResult array)
    : Summary =
    let reached = trials |> Array.filter Measures.isReached
    let nothing: Nullable<Interval> = Nullable()
    let canStop = study.Protocol.CanStop
    let stepsKnown = trials |> Array.map Measures.stepsKnownTo
    let secondsKnown = trials |> Array.map Measures.secondsKnownTo
    let examplesKnown = stepsKnown |> Array.map ((*) (batch task))

    let atEnd measure =
        if Measures.hasClasses task then trials |> Array.map (measure task) |> interquartile else nothing

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
      FinalAccuracy = if canStop then nothing else atEnd Measures.finalAccuracy
      AccuracyAtStop = if canStop then atEnd Measures.accuracyAtStop else nothing
      BestAccuracy = atEnd Measures.bestAccuracy
      TestAccuracy = if trials |> Array.exists _.Test.HasValue then atEnd Measures.testAccuracy else nothing
      FinalLoss = trials |> Array.map Measures.finalLoss |> Measures.medianOr nan
      WithDeadLogits = trials |> Array.filter (fun trial -> trial.Health.DeadLogits.Length > 0) |> Array.length }

let ofResults (study: StudyDesign) (results: TrialResult array) : Summary array =
    let variants =
        [ Measures.comparedPhase study, Measures.comparedVariant study; Phase.Defaults, Variant.Defaults ]

    [| for task in study.Tasks do
           let groups =
               [| for phase, variant in variants do
                      for contender in study.Contenders ->
                          struct (variant, contender.Name, Measures.select results phase task.Name contender.Name) |]

           let horizons = groups |> Array.collect (fun struct (_, _, trials) -> trials) |> horizons task

           for struct (variant, contender, trials) in groups do
               if trials.Length > 0 then
                   summary study horizons task variant contender trials |]
