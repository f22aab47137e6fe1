using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a table whose rows name the lines of the figure.</summary>
internal sealed class TableDrawing : IPaneDrawing
{
    private const float SampleWidth = 46;
    private const float Gap = 14;
    private const float RowGap = 5;
    private const float RoomForLast = 190;
    private const int MaxLines = 4;

    private static readonly TextStyle HeadStyle = new(12, Ink.Text, IsBold: true);
    private static readonly TextStyle CellStyle = new(12, Ink.Text);

    private readonly float[] _columns;
    private readonly float _gap;
    private readonly IReadOnlyList<string>[] _head;
    private readonly IReadOnlyList<string>[][] _rows;

    /// <summary>Lays out the table.</summary>
    /// <param name="pane">The table.</param>
    /// <param name="width">The width. The first and last column share the width that the others leave, and are wrapped.</param>
    public TableDrawing(TablePane pane, float width)
    {
        _columns = [.. pane.Columns.Select((title, column) => pane.Rows.Select(row => CellStyle.Width(row[column])).Append(HeadStyle.Width(title)).Max())];
        var rest = width - SampleWidth - (_columns.Length * Gap) - _columns[1..^1].Sum();
        _columns[0] = Math.Min(_columns[0], rest - Math.Min(_columns[^1], RoomForLast));
        _columns[^1] = Math.Min(_columns[^1], rest - _columns[0]);
        _gap = (width - SampleWidth - Gap - _columns.Sum()) / (_columns.Length - 1);
        _head = Wrap(pane.Columns, HeadStyle);
        _rows = [.. pane.Rows.Select(row => Wrap(row, CellStyle))];
    }

    public float Height => _rows.Append(_head).Sum(RowHeight) + (2 * RowGap);

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        using var rule = new SKPaint { Color = Ink.Frame.ToSKColor(), StrokeWidth = 1 };
        DrawRow(canvas, _head, HeadStyle, left, top);
        top += RowHeight(_head);
        canvas.DrawLine(left, top, left + width, top, rule);
        top += RowGap;
        foreach (var (row, i) in _rows.Select((row, i) => (row, i)))
        {
            var style = new GroupStyle(i);
            Sample.Draw(canvas, new SKRect(left, top, left + SampleWidth, top + CellStyle.LineHeight), style.Line, style.Mark);
            DrawRow(canvas, row, CellStyle, left, top);
            top += RowHeight(row);
        }

        canvas.DrawLine(left, top, left + width, top, rule);
    }

    private static float RowHeight(IReadOnlyList<string>[] row) => (row.Max(cell => cell.Count) * CellStyle.LineHeight) + RowGap;

    private void DrawRow(SKCanvas canvas, IReadOnlyList<string>[] row, TextStyle style, float left, float top)
    {
        var x = left + SampleWidth + Gap;
        foreach (var (cell, width) in row.Zip(_columns))
        {
            style.Draw(canvas, cell, x, top);
            x += width + _gap;
        }
    }

    private IReadOnlyList<string>[] Wrap(IReadOnlyList<string> cells, TextStyle style) =>
        [.. cells.Zip(_columns, (cell, width) => style.Wrap(cell, width + 0.5f, MaxLines))];
}
