
namespace CuteDl.Reports;

/// <summary>
/// The picture of one run: losses over the training steps above, validation accuracy below, and in words what came of it and with
/// what it was made. The lettering is embedded, so it needs no fonts; the same result gives the same file.
/// </summary>
public static class RunPicture
{
    /// <summary>
    /// Draws a run, 1520 × 1240 dots. Steps lie on a linear axis; losses too, unless the largest validation loss is more than
    /// thirty times the smallest above 0: then on a logarithmic one, with losses of exactly 0 at its lower edge. Values that are not finite are left out, and the picture says so.
    /// </summary>
    /// <param name="result">The run; one without any validation too.</param>
    /// <param name="path">The file, written over if there; its folder is made. SVG if it ends in <c>.svg</c>, otherwise PNG.</param>
    /// <exception cref="IOException">The file cannot be written; the message names it. What was there before is still there.</exception>
    public static void Save(RunResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        PictureFile.Save(path, RunDrawing.Width, RunDrawing.Height, new RunDrawing(result).Draw);
    }
}
