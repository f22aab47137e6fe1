/// Compares contenders pair by pair on the same seeds: effect, interval, p-value and outcome.
module internal CuteDl.Studies.Pairs

open System
open CuteDl.Studies.Statistics
open CuteDl.Studies.PairedRuns

/// The parameters of a decision.
type Rules =
    {
        /// The significance level of the look.
        Level: float
        /// The equivalence margin, above 1.
        EqualWithin: float
        /// The number of seeds of the look.
        LookSeeds: int
    }

let isTime metric = PairedRuns.isTime metric

let private nothing: Interval = { Value = nan; Low = nan; High = nan }

/// Returns the mean difference. Its interval covers the intervals of the smallest and of the largest possible differences, so it is valid
/// wherever the true differences are.
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
    // Improvement counts smaller values as better.
    let lessIsBetter (values: float array) = if isTime metric then values else values |> Array.map (~-)

    Improvement.interval
        Measures.Seed
        purpose
        level
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.First))
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.Second))

/// Returns the mean error rate in percent over seeds with which neither diverged: a failed run must not widen the equivalence range.
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

/// Returns the ratio of times, or the difference of percentages.
let meanEffect metric level purpose places runs : Interval =
    let mean = meanInterval purpose level places runs
    if isTime metric then { Value = exp mean.Value; Low = exp mean.Low; High = exp mean.High } else mean

/// For one task only, so that each value is 0 or 1.
let private successEffect level (runs: OnTask) : Interval =
    let pairs = Array.zip runs.First runs.Second
    let count pair = pairs |> Array.filter ((=) pair) |> Array.length

    let shares =
        Newcombe.interval level (count (1.0, 1.0)) (count (1.0, 0.0)) (count (0.0, 1.0)) (count (0.0, 0.0))

    { Value = 100.0 * shares.Value; Low = 100.0 * shares.Low; High = 100.0 * shares.High }

let private isNeverReached metric (runs: PairedRuns) = isTime metric && not (anySucceeded runs)

let private obstacle (rules: Rules) metric (runs: PairedRuns) : Obstacle =
    if runs.Seeds.Length < Measures.FewestToRank then Obstacle.TooFewSeeds
    // A verdict before all seeds have finished would be one more look, and the level is for one.
    elif runs.Seeds.Length < rules.LookSeeds then Obstacle.LookIncomplete
    elif isNeverReached metric runs then Obstacle.NoneReached
    elif metric <> Metric.Success && not (anySucceeded runs) then Obstacle.AllDiverged
    else Obstacle.None

/// Returns the largest p-value of the sign-flip test over all times between validations. A seed, with all its tasks, is one observation.
let pValue (runs: PairedRuns) : float = SignFlip.largest Measures.Seed (bySeed _.Least runs) (bySeed _.Greatest runs)

/// True if the whole interval is within the equivalence range, for all seeds and for those with which both succeeded. The second group must
/// be large enough: two failed runs have the difference 0, which says nothing about their times.
let isTie (rules: Rules) metric purpose (both: int array) (runs: PairedRuns) (effect: Lazy<Interval>) : bool =
    let struct (low, high) = equalRange rules metric both runs

    metric <> Metric.Success
    && both.Length >= Measures.FewestToRank
    && 2 * both.Length > runs.Seeds.Length
    && effect.Value.LiesWithin(low, high)
    && (both.Length = runs.Seeds.Length
        || (meanEffect metric (1.0 - rules.Level) $"both/{purpose}" both runs).LiesWithin(low, high))

/// Returns a comparison without correction for the number of pairs, and whether it is a tie.
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
          Reason = SentenceText.obstacle obstacle runs.Seeds.Length rules.LookSeeds Measures.FewestToRank }

    struct (comparison, obstacle = Obstacle.None && isTie rules metric purpose both runs (lazy effect))

/// Sets the outcome, from the adjusted p-value. A tie has priority: a significant difference within the equivalence range is not a win.
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

/// Compares all pairs in one metric on some tasks. Pairs that have not run yet count in the correction, but have no comparison.
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

/// Compares the pairs on each task. Success is compared if some run missed the target. Each metric has its own error rate.
let ofTasks (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    let phase = Measures.comparedPhase study

    [| for task in study.Tasks do
           let isMissed (result: TrialResult) =
               result.Trial.Phase = phase && result.Trial.Task = task.Name && not (Measures.isReached result)

           for metric in metrics study [ task ] do
               yield! family rules study results phase metric task.Name [ task ]

               if metric = Metric.StepsToTarget && Array.exists isMissed results then
                   yield! family rules study results phase Metric.Success task.Name [ task ] |]

/// Compares the pairs over all tasks, in accuracy only if all tasks have classes. Returns nothing if there is only one task.
let overall (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    if study.Tasks.Length < 2 then
        [||]
    else
        [| for metric in metrics study study.Tasks do
               yield! family rules study results (Measures.comparedPhase study) metric "" study.Tasks |]
