using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace CuteDl.Cli;

/// <summary>Parses numbers of options. Errors name the option and the allowed values, not .NET types.</summary>
internal static class Numbers
{
    public static T Whole<T>(ArgumentResult result)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var word = Word(result);
        if (T.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        var isTooLarge = BigInteger.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        Fail(result, isTooLarge ? string.Create(CultureInfo.InvariantCulture, $"a whole number from {T.MinValue} to {T.MaxValue}") : "a whole number");
        return default;
    }

    public static T? WholeOrNone<T>(ArgumentResult result)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> => Whole<T>(result);

    public static double Real(ArgumentResult result)
    {
        if (double.TryParse(Word(result), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Fail(result, "a number");
        return default;
    }

    private static string Word(ArgumentResult result) => result.Tokens[0].Value;

    private static void Fail(ArgumentResult result, string expected) =>
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be {expected}, not '{Word(result)}'.");
}
