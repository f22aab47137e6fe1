using SkiaSharp;

namespace CuteDl.Reports;

/// <summary>Draws a comparison.</summary>
internal sealed class ComparisonDrawing
{
    public const int Width = 880;

    private const float Margin = 18;
    private const float TextWidth = Width - (2 * Margin);
    private const float PanelHeight = 270;
    private const int MarksAcross = 7;

    private static readonly TextStyle TitleStyle = new(17, Ink.Text, IsBold: true);
    private static readonly TextStyle SettingStyle = new(13, Ink.Quiet);
    private static readonly TextStyle NoteStyle = new(13, Ink.Text);
    private static readonly TextStyle WarningStyle = new(13, Ink.Warning, IsBold: true);
    private static readonly TextStyle FooterStyle = new(10, Ink.Quiet);

    private readonly IReadOnlyList<RunGroup> _runs;
    private readonly (TextStyle Style, IReadOnlyList<string> Lines)[] _header;
    private readonly IReadOnlyList<string> _footer;
    private readonly ComparisonTable _table;
    private readonly AxisLimits _steps;
    private readonly double _ceiling;

    public ComparisonDrawing(ComparisonResult comparison)
    {
        _runs = RunGroup.Of(comparison);
        _table = new ComparisonTable(_runs, TextWidth);
        _steps = AxisLimits.Steps(comparison.Runs.SelectMany(result => result.History.Steps, (_, step) => (double)step), Scale.Logarithmic);
        _ceiling = LossCeiling.Of(_runs);
        _header =
        [
            (TitleStyle, TitleStyle.Wrap(ComparisonWords.Title(_runs), TextWidth, 1)),
            (SettingStyle, SettingStyle.Wrap(ComparisonWords.Setting(comparison.Runs), TextWidth, 2)),
            (NoteStyle, NoteStyle.Wrap(ComparisonWords.Note(_runs), TextWidth, 2)),
            (WarningStyle, WarningStyle.Wrap(ComparisonWords.Warning(_runs, _ceiling), TextWidth, 2)),
        ];
        _footer = FooterStyle.Wrap(ComparisonWords.Footer(comparison.Runs), TextWidth, 2);
    }

    public int Height => (int)MathF.Ceiling(FooterTop + (_footer.Count * FooterStyle.LineHeight) + 10);

    private float LossTop => 12 + _header.Sum(part => part.Lines.Count * part.Style.LineHeight) + 14;

    private float AccuracyTop => LossTop + PanelHeight + 24;

    private float TableTop => AccuracyTop + PanelHeight + Panel.BottomMargin + 12;

    private float FooterTop => TableTop + _table.Height + 12;

    public void Draw(SKCanvas canvas)
    {
        DrawPanel(canvas, LossTop, NewPanel(LossScale, "validation loss", ceiling: _ceiling), run => run.Losses);
        DrawPanel(canvas, AccuracyTop, NewPanel(Scale.Linear, "validation accuracy", "training steps"), run => run.Accuracies);
        _table.Draw(canvas, Margin, TableTop);
        FooterStyle.Draw(canvas, _footer, Margin, FooterTop);

        var y = 12f;
        foreach (var (style, lines) in _header)
        {
            y = style.Draw(canvas, lines, Margin, y);
        }
    }

    private Scale LossScale
    {
        get
        {
            double[] losses = [.. _runs.SelectMany(run => run.Losses).SelectMany(curve => curve.FinitePoints).Select(point => point.Value)];
            var isLogarithmic = losses.Length == 0 || (losses.Min() >= 0 && losses.Max() > 0);
            return isLogarithmic ? ZeroScale.Around(Scale.Logarithmic, losses.Where(loss => loss <= _ceiling)) : Scale.Linear;
        }
    }

    private Panel NewPanel(Scale values, string valueTitle, string stepTitle = "", double ceiling = double.PositiveInfinity) =>
        new(Scale.Logarithmic, _steps, values, valueTitle, stepTitle) { Ceiling = ceiling };

    private void DrawPanel(SKCanvas canvas, float top, Panel panel, Func<RunGroup, IReadOnlyList<Curve>> curves)
    {
        foreach (var run in _runs.Where(run => run.Seeds.Count > 1))
        {
            foreach (var curve in curves(run))
            {
                panel.Line(curve, run.Style.SeedLine(run.Seeds.Count));
                panel.Marks(curve.FinitePoints.TakeLast(1), run.Style.SeedEnd(run.Seeds.Count));
            }
        }

        var main = _runs.Select(run => (run.Style, Curve: MedianCurve.Of(curves(run)))).ToArray();
        foreach (var (style, curve) in main)
        {
            panel.Line(curve, style.Line);
        }

        foreach (var (style, curve) in main)
        {
            panel.Marks(Sparse(curve, style.Index), style.Mark);
        }

        foreach (var (style, curve) in main)
        {
            panel.Marks(curve.FinitePoints.TakeLast(1), style.End);
        }

        panel.Draw(canvas, new SKRect(Panel.LeftMargin, top, Width - Margin, top + PanelHeight));
    }

    // One point per interval of the axis. The intervals of different runs are shifted, so that their marks do not overlap.
    private IEnumerable<CurvePoint> Sparse(Curve curve, int index)
    {
        var stretch = (_steps.High - _steps.Low) / MarksAcross;
        var shift = index * 0.382 % 1 * stretch;
        double Stretch(CurvePoint point) => Math.Floor((Scale.Logarithmic.Position(point.Step) - _steps.Low - shift) / stretch);
        return curve.FinitePoints.Where(point => point.Step > 0).GroupBy(Stretch).Skip(1).Select(points => points.First());
    }
}
