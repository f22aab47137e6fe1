
namespace CuteDl.Reports;

/// <summary>
/// The picture of one run: losses over training steps above, validation accuracy below, and text about its result and settings. The fonts
/// are embedded, and equal results give equal files.
/// </summary>
public static class RunPicture
{
    /// <summary>
    /// Draws a run, 1520 × 1240 pixels. The axis of steps is linear. The axis of losses is logarithmic if the largest validation loss is
    /// more than thirty times the smallest above 0; otherwise it is linear. On a logarithmic axis, losses of exactly 0 are at the lower edge.
    /// Values that are not finite are left out, and the picture mentions them.
    /// </summary>
    /// <param name="result">The run. It can be without validations.</param>
    /// <param name="path">The file. It is replaced if it exists, and its folder is created. SVG if it ends in <c>.svg</c>, otherwise
    /// PNG.</param>
    /// <exception cref="IOException">The file cannot be written. The message names it, and an old file is unchanged.</exception>
    public static void Save(RunResult result, string path)
    {
        ArgumentNullException.ThrowIfNull(result);
        PictureFile.Save(path, RunDrawing.Width, RunDrawing.Height, new RunDrawing(result).Draw);
    }
}
