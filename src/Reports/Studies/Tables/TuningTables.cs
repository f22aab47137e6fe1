using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>The tables of what was tried on the way, and what was decided.</summary>
internal static class TuningTables
{
    public static StudyTable Selections(StudyResult result) =>
        StudyTable.Of(
            "selections",
            "What tuning found",
            "At the edge: hyper-parameters whose chosen value is still the last one tried, so that there may be a better one beyond.",
            result.Selections,
            StudyColumn<Selection>.Words("task", "task", row => row.Task),
            StudyColumn<Selection>.Words("contender", "optimizer", row => row.Contender),
            StudyColumn<Selection>.Count("settings", "settings tried", row => row.Settings.Length),
            StudyColumn<Selection>.Count("chosen", "chosen", row => row.Best),
            StudyColumn<Selection>.Number("steps_to_target", "its median steps", row => row.StepsToTarget[row.Best], StudyWords.Steps),
            StudyColumn<Selection>.Number("worth", "", row => row.Worth[row.Best], StudyWords.Number),
            StudyColumn<Selection>.Count("extensions", "extensions", row => row.Extensions),
            StudyColumn<Selection>.Words("at_edge", "at the edge", row => string.Join(", ", row.AtEdge)),
            StudyColumn<Selection>.Words("setting", "setting", row => row.Settings[row.Best].Optimizer.ToString()));

    public static StudyTable Settings(StudyAnalysis analysis) =>
        StudyTable.Of(
            "settings",
            "Every setting tried",
            "Medians over the tuning seeds; pruned trials ended early because they promised little.",
            analysis.Settings,
            StudyColumn<SettingRow>.Words("task", "task", row => row.Task),
            StudyColumn<SettingRow>.Words("contender", "optimizer", row => row.Contender),
            StudyColumn<SettingRow>.Count("setting", "setting", row => row.Setting),
            StudyColumn<SettingRow>.Words("values", "values", row => StudyWords.Values(row.Values)),
            StudyColumn<SettingRow>.Number("lr", "", row => row.Rate, StudyWords.Number),
            StudyColumn<SettingRow>.Count("n", "n", row => row.Trials),
            StudyColumn<SettingRow>.Count("reached", "reached", row => row.Reached),
            StudyColumn<SettingRow>.Count("diverged", "diverged", row => row.Diverged),
            StudyColumn<SettingRow>.Count("pruned", "pruned", row => row.Pruned),
            StudyColumn<SettingRow>.Number("steps_median", "median steps", row => row.MedianSteps, StudyWords.Steps),
            StudyColumn<SettingRow>.Number("best_accuracy_median", "median best accuracy", row => row.MedianBestAccuracy, StudyWords.Accuracy),
            StudyColumn<SettingRow>.Truth("chosen", "chosen", row => row.Chosen),
            StudyColumn<SettingRow>.Words("optimizer", "", row => row.Optimizer));

    public static StudyTable Decisions(StudyResult result) =>
        StudyTable.Of(
            "decisions",
            "What was decided on the way",
            "They follow from the study alone: not from the number of workers, nor from interruptions.",
            result.Decisions,
            StudyColumn<StudyDecision>.Words("kind", "what", row => StudyWords.Key(row.Kind), row => StudyWords.Key(row.Kind).Replace('_', ' ')),
            StudyColumn<StudyDecision>.Words("about", "about", row => row.About),
            StudyColumn<StudyDecision>.Count("at", "at", row => row.At),
            StudyColumn<StudyDecision>.Words("reason", "why", row => row.Reason));

    public static StudyTable Frontier(StudyAnalysis analysis) =>
        StudyTable.Of(
            "frontier",
            "Each learning rate",
            "",
            analysis.Frontier,
            StudyColumn<FrontierCell>.Words("task", "task", row => row.Task),
            StudyColumn<FrontierCell>.Words("contender", "optimizer", row => row.Contender),
            StudyColumn<FrontierCell>.Number("lr", "learning rate", row => row.Rate, StudyWords.Number),
            StudyColumn<FrontierCell>.Count("n", "n", row => row.Trials),
            StudyColumn<FrontierCell>.Count("reached", "reached", row => row.Reached),
            StudyColumn<FrontierCell>.Count("diverged", "diverged", row => row.Diverged),
            StudyColumn<FrontierCell>.Number("steps_median", "median steps", row => row.MedianSteps, StudyWords.Steps));

    public static StudyTable Limits(StudyAnalysis analysis) =>
        StudyTable.Of(
            "frontier-limits",
            "How small the learning rate may be",
            "The smallest rate with which all seeds, and with which most of them, reached the target within the budget; ≤: it is the smallest that was tried.",
            analysis.FrontierLimits,
            StudyColumn<FrontierLimit>.Words("task", "task", row => row.Task),
            StudyColumn<FrontierLimit>.Words("contender", "optimizer", row => row.Contender),
            new("all seeds", row => Limit(row.AllSeeds, row.AllSeedsIsEnd), true, ("all_seeds", row => row.AllSeeds), ("all_seeds_is_end", row => row.AllSeedsIsEnd)),
            new("most seeds", row => Limit(row.MostSeeds, row.MostSeedsIsEnd), true, ("most_seeds", row => row.MostSeeds), ("most_seeds_is_end", row => row.MostSeedsIsEnd)));

    public static StudyTable Tolerances(StudyAnalysis analysis) =>
        StudyTable.Of(
            "tolerances",
            "How far the learning rate may be off",
            "The rates around the best with at most twice its steps, and their width in decades; ≥: the true width is at least this.",
            analysis.Tolerances,
            StudyColumn<ToleranceRow>.Words("task", "task", row => row.Task),
            StudyColumn<ToleranceRow>.Words("contender", "optimizer", row => row.Contender),
            StudyColumn<ToleranceRow>.Words("phase", "rates of", row => StudyWords.Key(row.Phase)),
            StudyColumn<ToleranceRow>.Number("factor", "", row => row.Factor, StudyWords.Number),
            StudyColumn<ToleranceRow>.Optional("best", "best rate", row => row.Tolerance?.Best, StudyWords.Number),
            StudyColumn<ToleranceRow>.Optional("low", "from", row => row.Tolerance?.Low, StudyWords.Number),
            StudyColumn<ToleranceRow>.Optional("high", "to", row => row.Tolerance?.High, StudyWords.Number),
            new(
                "decades",
                row => row.Tolerance is { } width ? (width.LowIsEnd || width.HighIsEnd ? "≥ " : "") + StudyWords.Number(width.Decades) : "never reached",
                true,
                ("decades", row => row.Tolerance?.Decades),
                ("low_is_end", row => row.Tolerance?.LowIsEnd),
                ("high_is_end", row => row.Tolerance?.HighIsEnd)));

    public static StudyTable BestOfK(StudyAnalysis analysis) =>
        StudyTable.Of(
            "best-of-k",
            "What a smaller tuning budget would have found",
            "The best of k settings drawn from those tried (Dodge et al. 2019): expected, and where it lies 95 times of 100.",
            analysis.BestOfK.SelectMany(row => Enumerable.Range(0, row.K.Length), (row, i) => (row, i)),
            StudyColumn<(BestOfKRow Row, int I)>.Words("task", "task", at => at.Row.Task),
            StudyColumn<(BestOfKRow Row, int I)>.Words("contender", "optimizer", at => at.Row.Contender),
            StudyColumn<(BestOfKRow Row, int I)>.Words("metric", "metric", at => StudyWords.Key(at.Row.Metric), at => StudyWords.Of(at.Row.Metric)),
            StudyColumn<(BestOfKRow Row, int I)>.Count("k", "k", at => at.Row.K[at.I]),
            StudyColumn<(BestOfKRow Row, int I)>.Range("expected", "expected best", at => new(at.Row.Expected[at.I], at.Row.Low[at.I], at.Row.High[at.I]), StudyWords.Number));

    private static string Limit(double? rate, bool isEnd) => rate is { } there ? (isEnd ? "≤ " : "") + StudyWords.Number(there) : "none";
}
