using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws the table below a comparison's panels: the legend of the curves, with results.</summary>
internal sealed class ComparisonTable
{
    private const float SampleWidth = 46;
    private const float Gap = 14;
    private const float RowGap = 5;
    private const float RoomForStop = 190;
    private const int MaxLines = 4;

    private static readonly string[] Titles = ["run", "best loss", "final accuracy", "steps", "stopped"];

    private static readonly TextStyle HeadStyle = new(12, Ink.Text, IsBold: true);
    private static readonly TextStyle CellStyle = new(12, Ink.Text);

    private readonly IReadOnlyList<RunGroup> _runs;
    private readonly float _width;
    private readonly float[] _columns;
    private readonly float _gap;
    private readonly IReadOnlyList<string>[] _head;
    private readonly IReadOnlyList<string>[][] _rows;

    /// <summary>Lays out the table.</summary>
    /// <param name="runs">The runs, one per row.</param>
    /// <param name="width">The width of the table. Names and stop reasons share the width that the numbers leave, and are wrapped.</param>
    public ComparisonTable(IReadOnlyList<RunGroup> runs, float width)
    {
        (_runs, _width) = (runs, width);
        string[][] rows = [.. runs.Select(run => RunRow.Cells(run, hasSeeds: runs.Any(other => other.Seeds.Count > 1)))];
        _columns =
        [
            .. Titles.Select((title, column) => rows.Select(row => CellStyle.Width(row[column])).Append(HeadStyle.Width(title)).Max()),
        ];
        var rest = width - SampleWidth - (_columns.Length * Gap) - _columns[1..^1].Sum();
        _columns[0] = Math.Min(_columns[0], rest - Math.Min(_columns[^1], RoomForStop));
        _columns[^1] = Math.Min(_columns[^1], rest - _columns[0]);
        _gap = (width - SampleWidth - Gap - _columns.Sum()) / (_columns.Length - 1);
        _head = Wrap(Titles, HeadStyle);
        _rows = [.. rows.Select(row => Wrap(row, CellStyle))];
    }

    public float Height => _rows.Append(_head).Sum(RowHeight) + (2 * RowGap);

    public void Draw(SKCanvas canvas, float left, float top)
    {
        using var rule = new SKPaint { Color = Ink.Frame.ToSKColor(), StrokeWidth = 1 };
        DrawRow(canvas, _head, HeadStyle, left, top);
        top += RowHeight(_head);
        canvas.DrawLine(left, top, left + _width, top, rule);
        top += RowGap;
        foreach (var (run, row) in _runs.Zip(_rows))
        {
            Sample.Draw(canvas, new SKRect(left, top, left + SampleWidth, top + CellStyle.LineHeight), run.Style.Line, run.Style.Mark);
            DrawRow(canvas, row, CellStyle, left, top);
            top += RowHeight(row);
        }

        canvas.DrawLine(left, top, left + _width, top, rule);
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

    private IReadOnlyList<string>[] Wrap(string[] cells, TextStyle style) =>
        [.. cells.Zip(_columns, (cell, width) => style.Wrap(cell, width + 0.5f, MaxLines))];
}
