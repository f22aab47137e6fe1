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
            StudyColumn<Autopsy>.OfText("trial", "trial", row => row.Trial),
            StudyColumn<Autopsy>.OfText("task", "", row => row.Task),
            StudyColumn<Autopsy>.OfText("contender", "", row => row.Contender),
            StudyColumn<Autopsy>.OfText("variant", "", row => StudyText.Key(row.Variant)),
            StudyColumn<Autopsy>.Count("seed", "", row => row.Seed),
            StudyColumn<Autopsy>.OfText("failure", "failure", row => StudyText.Key(row.Failure), row => StudyText.Of(row.Failure)),
            StudyColumn<Autopsy>.Number("accuracy", "last accuracy", row => row.Accuracy, StudyText.Accuracy),
            StudyColumn<Autopsy>.OfText("dead_logits", "dead logits", row => string.Join(' ', row.Health.DeadLogits)),
            StudyColumn<Autopsy>.OfText("almost_dead_logits", "almost dead", row => string.Join(' ', row.Health.AlmostDeadLogits)),
            StudyColumn<Autopsy>.Number("accuracy_ceiling", "greatest possible accuracy", row => row.Health.AccuracyCeiling, StudyText.Accuracy),
            StudyColumn<Autopsy>.Count("first_non_finite", "first non-finite step", row => row.Health.FirstNonFinite),
            StudyColumn<Autopsy>.Number("update_ratio", "‖Δ‖/‖w‖", row => row.UpdateRatio, StudyText.Number),
            StudyColumn<Autopsy>.Number("update_ratio_typical", "typical", row => row.TypicalUpdateRatio, StudyText.Number),
            StudyColumn<Autopsy>.Number("gradient_norm", "‖g‖", row => row.GradientNorm, StudyText.Number),
            StudyColumn<Autopsy>.Number("gradient_norm_typical", "typical", row => row.TypicalGradientNorm, StudyText.Number),
            StudyColumn<Autopsy>.OfText("others", "others with the same seed", row => string.Join("; ", row.Others.Select(Other))),
            StudyColumn<Autopsy>.OfText("why", "causes", row => string.Join(" ", row.Sentences)));

    public static StudyTable Document(StudyAnalysis analysis) =>
        StudyTable.Of(
            "document",
            "The document's runs with several seeds",
            "A class is lost if its logit is dead, or above 0 for less than one image in a thousand. Accuracies and steps are medians. Intervals are Wilson intervals of 95 %.",
            analysis.Document,
            StudyColumn<DocumentRow>.OfText("task", "task", row => row.Task),
            StudyColumn<DocumentRow>.OfText("contender", "optimizer", row => row.Contender),
            StudyColumn<DocumentRow>.Count("n", "n", row => row.Trials),
            StudyColumn<DocumentRow>.Range("dead", "runs with a dead logit", row => row.Dead, StudyText.Percent),
            StudyColumn<DocumentRow>.Range("dead_or_almost", "runs that lost a class", row => row.DeadOrAlmost, StudyText.Percent),
            StudyColumn<DocumentRow>.OfText("lost_classes", "lost classes", row => string.Join(", ", row.LostClasses.Select(lost => $"{lost.Item1} ({lost.Item2}×)"))),
            StudyColumn<DocumentRow>.Range("diverged", "diverged", row => row.Diverged, StudyText.Percent),
            StudyColumn<DocumentRow>.Number("accuracy_with", "accuracy at the stop, a class lost", row => row.AccuracyWith, StudyText.Accuracy),
            StudyColumn<DocumentRow>.Number("accuracy_without", "accuracy at the stop, none lost", row => row.AccuracyWithout, StudyText.Accuracy),
            StudyColumn<DocumentRow>.Number("steps", "steps", row => row.Steps, StudyText.Steps),
            StudyColumn<DocumentRow>.Number("steps_with", "steps, a class lost", row => row.StepsWith, StudyText.Steps),
            StudyColumn<DocumentRow>.Number("steps_without", "steps, none lost", row => row.StepsWithout, StudyText.Steps),
            StudyColumn<DocumentRow>.OfText("documented", "figures in the document", row => row.Figures));

    public static StudyTable Findings(StudyResult result) =>
        StudyTable.Of(
            "findings",
            "Objections to this study",
            "",
            Lint.checkDesign(result.Study.Core).Concat(result.Analysis.Findings),
            StudyColumn<Finding>.OfText("code", "code", row => row.Code),
            StudyColumn<Finding>.OfText("severity", "severity", row => StudyText.Key(row.Severity)),
            StudyColumn<Finding>.OfText("path", "place", row => row.Path),
            StudyColumn<Finding>.OfText("message", "objection", row => row.Message),
            StudyColumn<Finding>.OfText("advice", "remedy", row => row.Advice));

    private static string Other(SameSeed other) =>
        other.Contender + ": " + (other.Reached ? $"reached the target in {StudyText.Steps(other.Steps)} steps" : other.Diverged ? "diverged" : "missed the target")
        + (other.DeadLogits.Length > 0 ? $", dead logits {string.Join(' ', other.DeadLogits)}" : "");
}
