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

        foreach (var header in droppable)
        {
            if (table.Width > console.Profile.Width)
            {
                table = table.Without(header);
            }
        }

        var drawn = new Spectre.Console.Table().Border(TableBorder.Simple);
        foreach (var header in table.Headers)
        {
            // Names and numbers stay whole; where the terminal is narrow, the longer texts wrap.
            var column = drawn.Columns.Count;
            var isShort = column == 0 || table.Rows.All(row => row[column].Length <= LongestNumber);
            drawn.AddColumn(new TableColumn(Markup.Escape(header)) { NoWrap = isShort });
        }

        foreach (var row in table.Rows)
        {
            drawn.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(drawn);
    }

    private static InteractionSupport Interactivity(bool isRedirected) => isRedirected ? InteractionSupport.No : InteractionSupport.Yes;
}
