using System.Globalization;

namespace CuteDl.Reports;

/// <summary>Formats numbers for pictures, independent of the culture.</summary>
internal static class Numbers
{
    private static readonly (double Size, string Suffix)[] Units = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];

    /// <summary>Returns a number of steps in few characters: 500, 20k, 1.5M.</summary>
    public static string Short(double steps)
    {
        var (size, suffix) = Units.FirstOrDefault(unit => Math.Abs(steps) >= unit.Size, (1, ""));
        return (steps / size).ToString("0.######", CultureInfo.InvariantCulture) + suffix;
    }

    /// <summary>Returns a number of steps with all digits: 28,140.</summary>
    public static string Exact(long steps) => steps.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Returns a number of steps with three significant digits: 938, 28.1k.</summary>
    public static string Rounded(double steps)
    {
        var unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(1, steps))) - 2));
        return Short(Math.Round(steps / unit) * unit);
    }

    /// <summary>Returns a loss or an accuracy: 0.2655, 31.35, 3.43e+29.</summary>
    public static string Value(double value, int decimals = 4) =>
        Math.Abs(value) switch
        {
            double.NaN => "NaN",
            double.PositiveInfinity => value > 0 ? "+infinity" : "-infinity",
            0 => "0",
            < 0.001 or >= 1e6 => value.ToString("0.###e+0", CultureInfo.InvariantCulture),
            < 10 => value.ToString($"F{decimals}", CultureInfo.InvariantCulture),
            < 1000 => value.ToString("0.00", CultureInfo.InvariantCulture),
            _ => value.ToString("N0", CultureInfo.InvariantCulture),
        };

    /// <summary>Returns a value for an axis or a sentence: 0.25, 31, 1e+30.</summary>
    /// <param name="value">The value.</param>
    /// <param name="distance">The distance between neighbouring values, which determines the decimals; 0 to show all decimals.</param>
    public static string Tick(double value, double distance = 0)
    {
        if (Math.Abs(value) is not 0 and (< 0.0001 or >= 1e6))
        {
            return value.ToString("0.###e+0", CultureInfo.InvariantCulture);
        }

        var decimals = distance > 0 ? (int)Math.Clamp(Math.Ceiling(-Math.Log10(distance) - 1e-9), 0, 9) : 0;
        return value.ToString(distance > 0 ? $"F{decimals}" : "0.######", CultureInfo.InvariantCulture);
    }

    /// <summary>Returns a time: 2.3 s, 3 min 12 s, 1 h 4 min.</summary>
    public static string Time(double seconds)
    {
        if (!(seconds < TimeSpan.MaxValue.TotalSeconds))
        {
            return "unknown time";
        }

        var time = TimeSpan.FromSeconds(seconds < 60 ? seconds : Math.Round(seconds));
        return time.TotalSeconds switch
        {
            < 60 => FormattableString.Invariant($"{time.TotalSeconds:0.0} s"),
            < 3600 => FormattableString.Invariant($"{time.Minutes} min {time.Seconds} s"),
            _ => FormattableString.Invariant($"{Math.Floor(time.TotalHours):N0} h {time.Minutes} min"),
        };
    }

    /// <summary>Returns "1 step" or "2 steps".</summary>
    public static string Of(long count, string noun) => $"{Exact(count)} {noun}{(count == 1 ? "" : "s")}";
}
