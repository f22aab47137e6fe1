namespace CuteDl.Reports;

/// <summary>
/// The picture of a comparison: validation loss above, validation accuracy below, over the training steps on a logarithmic axis, and a
/// table that names the curves and says what came of each. The lettering is embedded, so it needs no fonts; the same results give the
/// same file.
/// </summary>
/// <remarks>
/// <para>
/// Every run has its own colour, line pattern and mark; marks stand now and then along a curve, and a large one at its end.
/// </para>
/// <para>
/// A run with several seeds has a thin faint line for each, and a bold one for their median: at each step at which at least half of the
/// run's seeds have a finite value, the median of those that do; for an even number of them the mean of the middle two. Where fewer
/// than half were still training there is no median, so that the bold line ends when more than half of the seeds have ended, at the
/// latest. Towards its end it is that of the seeds that trained longest.
/// </para>
/// <para>
/// A logarithmic axis has no place for step 0: a validation there is left out, and so are values that are not finite. The loss
/// axis is logarithmic, unless a loss is negative or none is above 0; a loss of exactly 0 is drawn at its lower edge, labelled 0. The
/// accuracy's axis is linear. What is more than a hundred times the median of the first
/// losses (of the middle two the lower) has no say in how far the loss axis reaches, so that one run that explodes does not press all
/// others flat: its curve leaves the panel, and the picture names it.
/// </para>
/// </remarks>
public static class ComparisonPicture
{
    /// <summary>Draws a comparison, 1760 dots wide, and as high as the table asks for.</summary>
    /// <param name="comparison">The results; none, or some without validations, too.</param>
    /// <param name="path">The file, written over if there; its folder is made. SVG if it ends in <c>.svg</c>, otherwise PNG.</param>
    /// <exception cref="IOException">The file cannot be written; the message names it. What was there before is still there.</exception>
    public static void Save(ComparisonResult comparison, string path)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        var drawing = new ComparisonDrawing(comparison);
        PictureFile.Save(path, ComparisonDrawing.Width, drawing.Height, drawing.Draw);
    }
}
