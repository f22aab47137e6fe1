using ScottPlot;

namespace CuteDl.Reports;

/// <summary>A logarithmic scale that shows 0 at the lower edge, labelled "0".</summary>
internal sealed class ZeroScale : Scale
{
    private const double ShareOfAxis = 0.12;

    private readonly Scale _inner;
    private readonly double _lowest;
    private readonly double _place;

    private ZeroScale(Scale inner, double lowest, double place) => (_inner, _lowest, _place) = (inner, lowest, place);

    /// <summary>Returns the scale itself, or one with a place for 0 if a value is 0.</summary>
    /// <param name="inner">A logarithmic scale.</param>
    /// <param name="values">All values that the axis shows.</param>
    public static Scale Around(Scale inner, IEnumerable<double> values)
    {
        var all = values.ToArray();
        if (!Array.Exists(all, value => value == 0))
        {
            return inner;
        }

        var positions = all.Select(inner.Position).Where(double.IsFinite).DefaultIfEmpty(0).ToArray();
        var (low, high) = (positions.Min(), positions.Max());
        var room = ShareOfAxis * (high > low ? high - low : 1);
        return new ZeroScale(inner, low - (room / 2), low - room);
    }

    /// <summary>True if the scale has a place for 0 and the value is 0.</summary>
    public static bool IsAtEdge(Scale scale, double value) => scale is ZeroScale && value == 0;

    public override double Position(double value) => value == 0 ? _place : _inner.Position(value);

    public override ITickGenerator StepTicks() => new Ticks(_inner.StepTicks(), this);

    public override ITickGenerator ValueTicks() => new Ticks(_inner.ValueTicks(), this);

    private sealed class Ticks(ITickGenerator inner, ZeroScale scale) : ITickGenerator
    {
        private Tick[] _ticks = [];

        public int MaxTickCount { get; set; } = 1000;

        Tick[] ITickGenerator.Ticks => _ticks;

        public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
        {
            if (range.Max > scale._lowest)
            {
                var positive = new CoordinateRange(Math.Max(range.Min, scale._lowest), range.Max);
                inner.Regenerate(positive, edge, new PixelLength((float)(size.Length * positive.Length / range.Length)), paint, labelStyle);
            }

            _ticks = [Tick.Major(scale._place, "0"), .. inner.Ticks ?? []];
        }
    }
}
