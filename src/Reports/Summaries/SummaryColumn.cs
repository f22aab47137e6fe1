namespace CuteDl.Reports;

/// <summary>A column of a summary.</summary>
/// <param name="Header">Its name.</param>
/// <param name="Cell">The text for an item.</param>
/// <param name="Rank">The order in which a narrow terminal drops columns, from 1; null for columns that always stay.</param>
internal sealed record SummaryColumn<T>(string Header, Func<T, string> Cell, int? Rank = null)
{
    /// <summary>Returns the table of these columns, without those that have no information.</summary>
    public static Table Tabulate(IReadOnlyList<SummaryColumn<T>> columns, IEnumerable<T> items) =>
        new Table(
            [.. columns.Select(column => column.Header)],
            [.. items.Select(item => (IReadOnlyList<string>)[.. columns.Select(column => column.Cell(item))])])
        {
            Expendable = [.. Enumerable.Range(0, columns.Count).Where(i => columns[i].Rank is not null).OrderBy(i => columns[i].Rank)],
        }.WithoutIdle();
}
