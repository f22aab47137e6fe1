using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>Computes the median curve over the seeds of a run.</summary>
internal static class MedianCurve
{
    /// <summary>
    /// Returns the median at each step at which at least half of the curves have a value. It is the median of the finite values, or a gap
    /// if fewer than half are finite. A single curve is its own median.
    /// </summary>
    public static Curve Of(IReadOnlyList<Curve> curves)
    {
        bool IsHalf(int count) => 2 * count >= curves.Count;
        var medians = curves
            .SelectMany(curve => curve.Points)
            .GroupBy(point => point.Step, point => point.Value)
            .Where(values => IsHalf(values.Count()))
            .OrderBy(values => values.Key)
            .Select(values => (Step: values.Key, Finite: values.Where(double.IsFinite).ToArray()))
            .Select(at => (at.Step, Value: at.Finite.Length > 0 && IsHalf(at.Finite.Length) ? at.Finite.Median() : double.NaN))
            .ToArray();
        return new Curve([.. medians.Select(median => median.Step)], [.. medians.Select(median => median.Value)]);
    }
}
