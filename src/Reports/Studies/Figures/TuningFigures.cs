using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Builds the figures of tuning and of learning rates.</summary>
internal static class TuningFigures
{
    /// <summary>Returns steps to the target and best accuracy over the learning rate.</summary>
    public static IEnumerable<Figure> Rates(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var rows = result.Analysis.Settings.Where(row => row.Task == task.Name && row.Rate > 0).ToArray();
            if (rows.Length > 0)
            {
                var panes = new List<Pane> { Sensitivity(metadata, rows, "steps to the target", AxisKind.Logarithmic, AxisFormat.Steps, row => row.MedianSteps) };
                if (task.HasClasses)
                {
                    panes.Add(Sensitivity(metadata, rows, "best validation accuracy", AxisKind.Linear, AxisFormat.Value, row => row.MedianBestAccuracy));
                }

                yield return new Figure(
                    FileNames.Safe($"rates-{task.Name}"),
                    $"Learning rates: {task.Name}",
                    "The median over the tuning seeds for each setting. Never: the target was not reached within the budget. ×: some runs diverged.",
                    panes);
            }
        }
    }

    /// <summary>
    /// Returns the heat maps of the frontier: median steps, and the number of seeds that reached the target, for each contender and rate.
    /// </summary>
    public static IEnumerable<Figure> Frontier(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var cells = result.Analysis.Frontier.Where(cell => cell.Task == task.Name).ToArray();
            if (cells.Length > 0)
            {
                double[] rates = [.. cells.Select(cell => cell.Rate).Distinct().Order()];
                string[] rows = [.. metadata.Contenders.Where(name => cells.Any(cell => cell.Contender == name))];
                double[] reached = [.. cells.Select(cell => cell.MedianSteps).Where(steps => double.IsFinite(steps) && steps > 0)];
                var (low, high) = reached.Length == 0 ? (1, 1) : (reached.Min(), reached.Max());
                double Shade(double steps) => !double.IsFinite(steps) ? double.NaN : high > low ? Math.Log(Math.Max(steps, low) / low) / Math.Log(high / low) : 0;
                HeatCell? At(string name, double rate)
                {
                    var cell = cells.FirstOrDefault(cell => cell.Contender == name && cell.Rate == rate);
                    return cell is null
                        ? null
                        : new HeatCell(
                            Shade(cell.MedianSteps),
                            double.IsFinite(cell.MedianSteps) ? Numbers.Rounded(cell.MedianSteps) : 2 * cell.Diverged >= cell.Trials ? "×" : "never",
                            $"{cell.Reached}/{cell.Trials}",
                            2 * cell.Diverged >= cell.Trials,
                            $"{name}, learning rate {StudyText.Number(rate)}: {cell.Reached} of {cell.Trials} reached the target"
                            + (double.IsFinite(cell.MedianSteps) ? $", median {StudyText.Steps(cell.MedianSteps)} steps" : "")
                            + (cell.Diverged > 0 ? $", {cell.Diverged} diverged" : ""));
                }

                yield return new Figure(
                    FileNames.Safe($"frontier-{task.Name}"),
                    $"The small-rate frontier: {task.Name}",
                    "Median steps to the target at each learning rate: darker cells have fewer steps. Below: the number of seeds that reached the target. Grey: at least half of the seeds missed it. ×: at least half diverged.",
                    [new HeatPane("learning rate", [.. rates.Select(StudyText.Number)], rows, [.. rows.Select(name => (IReadOnlyList<HeatCell?>)[.. rates.Select(rate => At(name, rate))])])]);
            }
        }
    }

    /// <summary>Returns the expected best of smaller tuning budgets.</summary>
    public static IEnumerable<Figure> BestOfK(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var rows = result.Analysis.BestOfK.Where(row => row.Task == task.Name).ToArray();
            LinePane[] panes =
            [
                .. rows.GroupBy(row => row.Metric.Name).Select(metric => new LinePane(
                    new Axis("settings tried", AxisKind.Linear, AxisFormat.Steps),
                    metric.First().Metric.Scale.IsTime
                        ? new Axis("expected steps", AxisKind.Logarithmic, AxisFormat.Steps)
                        : new Axis($"expected {metric.First().Metric.Title}", AxisKind.Linear, AxisFormat.Value),
                    [
                        .. metric.Select(row => new Series(metadata.Group(row.Contender), row.Contender, [.. row.K.Select(k => (double)k)], row.Expected, Look.Marked)
                        {
                            Low = row.Low,
                            High = row.High,
                        }),
                    ])
                {
                    Title = metric.First().Metric.Title,
                }),
            ];
            if (panes.Length > 0)
            {
                yield return new Figure(
                    FileNames.Safe($"best-of-k-{task.Name}"),
                    $"Expected best of fewer settings: {task.Name}",
                    "The expected best of k settings drawn at random from all settings tried. For 95 % of these draws, the best is within the band. A grid of only k values would have other settings. A missed target counts as the whole budget.",
                    panes);
            }
        }
    }

    private static LinePane Sensitivity(StudyMetadata metadata, SettingRow[] rows, string title, AxisKind kind, AxisFormat format, Func<SettingRow, double> value) =>
        new(
            new Axis("learning rate", AxisKind.Logarithmic, AxisFormat.Value),
            new Axis(title, kind, format) { HasNever = rows.Any(row => double.IsInfinity(value(row))) },
            [
                .. rows.GroupBy(row => row.Contender).OrderBy(contender => metadata.Group(contender.Key)).Select(contender =>
                {
                    // If other hyper-parameters vary too, a line between neighbouring rates would be misleading.
                    SettingRow[] settings = [.. contender.OrderBy(row => row.Rate)];
                    return new Series(metadata.Group(contender.Key), contender.Key, [.. settings.Select(row => row.Rate)], [.. settings.Select(value)], Look.Marked)
                    {
                        Descriptions = [.. settings.Select(row => $"{StudyText.Values(row.Values)}: {row.Reached} of {row.Trials} reached the target" + (row.Diverged > 0 ? $", {row.Diverged} diverged" : "") + (row.Pruned > 0 ? $", {row.Pruned} pruned" : "") + (row.Chosen ? "; chosen" : ""))],
                        Diverged = [.. settings.Select(row => row.Diverged > 0)],
                    };
                }),
            ]);
}
