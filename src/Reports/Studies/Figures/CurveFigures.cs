using CuteDl.Studies;
using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>Builds figures of curves over training steps, and of single runs.</summary>
internal static class CurveFigures
{
    private const int MostFaintPoints = 250;
    private const double TimesTheUsualLoss = 100;
    private const double BelowTheTarget = 1e-4;

    /// <summary>Returns the validation losses and accuracies of each task's compared runs.</summary>
    public static IEnumerable<Figure> Learning(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var trials = Compared(result, metadata, task);
            if (trials.Length > 0)
            {
                var panes = new List<Pane> { Losses(task, metadata, trials) };
                if (task.HasClasses)
                {
                    panes.Add(Accuracies(task, metadata, trials));
                }

                yield return new Figure(
                    FileNames.Safe($"learning-{task.Name}"),
                    $"Learning curves: {task.Name}",
                    "Validation over the training steps. Bold: the median over the seeds, if at least half have a finite value. Band: the middle half of the seeds. "
                    + "Faint: each seed. Dotted: the target. A loss of exactly 0 is drawn at the lower edge of a logarithmic axis.",
                    panes);
            }
        }
    }

    /// <summary>Returns the steps to the target of each seed, connected across contenders.</summary>
    public static IEnumerable<Figure> Paired(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var seeds = Compared(result, metadata, task).GroupBy(trial => trial.Trial.Seed).OrderBy(trials => trials.Key).ToArray();
            if (seeds.Length > 0 && metadata.Contenders.Count > 1)
            {
                Series[] series =
                [
                    .. seeds.Select(trials => new Series(
                        -1,
                        FormattableString.Invariant($"seed {trials.Key}"),
                        [.. trials.OrderBy(trial => metadata.Group(trial.Trial.Contender)).Select(trial => (double)metadata.Group(trial.Trial.Contender))],
                        [.. trials.OrderBy(trial => metadata.Group(trial.Trial.Contender)).Select(StudyText.StepsToTarget)],
                        Look.Faint)),
                    .. metadata.Contenders.Select((name, group) => (Name: name, Group: group, Trials: seeds.SelectMany(trials => trials).Where(trial => trial.Trial.Contender == name).ToArray()))
                        .Where(contender => contender.Trials.Length > 0)
                        .Select(contender => new Series(
                            contender.Group,
                            contender.Name,
                            [.. contender.Trials.Select(_ => (double)contender.Group)],
                            [.. contender.Trials.Select(StudyText.StepsToTarget)],
                            Look.Marked)
                        {
                            Descriptions = [.. contender.Trials.Select(trial => FormattableString.Invariant($"seed {trial.Trial.Seed}"))],
                            Diverged = [.. contender.Trials.Select(trial => trial.HasFailed)],
                        }),
                ];
                var isNever = series.Any(line => line.Y.Any(double.IsInfinity));
                yield return new Figure(
                    FileNames.Safe($"paired-{task.Name}"),
                    $"Steps by seed: {task.Name}",
                    "Steps to the target. A line joins the runs with one seed: they have the same initial weights and order of batches." + (isNever ? " Never: the target was not reached within the budget. ×: diverged." : ""),
                    [
                        new LinePane(
                            new Axis("", AxisKind.Names, AxisFormat.Value) { Names = metadata.Contenders },
                            new Axis("steps to the target", AxisKind.Logarithmic, AxisFormat.Steps) { HasNever = isNever },
                            series),
                    ]);
            }
        }
    }

    private static TrialResult[] Compared(StudyResult result, StudyMetadata metadata, TaskMetadata task) =>
        [.. result.Trials.Where(trial => trial.Trial.Phase == metadata.ComparedPhase && trial.Trial.Task == task.Name)];

    private static LinePane Losses(TaskMetadata task, StudyMetadata metadata, TrialResult[] trials)
    {
        var series = Lines(metadata, trials, trial => trial.Curve.Loss);
        var finite = series.SelectMany(line => line.Y).Where(double.IsFinite).ToArray();
        var first = trials.Select(trial => trial.Curve.Loss.FirstOrDefault(double.IsFinite)).Order().ToArray();
        var usual = first[(first.Length - 1) / 2];
        var isLogarithmic = finite.Any(loss => loss > 0) && finite.All(loss => loss >= 0);
        return new LinePane(
            new Axis("training steps", AxisKind.Logarithmic, AxisFormat.Steps),
            new Axis("validation loss", isLogarithmic ? AxisKind.Logarithmic : AxisKind.Linear, AxisFormat.Value)
            {
                Floor = task.Loss is > 0 and var most && isLogarithmic ? most * BelowTheTarget : double.NegativeInfinity,
                Ceiling = usual > 0 ? usual * TimesTheUsualLoss : double.PositiveInfinity,
            },
            series)
        {
            Title = task.HasClasses ? "loss" : "",
            Levels = task.Loss is { } target ? [target] : [],
        };
    }

    private static LinePane Accuracies(TaskMetadata task, StudyMetadata metadata, TrialResult[] trials) =>
        new(
            new Axis("training steps", AxisKind.Logarithmic, AxisFormat.Steps),
            new Axis("validation accuracy", AxisKind.Linear, AxisFormat.Value),
            Lines(metadata, trials, trial => trial.Curve.Accuracy))
        {
            Title = "accuracy",
            Levels = task.Accuracy is { } target ? [target] : [],
        };

    private static Series[] Lines(StudyMetadata metadata, TrialResult[] trials, Func<TrialResult, double[]> values)
    {
        var groups = metadata.Contenders
            .Select((name, group) => (Name: name, Group: group, Trials: trials.Where(trial => trial.Trial.Contender == name).ToArray()))
            .Where(contender => contender.Trials.Length > 0)
            .ToArray();
        return
        [
            .. groups.Where(contender => contender.Trials.Length > 1).SelectMany(contender => contender.Trials, (contender, trial) => Faint(contender.Group, trial, values(trial))),
            .. groups.Select(contender => Median(contender.Group, contender.Name, contender.Trials, values)),
        ];
    }

    private static Series Faint(int group, TrialResult trial, double[] values)
    {
        var stride = Math.Max(1, (int)Math.Ceiling(values.Length / (double)MostFaintPoints));
        int[] kept = [.. Enumerable.Range(0, values.Length).Where(i => i % stride == 0 || i == values.Length - 1)];
        return new Series(
            group,
            FormattableString.Invariant($"{trial.Trial.Contender}, seed {trial.Trial.Seed}"),
            [.. kept.Select(i => (double)trial.Curve.Steps[i])],
            [.. kept.Select(i => values[i])],
            Look.Faint);
    }

    // The same median as MedianCurve, with quartiles.
    private static Series Median(int group, string name, TrialResult[] trials, Func<TrialResult, double[]> values)
    {
        var steps = trials
            .SelectMany(trial => trial.Curve.Steps.Zip(values(trial)))
            .GroupBy(point => point.First, point => point.Second)
            .Where(point => 2 * point.Count() >= trials.Length)
            .OrderBy(point => point.Key)
            .Select(point => (Step: (double)point.Key, Finite: point.Where(double.IsFinite).ToArray()))
            .Select(point => 2 * point.Finite.Length >= trials.Length ? point : (point.Step, Finite: []))
            .ToArray();
        double At(double[] finite, double share) => finite.Length == 0 ? double.NaN : finite.QuantileCustom(share, QuantileDefinition.R7);
        return new Series(group, name, [.. steps.Select(point => point.Step)], [.. steps.Select(point => At(point.Finite, 0.5))], Look.Line)
        {
            Low = trials.Length > 1 ? [.. steps.Select(point => At(point.Finite, 0.25))] : [],
            High = trials.Length > 1 ? [.. steps.Select(point => At(point.Finite, 0.75))] : [],
        };
    }
}
