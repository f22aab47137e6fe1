namespace CuteDl.Reports;

/// <summary>Writes the texts of a comparison's figure.</summary>
internal static class ComparisonWords
{
    public static string Title(IReadOnlyList<SeedCurves> runs)
    {
        var seeds = runs.Select(run => run.Seeds.Count).DefaultIfEmpty(0).ToArray();
        var each = (seeds.Min(), seeds.Max()) switch
        {
            (_, <= 1) => "",
            var (fewest, most) when fewest == most => $", {most} seeds each",
            var (fewest, most) => $", {fewest} to {most} seeds each",
        };
        return $"{Numbers.Of(runs.Count, "run")} compared{each}";
    }

    /// <summary>Returns the settings that all runs share.</summary>
    public static string Setting(IReadOnlyList<RunResult> results) =>
        results.Count == 0
            ? ""
            : string.Join(
                " · ",
                Common(results, result => result.ModelText, "several models"),
                Common(results, RunWords.Data, "several data sets or batches"),
                Common(results, RunWords.Precision, "several precisions"),
                $"initial weights {Common(results, result => result.Settings.InitialWeights, "several")}");

    /// <summary>Returns the seeds and the version.</summary>
    public static string Footer(IReadOnlyList<RunResult> results)
    {
        if (results.Count == 0)
        {
            return "";
        }

        int[] seeds = [.. results.Select(result => result.Seed).Distinct().Order()];
        var which = seeds.Length == 1 ? $"seed {seeds[0]}"
            : seeds[^1] - seeds[0] == seeds.Length - 1 ? $"seeds {seeds[0]} to {seeds[^1]}"
            : $"seeds {string.Join(", ", seeds)}";
        return $"{which} · CuteDl {Common(results, RunWords.Version, "(several versions)")}";
    }

    private static string Common(IReadOnlyList<RunResult> results, Func<RunResult, string> text, string otherwise) =>
        results.Select(text).Distinct().Count() == 1 ? text(results[0]) : otherwise;
}
