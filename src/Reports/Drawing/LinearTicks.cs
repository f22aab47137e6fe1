using ScottPlot;

namespace CuteDl.Reports;

/// <summary>The ticks of a linear axis: round numbers, all with the same number of decimals.</summary>
/// <param name="label">Returns the label of a value. The second argument is the distance between values.</param>
/// <param name="isWhole">True if only whole numbers make sense.</param>
internal sealed class LinearTicks(Func<double, double, string> label, bool isWhole) : ITickGenerator
{
    private const int MinorPerMajor = 5;

    public Tick[] Ticks { get; private set; } = [];

    public int MaxTickCount { get; set; } = 1000;

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        var room = Math.Max(2, size.Length / (edge is Edge.Left or Edge.Right ? 26 : 62));
        var (values, distance) = EvenSteps.Within(range.Min, range.Max, room);
        if (isWhole && distance < 1)
        {
            (values, distance) = (EvenSteps.Multiples(1, range.Min, range.Max), 1);
        }

        var minor = isWhole && distance < MinorPerMajor ? [] : EvenSteps.Multiples(distance / MinorPerMajor, range.Min, range.Max);
        Ticks =
        [
            .. values.Select(value => Tick.Major(value, label(value, distance))),
            .. minor.Where(value => values.All(major => Math.Abs(major - value) > distance / 100)).Select(Tick.Minor),
        ];
    }
}
