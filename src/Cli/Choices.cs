using System.CommandLine.Parsing;

namespace CuteDl.Cli;

/// <summary>Parses options whose value is one of a few words, in any case.</summary>
internal static class Choices
{
    /// <summary>Returns the value of an enumeration that an option names.</summary>
    public static T Named<T>(ArgumentResult result, params T[] allowed)
        where T : struct, Enum => allowed[Index(result, [.. allowed.Select(value => value.ToString().ToLowerInvariant())]) ?? 0];

    /// <summary>Returns the word that an option names.</summary>
    public static string? Word(ArgumentResult result, params string[] allowed) => Index(result, allowed) is { } index ? allowed[index] : null;

    private static int? Index(ArgumentResult result, string[] allowed)
    {
        var word = result.Tokens[0].Value;
        var index = Array.FindIndex(allowed, name => name.Equals(word, StringComparison.OrdinalIgnoreCase));
        if (index >= 0)
        {
            return index;
        }

        var names = allowed.Length == 1 ? allowed[0] : $"{string.Join(", ", allowed[..^1])} or {allowed[^1]}";
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be {names}, not '{word}'.");
        return null;
    }
}
