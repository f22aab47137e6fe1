using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Builds the tables of tuning, the frontier and decisions.</summary>
internal static class TuningTables
{
    public static StudyTable Selections(StudyResult result) =>
        StudyTable.Of(
            "selections",
            "Settings selected by tuning",
            "At the edge: hyper-parameters whose chosen value is the outermost one tried. A better value may be beyond it.",
            result.Selections,
            [.. SelectionColumns(result.Selections.Any(row => row.Seed is not null))]);

    /// <summary>Returns the settings that the repetitions of a nested tuning selected; no row for another tuning.</summary>
    public static StudyTable Repetitions(StudyResult result) =>
        StudyTable.Of(
            "repetitions",
            "Settings selected by all tunings",
            "Each confirmation seed has a tuning of its own. The spread of the selected values shows a part of the luck of tuning, which the intervals of pairs include.",
            result.Selections.Where(row => row.Seed is not null).GroupBy(row => (row.Task, row.Contender)),
            StudyColumn<IGrouping<(string Task, string Contender), Selection>>.OfText("task", "task", row => row.Key.Task),
            StudyColumn<IGrouping<(string Task, string Contender), Selection>>.OfText("contender", "optimizer", row => row.Key.Contender),
            StudyColumn<IGrouping<(string Task, string Contender), Selection>>.Count("tunings", "tunings", row => row.Count()),
            StudyColumn<IGrouping<(string Task, string Contender), Selection>>.OfText("values", "selected values", row => Spread(row)),
            StudyColumn<IGrouping<(string Task, string Contender), Selection>>.Count("at_edge", "tunings with a value at the edge", row => row.Count(selection => selection.AtEdge.Length > 0)));

    private static IEnumerable<StudyColumn<Selection>> SelectionColumns(bool isNested) =>
        [
            StudyColumn<Selection>.OfText("task", "task", row => row.Task),
            StudyColumn<Selection>.OfText("contender", "optimizer", row => row.Contender),
            .. isNested ? [new StudyColumn<Selection>("seed", row => $"{row.Seed}", true, ("seed", row => (long?)row.Seed))] : Array.Empty<StudyColumn<Selection>>(),
            StudyColumn<Selection>.Count("settings", "settings tried", row => row.Settings.Length),
            StudyColumn<Selection>.Count("chosen", "chosen setting", row => row.Best),
            StudyColumn<Selection>.Number("steps_to_target", "median steps of the chosen setting", row => row.StepsToTarget[row.Best], StudyText.Steps),
            StudyColumn<Selection>.Number("objective", "", row => row.Objectives[row.Best], StudyText.Number),
            StudyColumn<Selection>.Count("extensions", "extensions", row => row.Extensions),
            StudyColumn<Selection>.OfText("at_edge", "at the edge", row => string.Join(", ", row.AtEdge)),
            StudyColumn<Selection>.OfText("setting", "chosen optimizer", row => row.Settings[row.Best].Optimizer.ToString()),
        ];

    // The values of each hyper-parameter: all if they are few, else their range.
    private static string Spread(IEnumerable<Selection> selections) =>
        string.Join("; ", selections.SelectMany(row => row.Settings[row.Best].Values).GroupBy(value => value.Item1).Select(values =>
        {
            double[] sorted = [.. values.Select(value => value.Item2).Order()];
            double[] distinct = [.. sorted.Distinct()];
            return distinct.Length <= 3
                ? $"{values.Key} {string.Join(", ", distinct.Select(StudyText.Number))}"
                : $"{values.Key} {StudyText.Number(distinct[0])} to {StudyText.Number(distinct[^1])}, median {StudyText.Number(CuteDl.Studies.Statistics.Quantile.median(sorted))}";
        }));

    public static StudyTable Settings(StudyAnalysis analysis) =>
        StudyTable.Of(
            "settings",
            "All settings tried",
            "Medians over the tuning seeds. Pruned trials were ended early, because their results were worse than those of earlier trials.",
            analysis.Settings,
            StudyColumn<SettingRow>.OfText("task", "task", row => row.Task),
            StudyColumn<SettingRow>.OfText("contender", "optimizer", row => row.Contender),
            StudyColumn<SettingRow>.Count("setting", "setting", row => row.Setting),
            StudyColumn<SettingRow>.OfText("values", "values", row => StudyText.Values(row.Values)),
            StudyColumn<SettingRow>.Number("lr", "", row => row.Rate, StudyText.Number),
            StudyColumn<SettingRow>.Count("n", "n", row => row.Trials),
            StudyColumn<SettingRow>.Count("reached", "reached", row => row.Reached),
            StudyColumn<SettingRow>.Count("diverged", "diverged", row => row.Diverged),
            StudyColumn<SettingRow>.Count("pruned", "pruned", row => row.Pruned),
            StudyColumn<SettingRow>.Number("steps_median", "median steps", row => row.MedianSteps, StudyText.Steps),
            StudyColumn<SettingRow>.Number("best_accuracy_median", "median best accuracy", row => row.MedianBestAccuracy, StudyText.Accuracy),
            StudyColumn<SettingRow>.Truth("chosen", "chosen", row => row.Chosen),
            StudyColumn<SettingRow>.OfText("optimizer", "", row => row.Optimizer));

    public static StudyTable Decisions(StudyResult result) =>
        StudyTable.Of(
            "decisions",
            "Decisions during the study",
            "Decisions depend only on the study, and not on the number of processors or on interruptions.",
            result.Decisions,
            StudyColumn<StudyDecision>.OfText("kind", "decision", row => StudyText.Key(row.Kind), row => StudyText.Key(row.Kind).Replace('_', ' ')),
            StudyColumn<StudyDecision>.OfText("about", "about", row => row.About),
            StudyColumn<StudyDecision>.Count("at", "step, round or look", row => row.At),
            StudyColumn<StudyDecision>.OfText("reason", "reason", row => row.Reason));

    public static StudyTable Frontier(StudyAnalysis analysis) =>
        StudyTable.Of(
            "frontier",
            "Learning rates tried",
            "",
            analysis.Frontier,
            StudyColumn<FrontierCell>.OfText("task", "task", row => row.Task),
            StudyColumn<FrontierCell>.OfText("contender", "optimizer", row => row.Contender),
            StudyColumn<FrontierCell>.Number("lr", "learning rate", row => row.Rate, StudyText.Number),
            StudyColumn<FrontierCell>.Count("n", "n", row => row.Trials),
            StudyColumn<FrontierCell>.Count("reached", "reached", row => row.Reached),
            StudyColumn<FrontierCell>.Count("diverged", "diverged", row => row.Diverged),
            StudyColumn<FrontierCell>.Number("steps_median", "median steps", row => row.MedianSteps, StudyText.Steps));

    public static StudyTable Limits(StudyAnalysis analysis) =>
        StudyTable.Of(
            "frontier-limits",
            "Smallest learning rates that reach the target",
            "The smallest learning rate at which all seeds, or most seeds, reached the target within the budget. ≤: no smaller rate was tried.",
            analysis.FrontierLimits,
            StudyColumn<FrontierLimit>.OfText("task", "task", row => row.Task),
            StudyColumn<FrontierLimit>.OfText("contender", "optimizer", row => row.Contender),
            new("all seeds", row => Limit(row.AllSeeds, row.AllSeedsIsEnd), true, ("all_seeds", row => row.AllSeeds), ("all_seeds_is_end", row => row.AllSeedsIsEnd)),
            new("most seeds", row => Limit(row.MostSeeds, row.MostSeedsIsEnd), true, ("most_seeds", row => row.MostSeeds), ("most_seeds_is_end", row => row.MostSeedsIsEnd)));

    public static StudyTable Tolerances(StudyAnalysis analysis) =>
        StudyTable.Of(
            "tolerances",
            "Range of good learning rates",
            "The learning rates around the best one that need at most twice its steps, and the width of their range in decades. ≥: the range extends beyond the rates tried.",
            analysis.Tolerances,
            StudyColumn<ToleranceRow>.OfText("task", "task", row => row.Task),
            StudyColumn<ToleranceRow>.OfText("contender", "optimizer", row => row.Contender),
            StudyColumn<ToleranceRow>.OfText("phase", "phase", row => StudyText.Key(row.Phase)),
            StudyColumn<ToleranceRow>.Number("factor", "", row => row.Factor, StudyText.Number),
            StudyColumn<ToleranceRow>.Optional("best", "best rate", row => row.Tolerance?.Best, StudyText.Number),
            StudyColumn<ToleranceRow>.Optional("low", "from", row => row.Tolerance?.Low, StudyText.Number),
            StudyColumn<ToleranceRow>.Optional("high", "to", row => row.Tolerance?.High, StudyText.Number),
            new(
                "decades",
                row => row.Tolerance is { } width ? (width.LowIsEnd || width.HighIsEnd ? "≥ " : "") + StudyText.Number(width.Decades) : "never reached",
                true,
                ("decades", row => row.Tolerance?.Decades),
                ("low_is_end", row => row.Tolerance?.LowIsEnd),
                ("high_is_end", row => row.Tolerance?.HighIsEnd)));

    public static StudyTable BestOfK(StudyAnalysis analysis) =>
        StudyTable.Of(
            "best-of-k",
            "Expected best of a smaller tuning budget",
            "The expected best of k settings drawn at random from all settings tried (Dodge et al. 2019). For 95 % of these draws, the best is within the interval. A grid of only k values would have other settings.",
            analysis.BestOfK.SelectMany(row => Enumerable.Range(0, row.K.Length), (row, i) => (row, i)),
            StudyColumn<(BestOfKRow Row, int I)>.OfText("task", "task", at => at.Row.Task),
            StudyColumn<(BestOfKRow Row, int I)>.OfText("contender", "optimizer", at => at.Row.Contender),
            StudyColumn<(BestOfKRow Row, int I)>.OfText("metric", "metric", at => at.Row.Metric.Name, at => at.Row.Metric.Title),
            StudyColumn<(BestOfKRow Row, int I)>.Count("k", "k", at => at.Row.K[at.I]),
            StudyColumn<(BestOfKRow Row, int I)>.Range("expected", "expected best", at => new(at.Row.Expected[at.I], at.Row.Low[at.I], at.Row.High[at.I]), StudyText.Number));

    private static string Limit(double? rate, bool isEnd) => rate is { } there ? (isEnd ? "≤ " : "") + StudyText.Number(there) : "none";
}
