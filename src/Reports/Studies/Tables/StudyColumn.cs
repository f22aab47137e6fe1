using CuteDl.Studies.Statistics;

namespace CuteDl.Reports;

/// <summary>A column of a table for readers, with its columns in data files.</summary>
/// <param name="Header">The heading; empty if the column is only in data files.</param>
/// <param name="Text">Formats a cell.</param>
/// <param name="IsNumber">True if its cells are numbers.</param>
/// <param name="Data">The columns in data files, with names and values.</param>
internal sealed record StudyColumn<T>(string Header, Func<T, string> Text, bool IsNumber, params (string Key, Func<T, object?> Value)[] Data)
{
    public static StudyColumn<T> OfText(string key, string header, Func<T, string> value) => new(header, value, false, (key, value));

    /// <summary>A column of words that have one form for readers and another in data files.</summary>
    public static StudyColumn<T> OfText(string key, string header, Func<T, string> value, Func<T, string> text) => new(header, text, false, (key, value));

    public static StudyColumn<T> Count(string key, string header, Func<T, long> value) =>
        new(header, item => Numbers.Exact(value(item)), true, (key, item => value(item)));

    public static StudyColumn<T> Number(string key, string header, Func<T, double> value, Func<double, string> text) =>
        new(header, item => text(value(item)), true, (key, item => double.IsNaN(value(item)) ? null : value(item)));

    public static StudyColumn<T> Optional(string key, string header, Func<T, double?> value, Func<double, string> text) =>
        new(header, item => value(item) is { } there ? text(there) : StudyText.Nothing, true, (key, item => value(item)));

    public static StudyColumn<T> Truth(string key, string header, Func<T, bool> value) =>
        new(header, item => value(item) ? "yes" : "", false, (key, item => value(item)));

    /// <summary>A column of values with intervals: three columns in data files.</summary>
    public static StudyColumn<T> Range(string key, string header, Func<T, Interval?> value, Func<double, string> text) =>
        new(
            header,
            item => StudyText.Range(value(item), text),
            true,
            (key, item => Known(value(item)?.Value)),
            ($"{key}_low", item => Known(value(item)?.Low)),
            ($"{key}_high", item => Known(value(item)?.High)));

    private static object? Known(double? value) => value is { } known && !double.IsNaN(known) ? known : null;
}
