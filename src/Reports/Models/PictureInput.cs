using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Reads pictures as inputs of models.</summary>
public static class PictureInput
{
    /// <summary>
    /// Reads a PNG or JPEG picture for a model: shades of grey, or red, green and blue for a model with three channels. Colours become shades of
    /// grey if needed (ITU-R BT.601). The picture must have the size that the model takes; it is not resized.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model.</param>
    /// <returns>The bytes of the picture, in the order that the model takes.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="FormatException">
    /// The file is no picture, has transparent pixels, or has another size than the model takes; or the model takes no pictures.
    /// </exception>
    public static byte[] Read(string path, TrainedModel model)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(model);
        using var file = Core.Data.InputFile.openRead(path);
        using var codec = SKCodec.Create(file) ?? throw new FormatException($"'{path}' is not a picture that can be read. Use a PNG or JPEG file.");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        var channels = Channels(path, width, height, model);

        // Without a colour space, the values of the file are not converted.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        var result = codec.GetPixels(info, bitmap.GetPixels());
        return result == SKCodecResult.Success
            ? Bytes(path, bitmap.GetPixelSpan(), channels)
            : throw new FormatException($"'{path}' is damaged: it cannot be decoded ({result}).");
    }

    private static int Channels(string path, int width, int height, TrainedModel model)
    {
        var (channels, fits) = model.InputShape switch
        {
            [var length] => (1, width * (long)height == length),
            [var depth, var rows, var columns] => (depth, rows == height && columns == width),
            _ => throw new InvalidOperationException("A shape has one or three sizes."),
        };
        if (channels is not (1 or 3))
        {
            throw new FormatException($"The model takes images with {channels} channels. Only pictures for 1 or 3 channels can be read.");
        }

        var taken = model.InputShape is [_, var h, var w] ? $"{w} × {h} pixels" : $"{model.Inputs} values";
        return fits ? channels : throw new FormatException($"'{path}' has {width} × {height} pixels, but the model takes {taken}. Pictures are not resized: give one of this size.");
    }

    private static byte[] Bytes(string path, ReadOnlySpan<byte> pixels, int channels)
    {
        var bytes = new byte[pixels.Length / 4 * channels];
        for (var i = 0; i < pixels.Length / 4; i++)
        {
            var (red, green, blue, alpha) = (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2], pixels[(4 * i) + 3]);
            if (alpha != byte.MaxValue)
            {
                throw new FormatException($"'{path}' has transparent pixels. Save it on an opaque background.");
            }

            if (channels == 3)
            {
                (bytes[3 * i], bytes[(3 * i) + 1], bytes[(3 * i) + 2]) = (red, green, blue);
            }
            else
            {
                // The weights have the sum 1000, so a shade of grey stays as it is.
                bytes[i] = (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);
            }
        }

        return bytes;
    }
}
