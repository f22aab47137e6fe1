/// Contenders two by two, on the same seeds: by how much, how surely, and what may be said of it.
module internal CuteDl.Studies.Pairs

open System
open CuteDl.Studies.Statistics

/// What decides, besides the data.
type Rules =
    {
        /// The level of the look.
        Level: float
        /// The least ratio that is a difference.
        EqualWithin: float
        /// The seeds of the look.
        LookSeeds: int
    }

/// Both contenders' values on one task, by seed.
[<Struct>]
type private Stratum = { Budget: float; Seeds: int array; First: float array; Second: float array }

let isTime metric = metric = Metric.StepsToTarget

let private stratum (results: TrialResult array) (phase: Phase) (metric: Metric) (task: StudyTask) (first: string) (second: string) =
    let values contender =
        Measures.select results phase task.Name contender
        |> Array.map (fun result -> result.Trial.Seed, Measures.measure metric result)
        |> Array.filter (fun (_, value) -> not (Double.IsNaN value))

    let others = Map.ofArray (values second)
    let common = values first |> Array.filter (fun (seed, _) -> others.ContainsKey seed)

    { Budget = float task.Steps
      Seeds = common |> Array.map fst
      First = common |> Array.map snd
      Second = common |> Array.map (fun (seed, _) -> others[seed]) }

/// Of a time its logarithm, so that differences are ratios; of an accuracy its percentage.
let private scaled metric budget (values: float array) =
    if isTime metric then
        values |> Array.map (fun time -> log (max 1.0 (min budget time)))
    else
        values |> Array.map ((*) 100.0)

let private effect metric difference = if isTime metric then exp difference else difference

/// The mean over tasks of each task's mean, of the values at these places.
let private meanOfMeans (differences: float array array) (places: int array array) =
    Array.map2 (fun values drawn -> drawn |> Array.averageBy (Array.get values)) differences places
    |> Array.average

let private mapInterval (change: float -> float) (interval: Interval) : Interval =
    { Value = change interval.Value; Low = change interval.Low; High = change interval.High }

let private restrictedMeanRatio purpose level (strata: Stratum array) : Interval =
    let mean (stratum: Stratum) (values: float array) (drawn: int array) =
        RestrictedMean.ofTimes stratum.Budget (drawn |> Array.map (Array.get values))

    Bootstrap.interval Measures.Seed purpose Bootstrap.Resamples level (strata |> Array.map _.Seeds.Length) (fun places ->
        Array.map2 (fun stratum drawn -> log (mean stratum stratum.First drawn / mean stratum stratum.Second drawn)) strata places
        |> Array.average
        |> exp)

/// Of times of which none is finite.
[<Literal>]
let NeverReached = "neither ever reached the target"

let private whyNotRanked (rules: Rules) metric (strata: Stratum array) =
    let seeds = strata |> Array.map _.Seeds.Length |> Array.min
    let isNever (values: float array) = values |> Array.forall Double.IsInfinity

    if seeds < Measures.FewestToRank then
        (if seeds = 1 then "1 seed is" else $"{seeds} seeds are")
        + $" too few to rank; it takes {Measures.FewestToRank}"
    // Who could name a winner at any moment would look as often as there are trials, and the level is for one look.
    elif seeds < rules.LookSeeds then
        $"{seeds} of {rules.LookSeeds} seeds are finished, and only all of them are a look"
    elif
        isTime metric
        && strata |> Array.forall (fun stratum -> isNever stratum.First && isNever stratum.Second)
    then
        NeverReached
    else
        ""

/// Everything but the correction, which takes all pairs.
let private compare rules metric task first second (strata: Stratum array) : PairComparison =
    let purpose = $"{metric}/{task}/{first}/{second}"
    let sizes = strata |> Array.map _.Seeds.Length

    let differences =
        strata
        |> Array.map (fun stratum ->
            Array.map2 (-) (scaled metric stratum.Budget stratum.First) (scaled metric stratum.Budget stratum.Second))

    let interval =
        Bootstrap.interval Measures.Seed purpose Bootstrap.Resamples (1.0 - rules.Level) sizes (meanOfMeans differences)

    // Each task weighs the same in the test as in the effect.
    let weighed =
        differences
        |> Array.collect (fun values -> values |> Array.map (fun value -> value / float values.Length))

    // What Improvement calls less is better here: times as they are, accuracies negated.
    let lessIsBetter (stratum: Stratum) (values: float array) =
        if isTime metric then values |> Array.map (min stratum.Budget) else values |> Array.map (~-)

    let error =
        let mean values = strata |> Array.averageBy (values >> Array.average)
        100.0 - 50.0 * (mean _.First + mean _.Second)

    let restricted (values: Stratum -> float array) =
        strata
        |> Array.collect (fun stratum -> if isTime metric then Array.map (min stratum.Budget) (values stratum) else values stratum)

    let slack = (rules.EqualWithin - 1.0) * error

    { Task = task
      Metric = metric
      First = first
      Second = second
      Seeds = strata |> Array.collect _.Seeds
      FirstValues = restricted _.First
      SecondValues = restricted _.Second
      Effect = mapInterval (effect metric) interval
      RestrictedMeanRatio =
        if isTime metric then
            Nullable(restrictedMeanRatio $"restricted/{purpose}" (1.0 - rules.Level) strata)
        else
            Nullable()
      P = SignFlip.pValue Measures.Seed weighed
      AdjustedP = nan
      ProbabilityOfImprovement =
        Improvement.interval
            Measures.Seed
            $"improvement/{purpose}"
            (1.0 - rules.Level)
            (strata |> Array.map (fun stratum -> lessIsBetter stratum stratum.First))
            (strata |> Array.map (fun stratum -> lessIsBetter stratum stratum.Second))
      EqualLow = if isTime metric then 1.0 / rules.EqualWithin else -slack
      EqualHigh = if isTime metric then rules.EqualWithin else slack
      Outcome = Outcome.NotRanked
      Winner = ""
      Reason = whyNotRanked rules metric strata }

/// With the adjusted p-value in place. A difference within what counts as equal is none, however sure.
let private decide (rules: Rules) (comparison: PairComparison) : PairComparison =
    let isFirst =
        if isTime comparison.Metric then comparison.Effect.Value < 1.0 else comparison.Effect.Value > 0.0

    if comparison.Reason <> "" then
        comparison
    elif comparison.Effect.LiesWithin(comparison.EqualLow, comparison.EqualHigh) then
        { comparison with Outcome = Outcome.Equal }
    elif comparison.AdjustedP <= rules.Level then
        let winner = if isFirst then comparison.First else comparison.Second
        { comparison with Outcome = Outcome.Wins; Winner = winner }
    else
        { comparison with Outcome = Outcome.Undecided }

/// All pairs of one metric on some tasks; pairs not yet run are none of the result, but count in the correction.
let private family (rules: Rules) study results phase metric name (tasks: StudyTask list) =
    let pairs = Measures.pairs study

    let comparisons =
        pairs
        |> Array.map (fun struct (first, second) ->
            let strata = [| for task in tasks -> stratum results phase metric task first second |]

            if strata |> Array.exists (fun stratum -> stratum.Seeds.Length = 0) then
                None
            else
                Some(compare rules metric name first second strata))

    let adjusted = comparisons |> Array.map (Option.map _.P >> Option.defaultValue 1.0) |> Holm.adjust

    Array.zip comparisons adjusted
    |> Array.choose (fun (comparison, p) -> comparison |> Option.map (fun comparison -> decide rules { comparison with AdjustedP = p }))

let private metrics (study: StudyDesign) (tasks: StudyTask list) =
    [ Metric.StepsToTarget
      if tasks |> List.forall Measures.hasClasses then
          if Measures.isDocument study then
              Metric.AccuracyAtStop
          else
              Metric.FinalAccuracy
              Metric.TestAccuracy ]

let private over rules study results name tasks =
    [| for metric in metrics study tasks do
           yield! family rules study results (Measures.comparedPhase study) metric name tasks |]

/// On each task by itself.
let ofTasks (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    [| for task in study.Tasks do
           yield! over rules study results task.Name [ task ] |]

/// Over all tasks; of accuracies if all have classes. Nothing if there is one task.
let overall (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    if study.Tasks.Length < 2 then [||] else over rules study results "" study.Tasks
