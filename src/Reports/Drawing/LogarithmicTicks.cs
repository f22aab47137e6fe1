using ScottPlot;

namespace CuteDl.Reports;

/// <summary>
/// The ticks of an axis whose positions are decimal logarithms. At least three decades are labelled at powers of ten. Fewer decades are
/// labelled at multiples of powers of ten, as many as fit. A range within one multiple is labelled at evenly spaced values.
/// </summary>
internal sealed class LogarithmicTicks(Func<double, string> label) : ITickGenerator
{
    private const int DecadesWithMinorTicks = 12;

    private static readonly double[][] Multiples =
        [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 6, 8], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];

    public Tick[] Ticks { get; private set; } = [];

    public int MaxTickCount { get; set; } = 1000;

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
        var room = Math.Max(2, size.Length / (edge is Edge.Left or Edge.Right ? 22 : 52));
        var named = Named(range, room);
        var minor = range.Length <= DecadesWithMinorTicks ? Within(range, Multiples[0], 1).Except(named) : [];
        Ticks =
        [
            .. named.Select(value => Tick.Major(Math.Log10(value), label(value))),
            .. minor.Select(value => Tick.Minor(Math.Log10(value))),
        ];
    }

    private static double[] Named(CoordinateRange range, double room)
    {
        var decades = Within(range, [1], 1);
        if (decades.Length >= 3)
        {
            return decades.Length <= room ? decades : Within(range, [1], (int)Math.Ceiling(decades.Length / room));
        }

        var roomy = Multiples
            .Select(multiples => Within(range, multiples, 1))
            .FirstOrDefault(values => values.Length >= 3 && NearestTwo(values) >= range.Length / room);
        return roomy ?? EvenSteps.Within(Math.Pow(10, range.Min), Math.Pow(10, range.Max), Math.Min(room, 6)).Values;
    }

    private static double[] Within(CoordinateRange range, double[] multiples, int stride)
    {
        var lowest = (int)Math.Floor(range.Min);
        return
        [
            .. from decade in Enumerable.Range(lowest, (int)Math.Ceiling(range.Max) - lowest + 1)
               where decade % stride == 0
               from multiple in multiples
               let value = multiple * Math.Pow(10, decade)
               where range.Contains(Math.Log10(value))
               select value,
        ];
    }

    // Returns the smallest distance between neighbours, in decades.
    private static double NearestTwo(double[] values) =>
        values.Zip(values.Skip(1), (one, next) => Math.Log10(next / one)).Min();
}
