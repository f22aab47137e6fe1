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
        SavePicture(sweep, picture);
        return [picture, json, table];
    }

    /// <summary>Draws a sweep, 1520 × 880 pixels: the loss over the learning rate on a logarithmic axis, with the suggestions.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="path">The file. SVG if it ends in <c>.svg</c>, otherwise PNG.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it.</exception>
    public static void SavePicture(LearningRateSweep sweep, string path)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        PictureFile.Save(path, LearningRateDrawing.Width, LearningRateDrawing.Height, new LearningRateDrawing(sweep).Draw);
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
