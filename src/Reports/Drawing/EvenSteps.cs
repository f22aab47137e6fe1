namespace CuteDl.Reports;

/// <summary>Round numbers at even distances.</summary>
internal static class EvenSteps
{
    /// <summary>The multiples, within a range, of the smallest 1, 2 or 5 times a power of ten that gives no more than so many.</summary>
    /// <param name="low">The range's lower end.</param>
    /// <param name="high">The range's upper end, above the lower one.</param>
    /// <param name="most">At least 1.</param>
    /// <returns>The multiples, ascending, and their distance.</returns>
    public static (double[] Values, double Distance) Within(double low, double high, double most)
    {
        var least = (high - low) / most;
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        var distance = new[] { 1, 2, 5, 10 }
            .Select(multiple => multiple * power)
            .First(candidate => candidate >= least || candidate >= 9 * power);
        return (Multiples(distance, low, high), distance);
    }

    /// <summary>The multiples of a number within a range.</summary>
    public static double[] Multiples(double distance, double low, double high)
    {
        var first = Math.Ceiling(low / distance);
        var count = (int)Math.Clamp(Math.Floor(high / distance) - first + 1, 0, 1000);

        // Divided where the distance is below 1: 3 × 0.1 is not 0.3, 3 / 10 is.
        return [.. Enumerable.Range(0, count).Select(i => distance < 1 ? (first + i) / Math.Round(1 / distance) : (first + i) * distance)];
    }
}
