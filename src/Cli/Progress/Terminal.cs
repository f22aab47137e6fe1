using CuteDl.Reports;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Writes texts and tables: drawn on a terminal, plain elsewhere.</summary>
internal static class Terminal
{
    /// <summary>Standard error, with colours on a terminal.</summary>
    public static IAnsiConsole Error { get; } =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error), Interactive = Interactivity(Console.IsErrorRedirected) });

    private const int LongestNumber = 8;

    /// <summary>Writes a table: drawn on a terminal, in Markdown elsewhere.</summary>
    /// <param name="console">The terminal.</param>
    /// <param name="table">The table. Its expendable columns are dropped, one after another, until the table fits the terminal.</param>
    public static void Write(IAnsiConsole console, Reports.Table table)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Out.Writer.Write(table.ToMarkdown());
            return;
        }

        console.Write(Draw(table, console.Profile.Width));
    }

    /// <summary>Returns the table as it is drawn on a terminal.</summary>
    /// <param name="table">The table. Its first column holds names. Its expendable columns are dropped, one after another, until it fits.</param>
    /// <param name="width">The width in characters.</param>
    public static Spectre.Console.Table Draw(Reports.Table table, int width)
    {
        // Longer names wrap, so that the other columns get space.
        var longestName = Math.Max(LongestNumber, width / 3);
        while (table.Expendable.Count > 0 && WithNamesUpTo(longestName, table).Width > width)
        {
            table = table.Without(table.Expendable[0]);
        }

        var drawn = new Spectre.Console.Table().Border(TableBorder.Simple);
        foreach (var header in table.Headers)
        {
            // Names and numbers are not broken. On a narrow terminal, longer texts wrap.
            var column = drawn.Columns.Count;
            var longest = column == 0 ? longestName : LongestNumber;
            drawn.AddColumn(new TableColumn(Markup.Escape(header)) { NoWrap = table.Rows.All(row => row[column].Length <= longest) });
        }

        foreach (var row in table.Rows)
        {
            drawn.AddRow([.. row.Select(cell => Markup.Escape(VisibleText.LineOf(cell)))]);
        }

        return drawn;
    }

    private static Reports.Table WithNamesUpTo(int length, Reports.Table table) =>
        new(table.Headers, [.. table.Rows.Select(row => (IReadOnlyList<string>)[row[0][..Math.Min(length, row[0].Length)], .. row.Skip(1)])]);

    private static InteractionSupport Interactivity(bool isRedirected) => isRedirected ? InteractionSupport.No : InteractionSupport.Yes;
}
