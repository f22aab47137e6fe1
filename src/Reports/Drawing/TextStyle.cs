using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>The style of text outside the axes. Measures, wraps and draws text.</summary>
/// <param name="Size">The font's size.</param>
/// <param name="Color">The colour.</param>
/// <param name="IsBold">True for bold text.</param>
internal sealed record TextStyle(float Size, Color Color, bool IsBold = false)
{
    private const string Ellipsis = "…";

    public float LineHeight => MathF.Round(Size * 1.36f);

    public float Width(string text)
    {
        using var font = Font();
        return font.MeasureText(VisibleText.Of(text));
    }

    /// <summary>Draws one line; <paramref name="baseline"/> is the baseline of its letters.</summary>
    public void Draw(SKCanvas canvas, string text, float x, float baseline)
    {
        using var font = Font();
        using var paint = new SKPaint { Color = Color.ToSKColor(), IsAntialias = true };
        canvas.DrawText(VisibleText.Of(text), x, baseline, SKTextAlign.Left, font, paint);
    }

    /// <summary>Draws lines below <paramref name="top"/>. Returns the lower end of the last line.</summary>
    public float Draw(SKCanvas canvas, IEnumerable<string> lines, float x, float top)
    {
        foreach (var line in lines)
        {
            Draw(canvas, line, x, top + Size);
            top += LineHeight;
        }

        return top;
    }

    /// <summary>
    /// Wraps a text into lines no wider than <paramref name="width"/>, at spaces or else after commas and similar characters. Text that
    /// does not fit ends with "…".
    /// </summary>
    public IReadOnlyList<string> Wrap(string text, float width, int maxLines)
    {
        var lines = new List<string>();
        var rest = OneLine(text);
        while (rest.Length > 0 && lines.Count < maxLines - 1 && Fitting(rest, width) is var length && length < rest.Length)
        {
            var end = Break(rest, length);
            lines.Add(rest[..end].TrimEnd());
            rest = rest[end..].TrimStart();
        }

        if (rest.Length > 0)
        {
            lines.Add(Shorten(rest, width));
        }

        return lines;
    }

    /// <summary>Returns the text, or its beginning with "…" if it is too wide.</summary>
    public string Shorten(string text, float width)
    {
        text = OneLine(text);
        return Width(text) <= width ? text : text[..Fitting(text, width - Width(Ellipsis))].TrimEnd(' ', ',') + Ellipsis;
    }

    private static int Break(string text, int longest)
    {
        var space = text.LastIndexOf(' ', longest);
        var other = text.LastIndexOfAny([',', '(', ')', '-', '_'], longest - 1) + 1;
        return space > longest / 2 ? space : other > longest / 2 ? other : longest;
    }

    // At least one character, so that wrapping always ends, and never half of a surrogate pair.
    private int Fitting(string text, float width)
    {
        using var font = Font();
        var length = Math.Clamp(font.BreakText(text, width), 1, text.Length);
        return length < text.Length && char.IsHighSurrogate(text[length - 1]) ? Math.Max(length - 1, Math.Min(2, text.Length)) : length;
    }

    private static string OneLine(string text) =>
        new([.. VisibleText.Of(text).Select(character => char.IsControl(character) ? ' ' : character)]);

    private SKFont Font() =>
        new(IsBold ? Typefaces.Bold : Typefaces.Regular, Size) { Subpixel = true, Edging = SKFontEdging.Antialias };
}
