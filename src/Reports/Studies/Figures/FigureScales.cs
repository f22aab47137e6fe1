using ScottPlot;

namespace CuteDl.Reports;

/// <summary>A scale with names at 0, 1, 2, ...</summary>
/// <param name="names">The names.</param>
internal sealed class NameScale(IReadOnlyList<string> names) : Scale
{
    public override double Position(double value) => double.IsFinite(value) ? value : double.NaN;

    public override ITickGenerator StepTicks() => Ticks();

    public override ITickGenerator ValueTicks() => Ticks();

    private FixedTicks Ticks() => new([.. names.Select((name, i) => Tick.Major(i, name))]);
}

/// <summary>A scale with another format of its tick labels, for both axes.</summary>
/// <param name="inner">The scale.</param>
/// <param name="ticks">Creates its ticks.</param>
internal sealed class LabelledScale(Scale inner, Func<ITickGenerator> ticks) : Scale
{
    public override double Position(double value) => inner.Position(value);

    public override ITickGenerator StepTicks() => ticks();

    public override ITickGenerator ValueTicks() => ticks();
}

/// <summary>A scale with a separate position for infinity, after all finite values.</summary>
/// <param name="inner">The scale of finite values.</param>
/// <param name="highest">The highest position of a finite value.</param>
/// <param name="place">The position of infinity.</param>
internal sealed class NeverScale(Scale inner, double highest, double place) : Scale
{
    public override double Position(double value) => double.IsPositiveInfinity(value) ? place : inner.Position(value);

    public override ITickGenerator StepTicks() => new NeverTicks(inner.StepTicks(), highest, place);

    public override ITickGenerator ValueTicks() => new NeverTicks(inner.ValueTicks(), highest, place);

    private sealed class NeverTicks(ITickGenerator inner, double highest, double place) : ITickGenerator
    {
        public Tick[] Ticks { get; private set; } = [];

        public int MaxTickCount { get; set; } = 1000;

        public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
        {
            if (highest > range.Min)
            {
                var finite = new CoordinateRange(range.Min, Math.Min(range.Max, highest));
                inner.Regenerate(finite, edge, new PixelLength((float)(size.Length * finite.Length / range.Length)), paint, labelStyle);
            }

            Ticks = [.. inner.Ticks ?? [], Tick.Major(place, "never")];
        }
    }
}

/// <summary>Fixed ticks.</summary>
/// <param name="ticks">The ticks.</param>
internal sealed class FixedTicks(Tick[] ticks) : ITickGenerator
{
    public Tick[] Ticks => ticks;

    public int MaxTickCount { get; set; } = 1000;

    public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
    {
    }
}
