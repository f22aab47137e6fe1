namespace CuteDl.Reports;

/// <summary>The limits of an axis, as positions on its scale.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
internal readonly record struct AxisLimits(double Low, double High)
{
    /// <summary>Returns the limits of an axis for these steps. A linear axis begins at 0.</summary>
    public static AxisLimits Steps(IEnumerable<double> steps, Scale scale) =>
        scale == Scale.Linear ? Linear(steps.Append(0).Max()) : Around(steps, scale, share: 0.02);

    /// <summary>Returns the limits of an axis for these values, with a margin above and below.</summary>
    public static AxisLimits Values(IEnumerable<double> values, Scale scale) => Around(values, scale, share: 0.05);

    private static AxisLimits Linear(double last) => new(0, last > 0 ? last * 1.03 : 1);

    private static AxisLimits Around(IEnumerable<double> values, Scale scale, double share)
    {
        var positions = values.Select(scale.Position).Where(double.IsFinite).ToArray();
        if (positions.Length == 0)
        {
            return new(0, 1);
        }

        var (low, high) = (positions.Min(), positions.Max());
        var room = high > low ? share * (high - low) : Math.Max(0.1 * Math.Abs(low), 0.05);
        return new(low - room, high + room);
    }
}
