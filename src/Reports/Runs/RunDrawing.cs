using ScottPlot;
using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws one run.</summary>
internal sealed class RunDrawing(RunResult result)
{
    public const int Width = 760;
    public const int Height = 620;

    private const float Margin = 18;
    private const string Final = "final";
    private const double SpanOfLinearLosses = 30;

    private static readonly TextStyle TitleStyle = new(17, Ink.Text, IsBold: true);
    private static readonly TextStyle OptimizerStyle = new(13, Ink.Quiet);
    private static readonly TextStyle OutcomeStyle = new(13, Ink.Text);
    private static readonly TextStyle WarningStyle = new(13, Ink.Warning, IsBold: true);
    private static readonly TextStyle FooterStyle = new(10, Ink.Quiet);

    private static readonly Stroke TrainingLine = new(1.2f, Color.FromHex("#D55E00"));
    private static readonly Stroke ValidationLine = new(2, Color.FromHex("#0072B2"));
    private static readonly Stroke TargetLine = new(1, Ink.Quiet, 6, 5);

    private readonly Curve _trainingLoss = Curve.Of(result.History.Steps, result.History.Loss);
    private readonly Curve _loss = Curve.Of(result.History.Steps, result.History.ValLoss);
    private readonly Curve _accuracy = Curve.Of(result.History.Steps, result.History.ValAccuracy);

    public void Draw(SKCanvas canvas)
    {
        const float TextWidth = Width - (2 * Margin);
        var footer = FooterStyle.Wrap(RunWords.Setting(result), TextWidth, 2);
        var footerTop = Height - 10 - (footer.Count * FooterStyle.LineHeight);

        var (lossPanel, lossKey) = LossPanel();
        var (accuracyPanel, accuracyKey) = AccuracyPanel();
        const float DataLeft = Panel.LeftMargin;
        const float DataWidth = Width - DataLeft - Margin;
        var (lossKeyHeight, accuracyKeyHeight) = (lossKey.Height(DataWidth) + 5, accuracyKey.Height(DataWidth) + 5);

        var headerBottom = Header(TextWidth).Sum(part => part.Lines.Count * part.Style.LineHeight) + 12 + 8;
        var dataHeight = (footerTop - headerBottom - lossKeyHeight - accuracyKeyHeight - 16 - Panel.BottomMargin) / 2;

        var lossTop = headerBottom + lossKeyHeight;
        var accuracyTop = lossTop + dataHeight + 16 + accuracyKeyHeight;
        lossPanel.Draw(canvas, new SKRect(DataLeft, lossTop, DataLeft + DataWidth, lossTop + dataHeight));
        accuracyPanel.Draw(canvas, new SKRect(DataLeft, accuracyTop, DataLeft + DataWidth, accuracyTop + dataHeight));
        lossKey.Draw(canvas, DataLeft, headerBottom, DataWidth);
        accuracyKey.Draw(canvas, DataLeft, accuracyTop - accuracyKeyHeight, DataWidth);

        var y = 12f;
        foreach (var (style, lines) in Header(TextWidth))
        {
            y = style.Draw(canvas, lines, Margin, y);
        }

        FooterStyle.Draw(canvas, footer, Margin, footerTop);
    }

    private IEnumerable<(TextStyle Style, IReadOnlyList<string> Lines)> Header(float width)
    {
        yield return (TitleStyle, TitleStyle.Wrap(result.Run, width, 2));
        if (result.Optimizer != result.Run)
        {
            yield return (OptimizerStyle, OptimizerStyle.Wrap(result.Optimizer, width, 3));
        }

        yield return (OutcomeStyle, OutcomeStyle.Wrap(RunWords.Outcome(result), width, 2));
        foreach (var warning in RunWords.Warnings(result))
        {
            yield return (WarningStyle, WarningStyle.Wrap(warning, width, 2));
        }
    }

    private (Panel Panel, Key Key) LossPanel()
    {
        double[] losses = [.. _loss.FinitePoints.Select(point => point.Value)];
        double[] positive = [.. losses.Where(loss => loss > 0)];
        var isWide = positive.Length > 0 && losses.Min() >= 0 && positive.Max() / positive.Min() > SpanOfLinearLosses;
        var scale = isWide ? ZeroScale.Around(Scale.Logarithmic, _trainingLoss.Values.Concat(_loss.Values)) : Scale.Linear;
        var panel = new Panel(Scale.Linear, StepLimits, scale, "loss");
        var key = new Key();
        Add(panel, key, "training (last batch)", _trainingLoss, TrainingLine);
        Add(panel, key, "validation", _loss, ValidationLine);
        Mark(panel, key, "minimum", _loss.Smallest, MarkerShape.FilledDiamond);
        Mark(panel, key, Final, _loss.Last, MarkerShape.FilledCircle);
        return (panel, key);
    }

    private (Panel Panel, Key Key) AccuracyPanel()
    {
        var panel = new Panel(Scale.Linear, StepLimits, Scale.Linear, "accuracy", "training steps");
        var key = new Key();
        Add(panel, key, "validation", _accuracy, ValidationLine);
        var limits = panel.ValueLimits;
        if (_accuracy.Steps.Count > 0 && result.Settings.Target is { } target && limits.Low < target && target < limits.High)
        {
            panel.Level(target, TargetLine);
            key.Add($"target {Numbers.Tick(target)}", TargetLine);
        }

        Mark(panel, key, "maximum", _accuracy.Largest, MarkerShape.FilledDiamond);
        Mark(panel, key, Final, _accuracy.Last, MarkerShape.FilledCircle);
        return (panel, key);
    }

    private AxisLimits StepLimits => AxisLimits.Steps(_loss.Steps, Scale.Linear);

    private static void Add(Panel panel, Key key, string name, Curve curve, Stroke style)
    {
        panel.Line(curve, style);
        key.Add(name, style);
        if (curve.Steps.Count <= 2)
        {
            panel.Marks(curve.Points, new MarkerStyle(MarkerShape.FilledSquare, 5, style.Color));
        }
    }

    private void Mark(Panel panel, Key key, string name, CurvePoint? point, MarkerShape shape)
    {
        if (point is not { } there)
        {
            return;
        }

        // The minimum is often the final value. A larger open mark around a smaller filled one shows both.
        var color = ValidationLine.Color;
        var style = shape == MarkerShape.FilledDiamond
            ? new MarkerStyle(shape, 13) { FillColor = Colors.White, OutlineColor = color, OutlineWidth = 1.8f }
            : new MarkerStyle(shape, 6.5f) { FillColor = color, OutlineWidth = 0 };
        panel.Marks([there], style);
        var where = name != Final || there.Step != result.Steps ? $" at step {Numbers.Exact((long)there.Step)}" : "";
        key.Add($"{name} {Numbers.Value(there.Value)}{where}", style);
    }
}
