namespace CuteDl.Reports;

/// <summary>Builds the figure of a learning-rate sweep.</summary>
internal static class LearningRateFigure
{
    private const int Losses = 0;
    private const int Suggestions = 1;

    public static Figure Of(LearningRateSweep sweep)
    {
        double[] rates = [.. sweep.Points.Select(point => point.Rate)];
        double[] smoothed = [.. sweep.Points.Select(point => point.Smoothed)];
        var ceiling = Ceiling(smoothed);
        return new Figure(
            "lr-find",
            sweep.Optimizer,
            "Bold: the smoothed loss. Faint: the loss of each batch.",
            [
                new LinePane(
                    new Axis(sweep.Argument, AxisKind.Logarithmic, AxisFormat.Value),
                    new Axis("training loss", LossAxis.Kind(smoothed, ceiling), AxisFormat.Value) { Ceiling = ceiling },
                    [
                        new Series(Losses, "batch", rates, [.. sweep.Points.Select(point => point.Loss)], Look.Faint),
                        new Series(Losses, "smoothed", rates, smoothed, Look.Line),
                    ])
                {
                    Spots = [.. Spot("steepest descent", sweep.Steepest, isOpen: false), .. Spot("a tenth of the rate with the lowest loss", sweep.TenthOfLeast, isOpen: true)],
                },
            ])
        {
            Groups = ["smoothed"],
            Remarks = [new Remark(Tone.Plain, LearningRateWords.Outcome(sweep))],
            Footer = $"seed {sweep.Seed} · {sweep.ModelText} · one batch per step",
            Width = 760,
            Height = 440,
        };

        IEnumerable<Spot> Spot(string name, double? rate, bool isOpen) =>
            rate is { } there
                ? [new Spot(Suggestions, $"{name}: {LearningRateWords.Rate(there)}", there, sweep.Points.MinBy(point => Math.Abs(Math.Log(point.Rate / there))).Smoothed, isOpen)]
                : [];
    }

    // The explosion at the end would flatten the decrease before it. So the axis ends as far above the start as the minimum is below it.
    private static double Ceiling(double[] smoothed)
    {
        if (smoothed.Length == 0)
        {
            return double.PositiveInfinity;
        }

        var least = smoothed.Min();
        var start = smoothed[..(Array.IndexOf(smoothed, least) + 1)].Max();
        return start > least ? start + (start - least) : double.PositiveInfinity;
    }
}
