using System.Globalization;
using CuteDl.Reports;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>Describes trials.</summary>
internal static class TrialText
{
    /// <summary>
    /// Returns <c>confirmation mnist adam seed 3</c>, with the setting for tuning and frontier trials. A run of a comparison is
    /// <c>adam(lr=0.001) seed 3</c>.
    /// </summary>
    /// <param name="trial">The trial.</param>
    /// <param name="study">Its study.</param>
    /// <param name="width">The number of characters. A long label is cut.</param>
    public static string Name(Trial trial, Study study, int width = int.MaxValue)
    {
        var isOnlyTask = trial.Phase == Phase.Run && study.TaskNames.Count == 1;
        var values = trial.Phase is Phase.Tuning or Phase.Frontier
            ? string.Concat(trial.Values.Select(value => string.Create(CultureInfo.InvariantCulture, $" {value.Item1}={value.Item2:g4}")))
            : "";
        var before = isOnlyTask ? "" : $"{trial.Phase.ToString().ToLowerInvariant()} {trial.Task} ";
        var after = string.Create(CultureInfo.InvariantCulture, $"{values} seed {trial.Seed}");
        return $"{before}{Fit(VisibleText.LineOf(study.LabelOf(trial.Contender)), width - before.Length - after.Length)}{after}";
    }

    /// <summary>Returns <c>target in 1200 steps, 0.9781</c>.</summary>
    public static string Outcome(TrialResult result)
    {
        var outcome = result.Ending switch
        {
            Ending.Diverged => Of("diverged at step", result.Health.FirstNonFinite > 0 ? result.Health.FirstNonFinite : result.Steps),
            Ending.Failed => $"failed: {VisibleText.LineOf(result.Failure)}",
            Ending.Cancelled => Of("cancelled at step", result.Steps),
            Ending.Completed when result.Trial.Phase == Phase.Run => Of("step limit reached at step", result.Steps),
            Ending.Pruned => Of("ended early at step", result.Steps),
            Ending.NoImprovement => Of("no improvement, stopped at step", result.Steps),
            Ending.TooSlow => Of("too slow, stopped at step", result.Steps),
            Ending.TargetHeld => Of("target held, stopped at step", result.Steps),
            _ when double.IsFinite(result.StepsToTarget) => string.Create(CultureInfo.InvariantCulture, $"target in {result.StepsToTarget:0} steps"),
            _ => "target not reached",
        };
        return !result.HasFailed && (result.Final ?? result.AtStop ?? result.Best) is { } score ? $"{outcome}, {Score(score)}" : outcome;
    }

    /// <summary>Returns <c>0.9781</c>, or <c>loss 3.2e-07</c> for a task without classes.</summary>
    public static string Score(Score score) =>
        double.IsNaN(score.Accuracy)
            ? string.Create(CultureInfo.InvariantCulture, $"loss {score.Loss:g4}")
            : score.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>Returns <c>1:05</c> or <c>2:00:07</c>.</summary>
    public static string Time(TimeSpan time) =>
        time.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(time.TotalHours):0}:{time.Minutes:00}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00}");

    /// <summary>Returns a text, cut with an ellipsis if it is too long.</summary>
    public static string Fit(string text, int width) => text.Length <= width ? text : $"{text[..Math.Max(0, width - 1)]}…";

    private static string Of(string what, long step) => string.Create(CultureInfo.InvariantCulture, $"{what} {step}");
}
