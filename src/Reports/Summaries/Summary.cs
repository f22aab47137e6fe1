using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;

namespace CuteDl.Reports;

/// <summary>The summary of a comparison, which <c>summary.md</c>, <c>summary.json</c> and the terminal show.</summary>
public sealed class Summary
{
    private readonly ComparisonResult _comparison;
    private readonly IReadOnlyList<IGrouping<string, SummaryRow>> _runs;

    /// <summary>Creates the summary of a comparison.</summary>
    /// <param name="comparison">The comparison.</param>
    public Summary(ComparisonResult comparison)
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

    /// <summary>
    /// Returns a table with one row per run and seed. Columns without information are left out, for example the optimizer if it is the name
    /// of the run.
    /// </summary>
    public Table EveryRun()
    {
        var rows = Rows.Select(row => (IReadOnlyList<string>)
        [
            row.Run,
            row.Optimizer,
            .. HasSeveralSeeds ? [Text(row.Seed)] : Array.Empty<string>(),
            Text(row.Steps),
            Accuracy(row.AccuracyMax),
            Accuracy(row.AccuracyFinal),
            Loss(row.ValLossMin),
            Loss(row.ValLossFinal),
            row.Stop.InWords(),
            DeadLogits(row),
            Seconds(row.Seconds),
            row.Documented,
        ]);
        string[] headers =
        [
            "run", "optimizer", .. HasSeveralSeeds ? ["seed"] : Array.Empty<string>(), "steps", "best accuracy", "final accuracy",
            "best val. loss", "final val. loss", "stopped because", "dead logits", "seconds", "the document's results",
        ];
        return new Table(headers, [.. rows]).WithoutIdle();
    }

    /// <summary>Returns a table with one row per run: medians over seeds, with the range in brackets.</summary>
    public Table OverSeeds()
    {
        var rows = _runs.Select(run => (IReadOnlyList<string>)
        [
            run.Key,
            run.First().Optimizer,
            Text(run.Count()),
            Spread(run.Select(row => (double?)row.Steps), "0"),
            Spread(run.Select(row => row.AccuracyMax), "0.0000"),
            Spread(run.Select(row => row.AccuracyFinal), "0.0000"),
            Spread(run.Select(row => row.ValLossMin), "0.0000"),
            Spread(run.Select(row => row.ValLossFinal), "0.0000"),
            StopCounts.InWords(run.Select(row => row.Stop)),
            HasDeadLogits ? $"{run.Count(row => row.DeadLogitsText.Length > 0)} of {run.Count()}" : "",
            Spread(run.Select(row => (double?)row.Seconds), "0.0"),
            run.First().Documented,
        ]);
        string[] headers =
        [
            "run", "optimizer", "seeds", "steps", "best accuracy", "final accuracy", "best val. loss", "final val. loss", "stopped because",
            "runs with dead or almost dead logits", "seconds", "the document's results",
        ];
        return new Table(headers, [.. rows]).WithoutIdle();
    }

    /// <summary>Returns the text of <c>summary.md</c>.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder("# Comparison of optimizers\n\n");
        if (_comparison.Runs.Count == 0)
        {
            return text.Append("No run has finished.\n").ToString();
        }

        var first = _comparison.Runs[0];
        var settings = first.Settings;
        text.Append(
            CultureInfo.InvariantCulture,
            $"Model {first.Model}, {Words(first.Precision)} precision, on {settings.Data}: batches of {settings.Batch} in {Words(settings.Order)} order, initial weights {settings.InitialWeights}.\n\n");
        if (_comparison.Runs.Count < _comparison.Planned)
        {
            text.Append(CultureInfo.InvariantCulture, $"Incomplete: {_comparison.Runs.Count} of {_comparison.Planned} runs have results.\n\n");
        }

        if (HasSeveralSeeds)
        {
            text.Append("Over the seeds: the median, with the smallest and the greatest value in brackets.\n\n").Append(OverSeeds().ToMarkdown()).Append("\nEvery run:\n\n");
        }

        text.Append(EveryRun().ToMarkdown());
        if (Notes.Count > 0)
        {
            text.Append("\nDead logits:\n\n");
            foreach (var note in Notes)
            {
                text.Append("- ").Append(note).Append('\n');
            }
        }

        var environment = first.Environment;
        text.Append(
            CultureInfo.InvariantCulture,
            $"\nVersion {environment.Version}, {environment.Runtime}, {environment.Os}, {environment.Cpu}, {environment.Cores} cores.\n");
        return text.ToString();
    }

    /// <summary>Returns the text of <c>summary.json</c>: schema, environment, and rows. NaN and infinities are strings.</summary>
    public string ToJson() => SummaryJson.Write(_comparison, Rows);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Accuracy(double? value) => Number(value, "0.0000");

    private static string Loss(double? value) => Number(value, "0.0000");

    private static string Seconds(double value) => Number(value, "0.0");

    private static string Number(double? value, string format) =>
        value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "–";

    private string DeadLogits(SummaryRow row) => row.DeadLogitsText.Length > 0 || !HasDeadLogits ? row.DeadLogitsText : "none";

    private static string Words(Precision precision) => precision == Precision.Single ? "single" : "double";

    private static string Words(Order order) => order == Order.File ? "file" : "shuffled";

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
