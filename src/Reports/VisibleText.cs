using System.Globalization;
using System.Text;

namespace CuteDl.Reports;

/// <summary>Makes characters visible that change the display of the text around them.</summary>
public static class VisibleText
{
    /// <summary>
    /// Replaces each bidirectional control, such as U+202E (right-to-left override), by its code in brackets: [U+202E]. With such controls,
    /// a name could display its own letters, and those after it, in another order.
    /// </summary>
    /// <param name="text">Any text, such as a run's name.</param>
    public static string Of(string text) => Of(text, IsDirection);

    /// <summary>
    /// Does the same, and replaces control characters other than tabs, such as line breaks and escapes. The result is one line that cannot
    /// control a terminal.
    /// </summary>
    /// <param name="text">Any text, such as a run's name.</param>
    public static string LineOf(string text) =>
        Of(text, character => IsDirection(character) || (char.IsControl(character) && character != '\t'));

    private static string Of(string text, Func<char, bool> isReplaced)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Any(isReplaced))
        {
            return text;
        }

        var visible = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (isReplaced(character))
            {
                visible.Append(CultureInfo.InvariantCulture, $"[U+{(int)character:X4}]");
            }
            else
            {
                visible.Append(character);
            }
        }

        return visible.ToString();
    }

    // The characters with Unicode's property Bidi_Control.
    private static bool IsDirection(char character) =>
        character is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
