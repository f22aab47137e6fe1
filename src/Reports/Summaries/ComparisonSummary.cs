using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>The summary of a comparison, which <c>summary.md</c>, <c>summary.json</c> and the terminal show.</summary>
public sealed class ComparisonSummary
{
    private readonly ComparisonResult _comparison;
    private readonly IReadOnlyList<IGrouping<string, SummaryRow>> _runs;

    /// <summary>Creates the summary of a comparison.</summary>
    /// <param name="comparison">The comparison.</param>
    public ComparisonSummary(ComparisonResult comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        _comparison = comparison;
        Rows = [.. comparison.Runs.Select(SummaryRow.Of)];
        _runs = [.. Rows.GroupBy(row => row.Run)];
    }

    /// <summary>One row per run and seed.</summary>
    public IReadOnlyList<SummaryRow> Rows { get; }

    /// <summary>True if a run has several seeds.</summary>
    public bool HasSeveralSeeds => _runs.Any(run => run.Count() > 1);

    private bool HasDeadLogits => Rows.Any(row => row.DeadLogitsText.Length > 0);

    /// <summary>The main table: one row per run, with medians over seeds if there are several.</summary>
    public Table MainTable => HasSeveralSeeds ? OverSeeds() : EveryRun();

    /// <summary>The effect of dead logits, one sentence for each run that has any.</summary>
    public IReadOnlyList<string> Notes =>
        [.. Rows.Where(row => row.DeadLogitsText.Length > 0).Select(row => $"{row.Run}, seed {row.Seed}: {row.DeadLogitsText}.")];

    /// <summary>The messages of the exceptions that ended runs, one sentence each.</summary>
    public IReadOnlyList<string> Failures =>
        [.. Rows.Where(row => row.Failure.Length > 0).Select(row => $"{row.Run}, seed {row.Seed}, failed: {row.Failure}")];

    /// <summary>
    /// Returns a table with one row per run and seed. Columns without information are left out, for example the optimizer if it is the name
    /// of the run.
    /// </summary>
    public Table EveryRun() =>
        SummaryColumn<SummaryRow>.Tabulate(
            [
                new("run", row => row.Run),
                new("optimizer", row => row.Optimizer, Rank: 2),
                .. HasSeveralSeeds ? [new SummaryColumn<SummaryRow>("seed", row => Text(row.Seed))] : Array.Empty<SummaryColumn<SummaryRow>>(),
                new("steps", row => Text(row.Steps), Rank: 9),
                new("best accuracy", row => HasAccuracy ? Accuracy(row.AccuracyMax) : "", Rank: 6),
                new("final accuracy", row => HasAccuracy ? Accuracy(row.AccuracyFinal) : ""),
                new("best val. loss", row => Loss(row.ValLossMin), Rank: 5),
                new("final val. loss", row => Loss(row.ValLossFinal), Rank: 8),
                new("stopped because", row => row.Stop.InWords()),
                new("dead logits", DeadLogits, Rank: 3),
                new("seconds", row => Seconds(row.Seconds), Rank: 4),
                new("the document's results", row => row.Documented, Rank: 1),
            ],
            Rows);

    /// <summary>Returns a table with one row per run: medians over seeds, with the range in brackets.</summary>
    public Table OverSeeds() =>
        SummaryColumn<IGrouping<string, SummaryRow>>.Tabulate(
            [
                new("run", run => run.Key),
                new("optimizer", run => run.First().Optimizer, Rank: 2),
                new("seeds", run => Text(run.Count()), Rank: 7),
                new("steps", run => Spread(run.Select(row => (double?)row.Steps), "0"), Rank: 9),
                new("best accuracy", run => HasAccuracy ? Spread(run.Select(row => row.AccuracyMax), "0.0000") : "", Rank: 6),
                new("final accuracy", run => HasAccuracy ? Spread(run.Select(row => row.AccuracyFinal), "0.0000") : ""),
                new("best val. loss", run => Spread(run.Select(row => row.ValLossMin), "0.0000"), Rank: 5),
                new("final val. loss", run => Spread(run.Select(row => row.ValLossFinal), "0.0000"), Rank: 8),
                new("stopped because", run => StopCounts.InWords(run.Select(row => row.Stop))),
                new("runs with dead or almost dead logits", run => HasDeadLogits ? $"{run.Count(row => row.DeadLogitsText.Length > 0)} of {run.Count()}" : "", Rank: 3),
                new("seconds", run => Spread(run.Select(row => (double?)row.Seconds), "0.0"), Rank: 4),
                new("the document's results", run => run.First().Documented, Rank: 1),
            ],
            _runs);

    /// <summary>Returns the text of <c>summary.md</c>.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("# Comparison of optimizers\n\n");
        if (_comparison.Runs.Count == 0)
        {
            return text.Append("No run has finished.\n").Append(Incomplete.Length > 0 ? $"\n{Incomplete}\n" : "").ToString();
        }

        var first = _comparison.Runs[0];
        var settings = first.Settings;
        text.Append(
            CultureInfo.InvariantCulture,
            $"Model {first.ModelText}, {NameOf(first.Precision)} precision, on {settings.Data}: batches of {settings.Batch} in {NameOf(settings.Order)} order, initial weights {settings.InitialWeights}.\n\n");
        if (Incomplete.Length > 0)
        {
            text.Append(Incomplete).Append("\n\n");
        }

        if (HasSeveralSeeds)
        {
            text.Append("Over the seeds: the median, with the smallest and the greatest value in brackets.\n\n").Append(OverSeeds().ToMarkdown()).Append("\nEvery run:\n\n");
        }

        text.Append(EveryRun().ToMarkdown());
        AppendList(text, "Failures", Failures);
        AppendList(text, "Dead logits", Notes);
        var environment = RunEnvironment.Current;
        text.Append(
            CultureInfo.InvariantCulture,
            $"\nVersion {environment.Version}, {environment.Runtime}, {environment.Os}, {environment.Cpu}, {environment.Cores} cores.\n");
        return text.ToString();
    }

    /// <summary>Returns the text of <c>summary.json</c>: schema, environment, and rows. NaN and infinities are strings.</summary>
    public string ToJson() => SummaryJson.Write(_comparison, Rows);

    private static void AppendList(StringBuilder text, string title, IReadOnlyList<string> sentences)
    {
        if (sentences.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{title}:\n\n");
            text.AppendJoin("", sentences.Select(sentence => $"- {VisibleText.LineOf(sentence)}\n"));
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The number of missing runs and their names, in sentences; empty if the comparison is complete.</summary>
    internal string Incomplete
    {
        get
        {
            var (runs, missing) = (_comparison.Runs, _comparison.Missing);
            var names = missing.Count == 0 ? "" : $" Missing: {string.Join("; ", missing)}.";
            return runs.Count < _comparison.Planned ? $"Incomplete: {runs.Count} of {_comparison.Planned} runs have results.{VisibleText.LineOf(names)}" : "";
        }
    }

    private bool HasAccuracy => _comparison.Runs.Any(run => run.HasAccuracy);

    private static string Accuracy(double? value) => Number(value, "0.0000");

    private static string Loss(double? value) => Number(value, "0.0000");

    private static string Seconds(double value) => Number(value, "0.0");

    private static string Number(double? value, string format) =>
        value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "–";

    private string DeadLogits(SummaryRow row) => row.DeadLogitsText.Length > 0 || !HasDeadLogits ? row.DeadLogitsText : "none";

    private static string NameOf(Precision precision) => precision == Precision.Single ? "single" : "double";

    private static string NameOf(Order order) => order == Order.File ? "file" : "shuffled";

    private static string Spread(IEnumerable<double?> values, string format)
    {
        double[] finite = [.. values.OfType<double>().Where(double.IsFinite)];
        if (finite.Length == 0)
        {
            return "–";
        }

        var (least, median, most) = (finite.Min(), finite.Median(), finite.Max());
        return least == most ? Number(median, format) : $"{Number(median, format)} ({Number(least, format)} to {Number(most, format)})";
    }
}
