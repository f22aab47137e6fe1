namespace CuteDl.Reports;

/// <summary>Draws pictures of results in one call.</summary>
public static class PlotExtensions
{
    /// <summary>Draws a run: see <see cref="RunPicture.Save"/>.</summary>
    /// <param name="result">The run.</param>
    /// <param name="path">The file. It is replaced if it exists, and its folder is created. SVG if it ends in <c>.svg</c>, otherwise
    /// PNG.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it.</exception>
    public static void SavePlot(this RunResult result, string path) => RunPicture.Save(result, path);

    /// <summary>
    /// Draws a comparison as <c>comparison.png</c>, and each result as <c>figures/&lt;run&gt;-seed-&lt;n&gt;.png</c>. A run that ended before
    /// its first validation has no picture. The names of runs become file names by <see cref="FileNames.Distinct"/>.
    /// </summary>
    /// <param name="comparison">The results.</param>
    /// <param name="folder">The folder. It is created if needed. Existing pictures with these names are replaced; other files stay.</param>
    /// <exception cref="IOException">A file cannot be written, or <c>figures</c> is a link. The message names it.</exception>
    public static void SavePlots(this ComparisonResult comparison, string folder)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ComparisonReport.WritePictures(comparison, folder);
    }
}
