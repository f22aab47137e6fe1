using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Builds the tables of failures and findings.</summary>
internal static class HealthTables
{
    public static StudyTable Autopsies(StudyAnalysis analysis) =>
        StudyTable.Of(
            "autopsies",
            "Failed and outlying seeds",
            "",
            analysis.Autopsies,
            StudyColumn<Autopsy>.Words("trial", "trial", row => row.Trial),
            StudyColumn<Autopsy>.Words("task", "", row => row.Task),
            StudyColumn<Autopsy>.Words("contender", "", row => row.Contender),
            StudyColumn<Autopsy>.Words("variant", "", row => StudyWords.Key(row.Variant)),
            StudyColumn<Autopsy>.Count("seed", "", row => row.Seed),
            StudyColumn<Autopsy>.Words("failure", "failure", row => StudyWords.Key(row.Failure), row => StudyWords.Of(row.Failure)),
            StudyColumn<Autopsy>.Number("accuracy", "last accuracy", row => row.Accuracy, StudyWords.Accuracy),
            StudyColumn<Autopsy>.Words("dead_logits", "dead logits", row => string.Join(' ', row.Health.DeadLogits)),
            StudyColumn<Autopsy>.Words("almost_dead_logits", "almost dead", row => string.Join(' ', row.Health.AlmostDeadLogits)),
            StudyColumn<Autopsy>.Number("accuracy_ceiling", "greatest possible accuracy", row => row.Health.AccuracyCeiling, StudyWords.Accuracy),
            StudyColumn<Autopsy>.Count("first_non_finite", "first non-finite step", row => row.Health.FirstNonFinite),
            StudyColumn<Autopsy>.Number("update_ratio", "‖Δ‖/‖w‖", row => row.UpdateRatio, StudyWords.Number),
            StudyColumn<Autopsy>.Number("update_ratio_typical", "typical", row => row.TypicalUpdateRatio, StudyWords.Number),
            StudyColumn<Autopsy>.Number("gradient_norm", "‖g‖", row => row.GradientNorm, StudyWords.Number),
            StudyColumn<Autopsy>.Number("gradient_norm_typical", "typical", row => row.TypicalGradientNorm, StudyWords.Number),
            StudyColumn<Autopsy>.Words("others", "others with the same seed", row => string.Join("; ", row.Others.Select(Other))),
            StudyColumn<Autopsy>.Words("why", "causes", row => string.Join(" ", row.Sentences)));

    public static StudyTable Document(StudyAnalysis analysis) =>
        StudyTable.Of(
            "document",
            "The document's runs with several seeds",
            "A class is lost if its logit is dead, or above 0 for less than one image in a thousand. Accuracies and steps are medians. Intervals are Wilson intervals of 95 %.",
            analysis.Document,
            StudyColumn<DocumentRow>.Words("task", "task", row => row.Task),
            StudyColumn<DocumentRow>.Words("contender", "optimizer", row => row.Contender),
            StudyColumn<DocumentRow>.Count("n", "n", row => row.Trials),
            StudyColumn<DocumentRow>.Range("dead", "runs with a dead logit", row => row.Dead, StudyWords.Percent),
            StudyColumn<DocumentRow>.Range("dead_or_almost", "runs that lost a class", row => row.DeadOrAlmost, StudyWords.Percent),
            StudyColumn<DocumentRow>.Words("lost_classes", "lost classes", row => string.Join(", ", row.LostClasses.Select(lost => $"{lost.Item1} ({lost.Item2}×)"))),
            StudyColumn<DocumentRow>.Range("diverged", "diverged", row => row.Diverged, StudyWords.Percent),
            StudyColumn<DocumentRow>.Number("accuracy_with", "accuracy at the stop, a class lost", row => row.AccuracyWith, StudyWords.Accuracy),
            StudyColumn<DocumentRow>.Number("accuracy_without", "accuracy at the stop, none lost", row => row.AccuracyWithout, StudyWords.Accuracy),
            StudyColumn<DocumentRow>.Number("steps", "steps", row => row.Steps, StudyWords.Steps),
            StudyColumn<DocumentRow>.Number("steps_with", "steps, a class lost", row => row.StepsWith, StudyWords.Steps),
            StudyColumn<DocumentRow>.Number("steps_without", "steps, none lost", row => row.StepsWithout, StudyWords.Steps),
            StudyColumn<DocumentRow>.Words("documented", "figures in the document", row => row.Figures));

    public static StudyTable Findings(StudyResult result) =>
        StudyTable.Of(
            "findings",
            "Objections to this study",
            "",
            Lint.checkDesign(result.Study.Core).Concat(result.Analysis.Findings),
            StudyColumn<Finding>.Words("code", "code", row => row.Code),
            StudyColumn<Finding>.Words("severity", "severity", row => StudyWords.Key(row.Severity)),
            StudyColumn<Finding>.Words("path", "place", row => row.Path),
            StudyColumn<Finding>.Words("message", "objection", row => row.Message),
            StudyColumn<Finding>.Words("advice", "remedy", row => row.Advice));

    private static string Other(SameSeed other) =>
        other.Contender + ": " + (other.Reached ? $"reached the target in {StudyWords.Steps(other.Steps)} steps" : other.Diverged ? "diverged" : "missed the target")
        + (other.DeadLogits.Length > 0 ? $", dead logits {string.Join(' ', other.DeadLogits)}" : "");
}
