using System.CommandLine;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary><c>cutedl list</c>: the documented runs, and the rules with their arguments.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("list", "Lists the documented runs, and the rules with their arguments and defaults.");
        command.SetAction(_ => Print());
        return command;
    }

    private static int Print()
    {
        Console.WriteLine("Documented runs:");
        Console.WriteLine();
        Terminal.Write(AnsiConsole.Console, new Reports.Table(
            ["run", "optimizer", "the document's figures"],
            [.. Mnist.DocumentedRuns.Select(run => (IReadOnlyList<string>)[run.Name, run.Optimizer.ToString(), run.Figures])]));
        Console.WriteLine();
        Console.WriteLine("Rules, with their defaults:");
        Console.WriteLine();
        Terminal.Write(AnsiConsole.Console, new Reports.Table(
            ["rule", "what it does", "source"],
            [.. Optimizers.Rules.Select(rule => (IReadOnlyList<string>)[rule.ToString(), rule.Summary, rule.Source])]));
        Console.WriteLine();
        Console.WriteLine("Arguments:");
        Console.WriteLine();
        Terminal.Write(AnsiConsole.Console, new Reports.Table(
            ["rule", "argument", "default", "range", "meaning"],
            [.. Optimizers.Rules.SelectMany(rule => rule.Arguments.Select(argument => (IReadOnlyList<string>)
                [rule.Name, argument.Name, argument.DefaultText, argument.Range, argument.Summary]))]));
        return ExitCode.Fine;
    }
}
