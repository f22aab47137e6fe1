using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using CuteDl.Cli;
using CuteDl.Laws;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The pages against the repository and the command line. Their C# and F# blocks are compiled by <c>.ci/code-blocks</c>.</summary>
internal static partial class PagesTests
{
    private const string Checkout = "dotnet run -c Release --project src/Cli --";

    public static Test All { get; } = Spec.List("pages",
        Spec.List("links lead somewhere:", Pages.All.Select(page => Spec.Test(page.Path, () =>
            ExpectNone(Pages.Links(page).Where(link => !IsExternal(link) && !Exists(page, link)), "links without a target")))),
        Spec.List("commands are accepted:", Pages.All.Select(page => Spec.Test(page.Path, () =>
        {
            ExpectNone(page.Shell.Where(IsCommand).SelectMany(Mistakes), "mistakes in code blocks");
            ExpectNone(Pages.CodeSpans(page).Where(IsCommand).SelectMany(UnknownWords), "unknown words in sentences");
        }))),
        Spec.Test("docs/laws.md has the table of all laws", () =>
            Expect.sequenceEqual(
                Pages.All.Single(page => page.Path == Path.Combine("docs", "laws.md")).Prose.Where(line => line.StartsWith("| P", StringComparison.Ordinal)),
                LawChecker.Laws.Select(law => $"| {law.Id} | {law.Name} | {law.AppliesTo} | {Cell(law.Statement)} | {law.Source} |"),
                "rows of the table")),
        Spec.Test("the guide names every command and every option", () =>
        {
            var guide = string.Join('\n', Pages.CodeSpans(Pages.All.Single(page => page.Path == Path.Combine("docs", "guide.md"))));
            ExpectNone(Names(CommandLine.Create()).Distinct().Where(name => !guide.Contains(name, StringComparison.Ordinal)), "names that are missing");
        }));

    private static void ExpectNone(IEnumerable<string> faults, string what) => Expect.equal(string.Join('\n', faults), "", what);

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static bool IsExternal(string link) => link.Contains("://", StringComparison.Ordinal);

    private static bool Exists(Page page, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0 ? page.Path : Path.GetRelativePath(Pages.Root, Path.Combine(Pages.Root, Path.GetDirectoryName(page.Path)!, parts[0]));
        return Path.Exists(Path.Combine(Pages.Root, target))
            && (parts.Length == 1 || Pages.All.Any(other => other.Path == target && Pages.Anchors(other).Contains(parts[1])));
    }

    private static bool IsCommand(string line) =>
        line.StartsWith("cutedl ", StringComparison.Ordinal) || line.StartsWith(Checkout, StringComparison.Ordinal);

    // The command line refuses it, or an optimizer in it.
    private static IEnumerable<string> Mistakes(string line)
    {
        var parsed = Parse(line);
        foreach (var error in parsed.Errors)
        {
            yield return $"{line}: {error.Message}";
        }

        foreach (var argument in parsed.CommandResult.Children.OfType<ArgumentResult>().Where(argument => argument.Argument.Name is "RUN" or "OPTIMIZER"))
        {
            foreach (var token in argument.Tokens)
            {
                _ = Mnist.ParseRun(token.Value);
            }
        }
    }

    // A sentence may leave arguments out, and has placeholders for others.
    private static IEnumerable<string> UnknownWords(string span) =>
        Parse(Placeholder().Replace(span, "")).UnmatchedTokens.Select(word => $"{span}: {word}");

    private static ParseResult Parse(string line) =>
        CommandLine.Create().Parse([.. CommandLineParser.SplitCommandLine(line.Replace(Checkout, "cutedl", StringComparison.Ordinal)).Skip(1)]);

    private static IEnumerable<string> Names(Command command) =>
        command.Options.Where(option => !option.Hidden && option.Name is not ("--help" or "--version")).Select(option => option.Name)
            .Concat(command.Subcommands.SelectMany(subcommand => Names(subcommand).Prepend($"{command.Name} {subcommand.Name}")));

    [GeneratedRegex(@"\[.*?\]|\.\.\.")]
    private static partial Regex Placeholder();
}
