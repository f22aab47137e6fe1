using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a figure to a file: heading, remarks, caption, legend, panes and footer.</summary>
internal sealed class FigurePicture
{
    private const float Margin = 18;
    private const float Top = 12;
    private const float Gap = 10;
    private const float KeyGap = 6;

    private static readonly TextStyle TitleStyle = new(17, Ink.Text, IsBold: true);
    private static readonly TextStyle CaptionStyle = new(12, Ink.Quiet);
    private static readonly TextStyle PaneStyle = new(13, Ink.Text, IsBold: true);
    private static readonly TextStyle FooterStyle = new(10, Ink.Quiet);

    private readonly float _width;
    private readonly (TextStyle Style, IReadOnlyList<string> Lines)[] _head;
    private readonly IReadOnlyList<string> _footer;
    private readonly (string Title, IPaneDrawing Drawing)[] _panes;

    private FigurePicture(Figure figure)
    {
        _width = figure.Width - (2 * Margin);
        _head =
        [
            Wrapped(TitleStyle, figure.Title, 2),
            .. figure.Remarks.Select(remark => Wrapped(Style(remark.Tone), remark.Text, 3)),
            Wrapped(CaptionStyle, figure.Caption, 4),
        ];
        _footer = FooterStyle.Wrap(figure.Footer, _width, 2);
        var groups = Groups(figure);
        _panes = [.. figure.Panes.Select((pane, i) => (pane.Title, Drawing(pane, i == 0 ? groups : new Key())))];

        // The lines use the height that a fixed size leaves.
        LineDrawing[] lines = [.. _panes.Select(pane => pane.Drawing).OfType<LineDrawing>()];
        var rest = figure.Height is { } height ? (height - Height) / lines.Length : 0;
        foreach (var drawing in lines)
        {
            drawing.DataHeight += rest;
        }
    }

    private float Height => PanesTop + _panes.Sum(pane => HeadHeight(pane.Title, pane.Drawing) + pane.Drawing.Height + Gap) + (_footer.Count > 0 ? (_footer.Count * FooterStyle.LineHeight) + Gap : 0);

    private float PanesTop => Top + _head.Sum(part => part.Lines.Count * part.Style.LineHeight) + Gap;

    /// <summary>Draws a figure and writes it to its files.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="folder">The folder of the report.</param>
    public static void Save(Figure figure, string folder)
    {
        foreach (var file in figure.Files)
        {
            SaveAs(figure, Path.Combine(folder, file));
        }
    }

    /// <summary>Draws a figure and writes it.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="path">The file. SVG if the name ends in <c>.svg</c>, otherwise PNG.</param>
    public static void SaveAs(Figure figure, string path)
    {
        var picture = new FigurePicture(figure);
        PictureFile.Save(path, figure.Width, figure.Height ?? (int)MathF.Ceiling(picture.Height), picture.Draw);
    }

    private static TextStyle Style(Tone tone) =>
        tone switch
        {
            Tone.Warning => new(13, Ink.Warning, IsBold: true),
            Tone.Quiet => new(13, Ink.Quiet),
            Tone.Plain => new(13, Ink.Text),
            _ => throw new ArgumentOutOfRangeException(nameof(tone), tone, "There is no such tone."),
        };

    private (TextStyle Style, IReadOnlyList<string> Lines) Wrapped(TextStyle style, string text, int maxLines) => (style, style.Wrap(text, _width, maxLines));

    // The legend of a figure is above its first pane, unless a table names the lines.
    private static Key Groups(Figure figure)
    {
        var key = new Key();
        var series = figure.Panes.Any(pane => pane is TablePane) ? [] : figure.Panes.OfType<LinePane>().SelectMany(pane => pane.Series);
        foreach (var group in series.Where(series => series.Group >= 0).GroupBy(series => series.Group).OrderBy(group => group.Key))
        {
            var look = group.Last().Look;
            key.Add(figure.Groups[group.Key], GroupStyle.Stroke(group.Key, look, 1), look is Look.Curve or Look.Marked ? new GroupStyle(group.Key).Mark : null);
        }

        return key;
    }

    private float HeadHeight(string title, IPaneDrawing drawing) =>
        (title.Length > 0 ? PaneStyle.LineHeight + KeyGap : 0) + (drawing.Key.Height(_width) is var height and > 0 ? height + KeyGap : 0);

    private IPaneDrawing Drawing(Pane pane, Key key) =>
        pane switch
        {
            LinePane lines => new LineDrawing(lines, key),
            IntervalPane intervals => new IntervalDrawing(intervals),
            HeatPane heat => new HeatDrawing(heat),
            TablePane table => new TableDrawing(table, _width),
            _ => throw new InvalidOperationException($"There is no drawing of {pane.GetType().Name}."),
        };

    private void Draw(SKCanvas canvas)
    {
        // ScottPlot paints the background of its plots, so texts are drawn afterwards.
        var top = PanesTop;
        foreach (var (title, drawing) in _panes)
        {
            drawing.Draw(canvas, Margin, top + HeadHeight(title, drawing), _width);
            top += HeadHeight(title, drawing) + drawing.Height + Gap;
        }

        FooterStyle.Draw(canvas, _footer, Margin, top);
        top = PanesTop;
        foreach (var (title, drawing) in _panes)
        {
            drawing.Key.Draw(canvas, Margin, top, _width);
            PaneStyle.Draw(canvas, PaneStyle.Wrap(title, _width, 1), Margin, top + HeadHeight("", drawing));
            top += HeadHeight(title, drawing) + drawing.Height + Gap;
        }

        top = Top;
        foreach (var (style, lines) in _head)
        {
            top = style.Draw(canvas, lines, Margin, top);
        }
    }
}
