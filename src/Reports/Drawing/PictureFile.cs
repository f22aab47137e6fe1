using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Writes drawings to files: PNG with two pixels per unit of length, or SVG.</summary>
internal static class PictureFile
{
    private const int Density = 2;

    /// <summary>Draws and writes a picture.</summary>
    /// <param name="path">The file. SVG if the name ends in <c>.svg</c>, otherwise PNG.</param>
    /// <param name="width">The width of the picture.</param>
    /// <param name="height">The height of the picture.</param>
    /// <param name="draw">Draws the picture.</param>
    public static void Save(string path, int width, int height, Action<SKCanvas> draw)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var isSvg = Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase);
        WholeFile.Write(path, isSvg ? Svg(width, height, draw) : Png(width, height, draw));
    }

    private static byte[] Png(int width, int height, Action<SKCanvas> draw)
    {
        var info = new SKImageInfo(width * Density, height * Density, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var bitmap = new SKBitmap(info);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            canvas.Scale(Density);
            draw(canvas);
        }

        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 6))
            ?? throw new InvalidOperationException("The picture cannot be encoded as PNG.");
        return data.ToArray();
    }

    private static byte[] Svg(int width, int height, Action<SKCanvas> draw)
    {
        using var stream = new MemoryStream();
        using (var canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
        {
            canvas.Clear(SKColors.White);
            draw(canvas);
        }

        stream.Position = 0;
        return SvgDocument.Finish(stream);
    }
}
