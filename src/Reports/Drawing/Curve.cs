namespace CuteDl.Reports;

/// <summary>Values over steps in ascending order. Values that are not finite are gaps.</summary>
/// <param name="Steps">The steps.</param>
/// <param name="Values">The values, one per step.</param>
internal sealed record Curve(IReadOnlyList<double> Steps, IReadOnlyList<double> Values)
{
    public static Curve Of(IReadOnlyList<long> steps, IReadOnlyList<double> values) =>
        new([.. steps.Select(step => (double)step)], values);

    public IEnumerable<CurvePoint> Points => Steps.Zip(Values, (step, value) => new CurvePoint(step, value));

    /// <summary>The points that can be drawn.</summary>
    public IEnumerable<CurvePoint> FinitePoints => Points.Where(point => double.IsFinite(point.Value));

    /// <summary>The first point with the smallest finite value; null if there is none.</summary>
    public CurvePoint? Smallest => FinitePoints.Cast<CurvePoint?>().MinBy(point => point!.Value.Value);

    /// <summary>The first point with the largest finite value; null if there is none.</summary>
    public CurvePoint? Largest => FinitePoints.Cast<CurvePoint?>().MaxBy(point => point!.Value.Value);

    /// <summary>The last point, finite or not; null if there is none.</summary>
    public CurvePoint? Last => Points.Cast<CurvePoint?>().LastOrDefault();
}

/// <summary>A value at a step.</summary>
internal readonly record struct CurvePoint(double Step, double Value);
