using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a figure of a study to a file: heading, caption, legend and panes.</summary>
internal sealed class FigurePicture
{
    private const int Width = 880;
    private const float Margin = 18;
    private const float TextWidth = Width - (2 * Margin);
    private const float Gap = 10;

    private static readonly TextStyle TitleStyle = new(17, Ink.Text, IsBold: true);
    private static readonly TextStyle CaptionStyle = new(12, Ink.Quiet);
    private static readonly TextStyle PaneStyle = new(13, Ink.Text, IsBold: true);

    private readonly IReadOnlyList<string> _title;
    private readonly IReadOnlyList<string> _caption;
    private readonly Key _key = new();
    private readonly (string Title, IPaneDrawing Drawing)[] _panes;

    private FigurePicture(Figure figure, IReadOnlyList<string> contenders)
    {
        _title = TitleStyle.Wrap(figure.Title, TextWidth, 2);
        _caption = CaptionStyle.Wrap(figure.Caption, TextWidth, 4);
        _panes = [.. figure.Panes.Select(pane => (pane.Title, Drawing(pane)))];
        foreach (var group in figure.Panes.OfType<LinePane>().SelectMany(pane => pane.Series).Select(series => series.Group).Where(group => group >= 0).Distinct().Order())
        {
            _key.Add(contenders[group], new RunStyle(group).Line);
        }
    }

    /// <summary>Draws a figure and writes it.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="contenders">The names of the study's contenders.</param>
    /// <param name="path">The file. SVG if the name ends in <c>.svg</c>, otherwise PNG.</param>
    public static void Save(Figure figure, IReadOnlyList<string> contenders, string path)
    {
        var picture = new FigurePicture(figure, contenders);
        PictureFile.Save(path, Width, picture.Height, picture.Draw);
    }

    private float PanesTop => 12 + (_title.Count * TitleStyle.LineHeight) + (_caption.Count * CaptionStyle.LineHeight) + Gap + _key.Height(TextWidth) + Gap;

    private int Height => (int)MathF.Ceiling(PanesTop + _panes.Sum(pane => TitleHeight(pane.Title) + pane.Drawing.Height + Gap));

    private static float TitleHeight(string title) => title.Length > 0 ? PaneStyle.LineHeight + 6 : 0;

    private static IPaneDrawing Drawing(Pane pane) =>
        pane switch
        {
            LinePane lines => new LineDrawing(lines),
            IntervalPane intervals => new IntervalDrawing(intervals),
            HeatPane heat => new HeatDrawing(heat),
            _ => throw new InvalidOperationException($"There is no drawing of {pane.GetType().Name}."),
        };

    private void Draw(SKCanvas canvas)
    {
        // ScottPlot paints the background of its plots, so texts are drawn afterwards.
        var top = PanesTop;
        foreach (var (title, drawing) in _panes)
        {
            var titleTop = top;
            top += TitleHeight(title);
            drawing.Draw(canvas, Margin, top, TextWidth);
            if (title.Length > 0)
            {
                PaneStyle.Draw(canvas, PaneStyle.Shorten(title, TextWidth), Margin, titleTop + PaneStyle.Size);
            }

            top += drawing.Height + Gap;
        }

        top = TitleStyle.Draw(canvas, _title, Margin, 12);
        top = CaptionStyle.Draw(canvas, _caption, Margin, top);
        _key.Draw(canvas, Margin, top + Gap, TextWidth);
    }
}

/// <summary>Draws one pane of a figure.</summary>
internal interface IPaneDrawing
{
    float Height { get; }

    /// <summary>Draws the pane.</summary>
    void Draw(SKCanvas canvas, float left, float top, float width);
}
