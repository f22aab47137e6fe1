namespace CuteDl.Studies

open System

/// <summary>The scale of a metric. It decides the statistics of a comparison, so there are only these.</summary>
[<RequireQualifiedAccess>]
type MetricScale =
    /// <summary>A time that can be censored; less is better. Contenders are compared by ratios.</summary>
    | Time
    /// <summary>A share of examples; more is better. Contenders are compared by differences.</summary>
    | Share
    /// <summary>1 or 0 for each run; more is better. Contenders are compared by rates.</summary>
    | Outcome

/// A metric: all that the statistics and the reports know of it.
[<NoComparison; NoEquality>]
type internal MetricKind =
    {
        Metric: Metric
        Name: string
        Scale: MetricScale
        /// Returns the value of a trial.
        Measure: StudyTask -> TrialResult -> float
    }

/// <summary>The metrics, each described once.</summary>
[<RequireQualifiedAccess>]
module MetricKinds =
    let private kind metric name scale measure : MetricKind = { Metric = metric; Name = name; Scale = scale; Measure = measure }

    let private reached (result: TrialResult) : float = if Measures.isReached result then 1.0 else 0.0

    let internal all: MetricKind list =
        [ kind Metric.StepsToTarget "steps to the target" MetricScale.Time (fun _ -> Measures.steps)
          kind Metric.FinalAccuracy "final accuracy" MetricScale.Share Measures.finalAccuracy
          kind Metric.AccuracyAtStop "accuracy at the stop" MetricScale.Share Measures.accuracyAtStop
          kind Metric.TestAccuracy "test accuracy" MetricScale.Share Measures.testAccuracy
          kind Metric.BestAccuracy "best accuracy" MetricScale.Share Measures.bestAccuracy
          kind Metric.Success "success" MetricScale.Outcome (fun _ -> reached) ]

    let private find (metric: Metric) : MetricKind =
        match all |> List.tryFind (fun kind -> kind.Metric = metric) with
        | Some kind -> kind
        | None -> raise (ArgumentOutOfRangeException(nameof metric, metric, $"There is no metric {int metric}. Use a member of Metric."))

    /// <summary>Returns the name of a metric in sentences and tables.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such metric.</exception>
    let name (metric: Metric) : string = (find metric).Name

    /// <summary>Returns the scale of a metric.</summary>
    /// <exception cref="T:System.ArgumentOutOfRangeException">There is no such metric.</exception>
    let scale (metric: Metric) : MetricScale = (find metric).Scale

    /// Returns the value of a trial of a task.
    let internal measure (metric: Metric) : StudyTask -> TrialResult -> float = (find metric).Measure
