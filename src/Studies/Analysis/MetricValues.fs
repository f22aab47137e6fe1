/// Takes the values of metrics, and checks them.
module internal CuteDl.Studies.MetricValues

open System
open CuteDl.Core.Optimizers

/// A trial with its value.
[<Struct>]
type Measured = { Result: TrialResult; Value: float }

/// The value of a trial that diverged or failed.
let private worst (scale: MetricScale) =
    match scale with
    | MetricScale.Time -> infinity
    | MetricScale.Share
    | MetricScale.Outcome -> 0.0

let private allowed (scale: MetricScale) =
    match scale with
    | MetricScale.Time -> "A time is a number of steps above 0 and at most the steps of the trial, or ∞ if the target was never reached"
    | MetricScale.Share -> "A share is a number from 0 to 1"
    | MetricScale.Outcome -> "An outcome is 0 or 1"

let private isAllowed (scale: MetricScale) (result: TrialResult) (value: float) =
    match scale with
    | MetricScale.Time -> value = infinity || value > 0.0 && value <= float result.Steps
    | MetricScale.Share -> value >= 0.0 && value <= 1.0
    | MetricScale.Outcome -> value = 0.0 || value = 1.0

/// Calls a metric, which can be one of one's own.
let private guarded (metric: IMetric) (subject: string) (call: unit -> 'result) : 'result =
    try
        call ()
    with error ->
        raise (StudyException($"The metric {Quotation.quote metric.Name} failed for {subject}: {error.Message}", error))

/// True if trials of a task in a phase of a study have a value.
let applies (study: StudyDesign) (metric: IMetric) (task: StudyTask) (phase: Phase) : bool =
    guarded metric $"the task {task.Name}" (fun () -> metric.AppliesTo { Task = task; Phase = phase; CanStop = study.Protocol.CanStop })

/// Returns the value of a trial to which the metric applies; NaN if the trial has none.
let ofTrial (metric: IMetric) (task: StudyTask) (result: TrialResult) : float =
    if result.HasFailed then
        worst metric.Scale
    else
        let subject = $"the trial {result.Trial.Id} of the task {task.Name}"
        let value = guarded metric subject (fun () -> metric.Value(task, result))

        if not value.HasValue then
            nan
        elif isAllowed metric.Scale result value.Value then
            value.Value
        else
            let shown = value.Value.ToString Globalization.CultureInfo.InvariantCulture

            raise (
                StudyException
                    $"The metric {Quotation.quote metric.Name} gave {shown} for {subject}. {allowed metric.Scale}. For a trial without a value, return null."
            )

/// True if some trial has a value of its own. If none has, the failed trials have none either: their task has no test set, for example.
let private isMeasured (metric: IMetric) (phase: Phase) (task: StudyTask) (results: TrialResult array) =
    let trained =
        results
        |> Array.filter (fun result -> result.Trial.Phase = phase && result.Trial.Task = task.Name && not result.HasFailed)

    trained.Length = 0
    || trained |> Array.exists (fun result -> not (Double.IsNaN(ofTrial metric task result)))

/// Returns the trials of a contender that have a value, ordered by seed.
let ofContender (metric: IMetric) (phase: Phase) (task: StudyTask) (results: TrialResult array) (contender: string) : Measured array =
    let measured =
        Measures.select results phase task.Name contender
        |> Array.map (fun result -> { Result = result; Value = ofTrial metric task result })
        |> Array.filter (fun measured -> not (Double.IsNaN measured.Value))

    if measured |> Array.exists _.Result.HasFailed && not (isMeasured metric phase task results) then
        [||]
    else
        measured

/// Returns the median of the trials of a phase that have a value; NaN if none has.
let median (study: StudyDesign) (metric: IMetric) (phase: Phase) (task: StudyTask) (trials: TrialResult array) : float =
    if applies study metric task phase then
        trials |> Array.map (ofTrial metric task) |> Measures.medianOr nan
    else
        nan
