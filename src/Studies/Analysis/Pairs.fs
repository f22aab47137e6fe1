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

let private nothing = Interval.WithoutEnds nan

/// Returns the mean difference. Its interval covers the intervals of the smallest and of the largest possible differences, so it is valid
/// wherever the true differences are.
let private meanInterval level (runs: PairedRuns) : Interval =
    let interval (values: OnTask -> float array) = SignFlipInterval.ofDifferences Measures.Seed level (bySeed values runs)
    let least = interval _.Least

    { Value = Array.average (bySeed _.Differences runs)
      Low = least.Low
      High = if bySeed _.Greatest runs = bySeed _.Least runs then least.High else (interval _.Greatest).High }

/// Returns the ratio of the first to the second, without an interval if any run missed the target: see RestrictedMean.interval.
let private restrictedMeanRatio level (runs: PairedRuns) : Interval =
    let logarithm (places: int array) =
        let mean horizon (values: float array) = places |> Array.map (Array.get values) |> RestrictedMean.ofTimes horizon

        runs.Tasks
        |> Array.averageBy (fun task -> log (mean task.Horizon task.First / mean task.Horizon task.Second))

    let places = Array.init runs.Seeds.Length id

    if (bothSucceeded runs).Length < places.Length then
        Interval.WithoutEnds(exp (logarithm places))
    else
        let interval = Jackknife.interval level places.Length logarithm
        { Value = exp interval.Value; Low = exp interval.Low; High = exp interval.High }

let private improvement level metric (runs: PairedRuns) : Interval =
    // Improvement counts smaller values as better.
    let lessIsBetter (values: float array) = if isTime metric then values else values |> Array.map (~-)

    Improvement.interval
        level
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.First))
        (runs.Tasks |> Array.map (fun task -> lessIsBetter task.Second))

/// Returns the mean error rate of both for each seed, in percent.
let private errors (runs: PairedRuns) =
    Array.map2 (fun first second -> 100.0 - 50.0 * (first + second)) (bySeed _.First runs) (bySeed _.Second runs)

/// Returns the mean error rate over seeds with which neither diverged: a failed run must not widen the equivalence range.
let private meanError (both: int array) (runs: PairedRuns) =
    let errors = errors runs
    both |> Array.averageBy (Array.get errors)

let private equalRange (rules: Rules) (metric: IMetric) (both: int array) (runs: PairedRuns) : struct (float * float) =
    match metric.Scale with
    | MetricScale.Time -> struct (1.0 / rules.EqualWithin, rules.EqualWithin)
    | MetricScale.Outcome -> struct (nan, nan)
    | MetricScale.Share when both.Length = 0 -> struct (nan, nan)
    | MetricScale.Share ->
        let slack = (rules.EqualWithin - 1.0) * meanError both runs
        struct (-slack, slack)

/// Returns the margin of each seed, on the scale of the differences. For accuracies it is a share of the seed's own error rate, so that the
/// test includes the uncertainty of the margin.
let private margins (rules: Rules) metric (both: int array) (runs: PairedRuns) : float array =
    if isTime metric then
        Array.replicate runs.Seeds.Length (log rules.EqualWithin)
    else
        let margin error = (rules.EqualWithin - 1.0) * error
        let margins = Array.replicate runs.Seeds.Length (margin (meanError both runs))
        let errors = errors runs

        for seed in both do
            margins[seed] <- margin errors[seed]

        margins

/// Returns the ratio of times, or the difference of percentages.
let private meanEffect metric level runs : Interval =
    let mean = meanInterval level runs
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
    elif not (PairedRuns.isOutcome metric) && not (anySucceeded runs) then Obstacle.AllDiverged
    else Obstacle.None

/// Returns the largest p-value of the sign-flip test over all times between validations. A seed, with all its tasks, is one observation.
let pValue (runs: PairedRuns) : float = SignFlip.largest Measures.Seed (bySeed _.Least runs) (bySeed _.Greatest runs)

/// Returns the p-value of a tie: the greater of two one-sided tests (Schuirmann 1987), each against a difference of the equivalence margin
/// or more. The tests hold for every time between two validations. They are made on all seeds, and on those with which both succeeded: two
/// failed runs have the difference 0, which says nothing about their times. NaN if no tie can be claimed, because too few seeds succeeded
/// or the metric is success.
let tieP (rules: Rules) metric (runs: PairedRuns) : float =
    let both = bothSucceeded runs

    if
        PairedRuns.isOutcome metric
        || both.Length < Measures.FewestToRank
        || 2 * both.Length <= runs.Seeds.Length
    then
        nan
    else
        let margins = margins rules metric both runs
        let least, greatest = bySeed _.Least runs, bySeed _.Greatest runs

        let p (seeds: int array) =
            let above =
                seeds |> Array.map (fun seed -> greatest[seed] - margins[seed]) |> SignFlip.below Measures.Seed

            let below =
                seeds |> Array.map (fun seed -> -least[seed] - margins[seed]) |> SignFlip.below Measures.Seed

            max above below

        let all = p (Array.init runs.Seeds.Length id)
        if both.Length = runs.Seeds.Length then all else max all (p both)

/// Returns a comparison without correction for the number of pairs.
let private compare rules metric task first second (runs: PairedRuns) : PairComparison =
    let level = 1.0 - rules.Level
    let both = bothSucceeded runs
    let obstacle = obstacle rules metric runs
    let isNever = isNeverReached metric runs
    let struct (equalLow, equalHigh) = equalRange rules metric both runs

    { Task = task
      Metric = metric
      First = first
      Second = second
      Seeds = runs.Seeds
      FirstValues = runs.Tasks |> Array.collect _.First
      SecondValues = runs.Tasks |> Array.collect _.Second
      BothSucceeded = both.Length
      Horizons = if isTime metric then runs.Tasks |> Array.map _.Horizon else [||]
      Effect =
        if isNever then nothing
        elif PairedRuns.isOutcome metric then successEffect level runs.Tasks[0]
        else meanEffect metric level runs
      RestrictedMeanRatio = if isTime metric && not isNever then Nullable(restrictedMeanRatio level runs) else Nullable()
      P = pValue runs
      AdjustedP = nan
      TieP = tieP rules metric runs
      AdjustedTieP = nan
      ProbabilityOfImprovement = if isNever then nothing else improvement level metric runs
      EqualLow = equalLow
      EqualHigh = equalHigh
      Outcome = Outcome.NotRanked
      Winner = ""
      NeighbouringRates = Nullable()
      Obstacle = obstacle
      Reason = SentenceText.obstacle obstacle runs.Seeds.Length rules.LookSeeds Measures.FewestToRank }

/// Sets the outcome, from the adjusted p-values. A tie has priority: a significant difference within the equivalence range is not a win.
let private decide (rules: Rules) (comparison: PairComparison) : PairComparison =
    let isFirst =
        if isTime comparison.Metric then comparison.Effect.Value < 1.0 else comparison.Effect.Value > 0.0

    if comparison.Obstacle <> Obstacle.None then
        comparison
    elif comparison.AdjustedTieP <= rules.Level then
        { comparison with Outcome = Outcome.Equal }
    elif comparison.AdjustedP <= rules.Level then
        let winner = if isFirst then comparison.First else comparison.Second
        { comparison with Outcome = Outcome.Wins; Winner = winner }
    else
        { comparison with Outcome = Outcome.Undecided }

/// Corrects p-values for the number of pairs. A pair without a p-value counts as 1 in the correction.
let private adjusted (p: PairComparison -> float) (comparisons: PairComparison option array) : float array =
    comparisons
    |> Array.map (function
        | Some comparison when not (Double.IsNaN(p comparison)) -> p comparison
        | Some _
        | None -> 1.0)
    |> Holm.adjust

/// Compares all pairs in one metric on some tasks. Wins are corrected over all pairs, and so are ties. Pairs that have not run yet count in
/// the correction, but have no comparison.
let private family (rules: Rules) study results phase metric name (tasks: StudyTask list) =
    let comparisons =
        Measures.pairs study
        |> Array.map (fun struct (first, second) ->
            PairedRuns.ofResults results phase metric tasks first second
            |> Option.map (compare rules metric name first second))

    Array.zip3 comparisons (adjusted _.P comparisons) (adjusted _.TieP comparisons)
    |> Array.choose (fun (comparison, p, tieP) ->
        comparison
        |> Option.map (fun comparison ->
            let tieP = if Double.IsNaN comparison.TieP then nan else tieP
            decide rules { comparison with AdjustedP = p; AdjustedTieP = tieP }))

/// The study's metrics by which contenders are compared on all of these tasks.
let private metrics (study: StudyDesign) (tasks: StudyTask list) =
    let phase = Measures.comparedPhase study

    study.Metrics
    |> List.filter (fun metric ->
        metric.Role <> MetricRole.Tuning
        && tasks |> List.forall (fun task -> MetricValues.applies study metric task phase))

/// True if a metric has something to compare on a task: an outcome has nothing if all runs have 1.
let private isOpen (study: StudyDesign) (results: TrialResult array) (task: StudyTask) metric =
    not (isOutcome metric)
    || study.Contenders
       |> List.exists (fun contender ->
           MetricValues.ofContender metric (Measures.comparedPhase study) task results contender.Name
           |> Array.exists (fun measured -> measured.Value = 0.0))

/// Compares the pairs on each task. Each metric has its own error rate.
let ofTasks (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    [| for task in study.Tasks do
           for metric in metrics study [ task ] do
               if isOpen study results task metric then
                   yield! family rules study results (Measures.comparedPhase study) metric task.Name [ task ] |]

/// Compares the pairs over all tasks, in metrics that apply to all of them. Outcomes are compared on single tasks only. Returns nothing if
/// there is only one task.
let overall (rules: Rules) (study: StudyDesign) (results: TrialResult array) : PairComparison array =
    if study.Tasks.Length < 2 then
        [||]
    else
        [| for metric in metrics study study.Tasks do
               if not (isOutcome metric) then
                   yield! family rules study results (Measures.comparedPhase study) metric "" study.Tasks |]
