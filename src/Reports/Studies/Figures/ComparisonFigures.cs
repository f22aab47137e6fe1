using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Figures of the differences between optimizers, and how certain they are.</summary>
internal static class ComparisonFigures
{
    /// <summary>Returns the performance profiles.</summary>
    public static IEnumerable<Figure> Profiles(StudyResult result, StudyMetadata metadata)
    {
        foreach (var profile in result.Analysis.Profiles.GroupBy(row => row.Metric.Name))
        {
            var metric = profile.First().Metric;
            var isTime = metric.Scale.IsTime;
            yield return new Figure(
                $"profile-{metric.Name.Replace('_', '-')}",
                $"Performance profile: {metric.Title}",
                isTime
                    ? "The share of runs (task and seed) in which an optimizer needs at most a multiple of the fastest one's steps. The right end of a curve is the success rate."
                      + (result.Study.Core.Protocol.StopRules.Length > 0 ? " A run that a stop rule ended counts as a run that never reaches the target." : "")
                      + " Bands: Wilson's interval of 95 % at each place."
                    : $"The share of runs (task and seed) with at least a given {metric.Title}. Bands: Wilson's interval of 95 % at each place.",
                [
                    new LinePane(
                        new Axis(isTime ? "multiple of the fastest one's steps" : $"{metric.Title}, at least", isTime ? AxisKind.Logarithmic : AxisKind.Linear, AxisFormat.Value),
                        new Axis("share of runs", AxisKind.Linear, AxisFormat.Percent) { Reach = [0, 1] },
                        [
                            .. profile.Select(row => new Series(metadata.Group(row.Contender), row.Contender, row.Curve.At, row.Curve.Share, isTime ? Look.Stairs : Look.Line)
                            {
                                Low = row.Curve.Low,
                                High = row.Curve.High,
                            }),
                        ]),
                ]);
        }
    }

    /// <summary>Returns the effects of all pairs with their intervals.</summary>
    public static IEnumerable<Figure> Pairs(StudyResult result)
    {
        var tasks = result.Analysis.Overall.Concat(result.Analysis.Comparisons).GroupBy(pair => pair.Task);
        foreach (var task in tasks)
        {
            IntervalPane[] panes =
            [
                .. task.Where(pair => !double.IsNaN(pair.Effect.Value)).GroupBy(pair => pair.Metric.Name).Select(pairs =>
                {
                    var metric = pairs.First().Metric;
                    var isTime = metric.Scale.IsTime;
                    return new IntervalPane(
                        isTime
                            ? new Axis("steps of the first / steps of the second", AxisKind.Logarithmic, AxisFormat.Value)
                            : new Axis("first − second, percentage points", AxisKind.Linear, AxisFormat.Value),
                        [
                            .. pairs.Select(pair => new IntervalRow(
                                -1,
                                $"{pair.First} : {pair.Second}",
                                pair.Effect.Value,
                                pair.Effect.Low,
                                pair.Effect.High,
                                $"{StudyText.Range(pair.Effect, ComparisonTables.Effect(pair))}, {(pair.Outcome == Outcome.NotRanked ? "not ranked" : ComparisonTables.Outcome(pair))}, n = {pair.Seeds.Length}")
                            {
                                Equal = double.IsNaN(pair.EqualLow) ? null : (pair.EqualLow, pair.EqualHigh),
                                IsFull = pair.Outcome is Outcome.Wins or Outcome.Equal,
                            }),
                        ])
                    {
                        Title = metric.Title + (isTime ? " (below 1: the first is faster)" : " (above 0: the first is better)"),
                        Zero = isTime ? 1 : 0,
                    };
                }),
            ];
            if (panes.Length == 0)
            {
                continue;
            }

            var name = StudyText.Task(task.Key);
            yield return new Figure(
                task.Key.Length == 0 ? "pairs" : FileNames.Safe($"pairs-{task.Key}"),
                $"Pairs: {name}",
                "The difference on the same seeds, with the interval of the sign-flip test. A line across the whole axis: too few seeds for an interval. Shaded: the differences that count as equal. Filled marks: one wins, or both are equal.",
                panes);
        }
    }

    /// <summary>Returns the shares of seeds that reached the target.</summary>
    public static IEnumerable<Figure> Successes(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in result.Analysis.Summaries.GroupBy(row => row.Task))
        {
            yield return new Figure(
                FileNames.Safe($"success-{task.Key}"),
                $"Runs that reached the target: {task.Key}",
                "Filled marks: tuned. Open marks: defaults. Wilson intervals of 95 %.",
                [
                    new IntervalPane(
                        new Axis("share of seeds", AxisKind.Linear, AxisFormat.Percent) { Reach = [0, 1] },
                        [
                            .. task.OrderBy(row => metadata.Group(row.Contender)).Select(row => new IntervalRow(
                                metadata.Group(row.Contender),
                                $"{row.Contender}, {StudyText.Of(row.Variant)}",
                                row.Success.Value,
                                row.Success.Low,
                                row.Success.High,
                                $"{row.Reached} of {row.Trials}" + (row.Diverged > 0 ? $", {row.Diverged} diverged" : ""))
                            {
                                IsFull = row.Variant != Variant.Defaults,
                            }),
                        ]),
                ]);
        }
    }

    /// <summary>Returns the shares of the document's runs that lost a class.</summary>
    public static IEnumerable<Figure> Dead(StudyResult result, StudyMetadata metadata)
    {
        if (result.Analysis.Document.Length > 0)
        {
            yield return new Figure(
                "lost-classes",
                "Runs that lost a class",
                "Runs with a dead or almost dead logit at the end. Wilson intervals of 95 %.",
                [
                    .. result.Analysis.Document.GroupBy(row => row.Task).Select(task => new IntervalPane(
                        new Axis("share of seeds", AxisKind.Linear, AxisFormat.Percent) { Reach = [0, 1] },
                        [
                            .. task.Select(row => new IntervalRow(
                                metadata.Group(row.Contender),
                                row.Contender,
                                row.DeadOrAlmost.Value,
                                row.DeadOrAlmost.Low,
                                row.DeadOrAlmost.High,
                                $"{Math.Round(row.DeadOrAlmost.Value * row.Trials)} of {row.Trials}")),
                        ])
                    {
                        Title = metadata.Tasks.Count > 1 ? task.Key : "",
                    }),
                ]);
        }
    }
}
