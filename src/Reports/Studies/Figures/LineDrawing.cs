using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws lines, bands and marks.</summary>
internal sealed class LineDrawing(LinePane pane) : IPaneDrawing
{
    private const float PanelHeight = 300;
    private const double RoomForNever = 0.12;

    public float Height => PanelHeight + Panel.BottomMargin;

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        var x = FigureAxes.Scale(pane.X, pane.Series.SelectMany(series => series.X));
        var y = FigureAxes.Scale(pane.Y, pane.Series.SelectMany(series => series.Y), RoomForNever);
        var panel = new Panel(x, FigureAxes.Limits(pane.X, pane.Series.SelectMany(series => series.X), x), y, pane.Y.Title, pane.X.Title)
        {
            HasStepNumbers = true,
            Floor = pane.Y.Floor,
            Ceiling = pane.Y.HasNever ? double.PositiveInfinity : pane.Y.Ceiling,
        };
        foreach (var value in pane.Y.Reach)
        {
            panel.Reach(value);
        }

        foreach (var series in pane.Series.Where(series => series.Low.Count > 0))
        {
            var (steps, lows) = Stairs(series, series.Low);
            panel.Band(new Curve(steps, lows), new Curve(steps, Stairs(series, series.High).Values), new RunStyle(series.Group).Band);
        }

        foreach (var level in pane.Levels)
        {
            panel.Level(level, new Stroke(1.2f, Ink.Quiet, 2, 3));
        }

        var singles = pane.Series.Count(series => series.Look == Look.Faint) / Math.Max(1, pane.Series.Count(series => series.Look != Look.Faint));
        foreach (var series in pane.Series)
        {
            Draw(panel, series, singles);
        }

        panel.Draw(canvas, new SKRect(left + Panel.LeftMargin - 18, top, left + width, top + PanelHeight));
    }

    private void Draw(Panel panel, Series series, int singles)
    {
        var style = new RunStyle(Math.Max(0, series.Group));
        var (steps, values) = Stairs(series, series.Y);
        var isScattered = pane.X.Kind == AxisKind.Names && series.Look == Look.Marked;
        if (!isScattered)
        {
            var faint = series.Group < 0 ? new Stroke(1, Ink.Quiet.WithAlpha(0.55)) : style.SeedLine(singles);
            panel.Line(new Curve(steps, values), series.Look == Look.Faint ? faint : style.Line);
        }

        if (series.Look == Look.Marked)
        {
            var points = new Curve(series.X, series.Y).Points.Select((point, i) => (Point: point, IsDiverged: series.Diverged.Count > 0 && series.Diverged[i])).ToArray();
            panel.Marks(points.Where(point => !point.IsDiverged).Select(point => point.Point), style.Mark);
            panel.Marks(points.Where(point => point.IsDiverged).Select(point => point.Point), Cross(style));
        }
    }

    private static MarkerStyle Cross(RunStyle style) => new(MarkerShape.Eks, 10, style.Color) { LineWidth = 2.4f };

    private static (IReadOnlyList<double> Steps, IReadOnlyList<double> Values) Stairs(Series series, IReadOnlyList<double> values) =>
        series.Look != Look.Stairs
            ? (series.X, values)
            : ([.. series.X.SelectMany((x, i) => i == 0 ? new[] { x } : [x, x])], [.. values.SelectMany((value, i) => i == 0 ? new[] { value } : [values[i - 1], value])]);
}
