using CuteDl.Reports;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Texts and tables on a terminal, or in plain form elsewhere.</summary>
internal static class Terminal
{
    /// <summary>Standard error with colours if it is a terminal.</summary>
    public static IAnsiConsole Error { get; } =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error), Interactive = Interactivity(Console.IsErrorRedirected) });

    private const int LongestNumber = 8;

    /// <summary>A table as wide as it needs: drawn on a terminal, in Markdown elsewhere, where lines may be long.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="table">The table.</param>
    /// <param name="droppable">Columns to leave out, one after another, until the terminal is wide enough.</param>
    public static void Write(IAnsiConsole console, Reports.Table table, params string[] droppable)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Out.Writer.Write(table.ToMarkdown());
            return;
        }

        console.Write(Draw(table, console.Profile.Width, droppable));
    }

    /// <summary>A table as a terminal shows it.</summary>
    /// <param name="table">The table; its first column has names.</param>
    /// <param name="width">The characters of a line.</param>
    /// <param name="droppable">Columns to leave out, one after another, until a line is wide enough.</param>
    /// <param name="colour">The colour of a row by its number.</param>
    public static Spectre.Console.Table Draw(Reports.Table table, int width, IEnumerable<string> droppable, Func<int, string>? colour = null)
    {
        // A longer name wraps, so that something is left for the rest.
        var longestName = Math.Max(LongestNumber, width / 3);
        foreach (var header in droppable)
        {
            if (WithNamesUpTo(longestName, table).Width > width)
            {
                table = table.Without(header);
            }
        }

        var drawn = new Spectre.Console.Table().Border(TableBorder.Simple);
        foreach (var header in table.Headers)
        {
            // Names and numbers stay whole; where the terminal is narrow, the longer texts wrap.
            var column = drawn.Columns.Count;
            var longest = column == 0 ? longestName : LongestNumber;
            drawn.AddColumn(new TableColumn(Markup.Escape(header)) { NoWrap = table.Rows.All(row => row[column].Length <= longest) });
        }

        for (var i = 0; i < table.Rows.Count; i++)
        {
            var markup = colour?.Invoke(i) ?? "default";
            drawn.AddRow([.. table.Rows[i].Select(cell => $"[{markup}]{Markup.Escape(VisibleText.Of(cell))}[/]")]);
        }

        return drawn;
    }

    private static Reports.Table WithNamesUpTo(int length, Reports.Table table) =>
        new(table.Headers, [.. table.Rows.Select(row => (IReadOnlyList<string>)[row[0][..Math.Min(length, row[0].Length)], .. row.Skip(1)])]);

    private static InteractionSupport Interactivity(bool isRedirected) => isRedirected ? InteractionSupport.No : InteractionSupport.Yes;
}
