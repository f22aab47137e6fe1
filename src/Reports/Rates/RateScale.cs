using ScottPlot;

namespace CuteDl.Reports;

/// <summary>Learning rates along the lower axis: logarithmic, and written as rates are, not as steps.</summary>
internal sealed class RateScale : Scale
{
    public override double Position(double value) => Logarithmic.Position(value);

    public override ITickGenerator StepTicks() => new LogarithmicTicks(value => Numbers.Tick(value));

    public override ITickGenerator ValueTicks() => Logarithmic.ValueTicks();
}
