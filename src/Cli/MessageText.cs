using System.Globalization;
using System.Text;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>Prepares messages for the terminal. They may quote names, paths and text from a file or the command line.</summary>
internal static class MessageText
{
    private const int LongestLine = 1000;

    private const string Omitted = " ... ";

    // The end of a line often contains the allowed values, so it is kept too.
    private const int Tail = 300;

    /// <summary>
    /// Returns the message with visible control characters, such as [U+001B] for an escape, so that a name cannot control the terminal.
    /// Long lines are shortened in the middle.
    /// </summary>
    /// <param name="message">The message, of one or more lines.</param>
    public static string Of(string message) =>
        string.Join('\n', message.Split('\n').Select(line => Visible(Shorten(line))));

    private static string Shorten(string line)
    {
        if (line.Length <= LongestLine)
        {
            return line;
        }

        var head = LongestLine - Tail - Omitted.Length;
        head -= char.IsHighSurrogate(line[head - 1]) ? 1 : 0;
        var tail = line.Length - Tail;
        tail += char.IsLowSurrogate(line[tail]) ? 1 : 0;
        return string.Concat(line.AsSpan(0, head), Omitted, line.AsSpan(tail));
    }

    private static string Visible(string line)
    {
        var visible = new StringBuilder(line.Length);
        foreach (var character in VisibleText.Of(line))
        {
            if (char.IsControl(character) && character is not '\t' and not '\r')
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
}
