using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws values with their intervals, one per row: the name on the left, the value as text on the right.</summary>
internal sealed class IntervalDrawing(IntervalPane pane) : IPaneDrawing
{
    private const float RowHeight = 26;
    private const float MostLeft = 210;
    private const float MostRight = 340;
    private const double HalfZone = 0.42;

    private static readonly TextStyle Style = new(12, Ink.Text);

    public float Height => (pane.Rows.Count * RowHeight) + 10 + Panel.BottomMargin;

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        var right = Math.Min(MostRight, pane.Rows.Max(row => Style.Width(row.Text)) + 14);
        var names = Math.Min(MostLeft, pane.Rows.Max(row => Style.Width(row.Label)) + 14);
        double[] values = [.. pane.Rows.SelectMany(row => new[] { row.Value, row.Low, row.High, row.Equal?.Low ?? row.Value, row.Equal?.High ?? row.Value }), .. pane.Zero is { } zero ? new[] { zero } : []];
        var x = FigureAxes.Scale(pane.X, values);
        var limits = FigureAxes.Limits(pane.X, values, x);
        var panel = new Panel(x, limits, new NameScale([]), "", pane.X.Title) { Left = names };
        panel.Reach(-0.5);
        panel.Reach(pane.Rows.Count - 0.5);
        var rows = pane.Rows.Select((row, i) => (Row: row, Height: (double)(pane.Rows.Count - 1 - i))).ToArray();
        foreach (var (equal, height) in rows.Where(row => row.Row.Equal is not null).Select(row => (row.Row.Equal!.Value, row.Height)))
        {
            var (low, high) = (height - HalfZone, height + HalfZone);
            panel.Band(new Curve([equal.Low, equal.High], [low, low]), new Curve([equal.Low, equal.High], [high, high]), Ink.Grid);
        }

        if (pane.Zero is { } nothing)
        {
            panel.Upright(nothing, -0.5, pane.Rows.Count - 0.5, new Stroke(1.2f, Ink.Quiet, 4, 3));
        }

        foreach (var (row, height) in rows)
        {
            Draw(panel, row, height, x, limits);
        }

        var data = new SKRect(left + names, top, left + width - right, top + Height - Panel.BottomMargin);
        panel.Draw(canvas, data);
        foreach (var (row, i) in pane.Rows.Select((row, i) => (row, i)))
        {
            // The panel has a margin above and below: a twentieth of the range that it shows.
            var room = data.Height * 0.05f / 1.1f;
            var baseline = data.Top + room + ((data.Height - (2 * room)) * (i + 0.5f) / pane.Rows.Count) + 4;
            Style.Draw(canvas, Style.Shorten(row.Label, names - 14), left, baseline);
            Style.Draw(canvas, Style.Shorten(row.Text, right - 14), data.Right + 12, baseline);
        }
    }

    private static void Draw(Panel panel, IntervalRow row, double height, Scale x, AxisLimits limits)
    {
        // An unbounded interval ends at the end of the axis.
        double Within(double value, double end) => double.IsFinite(x.Position(value)) ? value : end;
        var isLogarithmic = x.Position(1) == 0 && x.Position(10) == 1;
        double At(double position) => isLogarithmic ? Math.Pow(10, position) : position;
        var style = new RunStyle(Math.Max(0, row.Group));
        var color = row.Group < 0 ? Ink.Text : style.Color;
        panel.Line(new Curve([Within(row.Low, At(limits.Low)), Within(row.High, At(limits.High))], [height, height]), new Stroke(2, color));
        panel.Marks([new CurvePoint(row.Value, height)], new MarkerStyle(MarkerShape.FilledCircle, 9, color) { FillColor = row.IsFull ? color : Colors.White, OutlineColor = color, OutlineWidth = 1.8f });
    }
}
