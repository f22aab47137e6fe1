namespace CuteDl.Reports;

/// <summary>Chooses the scale of a single loss curve.</summary>
internal static class LossAxis
{
    private const double SpanOfLinear = 30;

    /// <summary>
    /// Returns logarithmic if no loss is negative, and the largest shown one is more than thirty times the smallest above 0. Otherwise linear.
    /// </summary>
    /// <param name="losses">The losses.</param>
    /// <param name="largest">The largest shown loss; infinite if it is unknown.</param>
    public static AxisKind Kind(IReadOnlyCollection<double> losses, double largest) =>
        losses.All(loss => loss >= 0) && double.IsFinite(largest) && largest / losses.Where(loss => loss > 0).DefaultIfEmpty(double.PositiveInfinity).Min() > SpanOfLinear
            ? AxisKind.Logarithmic
            : AxisKind.Linear;
}
