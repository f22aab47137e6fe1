using CuteDl.Core.Optimizers;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>Prepares messages for the terminal. They may quote names, paths and text from a file or the command line.</summary>
internal static class MessageText
{
    /// <summary>
    /// Returns the message with visible control characters, such as [U+001B] for an escape, so that a name cannot control the terminal.
    /// Long lines are shortened in the middle.
    /// </summary>
    /// <param name="message">The message, of one or more lines.</param>
    public static string Of(string message) =>
        string.Join('\n', message.ReplaceLineEndings("\n").Split('\n').Select(line => VisibleText.LineOf(Quotation.sentence(line))));
}
