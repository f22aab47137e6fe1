namespace CuteDl.Reports;

/// <summary>Writes the texts of a run's picture.</summary>
internal static class RunWords
{
    /// <summary>Returns the steps and duration of a run, and the reason why it ended.</summary>
    public static string Outcome(RunResult result) =>
        $"{Numbers.Of(result.Steps, "step")}, {Numbers.Of(result.History.Count, "validation")}, {Numbers.Time(result.Seconds)}. "
        + $"Stopped: {Long(result.Stop, result.Settings, result.Failure)}.";

    /// <summary>Returns warnings for readers of the curves; usually empty.</summary>
    public static IEnumerable<string> Warnings(RunResult result)
    {
        if (result.DeadLogitsText.Length > 0)
        {
            yield return Sentence(result.DeadLogitsText);
        }

        var history = result.History;
        var missing = Enumerable.Range(0, history.Count)
            .Where(i => !double.IsFinite(history.Loss[i]) || !double.IsFinite(history.ValLoss[i]))
            .ToArray();
        if (missing.Length > 0)
        {
            yield return $"A loss is not finite in {missing.Length} of {Numbers.Of(history.Count, "validation")}, "
                + $"first at step {Numbers.Exact(history.Steps[missing[0]])}. These points are not drawn.";
        }
        else if (result.Stop == StopReason.Diverged)
        {
            yield return history.Count > 0
                ? "A loss was not finite after the last validation. It is not drawn."
                : "A loss was not finite before the first validation.";
        }
    }

    /// <summary>Returns the settings of a run: seed, precision, model and data.</summary>
    public static string Setting(RunResult result) =>
        $"seed {result.Seed} · {Precision(result)} · {result.ModelText} · {Data(result)} · weights {result.Settings.InitialWeights} "
        + $"· CuteDl {Version(result)}";

    public static string Precision(RunResult result) => $"{result.Precision.ToString().ToLowerInvariant()} precision";

    public static string Data(RunResult result) =>
        $"{result.Settings.Data}, batches of {result.Settings.Batch} "
        + $"{(result.Settings.Order == Order.File ? "in file order" : "shuffled")}";

    // Returns the version without the commit.
    public static string Version(RunResult result) => result.Version.Split('+')[0];

    private static string Long(StopReason reason, RunSettings settings, string failure) =>
        reason.InWords() + reason switch
        {
            StopReason.NoImprovement when settings.Patience is { } patience => $" (no smaller validation loss in {Numbers.Of(patience, "validation")})",
            StopReason.NoImprovement when settings.EarlyStopping is { } patience => $" (no smaller validation loss in {Numbers.Of(patience, "validation")})",
            StopReason.TooSlow when settings is { Patience: { } patience, MinGain: { } gain } =>
                $" (loss improved by less than {Numbers.Tick(gain)} in {Numbers.Of(patience - 1, "validation")})",
            StopReason.TargetHeld when settings is { Target: { } target, Hold: { } hold } =>
                $" (accuracy above {Numbers.Tick(target)} in {Numbers.Of(hold, "validation")} in a row)",
            StopReason.TargetHeld when settings.StopAt is { } accuracy => $" (accuracy of at least {Numbers.Tick(accuracy)})",
            StopReason.TargetHeld when settings.StopAtLoss is { } loss => $" (loss of at most {Numbers.Tick(loss)})",
            StopReason.Diverged => " (a loss was not finite)",
            StopReason.Failed => $" ({failure})",
            _ => "",
        };

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}.";
}
