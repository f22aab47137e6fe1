using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>A legend. It uses as many lines as it needs.</summary>
internal sealed class Key
{
    private const float SampleWidth = 30;
    private const float MarkWidth = 14;
    private const float Gap = 18;

    private static readonly TextStyle Style = new(12, Ink.Text);

    private readonly List<Entry> _entries = [];

    public void Add(string text, Stroke? line, MarkerStyle? mark) => _entries.Add(new Entry(text, line, mark));

    /// <summary>Returns the height of the legend for a width.</summary>
    public float Height(float width) => Lines(width).Count * Style.LineHeight;

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        foreach (var line in Lines(width))
        {
            var x = left;
            foreach (var entry in line)
            {
                Sample.Draw(canvas, new SKRect(x, top, x + entry.SampleWidth, top + Style.LineHeight), entry.Line, entry.Mark);
                Style.Draw(canvas, entry.Text, x + entry.SampleWidth + 5, top + Style.Size);
                x += entry.Width + Gap;
            }

            top += Style.LineHeight;
        }
    }

    private List<List<Entry>> Lines(float width)
    {
        var lines = new List<List<Entry>>();
        foreach (var entry in _entries)
        {
            if (lines.Count == 0 || lines[^1].Sum(other => other.Width + Gap) + entry.Width > width)
            {
                lines.Add([]);
            }

            lines[^1].Add(entry);
        }

        return lines;
    }

    private sealed record Entry(string Text, Stroke? Line, MarkerStyle? Mark)
    {
        public float SampleWidth { get; } = Line is null ? MarkWidth : Key.SampleWidth;

        public float Width => SampleWidth + 5 + Style.Width(Text);
    }
}
