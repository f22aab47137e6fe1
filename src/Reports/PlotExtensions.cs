namespace CuteDl.Reports;

/// <summary>Pictures of results in one call.</summary>
public static class PlotExtensions
{
    /// <summary>Draws a run: <see cref="RunPicture.Save"/>.</summary>
    /// <param name="result">The run.</param>
    /// <param name="path">The file, written over if there; its folder is made. SVG if it ends in <c>.svg</c>, otherwise PNG.</param>
    /// <exception cref="IOException">The file cannot be written; the message names it.</exception>
    public static void SavePlot(this RunResult result, string path) => RunPicture.Save(result, path);

    /// <summary>
    /// Draws a comparison and each of its runs: <c>comparison.png</c>, and for every result
    /// <c>runs/&lt;run&gt;/seed-&lt;n&gt;/&lt;run&gt;.png</c>. A run that ended before its first validation has none. Runs' names become names of files by <see cref="FileNames.Distinct"/>.
    /// </summary>
    /// <param name="comparison">The results.</param>
    /// <param name="folder">Where; it is made. Pictures of these names are written over, all else in it is left alone.</param>
    /// <exception cref="IOException">A file cannot be written; the message names it. Those before it are there.</exception>
    public static void SavePlots(this ComparisonResult comparison, string folder)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ComparisonPicture.Save(comparison, Path.Combine(folder, "comparison.png"));
        var names = FileNames.Distinct(comparison.Runs.Select(result => result.Run));
        foreach (var result in comparison.Runs.Where(result => result.History.Count > 0))
        {
            var name = names[result.Run];
            result.SavePlot(ResultFolder.PictureOf(folder, name, result.Seed));
        }
    }
}
