namespace CuteDl.Reports;

/// <summary>Writes the page of a comparison: a single file that loads nothing else.</summary>
internal static class ComparisonPage
{
    /// <summary>Returns the page as HTML.</summary>
    /// <param name="comparison">The results.</param>
    /// <param name="summary">Their tables.</param>
    /// <param name="figures">The figure of the comparison, and those of its runs; empty if there are no validations.</param>
    public static string Write(ComparisonResult comparison, ComparisonSummary summary, IReadOnlyList<Figure> figures)
    {
        Section[] sections =
        [
            .. figures.Count > 0 ? [new Section("comparison", "Comparison", "Comparison", page => page.Figure(figures[0]))] : Array.Empty<Section>(),
            new("summary", "Summary", "Summary", page => Summary(page, summary)),
            .. figures.Count > 0 ? [new Section("runs", "Runs", "Runs", page => Runs(page, [.. comparison.Runs.Where(result => result.History.Count > 0).Zip(figures.Skip(1))]))] : Array.Empty<Section>(),
            new("environment", "Environment", "Environment", Page.Machine),
        ];
        return Page.Write(
            comparison.Runs.Count == 0 ? "Comparison of optimizers" : Short.List(comparison.Runs.Select(result => result.Run).Distinct()),
            comparison.Runs.Count == 0 ? "No run has finished." : $"{Numbers.Of(comparison.Runs.Select(result => result.Run).Distinct().Count(), "optimizer")}, {Numbers.Of(comparison.Runs.Count, "run")}.",
            summary.Incomplete,
            sections,
            figures);
    }

    private static void Summary(Html page, ComparisonSummary summary)
    {
        page.Table(summary.MainTable).List(summary.Failures.Concat(summary.Notes));
        if (summary.HasSeveralSeeds)
        {
            page.Folded("Every run", details => details.Table(summary.EveryRun()));
        }

        page.Raw("<p class=\"note\">The same as files: <a href=\"summary.md\">md</a>, <a href=\"summary.json\">json</a>. Seconds are not repeatable.</p>");
    }

    private static void Runs(Html page, (RunResult Result, Figure Figure)[] runs)
    {
        foreach (var (result, figure) in runs)
        {
            page.Folded(result.ToString(), details => details.Figure(figure), isOpen: runs.Length == 1);
        }
    }
}
