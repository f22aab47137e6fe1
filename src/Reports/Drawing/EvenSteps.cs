namespace CuteDl.Reports;

/// <summary>Computes evenly spaced round numbers.</summary>
internal static class EvenSteps
{
    /// <summary>
    /// Returns the multiples of a step within a range. The step is the smallest 1, 2 or 5 times a power of ten with at most the given
    /// number of multiples.
    /// </summary>
    /// <param name="low">The lower end of the range.</param>
    /// <param name="high">The upper end of the range, above the lower end.</param>
    /// <param name="most">The largest number of multiples, at least 1.</param>
    /// <returns>The multiples in ascending order, and the step.</returns>
    public static (double[] Values, double Distance) Within(double low, double high, double most)
    {
        var least = (high - low) / most;
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var distance = new[] { 1, 2, 5, 10 }
            .Select(multiple => multiple * power)
            .First(candidate => candidate >= least || candidate >= 9 * power);
        return (Multiples(distance, low, high), distance);
    }

    /// <summary>Returns the multiples of a number within a range.</summary>
    public static double[] Multiples(double distance, double low, double high)
    {
        var first = Math.Ceiling(low / distance);
        var count = (int)Math.Clamp(Math.Floor(high / distance) - first + 1, 0, 1000);

        // Division is more precise for distances below 1: 3 × 0.1 differs from 0.3, and 3 / 10 does not.
        return [.. Enumerable.Range(0, count).Select(i => distance < 1 ? (first + i) / Math.Round(1 / distance) : (first + i) * distance)];
    }
}
