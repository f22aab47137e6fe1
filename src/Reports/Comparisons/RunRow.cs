using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>A run's row in the table of a comparison.</summary>
internal static class RunRow
{
    /// <summary>Returns the names of the columns. Without classes there is no accuracy.</summary>
    public static string[] Columns(bool hasAccuracy) => ["run", "best loss", .. hasAccuracy ? ["final accuracy"] : Array.Empty<string>(), "steps", "stopped"];

    /// <summary>
    /// Returns the name, best loss, final accuracy (if there is one), steps and stop reason. For several seeds, numbers are the median and the range.
    /// </summary>
    public static string[] Cells(IReadOnlyList<RunResult> seeds, bool hasSeeds, bool hasAccuracy)
    {
        var losses = seeds.Select(seed => seed.History.ValLoss.Where(double.IsFinite).ToArray()).Where(finite => finite.Length > 0).Select(finite => finite.Min());
        var accuracies = seeds.SelectMany(seed => seed.History.ValAccuracy.TakeLast(1));
        var steps = seeds.Select(seed => (double)seed.Steps);
        var decimals = hasSeeds ? 3 : 4;
        return
        [
            seeds[0].Run,
            Spread(losses, value => Numbers.Value(value, decimals)),
            .. hasAccuracy ? [Spread(accuracies, value => Numbers.Value(value, decimals))] : Array.Empty<string>(),
            Spread(steps, hasSeeds ? Numbers.Rounded : value => Numbers.Exact((long)value)),
            Stops(seeds) + Dead(seeds),
        ];
    }

    private static string Spread(IEnumerable<double> values, Func<double, string> text)
    {
        double[] all = [.. values];
        return all.Length switch
        {
            0 => "none",
            1 => text(all[0]),
            _ => $"{text(all.Median())} ({text(all.Min())}–{text(all.Max())})",
        };
    }

    private static string Stops(IReadOnlyList<RunResult> seeds) =>
        seeds.Count == 1
            ? seeds[0].Stop.InWords()
            : StopCounts.InWords(seeds.Select(seed => seed.Stop));

    private static string Dead(IReadOnlyList<RunResult> seeds)
    {
        int[][] lost = [.. seeds.Select(seed => seed.DeadLogits.Concat(seed.AlmostDeadLogits).Order().ToArray()).Where(classes => classes.Length > 0)];
        return (seeds.Count, lost.Length) switch
        {
            (_, 0) => "",
            (1, _) => $"; (almost) dead: {string.Join(", ", lost[0])}",
            _ => $"; {lost.Length} with dead or almost dead classes",
        };
    }
}
