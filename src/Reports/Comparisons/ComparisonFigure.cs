namespace CuteDl.Reports;

/// <summary>Builds the figure of a comparison: losses, accuracies, and the table of runs.</summary>
internal static class ComparisonFigure
{
    /// <summary>The name of its file in the folder of a comparison.</summary>
    public const string File = "comparison.png";

    public static Figure Of(ComparisonResult comparison)
    {
        var runs = comparison.Runs.GroupBy(result => result.Run).ToArray();
        SeedCurves[] curves = [.. runs.Select((seeds, group) => new SeedCurves(group, seeds.Key, [.. seeds.Select(Curve)]))];
        var hasAccuracy = comparison.Runs.Any(run => run.HasAccuracy);
        var hasSeeds = curves.Any(curve => curve.Seeds.Count > 1);
        var losses = CurvePanes.Losses(curves);
        var ceiling = losses.Y.Ceiling;
        string[] outside = [.. curves.Where(curve => curve.Seeds.Any(seed => seed.Losses.Any(loss => double.IsFinite(loss) && loss > ceiling))).Select(curve => curve.Name)];
        return new Figure(
            "comparison",
            ComparisonWords.Title(curves),
            hasSeeds ? "Faint: each seed. Bold: the median, if at least half of the seeds have a value. In the table: median (range)." : "",
            [
                losses with { X = losses.X with { HasLabels = !hasAccuracy } },
                .. hasAccuracy ? [CurvePanes.Accuracies(curves)] : Array.Empty<LinePane>(),
                new TablePane(RunRow.Columns(hasAccuracy), [.. runs.Select(seeds => RunRow.Cells([.. seeds], hasSeeds, hasAccuracy))]),
            ])
        {
            Groups = [.. curves.Select(curve => curve.Name)],
            Remarks =
            [
                new Remark(Tone.Quiet, ComparisonWords.Setting(comparison.Runs)),
                .. outside.Length > 0 ? [new Remark(Tone.Warning, $"Losses above the loss panel: {string.Join(", ", outside)}.")] : Array.Empty<Remark>(),
            ],
            Footer = ComparisonWords.Footer(comparison.Runs),
            Files = [File],
        };
    }

    private static SeedCurve Curve(RunResult result) =>
        new(result.Seed, [.. result.History.Steps.Select(step => (double)step)], result.History.ValLoss, result.History.ValAccuracy);
}
