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
    private const double Room = 0.05;

    private static readonly Axis Rows = new("", AxisKind.Linear, AxisFormat.Value);
    private static readonly TextStyle Style = new(12, Ink.Text);

    public float Height => (pane.Rows.Count * RowHeight) + 10 + Panel.BottomMargin;

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        var count = pane.Rows.Count;
        var right = Math.Min(MostRight, pane.Rows.Max(row => Style.Width(row.Text)) + 14);
        var names = Math.Min(MostLeft, pane.Rows.Max(row => Style.Width(row.Label)) + 14);
        var x = new AxisScale(
            pane.X,
            [.. pane.Rows.SelectMany(row => new[] { row.Value, row.Low, row.High, row.Equal?.Low ?? row.Value, row.Equal?.High ?? row.Value }), .. pane.Zero is { } zero ? new[] { zero } : []],
            Room);
        var panel = new Panel(pane.X, x, null, new AxisScale(Rows, [-0.5, count - 0.5], 0), names);
        var rows = pane.Rows.Select((row, i) => (Row: row, Height: count - 1.0 - i)).ToArray();
        foreach (var (row, height) in rows.Where(row => row.Row.Equal is not null))
        {
            var (low, high) = row.Equal!.Value;
            Coordinates[] Edge(double at) => [new(low, at), new(high, at)];
            panel.Band(Edge(height - HalfZone), Edge(height + HalfZone), Ink.Grid);
        }

        if (pane.Zero is { } nothing)
        {
            panel.Line([new(nothing, -0.5), new(nothing, count - 0.5)], new Stroke(1.2f, Ink.Quiet, 4, 3));
        }

        foreach (var (row, height) in rows)
        {
            Draw(panel, row, height, x);
        }

        var data = new SKRect(left + names, top, left + width - right, top + Height - Panel.BottomMargin);
        panel.Draw(canvas, data);
        foreach (var (row, height) in rows)
        {
            var baseline = data.Bottom - (data.Height * (float)(height + 0.5) / count) + 4;
            Style.Draw(canvas, Style.Shorten(row.Label, names - 14), left, baseline);
            Style.Draw(canvas, Style.Shorten(row.Text, right - 14), data.Right + 12, baseline);
        }
    }

    private static void Draw(Panel panel, IntervalRow row, double height, AxisScale x)
    {
        // An unbounded interval ends at the end of the axis.
        double Within(double value, double end) => double.IsFinite(x.Position(value)) ? value : x.At(end);
        var color = row.Group < 0 ? Ink.Text : new GroupStyle(row.Group).Color;
        panel.Line([new(Within(row.Low, x.Limits.Low), height), new(Within(row.High, x.Limits.High), height)], new Stroke(2, color));
        panel.Marks([new(row.Value, height)], new MarkerStyle(MarkerShape.FilledCircle, 9, color) { FillColor = row.IsFull ? color : Colors.White, OutlineColor = color, OutlineWidth = 1.8f });
    }
}
