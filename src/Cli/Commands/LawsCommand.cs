using System.CommandLine;
using System.Text.Json.Nodes;
using CuteDl.Laws;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary><c>cutedl laws OPTIMIZER</c>: tests an optimizer against the laws.</summary>
internal static class LawsCommand
{
    private const int DefaultSeed = 1;
    private const int DefaultCases = 100;

    public static Command Create()
    {
        var optimizer = new Argument<string>("OPTIMIZER") { Description = "An optimizer, such as \"adam(lr=0.001)\" or \"clip_norm(1) | sgd(lr=0.1)\"." };
        var seed = new Option<int>("--seed") { HelpName = "N", Description = "Seed of the random cases, a whole number.", DefaultValueFactory = _ => DefaultSeed, CustomParser = Numbers.Whole<int> };
        var cases = new Option<int>("--cases") { HelpName = "N", Description = "Number of random cases for each law, at least 1. Costly laws use fewer.", DefaultValueFactory = _ => DefaultCases, CustomParser = Numbers.Whole<int> };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new CommandPage(
            "laws",
            "Tests an optimizer against the laws: mathematical properties that an optimizer of its kind should have. Prints which laws held, which are broken, and from which the optimizer is exempt, with the reason. The exit code is 1 if a law is broken.",
            "cutedl laws \"adam(lr=0.001)\" --cases 1000")
         { optimizer, seed, cases, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = LawChecker.DefaultOptions
                .WithSeed(parsed.GetValue(seed))
                .WithCases(TrainingOptions.AtLeast(cases, parsed.GetValue(cases), 1));

            // The check cannot be cancelled and leaves nothing unfinished. So it runs in the background, and an interrupt ends the program.
            var check = Task.Run(() => LawChecker.Check(parsed.GetValue(optimizer)!, options), CancellationToken.None);
            var report = await check.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(ToJson(report).ToJsonString());
            }
            else
            {
                Print(report);
            }

            return report.IsBroken ? ExitCode.LawBroken : ExitCode.Fine;
        });
        return command;
    }

    private static void Print(LawReport report)
    {
        Console.WriteLine(report.Summary);
        Console.WriteLine();
        Terminal.Write(AnsiConsole.Console, new Reports.Table(
            ["verdict", "law", "name", "cases, counter-example or reason"],
            [.. report.Results.Select(law => (IReadOnlyList<string>)[Word(law.Verdict), law.Id, law.Name, law.Detail])]));
    }

    private static JsonObject ToJson(LawReport report) => new()
    {
        ["optimizer"] = report.Optimizer,
        ["seed"] = report.Seed,
        ["held"] = report.Held.Count,
        ["broken"] = report.Broken.Count,
        ["exempt"] = report.Exempt.Count,
        ["laws"] = new JsonArray([.. report.Results.Select(law => new JsonObject
        {
            ["id"] = law.Id,
            ["name"] = law.Name,
            ["statement"] = law.Statement,
            ["source"] = law.Source,
            ["verdict"] = Word(law.Verdict),
            ["cases"] = law.Cases,
            ["counter_example"] = law.CounterExample == "" ? null : law.CounterExample,
            ["reason"] = law.Reason == "" ? null : law.Reason,
        })]),
    };

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Held => "held",
        Verdict.Broken => "broken",
        _ => "exempt",
    };
}
