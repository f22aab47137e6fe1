namespace CuteDl.Reports;

/// <summary>The results of one run, one per seed.</summary>
/// <param name="Name">The name of the run.</param>
/// <param name="Seeds">The results; at least one.</param>
/// <param name="Style">The drawing style.</param>
internal sealed record RunGroup(string Name, IReadOnlyList<RunResult> Seeds, RunStyle Style)
{
    /// <summary>Groups the results of a comparison by run, in order of appearance.</summary>
    public static IReadOnlyList<RunGroup> Of(ComparisonResult comparison) =>
    [
        .. comparison.Runs
            .GroupBy(result => result.Run)
            .Select((seeds, index) => new RunGroup(seeds.Key, [.. seeds], new RunStyle(index))),
    ];

    public IReadOnlyList<Curve> Losses { get; } = [.. Seeds.Select(seed => Curve.Of(seed.History.Steps, seed.History.ValLoss))];

    public IReadOnlyList<Curve> Accuracies { get; } = [.. Seeds.Select(seed => Curve.Of(seed.History.Steps, seed.History.ValAccuracy))];
}
