namespace CuteDl.Reports;

/// <summary>
/// Draws the picture of a comparison: validation loss above, validation accuracy below, over training steps on a logarithmic axis. A table
/// below names the curves and their results. The fonts are embedded, and equal results give equal files.
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
public static class ComparisonPicture
{
    /// <summary>Draws a comparison. The picture is 1760 pixels wide; its height depends on the table.</summary>
    /// <param name="comparison">The results. There can be none, and some can be without validations.</param>
    /// <param name="path">The file. It is replaced if it exists, and its folder is created. SVG if it ends in <c>.svg</c>, otherwise
    /// PNG.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void Save(ComparisonResult comparison, string path)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var drawing = new ComparisonDrawing(comparison);
        PictureFile.Save(path, ComparisonDrawing.Width, drawing.Height, drawing.Draw);
    }
}
