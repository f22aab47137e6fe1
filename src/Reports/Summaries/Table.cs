using System.Text;

namespace CuteDl.Reports;

/// <summary>A table of texts for Markdown and terminals.</summary>
/// <param name="Headers">The names of the columns.</param>
/// <param name="Rows">The rows, with one cell per column.</param>
public sealed record Table(IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>The names of the columns.</summary>
    public IReadOnlyList<string> Headers { get; init => field = ValueList.Of(value); } = ValueList.Of(Headers);

    /// <summary>The rows, with one cell per column.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows { get; init => field = Values(value); } = Values(Rows);

    /// <summary>The indices of the columns that a narrow terminal drops, in this order.</summary>
    public IReadOnlyList<int> Expendable { get; init => field = ValueList.Of(value); } = ValueList.Of<int>([]);

    /// <summary>The number of characters of the widest line in Markdown.</summary>
    public int Width => ToMarkdown().Split('\n').Max(line => line.Length);

    /// <summary>Returns the table without the columns with these indices.</summary>
    /// <param name="columns">The indices.</param>
    public Table Without(params IEnumerable<int> columns)
    {
        var kept = Enumerable.Range(0, Headers.Count).Except(columns).ToArray();
        IReadOnlyList<string> Keep(IReadOnlyList<string> row) => [.. kept.Select(column => row[column])];
        return new Table(Keep(Headers), [.. Rows.Select(Keep)])
        {
            Expendable = [.. Expendable.Select(column => Array.IndexOf(kept, column)).Where(column => column >= 0)],
        };
    }

    /// <summary>Returns the table without columns whose cells are all empty, or all equal to the first column's.</summary>
    public Table WithoutIdle() =>
        Rows.Count == 0
            ? this
            : Without(Enumerable.Range(1, Headers.Count - 1).Where(column => Rows.All(row => row[column].Length == 0 || row[column] == row[0])));

    /// <summary>Returns the table in Markdown, with aligned columns.</summary>
    public string ToMarkdown()
    {
        var cells = Rows.Prepend(Headers).Select(row => row.Select(cell => VisibleText.LineOf(cell).Replace("|", "\\|", StringComparison.Ordinal)).ToArray()).ToArray();
        var widths = Enumerable.Range(0, Headers.Count).Select(column => Math.Max(3, cells.Max(row => row[column].Length))).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < cells.Length; i++)
        {
            text.Append("| ").AppendJoin(" | ", cells[i].Select((cell, column) => cell.PadRight(widths[column]))).Append(" |\n");
            if (i == 0)
            {
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).Append("|\n");
            }
        }

        return text.ToString();
    }

    private static IReadOnlyList<IReadOnlyList<string>> Values(IReadOnlyList<IReadOnlyList<string>> rows) => ValueList.Of([.. rows.Select(ValueList.Of)]);
}
