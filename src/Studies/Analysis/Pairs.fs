/// Contenders two by two, on the same seeds: by how much, how surely, and what may be said of it.
module internal CuteDl.Studies.Pairs

open System
open CuteDl.Studies.Statistics
open CuteDl.Studies.PairedRuns

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

let isTime metric = PairedRuns.isTime metric

let private nothing: Interval = { Value = nan; Low = nan; High = nan }

/// The mean difference. Its interval reaches from the lower ends' to the upper ends', so that it holds wherever between them the truth lies.
let private meanInterval purpose level (places: int array) (runs: PairedRuns) : Interval =
    let at (values: OnTask -> float array) =
        let all = bySeed values runs
        places |> Array.map (Array.get all)

    let interval (values: float array) = Bootstrap.ofSample Measures.Seed purpose level Array.average values
    let least, greatest = at _.Least, at _.Greatest
    let lower = interval least

    { Value = Array.average (at _.Differences)
      Low = lower.Low
      High = if greatest = least then lower.High else (interval greatest).High }

let private restrictedMeanRatio purpose level (runs: PairedRuns) : Interval =
    Bootstrap.interval Measures.Seed purpose Bootstrap.Resamples level runs.Seeds.Length (fun places ->
        let mean horizon (values: float array) = places |> Array.map (Array.get values) |> RestrictedMean.ofTimes horizon

        runs.Tasks
        |> Array.averageBy (fun task -> log (mean task.Horizon task.First / mean task.Horizon task.Second))
        |> exp)

let private improvement purpose level metric (runs: PairedRuns) : Interval =
    // Improvement takes less for better.
    let lessIsBetter (values: float array) = if isTime metric then values else values |> Array.map (~-)

    Improvement.interval
        Measures.Seed
        purpose
        level
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.First))
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.Second))

/// The percentage of wrong answers, of runs that did not diverge: a failed run must not widen what counts as equal.
let private meanError (both: int array) (runs: PairedRuns) =
    let mean (values: float array) = both |> Array.averageBy (Array.get values)
    100.0 - 50.0 * (runs.Tasks |> Array.averageBy (fun task -> mean task.First + mean task.Second))

let private equalRange (rules: Rules) metric (both: int array) (runs: PairedRuns) : struct (float * float) =
    match metric with
    | Metric.StepsToTarget -> struct (1.0 / rules.EqualWithin, rules.EqualWithin)
    | Metric.Success -> struct (nan, nan)
    | _ when both.Length = 0 -> struct (nan, nan)
    | _ ->
        let slack = (rules.EqualWithin - 1.0) * meanError both runs
        struct (-slack, slack)

let everySeed (runs: PairedRuns) = Array.init runs.Seeds.Length id

/// Ratios of times, differences of percentages.
let meanEffect metric level purpose places runs : Interval =
    let mean = meanInterval purpose level places runs
    if isTime metric then { Value = exp mean.Value; Low = exp mean.Low; High = exp mean.High } else mean

/// On one task, so that a run is a yes or a no.
let private successEffect level (runs: OnTask) : Interval =
    let pairs = Array.zip runs.First runs.Second
    let count pair = pairs |> Array.filter ((=) pair) |> Array.length

    let shares =
        Newcombe.interval level (count (1.0, 1.0)) (count (1.0, 0.0)) (count (0.0, 1.0)) (count (0.0, 0.0))

    { Value = 100.0 * shares.Value; Low = 100.0 * shares.Low; High = 100.0 * shares.High }

let private isNeverReached metric (runs: PairedRuns) = isTime metric && not (anySucceeded runs)

let private obstacle (rules: Rules) metric (runs: PairedRuns) : Obstacle =
    if runs.Seeds.Length < Measures.FewestToRank then Obstacle.TooFewSeeds
    // A verdict after every trial would be a look after every trial, and the level is for one.
    elif runs.Seeds.Length < rules.LookSeeds then Obstacle.LookIncomplete
    elif isNeverReached metric runs then Obstacle.NoneReached
    elif metric <> Metric.Success && not (anySucceeded runs) then Obstacle.AllDiverged
    else Obstacle.None

/// The largest p-value of the sign-flip test that the times between validations allow; a seed with all its tasks is one observation.
let pValue (runs: PairedRuns) : float = SignFlip.largest Measures.Seed (bySeed _.Least runs) (bySeed _.Greatest runs)

/// Whether the whole interval lies within what counts as equal: of all seeds, and of those in which both succeeded. There must be enough of
/// these: a pair in which both failed has the difference 0, which says nothing of their times.
let isTie (rules: Rules) metric purpose (both: int array) (runs: PairedRuns) (effect: Lazy<Interval>) : bool =
    let struct (low, high) = equalRange rules metric both runs

    metric <> Metric.Success
    && both.Length >= Measures.FewestToRank
    && 2 * both.Length > runs.Seeds.Length
    && effect.Value.LiesWithin(low, high)
    && (both.Length = runs.Seeds.Length
        || (meanEffect metric (1.0 - rules.Level) $"both/{purpose}" both runs).LiesWithin(low, high))

/// A comparison without correction, which takes all pairs, and whether it is a tie.
let private compare rules metric task first second (runs: PairedRuns) : struct (PairComparison * bool) =
    let purpose = $"{metric}/{task}/{first}/{second}"
    let level = 1.0 - rules.Level
    let both = bothSucceeded runs
    let obstacle = obstacle rules metric runs
    let isNever = isNeverReached metric runs
    let struct (equalLow, equalHigh) = equalRange rules metric both runs

    let effect: Interval =
        if isNever then nothing
        elif metric = Metric.Success then successEffect level runs.Tasks[0]
        else meanEffect metric level purpose (everySeed runs) runs

    let comparison =
        { Task = task
          Metric = metric
          First = first
          Second = second
          Seeds = runs.Seeds
          FirstValues = runs.Tasks |> Array.collect _.First
          SecondValues = runs.Tasks |> Array.collect _.Second
          BothSucceeded = both.Length
          Horizons = if isTime metric then runs.Tasks |> Array.map _.Horizon else [||]
          Effect = effect
          RestrictedMeanRatio =
            if isTime metric && not isNever then
                Nullable(restrictedMeanRatio $"restricted/{purpose}" level runs)
            else
                Nullable()
          P = pValue runs
          AdjustedP = nan
          ProbabilityOfImprovement = if isNever then nothing else improvement $"improvement/{purpose}" level metric runs
          EqualLow = equalLow
          EqualHigh = equalHigh
          Outcome = Outcome.NotRanked
          Winner = ""
          Obstacle = obstacle
          Reason = Words.obstacle obstacle runs.Seeds.Length rules.LookSeeds Measures.FewestToRank }

    struct (comparison, obstacle = Obstacle.None && isTie rules metric purpose both runs (lazy effect))

/// With the adjusted p-value in place. A difference within what counts as equal is none, however sure.
let private decide (rules: Rules) (comparison: PairComparison) (isTie: bool) : PairComparison =
    let isFirst =
        if isTime comparison.Metric then comparison.Effect.Value < 1.0 else comparison.Effect.Value > 0.0

    if comparison.Obstacle <> Obstacle.None then
        comparison
    elif isTie then
        { comparison with Outcome = Outcome.Equal }
    elif comparison.AdjustedP <= rules.Level then
        let winner = if isFirst then comparison.First else comparison.Second
        { comparison with Outcome = Outcome.Wins; Winner = winner }
    else
        { comparison with Outcome = Outcome.Undecided }

/// All pairs of one metric on some tasks. Pairs not yet run have no comparison, but count in the correction.
let private family (rules: Rules) study results phase metric name (tasks: StudyTask list) =
    let comparisons =
        Measures.pairs study
        |> Array.map (fun struct (first, second) ->
            PairedRuns.ofResults results phase metric tasks first second
            |> Option.map (compare rules metric name first second))

    let adjusted =
        comparisons
        |> Array.map (Option.map (fun struct (comparison, _) -> comparison.P) >> Option.defaultValue 1.0)
        |> Holm.adjust

    Array.zip comparisons adjusted
    |> Array.choose (fun (comparison, p) ->
        comparison
        |> Option.map (fun struct (comparison, isTie) -> decide rules { comparison with AdjustedP = p } isTie))

let private metrics (study: StudyDesign) (tasks: StudyTask list) =
    [ Metric.StepsToTarget
      if tasks |> List.forall Measures.hasClasses then
          if Measures.isDocument study then
              Metric.AccuracyAtStop
          else
              Metric.FinalAccuracy
              Metric.TestAccuracy ]

/// On each task by itself. Success is compared if some run missed the target; each metric has an error rate of its own.
let ofTasks (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    let phase = Measures.comparedPhase study

    [| for task in study.Tasks do
           let isMissed (result: TrialResult) =
               result.Trial.Phase = phase && result.Trial.Task = task.Name && not (Measures.isReached result)

           for metric in metrics study [ task ] do
               yield! family rules study results phase metric task.Name [ task ]

               if metric = Metric.StepsToTarget && Array.exists isMissed results then
                   yield! family rules study results phase Metric.Success task.Name [ task ] |]

/// Over all tasks; of accuracies if all have classes. Nothing if there is one task.
let overall (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    if study.Tasks.Length < 2 then
        [||]
    else
        [| for metric in metrics study study.Tasks do
               yield! family rules study results (Measures.comparedPhase study) metric "" study.Tasks |]
