using System.Globalization;
using ScottPlot;

namespace CuteDl.Reports;

/// <summary>Converts the axes of a figure to those of a panel.</summary>
internal static class FigureAxes
{
    /// <summary>Returns the scale of an axis.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="values">All values shown.</param>
    /// <param name="room">The share of the axis for infinite values, if they have a position.</param>
    public static Scale Scale(Axis axis, IEnumerable<double> values, double room = 0)
    {
        if (axis.Kind == AxisKind.Names)
        {
            return new NameScale(axis.Names);
        }

        var plain = axis.Kind == AxisKind.Logarithmic ? Reports.Scale.Logarithmic : Reports.Scale.Linear;
        var shown = values.Where(value => value == 0 || (value <= axis.Ceiling && value >= axis.Floor)).ToArray();
        var labelled = new LabelledScale(plain, () => Ticks(axis));
        var scale = axis.Kind == AxisKind.Logarithmic ? ZeroScale.Around(labelled, shown) : labelled;
        if (!axis.HasNever)
        {
            return scale;
        }

        var positions = shown.Select(scale.Position).Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (low, high) = (positions.Min(), positions.Max());
        var range = high > low ? high - low : 0.5;
        return new NeverScale(scale, high + (range * room / 3), high + (range * room));
    }

    /// <summary>Returns the limits of a horizontal axis.</summary>
    public static AxisLimits Limits(Axis axis, IEnumerable<double> values, Scale scale) =>
        axis.Kind == AxisKind.Names
            ? new AxisLimits(-0.5, axis.Names.Count - 0.5)
            : AxisLimits.Values(values.Where(value => value >= axis.Floor && value <= axis.Ceiling).Concat(axis.Reach), scale);

    private static ITickGenerator Ticks(Axis axis) =>
        (axis.Kind, axis.Format) switch
        {
            (AxisKind.Logarithmic, AxisFormat.Steps) => new LogarithmicTicks(Numbers.Short),
            (AxisKind.Logarithmic, _) => new LogarithmicTicks(value => Numbers.Tick(value)),
            (_, AxisFormat.Steps) => new LinearTicks((value, _) => Numbers.Short(value), isWhole: true),
            (_, AxisFormat.Percent) => new LinearTicks((value, _) => (100 * value).ToString("0.#", CultureInfo.InvariantCulture) + " %", isWhole: false),
            _ => new LinearTicks(Numbers.Tick, isWhole: false),
        };
}
