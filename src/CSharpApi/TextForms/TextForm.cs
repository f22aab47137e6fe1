using System.Diagnostics.CodeAnalysis;

namespace CuteDl;

/// <summary>Parsing that answers with false in place of an exception.</summary>
internal static class TextForm
{
    public static bool TryParse<T>([NotNullWhen(true)] string? text, [MaybeNullWhen(false)] out T result)
        where T : class, IParsable<T>
    {
        try
        {
            result = text is null ? null : T.Parse(text, null);
        }
        catch (FormatException)
        {
            result = null;
        }

        return result is not null;
    }
}
