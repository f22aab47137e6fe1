namespace CuteDl.Studies

open System

/// A metric of the library.
[<ReferenceEquality>]
type private LibraryMetric =
    { Name: string
      Title: string
      Meaning: string
      Scale: MetricScale
      Role: MetricRole
      Applies: MetricScope -> bool
      Measure: TrialResult -> Nullable<float> }

    interface IMetric with
        member metric.Name = metric.Name
        member metric.Title = metric.Title
        member metric.Meaning = metric.Meaning
        member metric.Scale = metric.Scale
        member metric.Role = metric.Role
        member metric.AppliesTo(trials) = metric.Applies trials
        member metric.Value(_, result) = metric.Measure result

    override metric.ToString() = metric.Name

module private LibraryMetrics =
    let always (_: MetricScope) = true

    let withAccuracy (trials: MetricScope) = trials.Task.Problem.ComparesAccuracy

    let withFinalAccuracy (trials: MetricScope) = withAccuracy trials && not trials.CanStop

    let withAccuracyAtStop (trials: MetricScope) = withAccuracy trials && trials.CanStop

    let withTestAccuracy (trials: MetricScope) =
        withAccuracy trials && (trials.Phase = Phase.Confirmation || trials.Phase = Phase.Defaults)

    let private known (value: float) : Nullable<float> = if Double.IsNaN value then Nullable() else Nullable value

    let accuracy (score: Nullable<Score>) : Nullable<float> = if score.HasValue then known score.Value.Accuracy else Nullable()

    /// Each validation stands for the steps since the one before.
    let meanAccuracy (result: TrialResult) : Nullable<float> =
        let steps = result.Curve.Steps |> Array.map float

        if not result.Final.HasValue || steps.Length = 0 then
            Nullable()
        else
            let area =
                Array.append [| 0.0 |] steps
                |> Array.pairwise
                |> Array.map2 (fun accuracy (before, at) -> accuracy * (at - before)) result.Curve.Accuracy
                |> Array.sum

            known (area / Array.last steps)

/// <summary>The metrics of the library, each described once.</summary>
[<Sealed>]
type Metric private () =
    /// <summary>The steps to the target.</summary>
    static member val StepsToTarget: IMetric =
        { Name = "steps_to_target"
          Title = "steps to the target"
          Meaning = "the steps to the first validation that meets the target"
          Scale = MetricScale.Time
          Role = MetricRole.Primary
          Applies = LibraryMetrics.always
          Measure = fun result -> Nullable result.StepsToTarget }

    /// <summary>1 if the target was reached.</summary>
    static member val Success: IMetric =
        { Name = "success"
          Title = "success"
          Meaning = "1 if the target was reached, else 0"
          Scale = MetricScale.Outcome
          Role = MetricRole.Secondary
          Applies = LibraryMetrics.always
          Measure = fun result -> Nullable(if Double.IsFinite result.StepsToTarget then 1.0 else 0.0) }

    /// <summary>The accuracy of the last validation, for trials that used their whole budget.</summary>
    static member val FinalAccuracy: IMetric =
        { Name = "final_accuracy"
          Title = "final accuracy"
          Meaning = "the accuracy of the last validation, if trials use their whole budget"
          Scale = MetricScale.Share
          Role = MetricRole.Primary
          Applies = LibraryMetrics.withFinalAccuracy
          Measure = fun result -> LibraryMetrics.accuracy result.Final }

    /// <summary>The accuracy of the last validation, if stop rules can end a trial.</summary>
    static member val AccuracyAtStop: IMetric =
        { Name = "accuracy_at_stop"
          Title = "accuracy at the stop"
          Meaning = "the accuracy of the last validation, if stop rules can end a trial"
          Scale = MetricScale.Share
          Role = MetricRole.Primary
          Applies = LibraryMetrics.withAccuracyAtStop
          Measure = fun result -> LibraryMetrics.accuracy (if result.AtStop.HasValue then result.AtStop else result.Final) }

    /// <summary>The accuracy of the best validation. Tuning uses it, so contenders are never compared by it.</summary>
    static member val BestAccuracy: IMetric =
        { Name = "best_accuracy"
          Title = "best accuracy"
          Meaning = "the accuracy of the best validation; contenders are not compared by it"
          Scale = MetricScale.Share
          Role = MetricRole.Tuning
          Applies = LibraryMetrics.withAccuracy
          Measure = fun result -> LibraryMetrics.accuracy result.Best }

    /// <summary>The accuracy on the test set, scored once.</summary>
    static member val TestAccuracy: IMetric =
        { Name = "test_accuracy"
          Title = "test accuracy"
          Meaning = "the accuracy on the test set, scored once; it decides nothing at interim looks"
          Scale = MetricScale.Share
          Role = MetricRole.Secondary
          Applies = LibraryMetrics.withTestAccuracy
          Measure = fun result -> LibraryMetrics.accuracy result.Test }

    /// <summary>
    /// The mean validation accuracy over the budget: the area under the learning curve (Guyon et al. 2011), on a linear axis of steps, divided by
    /// the budget. A trial that learns early has a higher value than one that learns late, even if both end at the same accuracy.
    /// </summary>
    static member val MeanAccuracy: IMetric =
        { Name = "mean_accuracy"
          Title = "mean accuracy"
          Meaning = "the mean validation accuracy over the steps of the budget, if trials use their whole budget"
          Scale = MetricScale.Share
          Role = MetricRole.Primary
          Applies = LibraryMetrics.withFinalAccuracy
          Measure = LibraryMetrics.meanAccuracy }

    /// <summary>The metrics of a study that names none, in the order of tables.</summary>
    static member Defaults: IMetric list =
        [ Metric.StepsToTarget
          Metric.Success
          Metric.FinalAccuracy
          Metric.AccuracyAtStop
          Metric.BestAccuracy
          Metric.TestAccuracy ]

    /// <summary>All metrics of the library.</summary>
    static member BuiltIn: IMetric list = Metric.Defaults @ [ Metric.MeanAccuracy ]
