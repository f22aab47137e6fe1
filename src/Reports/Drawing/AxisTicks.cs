namespace CuteDl.Reports;

/// <summary>Chooses the values that are written along an axis.</summary>
internal static class AxisTicks
{
    private const int DecadesWithMinorTicks = 12;
    private const int MostEven = 6;

    private static readonly double[] All = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    private static readonly double[][] Multiples = [All, [1, 1.5, 2, 3, 4, 6, 8], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];

    /// <summary>
    /// Returns the multiples of a step within a range. The step is the smallest 1, 2 or 5 times a power of ten with at most the given
    /// number of multiples.
    /// </summary>
    /// <param name="low">The lower end of the range.</param>
    /// <param name="high">The upper end of the range, above the lower end.</param>
    /// <param name="most">The largest number of multiples, at least 1.</param>
    /// <returns>The multiples in ascending order, and the step.</returns>
    public static (double[] Values, double Distance) Even(double low, double high, double most)
    {
        var least = (high - low) / most;
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var distance = new[] { 1, 2, 5, 10 }
            .Select(multiple => multiple * power)
            .First(candidate => candidate >= least || candidate >= 9 * power);
        return (EveryMultiple(distance, low, high), distance);
    }

    /// <summary>Returns the multiples of a number within a range.</summary>
    public static double[] EveryMultiple(double distance, double low, double high)
    {
        var first = Math.Ceiling(low / distance);
        var count = (int)Math.Clamp(Math.Floor(high / distance) - first + 1, 0, 1000);

        // Division is more precise for distances below 1: 3 × 0.1 differs from 0.3, and 3 / 10 does not.
        return [.. Enumerable.Range(0, count).Select(i => distance < 1 ? (first + i) / Math.Round(1 / distance) : (first + i) * distance)];
    }

    /// <summary>
    /// Returns values for a logarithmic axis. At least three decades have powers of ten. Fewer decades have multiples of powers of ten, or
    /// evenly spaced values: those that leave the shortest part of the axis without a label. If that part is more than half of the axis, labels
    /// that do not fit are left out of more of them.
    /// </summary>
    /// <param name="low">The decimal logarithm of the lower end.</param>
    /// <param name="high">The decimal logarithm of the upper end.</param>
    /// <param name="most">The largest number of labels that fit, at least 1.</param>
    public static double[] Logarithmic(double low, double high, double most)
    {
        var decades = Within(low, high, [1], 1);
        if (decades.Length >= 3)
        {
            return Within(low, high, [1], (int)Math.Ceiling((high - low) / most));
        }

        double[] Gaps(double[] values) => [.. values.Skip(1).Zip(values, (next, value) => Math.Log10(next / value))];
        double LongestGap(double[] values) => Gaps([Math.Pow(10, low), .. values, Math.Pow(10, high)]).Max();
        bool Fits(double[] values) => values.Length < 2 || Gaps(values).Min() >= (high - low) / most;
        double[] Thinned(double[] values) =>
            values.Aggregate(Array.Empty<double>(), (kept, value) => kept.Length == 0 || Fits([kept[^1], value]) ? [.. kept, value] : kept);

        double[][] candidates =
        [
            .. Multiples.Select(multiples => Within(low, high, multiples, 1)),
            .. Enumerable.Range(1, MostEven).Reverse().Select(count => Even(Math.Pow(10, low), Math.Pow(10, high), count).Values),
        ];

        // One label may be all that fits.
        var whole = candidates.SelectMany(IEnumerable<double[]> (values) => [values, .. values.Select(value => new[] { value })]).Where(Fits).MinBy(LongestGap)!;
        return LongestGap(whole) <= (high - low) / 2 ? whole : candidates.Select(Thinned).Prepend(whole).Where(values => values.Length > 0).MinBy(LongestGap)!;
    }

    /// <summary>Returns the marks without labels between the labels of a logarithmic axis.</summary>
    public static IEnumerable<double> Minor(double low, double high) =>
        high - low <= DecadesWithMinorTicks ? Within(low, high, All, 1) : [];

    private static double[] Within(double low, double high, double[] multiples, int stride)
    {
        var lowest = (int)Math.Floor(low);
        return
        [
            .. from decade in Enumerable.Range(lowest, (int)Math.Ceiling(high) - lowest + 1)
               where decade % stride == 0
               from multiple in multiples
               let value = multiple * Math.Pow(10, decade)
               where Math.Log10(value) is var place && low <= place && place <= high
               select value,
        ];
    }
}
