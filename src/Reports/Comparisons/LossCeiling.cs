namespace CuteDl.Reports;

/// <summary>Computes the upper limit of a comparison's loss panel.</summary>
internal static class LossCeiling
{
    private const double TimesTheUsual = 100;

    /// <summary>
    /// Returns a hundred times the median of the curves' first finite losses; of two middle losses, the lower counts. Without this limit,
    /// one exploding run would flatten all other curves. Returns infinity if the median is not above 0.
    /// </summary>
    public static double Of(IReadOnlyList<RunGroup> runs)
    {
        var first = runs
            .SelectMany(run => run.Losses)
            .Where(curve => curve.FinitePoints.Any())
            .Select(curve => curve.FinitePoints.First().Value)
            .Order()
            .ToArray();
        var usual = first.Length == 0 ? 0 : first[(first.Length - 1) / 2];
        return usual > 0 ? TimesTheUsual * usual : double.PositiveInfinity;
    }
}
