using CuteDl.Studies;
using CuteDl.Studies.Statistics;
using StudySummary = CuteDl.Studies.Summary;

namespace CuteDl.Reports;

/// <summary>Builds the tables that compare optimizers.</summary>
internal static class ComparisonTables
{
    public static StudyTable Summary(StudyAnalysis analysis)
    {
        var canStop = analysis.Summaries.Any(row => row.Metrics.Any(summary => summary.Metric == Metric.AccuracyAtStop && summary.Value.HasValue));
        var stop = analysis.Document.Length > 0
            ? "The accuracy at the stop is on the test images, which also decide when a run stops. "
            : "The accuracy at the stop is on the validation images. ";
        var final = analysis.Summaries.Any(row => row.Variant == Variant.AsGiven)
            ? "Best and final accuracy are on the validation images. "
            : "Best and final accuracy are on the validation images, which also chose the setting; test accuracy is not. ";
        return StudyTable.Of(
            "summary",
            "Optimizers over all seeds",
            "Each of the n finished trials has its own seed. Median steps: the interval is exact for every distribution, also if runs fail; it needs six runs. "
            + "Restricted mean: no time counts as more than the last step up to which every run of the task is known. Its interval is Student's t, given only if every run reached the target by then. "
            + "Accuracies: interquartile means (a quarter of the runs, rounded down, is left out at each end) with the interval of Tukey and McLaughlin. "
            + (canStop ? stop : final)
            + "A diverged run never reaches the target, and its accuracies count as 0. Success: Wilson's interval. "
            + "All intervals are of 95 %. Those of steps and accuracies contained the true value in 94 to 98 % of simulated studies with 6, 10 and 20 seeds."
            + string.Concat(analysis.Metrics.Except(Metric.Defaults).Select(metric => $" {metric.Title}: {metric.Meaning}.")),
            analysis.Summaries,
            [
                StudyColumn<StudySummary>.OfText("task", "task", row => row.Task),
                StudyColumn<StudySummary>.OfText("contender", "optimizer", row => row.Contender),
                StudyColumn<StudySummary>.OfText("variant", "settings", row => StudyText.Key(row.Variant), row => StudyText.Of(row.Variant)),
                StudyColumn<StudySummary>.Count("n", "n", row => row.Trials),
                StudyColumn<StudySummary>.Count("reached", "reached", row => row.Reached),
                StudyColumn<StudySummary>.Count("diverged", "diverged", row => row.Diverged),
                StudyColumn<StudySummary>.Range("success", "success", row => row.Success, StudyText.Percent),
                StudyColumn<StudySummary>.Range("steps_median", "median steps", row => row.Steps.Median, StudyText.Steps),
                StudyColumn<StudySummary>.Range("steps_restricted_mean", "restricted mean steps", row => row.Steps.RestrictedMean, StudyText.Steps),
                StudyColumn<StudySummary>.Number("steps_horizon", "known up to step", row => row.Steps.Horizon, StudyText.Steps),
                StudyColumn<StudySummary>.Range("examples_median", "", row => row.Examples.Median, StudyText.Steps),
                StudyColumn<StudySummary>.Range("examples_restricted_mean", "", row => row.Examples.RestrictedMean, StudyText.Steps),
                .. Metrics(analysis),
                StudyColumn<StudySummary>.Number("final_loss", "final loss", row => row.FinalLoss, StudyText.Number),
                StudyColumn<StudySummary>.Count("with_dead_logits", "with dead logits", row => row.WithDeadLogits),
                StudyColumn<StudySummary>.OfText("setting", "optimizer with its settings", row => row.Optimizer),
            ]);
    }

    public static StudyTable Seconds(StudyAnalysis analysis) =>
        StudyTable.Of(
            "seconds",
            "Seconds to the target",
            "Seconds of training, without validations, on a machine that ran other trials too. They are not repeatable; everything else here is. In the "
            + "restricted mean no time counts as more than the last second up to which every run of the task is known.",
            analysis.Summaries,
            StudyColumn<StudySummary>.OfText("task", "task", row => row.Task),
            StudyColumn<StudySummary>.OfText("contender", "optimizer", row => row.Contender),
            StudyColumn<StudySummary>.OfText("variant", "settings", row => StudyText.Key(row.Variant), row => StudyText.Of(row.Variant)),
            StudyColumn<StudySummary>.Count("n", "n", row => row.Trials),
            StudyColumn<StudySummary>.Range("seconds_median", "median seconds", row => row.Seconds.Median, StudyText.Number),
            StudyColumn<StudySummary>.Range("seconds_restricted_mean", "restricted mean seconds", row => row.Seconds.RestrictedMean, StudyText.Number),
            StudyColumn<StudySummary>.Number("seconds_horizon", "known up to second", row => row.Seconds.Horizon, StudyText.Number));

    public static StudyTable Comparisons(StudyAnalysis analysis) =>
        StudyTable.Of(
            "comparisons",
            "Pairs, seed by seed",
            "Steps: the geometric mean of first / second, below 1 if the first is faster. Accuracies and success: the mean of first − second in percentage points. "
            + "The interval holds every effect that the sign-flip test does not reject; for success it is Newcombe's. For steps, interval and p-values hold for every time between two validations. "
            + "The number n counts seeds. Both succeeded: seeds in which both reached the target, or neither diverged. The first p is of the sign-flip test for a difference. "
            + "The p of a tie is the larger one of two one-sided tests, against both ends of what counts as equal. "
            + "Adjusted: after Holm's correction over all pairs of that metric on that task, for differences and for ties. No tie is called on success. "
            + "Ratio of restricted means: the interval is the jackknife's, given only if all runs reached the target. "
            + "P(first is better): over all pairs of runs. Its interval treats the runs of a seed as one observation, because they are paired. "
            + "Neighbouring rates: in how many cases the winner stays ahead if one of the two has a learning rate that tuning tried next to the chosen one.",
            analysis.Overall.Concat(analysis.Comparisons),
            StudyColumn<PairComparison>.OfText("task", "task", row => row.Task, row => StudyText.Task(row.Task)),
            StudyColumn<PairComparison>.OfText("metric", "metric", row => row.Metric.Name, row => row.Metric.Title),
            StudyColumn<PairComparison>.OfText("first", "first", row => row.First),
            StudyColumn<PairComparison>.OfText("second", "second", row => row.Second),
            StudyColumn<PairComparison>.Count("n", "n", row => row.Seeds.Length),
            StudyColumn<PairComparison>.Count("both_succeeded", "both succeeded", row => row.BothSucceeded),
            new("known up to step", row => row.Horizons.Length == 0 ? StudyText.Nothing : string.Join(", ", row.Horizons.Select(StudyText.Steps)), true, ("horizon", Horizons)),
            new("effect", row => StudyText.Range(row.Effect, Effect(row)), true, Interval("effect", row => row.Effect)),
            StudyColumn<PairComparison>.Range("restricted_mean_ratio", "ratio of restricted means", row => row.RestrictedMeanRatio, StudyText.Number),
            StudyColumn<PairComparison>.Number("p", "p", row => row.P, StudyText.Number),
            StudyColumn<PairComparison>.Number("p_adjusted", "p, adjusted", row => row.AdjustedP, StudyText.Number),
            StudyColumn<PairComparison>.Number("p_tie", "p of a tie", row => row.TieP, StudyText.Number),
            StudyColumn<PairComparison>.Number("p_tie_adjusted", "p of a tie, adjusted", row => row.AdjustedTieP, StudyText.Number),
            StudyColumn<PairComparison>.Range("probability_of_improvement", "P(first is better)", row => row.ProbabilityOfImprovement, StudyText.Percent),
            new(
                "counts as equal",
                row => double.IsNaN(row.EqualLow) ? StudyText.Nothing : $"{Effect(row)(row.EqualLow)} to {Effect(row)(row.EqualHigh)}",
                true,
                ("equal_low", row => Known(row.EqualLow)),
                ("equal_high", row => Known(row.EqualHigh))),
            StudyColumn<PairComparison>.OfText("outcome", "outcome", row => StudyText.Key(row.Outcome), Outcome),
            StudyColumn<PairComparison>.OfText("winner", "", row => row.Winner),
            new(
                "neighbouring rates",
                row => row.NeighbouringRates is { } rates ? $"{rates.Held} of {rates.Cases}" : StudyText.Nothing,
                true,
                ("neighbours_held", row => row.NeighbouringRates?.Held),
                ("neighbours", row => row.NeighbouringRates?.Cases)),
            StudyColumn<PairComparison>.OfText("reason", "", row => row.Reason));

    /// <summary>Returns the outcome, with the winner or the reason why there is no ranking.</summary>
    public static string Outcome(PairComparison pair) =>
        pair.Outcome switch
        {
            CuteDl.Studies.Outcome.Wins => $"{pair.Winner} wins",
            CuteDl.Studies.Outcome.NotRanked => $"not ranked: {pair.Reason}",
            _ => StudyText.Of(pair.Outcome),
        };

    /// <summary>Returns the format for effects of a pair.</summary>
    public static Func<double, string> Effect(PairComparison pair) =>
        pair.Metric.Scale.IsTime ? StudyText.Number : StudyText.Points;

    public static StudyTable Profiles(StudyAnalysis analysis) =>
        StudyTable.Of(
            "profiles",
            "Performance profiles",
            "For each factor, the share of runs (task and seed) in which an optimizer needs at most that factor times the steps of the fastest (Dolan and Moré 2002). For each accuracy, the share of runs that end with at least that accuracy. Bands: Wilson's interval of 95 % at each place, with a seed as one observation.",
            analysis.Profiles.SelectMany(row => Enumerable.Range(0, row.Curve.At.Length), (row, i) => (row, i)),
            StudyColumn<(ProfileRow Row, int I)>.OfText("metric", "metric", at => at.Row.Metric.Name, at => at.Row.Metric.Title),
            StudyColumn<(ProfileRow Row, int I)>.OfText("contender", "optimizer", at => at.Row.Contender),
            StudyColumn<(ProfileRow Row, int I)>.Number("at", "factor or accuracy", at => at.Row.Curve.At[at.I], StudyText.Number),
            StudyColumn<(ProfileRow Row, int I)>.Range("share", "share", at => new(at.Row.Curve.Share[at.I], at.Row.Curve.Low[at.I], at.Row.Curve.High[at.I]), StudyText.Percent));

    private static (string Key, Func<PairComparison, object?> Value)[] Interval(string key, Func<PairComparison, Interval> interval) =>
        [(key, row => Known(interval(row).Value)), ($"{key}_low", row => Known(interval(row).Low)), ($"{key}_high", row => Known(interval(row).High))];

    /// <summary>Returns the columns of the metrics. Those without any value are in data files only.</summary>
    private static IEnumerable<StudyColumn<StudySummary>> Metrics(StudyAnalysis analysis)
    {
        foreach (var (i, metric) in (analysis.Summaries.FirstOrDefault()?.Metrics ?? []).Select(summary => summary.Metric).Index())
        {
            string Header(string title) => analysis.Summaries.Any(row => row.Metrics[i].Value.HasValue) ? title : "";
            if (metric.Scale.IsTime)
            {
                yield return StudyColumn<StudySummary>.Range($"{metric.Name}_median", Header($"median {metric.Title}"), row => row.Metrics[i].Value, StudyText.Steps);
                yield return StudyColumn<StudySummary>.Range($"{metric.Name}_restricted_mean", Header($"restricted mean {metric.Title}"), row => row.Metrics[i].RestrictedMean, StudyText.Steps);
                yield return StudyColumn<StudySummary>.Number($"{metric.Name}_horizon", "", row => row.Metrics[i].Horizon, StudyText.Steps);
            }
            else
            {
                yield return StudyColumn<StudySummary>.Range(metric.Name, Header(metric.Title), row => row.Metrics[i].Value, metric.Scale.IsShare ? StudyText.Accuracy : StudyText.Percent);
            }
        }
    }

    private static object? Known(double value) => double.IsNaN(value) ? null : value;

    // One number for one task; a list for several.
    private static object? Horizons(PairComparison row) =>
        row.Horizons.Length == 0 ? null
        : row.Horizons.Length == 1 ? row.Horizons[0]
        : string.Join(' ', row.Horizons.Select(horizon => horizon.ToString("R", System.Globalization.CultureInfo.InvariantCulture)));
}
