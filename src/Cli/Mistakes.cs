using System.CommandLine;
using System.CommandLine.Parsing;
using CuteDl.Core.Optimizers;
using Argument = System.CommandLine.Argument;

namespace CuteDl.Cli;

/// <summary>Describes what is wrong with a command line: what was given, and what is allowed.</summary>
internal static class Mistakes
{
    /// <summary>Returns a sentence for each mistake of a command line that could not be parsed.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var word, ..] && !word.StartsWith('-'))
        {
            return [UnknownCommand(command, word)];
        }

        // Words after an unknown option may be its value.
        string[] unknownOptions = [.. OptionsAmongArguments(parsed), .. parsed.UnmatchedTokens.Where(token => token.StartsWith('-'))];
        string[] unknown = unknownOptions.Length > 0
            ? [.. unknownOptions.Select(token => UnknownOption(command, token))]
            : [.. parsed.UnmatchedTokens.Select(token => $"{Quotation.quote(token)} is not expected. Write '{HelpPage.Usage(command)}'.")];
        string[] arguments = [.. command.Arguments.Where(argument => IsMissing(parsed, argument)).Select(argument => $"{argument.Name} is missing. Write '{HelpPage.Usage(command)}'.")];
        var options = command.Options.Select(option => (Option: option, Mistake: OfOption(parsed.GetResult(option), option))).Where(pair => pair.Mistake is not null).ToArray();

        // All other errors come from this program's own parsers and checks of values, so their messages are its own.
        var values = parsed.Errors
            .Where(error => error.SymbolResult switch
            {
                OptionResult result => !options.Any(pair => pair.Option == result.Option),
                ArgumentResult { Parent: OptionResult result } => !options.Any(pair => pair.Option == result.Option),
                ArgumentResult result => !IsMissing(parsed, result.Argument),
                _ => false,
            })
            .Select(error => error.Message);
        return [.. unknown, .. arguments, .. options.Select(pair => pair.Mistake!), .. values];
    }

    /// <summary>Returns words such as <c>--fast</c> that were read as arguments, although no <c>--</c> comes before them.</summary>
    public static IEnumerable<string> OptionsAmongArguments(ParseResult parsed) =>
        parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)
            ? []
            : parsed.CommandResult.Command.Arguments
                .SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])
                .Select(token => token.Value)
                .Where(word => word.StartsWith("--", StringComparison.Ordinal));

    private static bool IsMissing(ParseResult parsed, Argument argument) =>
        argument.Arity.MinimumNumberOfValues > 0 && !argument.HasDefaultValue && parsed.GetResult(argument) is null or { Tokens.Count: 0 };

    private static string? OfOption(OptionResult? result, Option option) =>
        result is null or { Implicit: true } ? option.Required ? $"{option.Name} is missing. Add '{HelpPage.Name(option)}'." : null
        : result.IdentifierTokenCount > 1 ? $"{option.Name} is given {result.IdentifierTokenCount} times. Give it once."
        : result.Tokens.Count < option.Arity.MinimumNumberOfValues ? $"{option.Name} has no value. Write '{HelpPage.Name(option)}'."
        : null;

    private static string UnknownCommand(Command command, string word)
    {
        var known = command.Subcommands.Select(sub => sub.Name).ToArray();
        var advice = Suggestion.nearest(known, word) is { Value: var near } ? Suggestion.meant(near) : $"The commands are {string.Join(", ", known)}.";
        return $"{command.Name} has no command {Quotation.quote(word)}. {advice}";
    }

    private static string UnknownOption(Command command, string token)
    {
        var known = HelpPage.Options(command).Select(option => option.Name);
        var advice = Suggestion.nearest(known, token) is { Value: var near } ? $" {Suggestion.meant(near)}" : "";
        return $"{Quotation.quote(token)} is not an option of '{HelpPage.Path(command)}'.{advice}";
    }
}
