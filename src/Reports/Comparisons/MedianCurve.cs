using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>What is usual among the seeds of a run.</summary>
internal static class MedianCurve
{
    /// <summary>
    /// At each step at which at least half of the curves have a finite value, the median of these values; for an even number of them
    /// the mean of the middle two. At other steps there is no point. A single curve is its own median.
    /// </summary>
    public static Curve Of(IReadOnlyList<Curve> curves)
    {
        var medians = curves
            .SelectMany(curve => curve.FinitePoints)
            .GroupBy(point => point.Step, point => point.Value)
            .Where(values => 2 * values.Count() >= curves.Count)
            .OrderBy(values => values.Key)
            .Select(values => (Step: values.Key, Value: values.Median()))
            .ToArray();
        return new Curve([.. medians.Select(median => median.Step)], [.. medians.Select(median => median.Value)]);
    }
}
