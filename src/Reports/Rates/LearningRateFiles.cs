using System.Globalization;
using System.Text;

namespace CuteDl.Reports;

/// <summary>Writes a learning-rate sweep to files: <c>lr-find.png</c>, <c>lr-find.json</c> and <c>lr-find.csv</c>.</summary>
public static class LearningRateFiles
{
    /// <summary>Writes the files, and replaces existing ones.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="folder">The folder. It is created if needed.</param>
    /// <returns>The paths of the files.</returns>
    /// <exception cref="IOException">A file cannot be written. The message names it.</exception>
    public static IReadOnlyList<string> Write(LearningRateSweep sweep, string folder)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        var (picture, json, table) = (Path.Combine(folder, "lr-find.png"), Path.Combine(folder, "lr-find.json"), Path.Combine(folder, "lr-find.csv"));
        WholeFile.Write(json, Encoding.UTF8.GetBytes(sweep.ToJson() + "\n"));
        WholeFile.Write(table, Encoding.UTF8.GetBytes(Csv(sweep)));
        sweep.SavePlot(picture);
        return [picture, json, table];
    }

    private static string Csv(LearningRateSweep sweep)
    {
        var text = new StringBuilder("rate,loss,smoothed\n");
        foreach (var point in sweep.Points)
        {
            text.Append(CultureInfo.InvariantCulture, $"{point.Rate:R},{point.Loss:R},{point.Smoothed:R}\n");
        }

        return text.ToString();
    }
}
