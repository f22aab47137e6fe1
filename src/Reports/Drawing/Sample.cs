using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a sample of a curve for a legend.</summary>
internal static class Sample
{
    /// <summary>Draws a line, a mark, or both, in the middle of <paramref name="place"/>.</summary>
    public static void Draw(SKCanvas canvas, SKRect place, Stroke? stroke, MarkerStyle? mark)
    {
        using var paint = Paint.NewDisposablePaint();
        if (stroke is not null)
        {
            using var path = stroke.GetPath([new Pixel(place.Left, place.MidY), new Pixel(place.Right, place.MidY)]);
            Drawing.DrawPath(canvas, paint, path, stroke.Paint);
        }

        if (mark is not null)
        {
            Drawing.DrawMarker(canvas, paint, new Pixel(place.MidX, place.MidY), mark);
        }
    }
}
