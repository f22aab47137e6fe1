using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a learning-rate sweep.</summary>
internal sealed class LearningRateDrawing(LearningRateSweep sweep)
{
    public const int Width = 760;
    public const int Height = 440;

    private const float Margin = 18;
    private const double SpanOfLinearLosses = 30;

    private static readonly TextStyle TitleStyle = new(17, Ink.Text, IsBold: true);
    private static readonly TextStyle OutcomeStyle = new(13, Ink.Text);
    private static readonly TextStyle FooterStyle = new(10, Ink.Quiet);

    private static readonly Stroke LossLine = new(1, Color.FromHex("#9DB8CC"));
    private static readonly Stroke SmoothedLine = new(2, Color.FromHex("#0072B2"));
    private static readonly Color MarkColor = Color.FromHex("#D55E00");

    private readonly Curve _loss = new([.. sweep.Points.Select(point => point.Rate)], [.. sweep.Points.Select(point => point.Loss)]);
    private readonly Curve _smoothed = new([.. sweep.Points.Select(point => point.Rate)], [.. sweep.Points.Select(point => point.Smoothed)]);

    public void Draw(SKCanvas canvas)
    {
        const float TextWidth = Width - (2 * Margin);
        var footer = FooterStyle.Wrap($"seed {sweep.Seed} · {sweep.Model} · one batch per step", TextWidth, 2);
        var footerTop = Height - 10 - (footer.Count * FooterStyle.LineHeight);
        var title = TitleStyle.Wrap(sweep.Optimizer, TextWidth, 2);
        var outcome = OutcomeStyle.Wrap(LearningRateWords.Outcome(sweep), TextWidth, 3);
        var (panel, key) = Panel();
        const float DataWidth = Width - Reports.Panel.LeftMargin - Margin;
        var keyTop = 12 + (title.Count * TitleStyle.LineHeight) + (outcome.Count * OutcomeStyle.LineHeight) + 8;
        var top = keyTop + key.Height(DataWidth) + 5;

        // The panel comes first, because it also paints its surroundings.
        panel.Draw(canvas, new SKRect(Reports.Panel.LeftMargin, top, Reports.Panel.LeftMargin + DataWidth, footerTop - Reports.Panel.BottomMargin));
        key.Draw(canvas, Reports.Panel.LeftMargin, keyTop, DataWidth);
        var y = TitleStyle.Draw(canvas, title, Margin, 12);
        OutcomeStyle.Draw(canvas, outcome, Margin, y);
        FooterStyle.Draw(canvas, footer, Margin, footerTop);
    }

    // The explosion at the end would flatten the decrease before it. So the axis ends as far above the start as the minimum is below it.
    private double Ceiling
    {
        get
        {
            if (_smoothed.Smallest is not { } least)
            {
                return double.PositiveInfinity;
            }

            var start = _smoothed.Points.Where(point => point.Step <= least.Step).Max(point => point.Value);
            return start > least.Value ? start + (start - least.Value) : double.PositiveInfinity;
        }
    }

    private (Panel Panel, Key Key) Panel()
    {
        double[] positive = [.. _smoothed.FinitePoints.Select(point => point.Value).Where(loss => loss > 0)];
        var isWide = positive.Length > 0 && _smoothed.Smallest is { Value: >= 0 } && Ceiling / positive.Min() > SpanOfLinearLosses && double.IsFinite(Ceiling);
        var rates = new RateScale();
        var panel = new Panel(rates, AxisLimits.Steps(_loss.Steps, rates), isWide ? ZeroScale.Around(Scale.Logarithmic, _loss.Values.Concat(_smoothed.Values)) : Scale.Linear, "training loss", sweep.Argument)
        {
            Ceiling = Ceiling,
        };
        var key = new Key();
        panel.Line(_loss, LossLine);
        key.Add("batch", LossLine);
        panel.Line(_smoothed, SmoothedLine);
        key.Add("smoothed", SmoothedLine);
        Mark("steepest descent", sweep.Steepest, MarkerShape.FilledCircle);
        Mark("a tenth of the rate with the lowest loss", sweep.TenthOfLeast, MarkerShape.FilledDiamond);
        return (panel, key);

        void Mark(string name, double? rate, MarkerShape shape)
        {
            if (rate is { } there)
            {
                var style = new MarkerStyle(shape, 10) { FillColor = MarkColor, OutlineWidth = 0 };
                panel.Marks([_smoothed.Points.MinBy(point => Math.Abs(Math.Log(point.Step / there))) with { Step = there }], style);
                key.Add($"{name}: {LearningRateWords.Rate(there)}", style);
            }
        }
    }
}
