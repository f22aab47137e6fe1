using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws lines, bands and marks.</summary>
internal sealed class LineDrawing : IPaneDrawing
{
    private const float Left = 80;
    private const float Overhang = 18;
    private const float FootWithoutLabels = 14;
    private const double RoomBeside = 0.02;
    private const double RoomAbove = 0.05;
    private const int MarksAcross = 7;

    // A line through so few points is short or invisible, so all its points get marks.
    private const int FewPoints = 2;

    private static readonly Stroke LevelLine = new(1.2f, Ink.Quiet, 2, 3);

    private readonly LinePane _pane;
    private readonly AxisScale _x;
    private readonly AxisScale _y;
    private readonly int _seeds;

    /// <summary>Lays out a pane.</summary>
    /// <param name="pane">The pane.</param>
    /// <param name="key">The legend, to which the pane's own entries are added.</param>
    public LineDrawing(LinePane pane, Key key)
    {
        (_pane, Key) = (pane, key);
        _x = new AxisScale(pane.X, [.. pane.Series.SelectMany(series => series.X), .. pane.Spots.Select(spot => spot.X)], RoomBeside);
        var points = pane.Series.SelectMany(series => new[] { series.Y, series.Low, series.High }.SelectMany(values => Points(series.X, values)));
        _y = new AxisScale(pane.Y, [.. points.Where(point => double.IsFinite(_x.Position(point.X))).Select(point => point.Y), .. pane.Spots.Select(spot => spot.Y)], RoomAbove);
        _seeds = pane.Series.Count(series => series.Look == Look.Faint) / Math.Max(1, pane.Series.Count(series => series.Look != Look.Faint));
        foreach (var level in pane.Levels)
        {
            Key.Add(level.Text, LevelLine, null);
        }

        foreach (var spot in pane.Spots)
        {
            Key.Add(spot.Text, null, new GroupStyle(spot.Group).Spot(spot.IsOpen));
        }
    }

    public Key Key { get; }

    /// <summary>The height of the area of the lines.</summary>
    public float DataHeight { get; set; } = 270;

    public float Height => DataHeight + (_pane.X.HasLabels ? Panel.BottomMargin : FootWithoutLabels);

    public void Draw(SKCanvas canvas, float left, float top, float width)
    {
        var panel = new Panel(_pane.X, _x, _pane.Y, _y, Left);
        foreach (var series in _pane.Series.Where(series => series.Low.Count > 0))
        {
            panel.Band(Points(series.X, series.Low, series.Look), Points(series.X, series.High, series.Look), new GroupStyle(series.Group).Band);
        }

        foreach (var level in _pane.Levels)
        {
            panel.Level(level.Value, LevelLine);
        }

        // Marks are on top of all lines.
        foreach (var series in _pane.Series.Where(series => _pane.X.Kind != AxisKind.Names || series.Look != Look.Marked))
        {
            panel.Line(Points(series.X, series.Y, series.Look), GroupStyle.Stroke(series.Group, series.Look, _seeds));
        }

        foreach (var series in _pane.Series)
        {
            Mark(panel, series, new GroupStyle(Math.Max(0, series.Group)));
        }

        foreach (var spot in _pane.Spots)
        {
            panel.Marks([new Coordinates(spot.X, spot.Y)], new GroupStyle(spot.Group).Spot(spot.IsOpen));
        }

        panel.Draw(canvas, new SKRect(left + Left - Overhang, top, left + width, top + DataHeight));
    }

    /// <summary>
    /// Returns the points that get marks: one per interval of the axis. The intervals of different groups are shifted, so that their marks do
    /// not overlap.
    /// </summary>
    internal static IEnumerable<int> Sparse(IReadOnlyList<double> places, (double Low, double High) limits, int group)
    {
        var stretch = (limits.High - limits.Low) / MarksAcross;
        var shift = group * 0.382 % 1 * stretch;
        return Enumerable.Range(0, places.Count).GroupBy(i => Math.Floor((places[i] - limits.Low - shift) / stretch)).Skip(1).Select(same => same.First());
    }

    private static IEnumerable<Coordinates> Points(IReadOnlyList<double> x, IReadOnlyList<double> y, Look look = Look.Line) =>
        look == Look.Stairs
            ? x.Zip(y).SelectMany((point, i) => i == 0 ? new[] { new Coordinates(point.First, point.Second) } : [new(point.First, y[i - 1]), new(point.First, point.Second)])
            : x.Zip(y, (there, value) => new Coordinates(there, value));

    private void Mark(Panel panel, Series series, GroupStyle style)
    {
        var points = Points(series.X, series.Y).ToArray();
        Coordinates[] visible = [.. points.Where(point => double.IsFinite(_x.Position(point.X)) && double.IsFinite(_y.Position(point.Y)))];
        switch (series.Look)
        {
            case Look.Marked:
                bool IsDiverged(int i) => series.Diverged.Count > 0 && series.Diverged[i];
                panel.Marks(points.Where((_, i) => !IsDiverged(i)), style.Mark);
                panel.Marks(points.Where((_, i) => IsDiverged(i)), style.Cross);
                break;
            case Look.Curve:
                panel.Marks(Sparse([.. visible.Select(point => _x.Position(point.X))], _x.Limits, style.Index).Select(i => visible[i]), style.Mark);
                panel.Marks(visible.TakeLast(1), style.End);
                break;
            case Look.Faint when series.Group >= 0:
                panel.Marks(visible.TakeLast(1), style.SeedEnd(_seeds));
                break;
            case Look.Line or Look.Thin when visible.Length <= FewPoints:
                panel.Marks(visible, style.Point);
                break;
        }
    }

}
