using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>The validations of one run.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Steps">The steps, in ascending order.</param>
/// <param name="Losses">The losses; NaN and infinities are gaps.</param>
/// <param name="Accuracies">The accuracies.</param>
internal sealed record SeedCurve(int Seed, IReadOnlyList<double> Steps, IReadOnlyList<double> Losses, IReadOnlyList<double> Accuracies);

/// <summary>The runs of one optimizer.</summary>
/// <param name="Group">The index of its group.</param>
/// <param name="Name">The name.</param>
/// <param name="Seeds">The runs; at least one.</param>
internal sealed record SeedCurves(int Group, string Name, IReadOnlyList<SeedCurve> Seeds);

/// <summary>
/// Builds panes of validation losses and accuracies over training steps. Several seeds have a faint line each, and a bold line for their
/// median. The median exists at each step at which at least half of the seeds have a finite value; it is the median of those values.
/// </summary>
internal static class CurvePanes
{
    private const int MostFaintPoints = 250;
    private const double TimesTheUsualLoss = 100;
    private const double BelowTheTarget = 1e-4;

    /// <summary>
    /// Returns the pane of losses. Its axis is logarithmic, unless a loss is negative or none is above 0. Losses far below the target, and
    /// those above the ceiling, do not extend the axis.
    /// </summary>
    public static LinePane Losses(IReadOnlyList<SeedCurves> curves, double? target = null, bool hasBands = false)
    {
        double[] finite = [.. curves.SelectMany(curve => curve.Seeds).SelectMany(seed => seed.Losses).Where(double.IsFinite)];
        var isLogarithmic = finite.Any(loss => loss > 0) && finite.All(loss => loss >= 0);
        var axis = new Axis("validation loss", isLogarithmic ? AxisKind.Logarithmic : AxisKind.Linear, AxisFormat.Value)
        {
            Floor = target is > 0 and var most && isLogarithmic ? most * BelowTheTarget : double.NegativeInfinity,
            Ceiling = Ceiling(curves),
        };
        return Pane(axis, curves, seed => seed.Losses, target, hasBands);
    }

    /// <summary>Returns the pane of accuracies.</summary>
    public static LinePane Accuracies(IReadOnlyList<SeedCurves> curves, double? target = null, bool hasBands = false) =>
        Pane(new Axis("validation accuracy", AxisKind.Linear, AxisFormat.Value), curves, seed => seed.Accuracies, target, hasBands);

    /// <summary>
    /// Returns a hundred times the median of the first finite losses; of two middle losses, the lower counts. Without this limit, one
    /// exploding run would flatten all other curves. Returns infinity if the median is not above 0.
    /// </summary>
    public static double Ceiling(IReadOnlyList<SeedCurves> curves)
    {
        double[] first = [.. curves.SelectMany(curve => curve.Seeds).SelectMany(seed => seed.Losses.Where(double.IsFinite).Take(1)).Order()];
        var usual = first.Length == 0 ? 0 : first[(first.Length - 1) / 2];
        return usual > 0 ? TimesTheUsualLoss * usual : double.PositiveInfinity;
    }

    private static LinePane Pane(Axis axis, IReadOnlyList<SeedCurves> curves, Func<SeedCurve, IReadOnlyList<double>> values, double? target, bool hasBands) =>
        new(
            new Axis("training steps", AxisKind.Logarithmic, AxisFormat.Steps),
            axis,
            [
                .. curves.Where(curve => curve.Seeds.Count > 1).SelectMany(curve => curve.Seeds, (curve, seed) => Faint(curve, seed, values(seed))),
                .. curves.Select(curve => Median(curve, values, hasBands)),
            ])
        {
            Levels = target is { } level ? [new Level(level, $"target {Numbers.Tick(level)}")] : [],
        };

    private static Series Faint(SeedCurves curve, SeedCurve seed, IReadOnlyList<double> values)
    {
        var stride = Math.Max(1, (int)Math.Ceiling(values.Count / (double)MostFaintPoints));
        int[] kept = [.. Enumerable.Range(0, values.Count).Where(i => i % stride == 0 || i == values.Count - 1)];
        return new Series(curve.Group, FormattableString.Invariant($"{curve.Name}, seed {seed.Seed}"), [.. kept.Select(i => seed.Steps[i])], [.. kept.Select(i => values[i])], Look.Faint);
    }

    private static Series Median(SeedCurves curve, Func<SeedCurve, IReadOnlyList<double>> values, bool hasBands)
    {
        bool IsHalf(int count) => 2 * count >= curve.Seeds.Count;
        var steps = curve.Seeds
            .SelectMany(seed => seed.Steps.Zip(values(seed)))
            .GroupBy(point => point.First, point => point.Second)
            .Where(point => IsHalf(point.Count()))
            .OrderBy(point => point.Key)
            .Select(point => (Step: point.Key, Finite: point.Where(double.IsFinite).ToArray()))
            .ToArray();
        double[] Quantile(double share) =>
            [.. steps.Select(point => point.Finite.Length > 0 && IsHalf(point.Finite.Length) ? point.Finite.QuantileCustom(share, QuantileDefinition.R7) : double.NaN)];
        var isBanded = hasBands && curve.Seeds.Count > 1;
        return new Series(curve.Group, curve.Name, [.. steps.Select(point => point.Step)], Quantile(0.5), Look.Curve)
        {
            Low = isBanded ? Quantile(0.25) : [],
            High = isBanded ? Quantile(0.75) : [],
        };
    }
}
