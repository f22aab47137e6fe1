using CuteDl.Studies;
using Column = CuteDl.Reports.StudyColumn<CuteDl.Studies.TrialResult>;

namespace CuteDl.Reports;

/// <summary>Builds tables with one row per trial, in the order of the plan.</summary>
internal static class TrialTables
{
    /// <summary>Returns everything except times: equal results give equal bytes.</summary>
    public static StudyTable Results(StudyResult result) =>
        StudyTable.Of(
            "results",
            "Results",
            "One row per trial. Best: the best validation. Final: the last validation of the budget. At the stop: the validation at which a rule stopped the run.",
            result.Trials,
            [
                Column.OfText("trial", "trial", trial => trial.Trial.Id),
                Column.OfText("phase", "", trial => StudyText.Key(trial.Trial.Phase)),
                Column.OfText("task", "", trial => trial.Trial.Task),
                Column.OfText("contender", "", trial => trial.Trial.Contender),
                Column.Count("setting", "", trial => trial.Trial.Setting),
                Column.Count("seed", "", trial => trial.Trial.Seed),
                Column.OfText("optimizer", "optimizer", trial => trial.Trial.Optimizer),
                Column.OfText("values", "", trial => StudyText.Values(trial.Trial.Values)),
                Column.OfText("ending", "ending", trial => StudyText.Key(trial.Ending)),
                Column.Count("steps", "steps", trial => trial.Steps),
                Column.Number("steps_to_target", "steps to the target", trial => trial.StepsToTarget, StudyText.Steps),
                Column.Number("examples_to_target", "", trial => trial.ExamplesToTarget, StudyText.Steps),
                .. Score("best", trial => trial.Best),
                .. Score("final", trial => trial.Final),
                .. Score("at_stop", trial => trial.AtStop),
                .. Score("test", trial => trial.Test),
                Column.OfText("dead_logits", "", trial => string.Join(' ', trial.Health.DeadLogits)),
                Column.OfText("almost_dead_logits", "", trial => string.Join(' ', trial.Health.AlmostDeadLogits)),
                Column.Number("accuracy_ceiling", "", trial => trial.Health.AccuracyCeiling, StudyText.Accuracy),
                Column.OfText("dead_units", "", trial => string.Join(' ', trial.Health.DeadUnits)),
                Column.Count("first_non_finite", "", trial => trial.Health.FirstNonFinite),
                Column.OfText("parameters", "", trial => trial.Parameters.ToString("x16", System.Globalization.CultureInfo.InvariantCulture)),
            ]);

    /// <summary>Returns the times, which differ from run to run.</summary>
    public static StudyTable Timings(StudyResult result) =>
        StudyTable.Of(
            "timings",
            "Timings",
            "Seconds of training, without validations. They depend on the machine and on the run, and are not repeatable.",
            result.Trials,
            Column.OfText("trial", "trial", trial => trial.Trial.Id),
            Column.Number("seconds", "seconds", trial => trial.Seconds, StudyText.Number),
            Column.Number("seconds_to_target", "seconds to the target", trial => trial.SecondsToTarget, StudyText.Number));

    private static IEnumerable<Column> Score(string name, Func<TrialResult, Score?> score) =>
        [
            Column.Optional($"{name}_step", "", trial => score(trial)?.Step, StudyText.Steps),
            Column.Optional($"{name}_loss", "", trial => score(trial)?.Loss, StudyText.Number),
            Column.Optional($"{name}_accuracy", "", trial => score(trial)?.Accuracy is { } accuracy && !double.IsNaN(accuracy) ? accuracy : null, StudyText.Accuracy),
        ];
}
