using System.Globalization;
using System.Text;

namespace CuteDl.Reports;

/// <summary>The reference of all rules, transformations and schedules: <c>docs/optimizers.md</c>.</summary>
public static class OptimizerReference
{
    private const string Introduction =
        """
        # Optimizers

        Every rule, transformation and schedule, out of the code: `dotnet run -c Release --project bench -- optimizers docs/optimizers.md`
        writes this page anew. All arguments with their defaults and ranges: `cutedl list`, and `cutedl list NAME`. How optimizers are
        composed: the [guide](guide.md#composing-optimizers).

        g is the gradient, Δ what a step takes away from the parameters w (w ← w − Δ), t = 1, 2, ... the step. Slots start at 0 unless said
        otherwise; a hat divides a mean by 1 − βᵗ; ‖·‖ is the Euclidean norm of a tensor. "Exempt" are laws that hold for most, as
        [the laws](laws.md) number them, but not here, with the reason.

        ## Rules

        "On MNIST" is a setting with which 784-128-10 (relu between, linear logits) passes 95 % of right answers within five epochs of batches of
        64, shuffled, and the validation accuracy after the fifth:

        ```
        cutedl run "adam(lr=0.001)" --hidden 128 --output linear --order shuffle --max-epochs 5
        ```

        It is a rate that works, not the best one: the table ranks nothing.

        """;

    /// <summary>The page in Markdown.</summary>
    public static string ToMarkdown()
    {
        var page = new StringBuilder(Introduction);
        Append(
            page,
            ["rule", "", "law", "source", "reproduces", "exempt", "on MNIST", "accuracy"],
            Optimizers.Rules.Select(rule =>
            {
                var measured = MeasuredRuns.All.Single(run => run.Rule == rule.Name);
                var setting = Code(measured.Optimizer) + (measured.Note.Length > 0 ? $" ({measured.Note})" : "");
                var accuracy = measured.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
                return (string[])[Code(rule.Name), rule.Summary, rule.Formula, rule.Source, rule.Reproduces, Exempt(rule), setting, accuracy];
            }));
        page.Append(
            """

            ## Transformations

            For use in a chain, `clip_norm(1) | adam(lr=0.001)`: in front of a rule they change gradients, behind it steps. The first argument needs
            no name.

            """);
        Append(
            page,
            ["transformation", "", "law", "source", "exempt"],
            Optimizers.Transformations.Select(rule => (string[])[Code(rule.ToString()), rule.Summary, rule.Formula, rule.Source, Exempt(rule)]));
        page.Append(
            """

            ## Schedules

            In place of any number that is no count: `adam(lr=cosine(0.001, steps=5000))`. They count the steps of the part that they belong to,
            from 0.

            """);
        Append(page, ["schedule", "", "source"], Schedules.All.Select(schedule => (string[])[Code(schedule.Usage), schedule.Summary, schedule.Source]));
        return page.ToString();
    }

    private static string Exempt(Rule rule) =>
        string.Join("; ", rule.Exemptions.Select(exemption => $"{exemption.Law}: {exemption.Reason}"));

    private static string Code(string text) => $"`{text}`";

    // Not padded: the cells are too different in length for columns to be seen.
    private static void Append(StringBuilder page, string[] headers, IEnumerable<string[]> rows)
    {
        page.Append('\n');
        Row(headers);
        page.Append('|').Insert(page.Length, "---|", headers.Length).Append('\n');
        foreach (var row in rows)
        {
            Row(row);
        }

        void Row(string[] cells) =>
            page.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
    }
}
