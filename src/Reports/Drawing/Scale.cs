using ScottPlot;

namespace CuteDl.Reports;

/// <summary>The scale of an axis.</summary>
internal abstract class Scale
{
    public static Scale Linear { get; } = new LinearScale();

    public static Scale Logarithmic { get; } = new LogarithmicScale();

    /// <summary>Returns the position of a value; NaN if the axis cannot show it.</summary>
    public abstract double Position(double value);

    /// <summary>Returns the ticks of an axis of steps.</summary>
    public abstract ITickGenerator StepTicks();

    /// <summary>Returns the ticks of an axis of losses or accuracies.</summary>
    public abstract ITickGenerator ValueTicks();

    private sealed class LinearScale : Scale
    {
        // Differences of larger values could be infinite.
        private const double Largest = 1e300;

        public override double Position(double value) => Math.Abs(value) < Largest ? value : double.NaN;

        public override ITickGenerator StepTicks() => new LinearTicks((steps, _) => Numbers.Short(steps), isWhole: true);

        public override ITickGenerator ValueTicks() => new LinearTicks(Numbers.Tick, isWhole: false);
    }

    private sealed class LogarithmicScale : Scale
    {
        public override double Position(double value) => value > 0 && double.IsFinite(value) ? Math.Log10(value) : double.NaN;

        public override ITickGenerator StepTicks() => new LogarithmicTicks(Numbers.Short);

        public override ITickGenerator ValueTicks() => new LogarithmicTicks(value => Numbers.Tick(value));
    }
}
