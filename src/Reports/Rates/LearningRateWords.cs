using System.Globalization;

namespace CuteDl.Reports;

/// <summary>Describes a learning-rate sweep.</summary>
public static class LearningRateWords
{
    /// <summary>Returns the suggestions, and how the sweep ended.</summary>
    /// <param name="sweep">The sweep.</param>
    public static string Outcome(LearningRateSweep sweep)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        var suggestion = (sweep.Steepest, sweep.TenthOfLeast) switch
        {
            ({ } steepest, { } tenth) =>
                $"The loss falls most steeply at {sweep.Argument} = {Rate(steepest)}. A tenth of the rate with the lowest loss is {Rate(tenth)}.",
            _ => "The loss never falls: no rate can be suggested.",
        };
        return $"{suggestion} {End(sweep)}";
    }

    /// <summary>Returns a learning rate with three significant digits.</summary>
    internal static string Rate(double rate) => rate.ToString("g3", CultureInfo.InvariantCulture);

    private static string End(LearningRateSweep sweep) =>
        sweep.End switch
        {
            LearningRateSweepEnd.Exploded => $"It ended at {Last(sweep)}, where the smoothed loss was far above its minimum.",
            LearningRateSweepEnd.NotFinite => $"It ended after {Last(sweep)}, because a loss was not finite.",
            LearningRateSweepEnd.StateNotFinite => $"It ended after {Last(sweep)}, because the optimizer's state was not finite.",
            LearningRateSweepEnd.Cancelled => $"It was cancelled at {Last(sweep)}.",
            _ => $"It ended at the highest rate, {Last(sweep)}.",
        };

    private static string Last(LearningRateSweep sweep) => sweep.Points.Count > 0 ? Rate(sweep.Points[^1].Rate) : "the first step";
}
