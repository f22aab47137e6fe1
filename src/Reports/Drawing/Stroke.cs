using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>The style of a line. Dashes are cut out of the path, because Skia loses the dashes of a paint in SVG files.</summary>
/// <param name="Width">The width of the line.</param>
/// <param name="Color">The colour of the line.</param>
/// <param name="Dashes">The lengths of dashes and gaps in turn, an even number; empty for a solid line.</param>
internal sealed record Stroke(float Width, Color Color, params float[] Dashes) : IPathStrategy
{
    private readonly ScottPlot.PathStrategies.Straight _unbroken = new();

    /// <summary>The paint for a path from <see cref="GetPath"/>.</summary>
    public LineStyle Paint => new(Width, Color);

    public SKPath GetPath(IEnumerable<Pixel> pixels)
    {
        var path = _unbroken.GetPath(pixels);
        if (Dashes.Length == 0)
        {
            return path;
        }

        using (path)
        {
            return Cut(path);
        }
    }

    private SKPath Cut(SKPath path)
    {
        var dashed = new SKPath();
        using var measure = new SKPathMeasure(path);
        do
        {
            var start = 0f;
            for (var i = 0; start < measure.Length; i = (i + 2) % Dashes.Length)
            {
                measure.GetSegment(start, Math.Min(start + Dashes[i], measure.Length), dashed, startWithMoveTo: true);
                start += Dashes[i] + Dashes[i + 1];
            }
        }
        while (measure.NextContour());

        return dashed;
    }
}
