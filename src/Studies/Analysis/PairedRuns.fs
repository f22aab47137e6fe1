/// Pairs the runs of two contenders by seed, and bounds their differences.
module internal CuteDl.Studies.PairedRuns

open System
open CuteDl.Studies.Statistics

/// Two contenders on one task. All arrays are in the order of the seeds.
type OnTask =
    {
        /// The step up to which both are known; infinite for metrics other than times.
        Horizon: float
        /// The first contender's values: min(T, horizon) for times, else the values themselves.
        First: float array
        /// The second contender's values.
        Second: float array
        /// First − second: the difference of logarithms for times, else of percentages.
        Differences: float array
        /// The smallest possible difference. A time is known only up to one validation interval.
        Least: float array
        /// The largest possible difference.
        Greatest: float array
        /// True if both reached the target (times), both have 1 (outcomes), or neither diverged (shares).
        BothSucceeded: bool array
        /// True if any run of the two succeeded within the horizon.
        AnySucceeded: bool
    }

/// Two contenders on some tasks, with the seeds that both have finished on every task.
type PairedRuns = { Seeds: int array; Tasks: OnTask array }

let isTime (metric: IMetric) = metric.Scale = MetricScale.Time

let isOutcome (metric: IMetric) = metric.Scale = MetricScale.Outcome

/// One run: its value, and the range in which its time is known.
[<Struct>]
type private Run = { Value: float; Earliest: float; Succeeded: bool; KnownTo: float }

let private runs results phase metric (task: StudyTask) contender : Map<int, Run> =
    MetricValues.ofContender metric phase task results contender
    |> Array.map (fun measured ->
        let value, result = measured.Value, measured.Result

        result.Trial.Seed,
        match metric.Scale with
        | MetricScale.Time ->
            { Value = value
              Earliest = TimeToTarget.earliest task.ValidateEvery value
              Succeeded = Double.IsFinite value
              KnownTo = Measures.knownTo (float result.Steps) value result }
        | MetricScale.Share -> { Value = value; Earliest = value; Succeeded = not result.HasFailed; KnownTo = infinity }
        | MetricScale.Outcome -> { Value = value; Earliest = value; Succeeded = (value = 1.0); KnownTo = infinity })
    |> Map.ofArray

let private onTask (metric: IMetric) (task: StudyTask) (first: Run array) (second: Run array) : OnTask =
    let horizon =
        if isTime metric then
            Array.append first second |> Array.map _.KnownTo |> TimeToTarget.horizon (float task.Steps)
        else
            infinity

    // The ratio of two times is a difference of logarithms.
    let scale value = if isTime metric then log (max 1.0 (min horizon value)) else 100.0 * value

    let difference (one: Run -> float) (other: Run -> float) =
        Array.map2 (fun first second -> scale (one first) - scale (other second)) first second

    let hasSucceeded (run: Run) = run.Succeeded && not (run.Value > horizon)

    { Horizon = horizon
      First = first |> Array.map (fun run -> min horizon run.Value)
      Second = second |> Array.map (fun run -> min horizon run.Value)
      Differences = difference _.Value _.Value
      Least = difference _.Earliest _.Value
      Greatest = difference _.Value _.Earliest
      BothSucceeded = Array.map2 (fun first second -> hasSucceeded first && hasSucceeded second) first second
      AnySucceeded = Array.exists hasSucceeded first || Array.exists hasSucceeded second }

/// Returns None if there is no seed that both have finished on every task. A seed that is missing on one task is left out on all, because
/// its mean over the tasks is unknown.
let ofResults
    (results: TrialResult array)
    (phase: Phase)
    (metric: IMetric)
    (tasks: StudyTask list)
    (first: string)
    (second: string)
    : PairedRuns option =
    let all =
        [| for task in tasks -> struct (task, runs results phase metric task first, runs results phase metric task second) |]

    let seeds =
        all
        |> Seq.collect (fun struct (_, first, second) -> [ Set.ofSeq first.Keys; Set.ofSeq second.Keys ])
        |> Set.intersectMany
        |> Set.toArray

    if seeds.Length = 0 then
        None
    else
        let inOrder (runs: Map<int, Run>) = seeds |> Array.map (fun seed -> runs[seed])

        Some
            { Seeds = seeds
              Tasks =
                all
                |> Array.map (fun struct (task, first, second) -> onTask metric task (inOrder first) (inOrder second)) }

/// Returns the mean over tasks for each seed. A seed is one observation, because its runs share initial weights and the order of batches.
let bySeed (values: OnTask -> float array) (runs: PairedRuns) : float array =
    Array.init runs.Seeds.Length (fun seed -> runs.Tasks |> Array.averageBy (fun task -> (values task)[seed]))

/// Returns the indices of the seeds with which both succeeded on every task.
let bothSucceeded (runs: PairedRuns) : int array =
    Array.init runs.Seeds.Length id
    |> Array.filter (fun seed -> runs.Tasks |> Array.forall (fun task -> task.BothSucceeded[seed]))

/// True if any run of the two succeeded on any task.
let anySucceeded (runs: PairedRuns) : bool = runs.Tasks |> Array.exists _.AnySucceeded
