using System.CommandLine.Parsing;
using System.Reflection;
using System.Text.Json.Serialization;

namespace CuteDl.Cli;

/// <summary>Parses options whose value is one of a few words, in any case.</summary>
internal static class Choices
{
    /// <summary>Returns the value of an enumeration that an option names.</summary>
    public static T Named<T>(ArgumentResult result, params T[] allowed)
        where T : struct, Enum => allowed[Index(result, [.. allowed.Select(Word)]) ?? 0];

    /// <summary>Returns the words of all values, as <c>linear, relu or tanh</c>.</summary>
    public static string Words<T>()
        where T : struct, Enum => Listed([.. Enum.GetValues<T>().Select(Word)]);

    /// <summary>Returns the word of a value: its name in files if it has one, else its name in small letters.</summary>
    private static string Word<T>(T value)
        where T : struct, Enum =>
        typeof(T).GetField(value.ToString())?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? value.ToString().ToLowerInvariant();

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

        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be {Listed(allowed)}, not '{word}'.");
        return null;
    }

    private static string Listed(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";
}
