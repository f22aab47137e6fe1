using ScottPlot;

namespace CuteDl.Reports;

/// <summary>The scale of learning rates on the lower axis: logarithmic, with rates instead of steps as labels.</summary>
internal sealed class RateScale : Scale
{
    public override double Position(double value) => Logarithmic.Position(value);

    public override ITickGenerator StepTicks() => new LogarithmicTicks(value => Numbers.Tick(value));

    public override ITickGenerator ValueTicks() => Logarithmic.ValueTicks();
}
