using ScottPlot;
using ScottPlot.AxisPanels;
using ScottPlot.DataSources;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>A pair of axes with lines, bands and marks.</summary>
internal sealed class Panel
{
    /// <summary>The height of the lower axis's labels and title.</summary>
    public const float BottomMargin = 46;

    private const float OtherMargin = 10;

    private readonly Plot _plot = new();
    private readonly AxisScale _x;
    private readonly AxisScale _y;
    private readonly float _left;

    /// <summary>Creates empty axes.</summary>
    /// <param name="x">The lower axis.</param>
    /// <param name="xScale">The scale of the lower axis.</param>
    /// <param name="y">The left axis; null for an axis without numbers.</param>
    /// <param name="yScale">The scale of the left axis.</param>
    /// <param name="left">The width of the left axis's labels and title.</param>
    public Panel(Axis x, AxisScale xScale, Axis? y, AxisScale yScale, float left)
    {
        (_x, _y, _left) = (xScale, yScale, left);
        _plot.FigureBackground.Color = Colors.White;
        _plot.RenderManager.ClearCanvasBeforeEachRender = false;
        _plot.Axes.Top.IsVisible = _plot.Axes.Right.IsVisible = false;
        _plot.Axes.Bottom.TickGenerator = xScale;
        _plot.Axes.Left.TickGenerator = y is null ? new EmptyTickGenerator() : yScale;
        _plot.Axes.SetLimitsX(xScale.Limits.Low, xScale.Limits.High);
        _plot.Axes.SetLimitsY(yScale.Limits.Low, yScale.Limits.High);
        Style((AxisBase)_plot.Axes.Bottom, x.HasLabels ? x.Title : "");
        Style((AxisBase)_plot.Axes.Left, y?.Title ?? "");
        _plot.Axes.Bottom.TickLabelStyle.IsVisible = x.HasLabels;
        _plot.Axes.Left.MinimumSize = _plot.Axes.Left.MaximumSize = left - OtherMargin;
        _plot.Layout.Fixed(new PixelPadding(left, OtherMargin, BottomMargin, OtherMargin));
        _plot.Grid.MajorLineColor = Ink.Grid;
        _plot.Grid.XAxisStyle.MinorLineStyle.Color = Ink.MinorGrid;
        _plot.Grid.XAxisStyle.MinorLineStyle.Width = y is not null && x.Kind == AxisKind.Logarithmic ? 1 : 0;
    }

    public void Line(IEnumerable<Coordinates> points, Stroke stroke)
    {
        var all = points.ToArray();
        Add([.. all.Select(Place)], stroke);

        // A line along the lower edge is easily overlooked, so it gets a mark.
        Marks(all.Where(point => _y.IsAtEdge(point.Y)).Take(1), new MarkerStyle(MarkerShape.FilledTriangleDown, 8, stroke.Color));
    }

    public void Marks(IEnumerable<Coordinates> points, MarkerStyle style) =>
        _plot.PlottableList.Add(new Markers(new ScatterSourceCoordinatesArray([.. points.Select(Place).Where(IsFinite)])) { MarkerStyle = style });

    /// <summary>Fills the area between two lines with the same number of points.</summary>
    public void Band(IEnumerable<Coordinates> low, IEnumerable<Coordinates> high, Color color)
    {
        var edges = low.Select(Place).Zip(high.Select(Place)).Where(edge => IsFinite(edge.First) && IsFinite(edge.Second)).ToArray();
        if (edges.Length > 1)
        {
            Coordinates[] outline = [.. edges.Select(edge => edge.First), .. edges.Reverse().Select(edge => edge.Second)];
            _plot.PlottableList.Add(new Polygon(outline) { FillStyle = new FillStyle { Color = color }, LineStyle = LineStyle.None, MarkerStyle = MarkerStyle.None });
        }
    }

    /// <summary>Draws a horizontal line.</summary>
    public void Level(double value, Stroke stroke)
    {
        var height = _y.Position(value);
        Add([new Coordinates(_x.Limits.Low, height), new Coordinates(_x.Limits.High, height)], stroke);
    }

    /// <summary>
    /// Draws the axes around <paramref name="data"/>, and the lines and marks inside it in the order in which they were added.
    /// </summary>
    public void Draw(SKCanvas canvas, SKRect data)
    {
        var figure = new PixelRect(data.Left - _left, data.Right + OtherMargin, data.Bottom + BottomMargin, data.Top - OtherMargin);

        // ScottPlot renders repeatedly until the limits are stable. In an SVG file, all renderings would remain.
        using (var nowhere = new SKNoDrawCanvas((int)figure.Right, (int)figure.Bottom))
        {
            _plot.Render(nowhere, figure);
        }

        _plot.Render(canvas, figure);
        if (_y.IsEmpty)
        {
            const string Nothing = "no finite value";
            var style = new TextStyle(13, Ink.Quiet);
            style.Draw(canvas, Nothing, data.MidX - (style.Width(Nothing) / 2), data.MidY);
        }
    }

    private void Add(Coordinates[] points, Stroke stroke) =>
        _plot.PlottableList.Add(new Scatter(new ScatterSourceCoordinatesArray(points))
        {
            LineStyle = stroke.Paint,
            PathStrategy = stroke,
            MarkerStyle = MarkerStyle.None,
        });

    private Coordinates Place(Coordinates point) => new(_x.Position(point.X), _y.Position(point.Y));

    private static bool IsFinite(Coordinates place) => double.IsFinite(place.X) && double.IsFinite(place.Y);

    private static void Style(AxisBase axis, string title)
    {
        axis.TickLabelStyle.Font = Typefaces.Regular;
        axis.TickLabelStyle.FontSize = 12;
        axis.TickLabelStyle.OffsetY = axis is YAxisBase ? 2 : 0;
        axis.TickLabelStyle.ForeColor = Ink.Text;
        axis.LabelText = title;
        axis.LabelStyle.Font = Typefaces.Regular;
        axis.LabelStyle.Bold = false;
        axis.LabelStyle.FontSize = 13;
        axis.LabelStyle.ForeColor = Ink.Text;
        axis.FrameLineStyle.Color = axis.MajorTickStyle.Color = axis.MinorTickStyle.Color = Ink.Frame;
    }
}
