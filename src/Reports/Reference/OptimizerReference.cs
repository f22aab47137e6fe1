using System.Globalization;
using System.Text;

namespace CuteDl.Reports;

/// <summary>Generates the reference of all rules, transformations and schedules: <c>docs/optimizers.md</c>.</summary>
public static class OptimizerReference
{
    private const string Introduction =
        """
        # Optimizers

        This page lists every rule, transformation and schedule. It is generated from the code:
        `dotnet run -c Release --project bench -- optimizers docs/optimizers.md`. `cutedl list NAME` prints all arguments with their defaults and
        ranges. The [guide](guide.md#composing-optimizers) shows how to compose optimizers.

        **Notation.** w are the parameters, g is the gradient, Δ is the step (w ← w − Δ), and t = 1, 2, ... is the step number. Slots start at 0
        unless stated otherwise. A hat divides a mean by 1 − βᵗ. ‖·‖ is the Euclidean norm of a tensor. "Exempt" lists the [laws](laws.md) that the
        rule does not obey, each with the reason.

        ## Rules

        "On MNIST" is a setting that reaches a validation accuracy of more than 95 % within five epochs. The last column is the accuracy after the
        fifth epoch. The model is 784-128-10 with relu and linear logits. Batches have 64 shuffled images:

        ```
        cutedl run "adam(lr=0.001)" --hidden 128 --output linear --order shuffle --max-epochs 5
        ```

        The settings are not tuned, so the table is not a ranking.

        """;

    /// <summary>Returns the page in Markdown.</summary>
    public static string ToMarkdown()
    {
        var page = new StringBuilder(Introduction);
        Append(
            page,
            ["rule", "description", "formula", "source", "reproduces", "exempt", "on MNIST", "accuracy"],
            Optimizers.Rules.Select(rule =>
            {
                var measured = MeasuredRuns.All.Single(run => run.Rule == rule.Name);
                var setting = Code(measured.Optimizer) + (measured.Note.Length > 0 ? $" ({measured.Note})" : "");
                var accuracy = measured.Accuracy.ToString("0.0000", CultureInfo.InvariantCulture);
                return (string[])[Code(rule.Name), rule.Summary, rule.Formula, rule.Source, rule.Reproduces, Exempt(rule), setting, accuracy];
            }));
        page.Append(
            """

            ## Conventions

            Rules of the same name differ between libraries. This table shows the conventions here; [Converting](laws.md#converting) shows how to
            convert.

            - A learning rate is "outside the slots" if Δ is proportional to the learning rate of the current step. It is "inside" a slot if the slot
              contains the learning rates of earlier steps.
            - ε is "outside the root" in √s + ε, and "inside the root" in √(s + ε).
            - The initial state lists slots and numbers by name. Some exist only with certain arguments. `Init` sets all of them to 0, and the first step
              uses the values listed here. Values such as `initial`, `lr`, `eps`, `reps` and `d0` are arguments of the rule.
            - A mean is corrected if it is divided by 1 − βᵗ.
            - Weight decay is the rule's own argument. Every rule can also use `decay(λ) | rule` (L2) and `rule | decoupled(λ)`.

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

            Transformations are used in chains, such as `clip_norm(1) | adam(lr=0.001)`. Before a rule they change the gradient, and after a rule the
            step. The first argument needs no name.

            """);
        Append(
            page,
            ["transformation", "description", "formula", "source", "exempt"],
            Optimizers.Transformations.Select(rule => (string[])[Code(rule.ToString()), rule.Summary, rule.Formula, rule.Source, Exempt(rule)]));
        page.Append(
            """

            ## Schedules

            A schedule can replace any number that is not a count: `adam(lr=cosine(0.001, steps=5000))`. It counts the steps of its part, from 0.

            """);
        Append(page, ["schedule", "description", "source"], Schedules.All.Select(schedule => (string[])[Code(schedule.Usage), schedule.Summary, schedule.Source]));
        return page.ToString();
    }

    private static string Exempt(Rule rule) =>
        string.Join("; ", rule.Exemptions.Select(exemption => $"{exemption.Law}: {exemption.Reason}"));

    private static string Code(string text) => $"`{text}`";

    // Cells are not padded, because their lengths differ too much for aligned columns.
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
