namespace CuteDl.Reports;

/// <summary>
/// Draws pictures of results. A path that ends in <c>.svg</c> gives SVG, any other PNG. The file is replaced if it exists, and its folder is
/// created. The fonts are embedded, and equal results give equal files.
/// </summary>
public static class PlotExtensions
{
    /// <summary>
    /// Draws a run, 1520 × 1240 pixels: losses over training steps above, validation accuracy below, and text about its result and settings.
    /// The axis of steps is linear. The axis of losses is logarithmic if the largest validation loss is more than thirty times the smallest
    /// above 0; otherwise it is linear. On a logarithmic axis, losses of exactly 0 are at the lower edge. Values that are not finite are left
    /// out, and the picture mentions them.
    /// </summary>
    /// <param name="result">The run. It can be without validations.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void SavePlot(this RunResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        FigurePicture.SaveAs(RunFigure.Of(result), path);
    }

    /// <summary>
    /// Draws a comparison, 1760 pixels wide: validation loss above, validation accuracy below, over training steps on a logarithmic axis. A
    /// table below names the curves and their results, and determines the height.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Every run has its own colour, line pattern and mark. A curve has small marks at intervals, and a large mark at its end.
    /// </para>
    /// <para>
    /// A run with several seeds has one thin, faint line per seed, and a bold line for their median. The median exists at each step at which at
    /// least half of the seeds have a finite value; it is the median of those values. So the bold line ends when more than half of the seeds
    /// have ended, at the latest. Towards its end, only the seeds that trained longest contribute.
    /// </para>
    /// <para>
    /// A logarithmic axis cannot show step 0, so a validation there is left out, as are values that are not finite. The loss axis is
    /// logarithmic, unless a loss is negative or none is above 0. A loss of exactly 0 is drawn at its lower edge, labelled 0. The accuracy axis
    /// is linear. Losses above a hundred times the median first loss do not extend the loss axis, so that one exploding run does not flatten
    /// all others. Their curves leave the panel, and the picture names the runs.
    /// </para>
    /// </remarks>
    /// <param name="comparison">The results. There can be none, and some can be without validations.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void SavePlot(this ComparisonResult comparison, string path)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        FigurePicture.SaveAs(ComparisonFigure.Of(comparison), path);
    }

    /// <summary>Draws a sweep, 1520 × 880 pixels: the loss over the learning rate on a logarithmic axis, with the suggestions.</summary>
    /// <param name="sweep">The sweep.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void SavePlot(this LearningRateSweep sweep, string path)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        FigurePicture.SaveAs(LearningRateFigure.Of(sweep), path);
    }

    /// <summary>Draws a confusion matrix as a heat map, 1760 pixels wide, with recall and precision of each class.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void SavePlot(this ConfusionMatrix matrix, string path)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        FigurePicture.SaveAs(ConfusionFigure.Of(matrix), path);
    }

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
