using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary><c>cutedl list [NAME]</c>: lists the documented runs, rules, transformations and schedules, or describes one.</summary>
internal static class ListCommand
{
    // Without escapes for mathematical signs, so that formulas stay readable.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var name = new Argument<string?>("NAME")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "A documented run, an optimizer (rule), a transformation or a schedule, to describe in full. Default: list all of them, one per line.",
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON object per line." };
        var command = new CommandPage(
            "list",
            "Lists the eight documented runs and all optimizers (rules), transformations and schedules, with their defaults; or describes one of them. The runs are from one stage of the tutorial for another framework, cute-dl. A transformation changes gradients or steps, such as clip_norm.",
            "cutedl list adamw")
         { name, json };
        command.SetAction(parsed => Print(Entries(parsed.GetValue(name)), parsed.GetValue(json), isWhole: parsed.GetValue(name) is not null));
        return command;
    }

    private static List<object> Entries(string? name)
    {
        // Rules come before runs, because many documented runs have the name of a rule.
        object[] known = [.. Optimizers.Rules, .. Optimizers.Transformations, .. Schedules.All, .. Mnist.DocumentedRuns];
        if (name is null)
        {
            return [.. Mnist.DocumentedRuns, .. known[..^Mnist.DocumentedRuns.Count]];
        }

        return known.FirstOrDefault(entry => NameOf(entry).Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? [found]
            : throw new UsageException($"No run, rule, transformation or schedule is named '{name}'. {Core.Optimizers.Suggestion.describe(known.Select(NameOf).Distinct(), name)}");
    }

    private static int Print(List<object> entries, bool isJson, bool isWhole)
    {
        if (isJson)
        {
            foreach (var entry in entries)
            {
                Console.WriteLine(Describe(entry).ToJsonString(Readable));
            }
        }
        else if (isWhole)
        {
            Console.Write(Page(entries[0]));
        }
        else
        {
            PrintAll();
        }

        return ExitCode.Fine;
    }

    private static void PrintAll()
    {
        const int Source = 2;
        Write("Documented runs, from the source document (one stage of the tutorial for another framework, cute-dl)", ["run", "optimizer", "the document's results"], Mnist.DocumentedRuns.Select(run => (string[])[run.Name, run.Optimizer.ToString(), run.Figures]));
        Write("Rules, with their defaults", ["rule", "what it does", "source"], Optimizers.Rules.Select(Row), Source);
        Write("Transformations, for use in a chain: \"clip_norm(1) | adam\"", ["transformation", "what it does", "source"], Optimizers.Transformations.Select(Row), Source);
        Write(
            "Schedules, in place of a number: \"adam(lr=cosine(0.001, steps=5000))\"",
            ["schedule", "what it does", "source"],
            Schedules.All.Select(schedule => (string[])[schedule.Usage, schedule.Summary, schedule.Source]),
            Source);
        Console.WriteLine("'cutedl list NAME' describes one of them in full.");

        static string[] Row(Rule rule) => [rule.ToString(), rule.Summary, rule.Source];
    }

    private static void Write(string title, string[] headers, IEnumerable<IReadOnlyList<string>> rows, params int[] expendable)
    {
        Console.WriteLine($"{title}:");
        Console.WriteLine();
        Terminal.Write(AnsiConsole.Console, new Reports.Table(headers, [.. rows]) { Expendable = expendable });
        Console.WriteLine();
    }

    private static string NameOf(object entry) =>
        entry switch
        {
            Rule rule => rule.Name,
            ScheduleInfo schedule => schedule.Name,
            NamedRun run => run.Name,
            _ => throw new ArgumentOutOfRangeException(nameof(entry)),
        };

    private static string Page(object entry)
    {
        var lines = new List<string>();
        switch (entry)
        {
            case Rule rule:
                lines.AddRange([rule.ToString(), "", $"  {rule.Summary}", ""]);
                Add("formula", rule.Formula);
                Add("source", rule.Source);
                Add("reproduces", rule.Reproduces);
                if (rule.Conventions is { } conventions)
                {
                    Add("rate", conventions.Rate);
                    Add("epsilon", conventions.Epsilon);
                    Add("starts at", conventions.InitialState.Count > 0 ? string.Join(", ", conventions.InitialState) : "none");
                    Add("correction", conventions.BiasCorrection);
                    Add("weight decay", conventions.WeightDecay);
                    Add("", "A slot is an array of the state. The page docs/optimizers.md explains these conventions.");
                }

                if (rule.Exemptions.Count > 0)
                {
                    Add("exempt from", string.Join("; ", rule.Exemptions.Select(ExemptionText.Of)));
                    Add("", "'cutedl laws OPTIMIZER --json' prints the statement of each law.");
                }

                Arguments([.. rule.Arguments.Select(argument => (string[])[argument.Name, argument.DefaultText, argument.Allowed, argument.Summary])]);
                break;
            case ScheduleInfo schedule:
                lines.AddRange([schedule.Usage, "", $"  {schedule.Summary}", ""]);
                Add("source", schedule.Source);
                Arguments([.. schedule.Arguments.Select(argument => (string[])[argument.Name, argument.Default ?? "required", argument.Allowed, argument.Summary])]);
                break;
            case DocumentedRun run:
                lines.AddRange([run.Name, ""]);
                Add("optimizer", run.Optimizer.ToString());
                Add("in cute-dl", run.Figures);
                break;
        }

        return string.Join('\n', lines) + "\n";

        void Add(string title, string text)
        {
            if (text.Length > 0)
            {
                lines.Add($"  {title,-12} {text}");
            }
        }

        void Arguments(string[][] rows)
        {
            if (rows.Length > 0)
            {
                lines.Add("");
                lines.Add(new Reports.Table(["argument", "default", "allowed", "meaning"], rows).ToMarkdown().TrimEnd());
            }
        }
    }

    private static JsonObject Describe(object entry) =>
        entry switch
        {
            Rule rule => Describe(rule),
            ScheduleInfo schedule => new JsonObject
            {
                ["kind"] = "schedule",
                ["name"] = schedule.Name,
                ["summary"] = schedule.Summary,
                ["source"] = schedule.Source,
                ["usage"] = schedule.Usage,
                ["arguments"] = List(schedule.Arguments, argument => new JsonObject
                {
                    ["name"] = argument.Name,
                    ["summary"] = argument.Summary,
                    ["allowed"] = argument.Allowed,
                    ["default"] = argument.Default,
                }),
            },
            DocumentedRun run => new JsonObject
            {
                ["kind"] = "run",
                ["name"] = run.Name,
                ["optimizer"] = run.Optimizer.ToString(),
                ["figures"] = run.Figures,
            },
            _ => throw new ArgumentOutOfRangeException(nameof(entry)),
        };

    private static JsonObject Describe(Rule rule)
    {
        var description = new JsonObject
        {
            ["kind"] = rule.Role == RuleRole.Rule ? "rule" : "transformation",
            ["name"] = rule.Name,
            ["summary"] = rule.Summary,
            ["formula"] = rule.Formula,
            ["source"] = rule.Source,
            ["reproduces"] = rule.Reproduces,
        };
        if (rule.Conventions is { } conventions)
        {
            description["rate"] = conventions.Rate;
            description["epsilon"] = conventions.Epsilon;
            description["initial_state"] = new JsonObject(
                conventions.InitialState.Select(start => KeyValuePair.Create(start.Name, (JsonNode?)JsonValue.Create(start.Value))));
            description["bias_correction"] = conventions.BiasCorrection;
            description["weight_decay"] = conventions.WeightDecay;
        }

        description["exempt"] = List(
            rule.Exemptions.Select(ExemptionText.Of),
            exemption => new JsonObject { ["law"] = exemption.Law, ["name"] = exemption.Name, ["reason"] = exemption.Reason });
        description["arguments"] = List(rule.Arguments, argument => new JsonObject
        {
            ["name"] = argument.Name,
            ["summary"] = argument.Summary,
            ["allowed"] = argument.Allowed,
            ["default"] = argument.DefaultText.Length > 0 ? argument.DefaultText : null,
        });
        return description;
    }

    private static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonNode> describe) => [.. items.Select(describe)];
}
