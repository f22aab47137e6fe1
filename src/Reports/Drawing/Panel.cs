using ScottPlot;
using ScottPlot.AxisPanels;
using ScottPlot.DataSources;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>A pair of axes with curves and marks. The lower axis shows the steps.</summary>
internal sealed class Panel
{
    /// <summary>The width of the left axis's labels and title.</summary>
    public const float LeftMargin = 80;

    /// <summary>The height of the lower axis's labels and title.</summary>
    public const float BottomMargin = 46;

    private const float OtherMargin = 10;

    private readonly Plot _plot = new();
    private readonly Scale _steps;
    private readonly AxisLimits _stepLimits;
    private readonly Scale _values;
    private readonly List<double> _shown = [];

    /// <summary>Creates empty axes.</summary>
    /// <param name="steps">The scale of the lower axis.</param>
    /// <param name="stepLimits">The limits of the lower axis.</param>
    /// <param name="values">The scale of the left axis.</param>
    /// <param name="valueTitle">The title of the left axis.</param>
    /// <param name="stepTitle">The title of the lower axis; empty if another panel is below.</param>
    public Panel(Scale steps, AxisLimits stepLimits, Scale values, string valueTitle, string stepTitle = "")
    {
        (_steps, _stepLimits, _values) = (steps, stepLimits, values);
        _plot.FigureBackground.Color = Colors.White;
        _plot.RenderManager.ClearCanvasBeforeEachRender = false;
        _plot.Axes.Top.IsVisible = _plot.Axes.Right.IsVisible = false;
        _plot.Axes.Bottom.TickGenerator = steps.StepTicks();
        _plot.Axes.Left.TickGenerator = values.ValueTicks();
        _plot.Axes.SetLimitsX(stepLimits.Low, stepLimits.High);
        Style((AxisBase)_plot.Axes.Bottom, stepTitle);
        Style((AxisBase)_plot.Axes.Left, valueTitle);
        _plot.Axes.Bottom.TickLabelStyle.IsVisible = stepTitle.Length > 0;
        _plot.Grid.MajorLineColor = Ink.Grid;
        _plot.Grid.XAxisStyle.MinorLineStyle.Color = Ink.MinorGrid;
        _plot.Grid.XAxisStyle.MinorLineStyle.Width = steps == Scale.Logarithmic ? 1 : 0;
    }

    /// <summary>Values above it do not extend the left axis.</summary>
    public double Ceiling { get; init; } = double.PositiveInfinity;

    /// <summary>Values below it do not extend the left axis.</summary>
    public double Floor { get; init; } = double.NegativeInfinity;

    /// <summary>The width of the left axis with its numbers and title.</summary>
    public float Left { get; init; } = LeftMargin;

    /// <summary>True if the lower axis has labels. Default: true if it has a title.</summary>
    public bool HasStepNumbers
    {
        init => _plot.Axes.Bottom.TickLabelStyle.IsVisible = value;
    }

    /// <summary>The limits of the left axis.</summary>
    public AxisLimits ValueLimits => AxisLimits.Values(_shown, _values);

    public void Line(Curve curve, Stroke stroke)
    {
        Show(curve.Points);
        var points = curve.Points.Select(Place).ToArray();
        Add(points, stroke);

        // A line along the lower edge is easily overlooked, so it gets a mark.
        var edge = curve.Points.Where(point => ZeroScale.IsAtEdge(_values, point.Value)).ToArray();
        if (edge.Length > 0)
        {
            Marks(edge.Take(1), new MarkerStyle(MarkerShape.FilledTriangleDown, 8, stroke.Color));
        }
    }

    public void Marks(IEnumerable<CurvePoint> points, MarkerStyle style)
    {
        var visible = points.Where(IsVisible).ToArray();
        Show(visible);
        _plot.PlottableList.Add(new Markers(new ScatterSourceCoordinatesArray([.. visible.Select(Place)])) { MarkerStyle = style });
    }

    /// <summary>Fills the area between two curves with the same steps.</summary>
    public void Band(Curve low, Curve high, Color color)
    {
        var points = low.Points.Zip(high.Points).Where(edge => IsVisible(edge.First) && IsVisible(edge.Second)).ToArray();
        if (points.Length > 1)
        {
            Show(points.SelectMany(edge => new[] { edge.First, edge.Second }));
            Coordinates[] outline = [.. points.Select(edge => Place(edge.First)), .. points.Reverse().Select(edge => Place(edge.Second))];
            _plot.PlottableList.Add(new Polygon(outline) { FillStyle = new FillStyle { Color = color }, LineStyle = LineStyle.None, MarkerStyle = MarkerStyle.None });
        }
    }

    /// <summary>Extends the left axis to a value.</summary>
    public void Reach(double value) => _shown.Add(value);

    /// <summary>Draws a vertical line from one value to another.</summary>
    public void Upright(double step, double from, double to, Stroke stroke) =>
        Line(new Curve([step, step], [from, to]), stroke);

    /// <summary>Draws a horizontal line that does not extend the axes.</summary>
    public void Level(double value, Stroke stroke)
    {
        var height = _values.Position(value);
        Add([new Coordinates(_stepLimits.Low, height), new Coordinates(_stepLimits.High, height)], stroke);
    }

    /// <summary>
    /// Draws the axes around <paramref name="data"/>, and the curves and marks inside it in the order in which they were added.
    /// </summary>
    public void Draw(SKCanvas canvas, SKRect data)
    {
        if (_shown.Count == 0)
        {
            _plot.Axes.Left.TickGenerator = _plot.Axes.Bottom.TickGenerator = new EmptyTickGenerator();
        }

        _plot.Axes.Left.MinimumSize = _plot.Axes.Left.MaximumSize = Left - OtherMargin;
        _plot.Axes.SetLimitsY(ValueLimits.Low, ValueLimits.High);
        _plot.Layout.Fixed(new PixelPadding(Left, OtherMargin, BottomMargin, OtherMargin));
        var figure = new PixelRect(data.Left - Left, data.Right + OtherMargin, data.Bottom + BottomMargin, data.Top - OtherMargin);

        // ScottPlot renders repeatedly until the limits are stable. In an SVG file, all renderings would remain.
        using (var nowhere = new SKNoDrawCanvas((int)figure.Right, (int)figure.Bottom))
        {
            _plot.Render(nowhere, figure);
        }

        _plot.Render(canvas, figure);
        if (_shown.Count == 0)
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

    private void Show(IEnumerable<CurvePoint> points) =>
        _shown.AddRange(points.Where(IsVisible).Select(point => point.Value).Where(value => value <= Ceiling && (value >= Floor || ZeroScale.IsAtEdge(_values, value))));

    private bool IsVisible(CurvePoint point) =>
        double.IsFinite(_steps.Position(point.Step)) && double.IsFinite(_values.Position(point.Value));

    private Coordinates Place(CurvePoint point) => new(_steps.Position(point.Step), _values.Position(point.Value));

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
