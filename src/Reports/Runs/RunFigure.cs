namespace CuteDl.Reports;

/// <summary>Builds the figure of one run: training and validation loss, and validation accuracy.</summary>
internal static class RunFigure
{
    private const int Validation = 0;
    private const int Training = 1;

    /// <summary>Returns the figure.</summary>
    /// <param name="result">The run.</param>
    /// <param name="id">The name of its file.</param>
    public static Figure Of(RunResult result, string id = "run")
    {
        var history = result.History;
        double[] losses = [.. history.ValLoss.Where(double.IsFinite)];
        var steps = new Axis("training steps", AxisKind.Linear, AxisFormat.Steps) { Reach = history.Count > 0 ? [0] : [] };
        double[] x = [.. history.Steps.Select(step => (double)step)];
        return new Figure(
            id,
            result.Run,
            "",
            [
                new LinePane(
                    steps with { HasLabels = !result.HasAccuracy },
                    new Axis("loss", LossAxis.Kind(losses, losses.DefaultIfEmpty(0).Max()), AxisFormat.Value),
                    [
                        new Series(Training, "training (last batch)", x, history.Loss, Look.Thin),
                        new Series(Validation, "validation", x, history.ValLoss, Look.Line),
                    ])
                {
                    Spots = Spots(result, "minimum", history.ValLoss, losses.DefaultIfEmpty(double.NaN).Min()),
                },
                .. result.HasAccuracy ? [Accuracies(result, steps, x)] : Array.Empty<LinePane>(),
            ])
        {
            Groups = ["validation", "training (last batch)"],
            Remarks =
            [
                .. result.Optimizer != result.Run ? [new Remark(Tone.Quiet, result.Optimizer)] : Array.Empty<Remark>(),
                new Remark(Tone.Plain, RunWords.Outcome(result)),
                .. RunWords.Warnings(result).Select(warning => new Remark(Tone.Warning, warning)),
            ],
            Footer = RunWords.Setting(result),
            Files = [$"figures/{id}.png"],
            Width = 760,
            Height = 620,
        };
    }

    private static LinePane Accuracies(RunResult result, Axis steps, double[] x) =>
        new LinePane(
            steps,
            new Axis("accuracy", AxisKind.Linear, AxisFormat.Value),
            [new Series(Validation, "validation", x, result.History.ValAccuracy, Look.Line)])
        {
            Levels = result.Settings.Target is { } target && result.History.ValAccuracy.Any(accuracy => accuracy < target) && result.History.ValAccuracy.Any(accuracy => accuracy > target)
                ? [new Level(target, $"target {Numbers.Tick(target)}")]
                : [],
            Spots = Spots(result, "maximum", result.History.ValAccuracy, result.History.ValAccuracy.DefaultIfEmpty(double.NaN).Max()),
        };

    // The best value is often the final one. An open mark around a full one shows both.
    private static Spot[] Spots(RunResult result, string name, IReadOnlyList<double> values, double best)
    {
        if (values.Count == 0)
        {
            return [];
        }

        Spot At(string text, int index, bool isOpen) =>
            new(Validation, $"{text} {Numbers.Value(values[index])}" + (isOpen || result.History.Steps[index] != result.Steps ? $" at step {Numbers.Exact(result.History.Steps[index])}" : ""), result.History.Steps[index], values[index], isOpen);
        var first = Enumerable.Range(0, values.Count).Where(i => values[i] == best).Take(1);
        return [.. first.Select(i => At(name, i, isOpen: true)), At("final", values.Count - 1, isOpen: false)];
    }
}
