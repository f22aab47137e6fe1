using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a heat map. Darker is better, grey is a missed target, and a cross is divergence.</summary>
internal sealed class HeatDrawing(HeatPane pane) : IPaneDrawing
{
    private const float CellHeight = 44;
    private const float Foot = 46;
    private const float MostLeft = 180;

    private static readonly Color[] Stops = [.. Shades.Select(Color.FromHex)];
    private static readonly Color Never = Color.FromHex("#D9D9D9");
    private static readonly TextStyle Label = new(12, Ink.Text);
    private static readonly TextStyle Title = new(13, Ink.Text);

    /// <summary>
    /// The colours from the best to the worst: a part of cividis (Nuñez et al. 2018), whose order is visible with colour blindness.
    /// </summary>
    public static IReadOnlyList<string> Shades => ["#00224E", "#35456C", "#666970", "#948E77", "#C8B866", "#FEE838"];

    public float Height => (pane.Rows.Count * CellHeight) + Foot;

    private static Color Of(double shade)
    {
        if (double.IsNaN(shade))
        {
            return Never;
        }

        var position = Math.Clamp(shade, 0, 1) * (Stops.Length - 1);
        var below = Math.Min((int)position, Stops.Length - 2);
        return Stops[below].MixedWith(Stops[below + 1], position - below);
    }

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        var names = Math.Min(MostLeft, pane.Rows.Max(Label.Width) + 12);
        var cell = (width - names) / pane.Columns.Count;
        using var fill = new SKPaint { IsAntialias = false };
        for (var row = 0; row < pane.Rows.Count; row++)
        {
            var y = top + (row * CellHeight);
            Label.Draw(canvas, Label.Shorten(pane.Rows[row], names - 12), left, y + (CellHeight / 2) + 4);
            for (var column = 0; column < pane.Columns.Count; column++)
            {
                if (pane.Cells[row][column] is { } content)
                {
                    var x = left + names + (column * cell);
                    var color = Of(content.Shade);
                    fill.Color = color.ToSKColor();
                    canvas.DrawRect(new SKRect(x + 1, y + 1, x + cell - 1, y + CellHeight - 1), fill);
                    var ink = content.Shade < 0.55 ? Colors.White : Ink.Text;
                    Centred(canvas, new TextStyle(12, content.IsDiverged ? Ink.Warning : ink, IsBold: true), content.Text, x, cell, y + 19);
                    Centred(canvas, new TextStyle(10, ink), content.Small, x, cell, y + 34);
                }
            }
        }

        var foot = top + (pane.Rows.Count * CellHeight);
        for (var column = 0; column < pane.Columns.Count; column++)
        {
            Centred(canvas, Label, pane.Columns[column], left + names + (column * cell), cell, foot + 16);
        }

        Centred(canvas, Title, pane.XTitle, left + names, width - names, foot + 36);
    }

    private static void Centred(SKCanvas canvas, TextStyle style, string text, float left, float width, float baseline)
    {
        var shown = style.Shorten(text, width - 2);
        style.Draw(canvas, shown, left + ((width - style.Width(shown)) / 2), baseline);
    }
}
