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

            ## Where the numbers stand

            What rules of the same name do differently from library to library; how to convert is in [the laws](laws.md#converting). A rate is
            "outside" if Δ is in proportion to the rate of the step, and "inside" what remembers the rates of the steps before. ε is "outside the
            root" in √s + ε, and "inside" in √(s + ε). The initial state is by the names of a state's slots and numbers, some of which are there
            with some arguments alone, and a value may be an argument's; what is not 0 is set as the first step is taken. A mean is corrected if it is divided by 1 − βᵗ. Decay is that of the rule itself, by its own argument:
            any rule takes it from `decay(λ) | rule` (L2) and `rule | decoupled(λ)` too.

            """);
        Append(
            page,
            ["rule", "learning rate", "ε", "initial state", "bias correction", "weight decay"],
            Optimizers.Rules.Select(rule =>
            {
                var conventions = rule.Conventions!;
                var state = conventions.InitialState.Count > 0 ? string.Join(", ", conventions.InitialState) : "none";
                return (string[])[Code(rule.Name), conventions.Rate, conventions.Epsilon, state, conventions.BiasCorrection, conventions.WeightDecay];
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
