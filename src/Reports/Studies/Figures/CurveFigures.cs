using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Builds figures of curves over training steps, and of single runs.</summary>
internal static class CurveFigures
{
    /// <summary>Returns the validation losses and accuracies of each task's compared runs.</summary>
    public static IEnumerable<Figure> Learning(StudyResult result, StudyMetadata metadata)
    {
        foreach (var task in metadata.Tasks)
        {
            var trials = Compared(result, metadata, task);
            SeedCurves[] curves =
            [
                .. metadata.Contenders
                    .Select((name, group) => new SeedCurves(group, name, [.. trials.Where(trial => trial.Trial.Contender == name).Select(Curve)]))
                    .Where(curve => curve.Seeds.Count > 0),
            ];
            if (curves.Length > 0)
            {
                yield return new Figure(
                    FileNames.Safe($"learning-{task.Name}"),
                    $"Learning curves: {task.Name}",
                    "Validation over the training steps. Bold: the median over the seeds, if at least half have a finite value. Band: the middle half of the seeds. "
                    + "Faint: each seed. A loss of exactly 0 is drawn at the lower edge of a logarithmic axis.",
                    [CurvePanes.Losses(curves, task.Loss, hasBands: true), .. task.HasClasses ? [CurvePanes.Accuracies(curves, task.Accuracy, hasBands: true)] : Array.Empty<Pane>()]);
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

    private static SeedCurve Curve(TrialResult trial) =>
        new(trial.Trial.Seed, [.. trial.Curve.Steps.Select(step => (double)step)], trial.Curve.Loss, trial.Curve.Accuracy);
}
