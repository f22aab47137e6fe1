namespace CuteDl.Reports;

/// <summary>The results of one run, a seed each.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Seeds">At least one result.</param>
/// <param name="Style">The drawing style.</param>
internal sealed record RunGroup(string Name, IReadOnlyList<RunResult> Seeds, RunStyle Style)
{
    /// <summary>The runs of a comparison, in the order in which they come.</summary>
    public static IReadOnlyList<RunGroup> Of(ComparisonResult comparison) =>
    [
        .. comparison.Runs
            .GroupBy(result => result.Run)
            .Select((seeds, index) => new RunGroup(seeds.Key, [.. seeds], new RunStyle(index))),
    ];

    public IReadOnlyList<Curve> Losses { get; } = [.. Seeds.Select(seed => Curve.Of(seed.History.Steps, seed.History.ValLoss))];

    public IReadOnlyList<Curve> Accuracies { get; } = [.. Seeds.Select(seed => Curve.Of(seed.History.Steps, seed.History.ValAccuracy))];
}
