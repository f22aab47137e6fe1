using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CuteDl.Reports;

/// <summary>
/// A table of a study, as data with all digits and as text for readers. Cells are null, strings, booleans, whole numbers or doubles.
/// </summary>
/// <param name="Id">The name of the table's files.</param>
/// <param name="Title">The heading.</param>
/// <param name="Note">Explains the columns.</param>
/// <param name="Keys">The names of the data columns.</param>
/// <param name="Values">The data, row by row.</param>
/// <param name="Text">The same rows for readers.</param>
/// <param name="IsNumber">For each column of the text, true if it holds numbers.</param>
internal sealed record StudyTable(
    string Id,
    string Title,
    string Note,
    IReadOnlyList<string> Keys,
    IReadOnlyList<IReadOnlyList<object?>> Values,
    Table Text,
    IReadOnlyList<bool> IsNumber)
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Returns a table with one row per item.</summary>
    public static StudyTable Of<T>(string id, string title, string note, IEnumerable<T> rows, params StudyColumn<T>[] columns)
    {
        var items = rows.ToArray();
        return new StudyTable(
            id,
            title,
            note,
            [.. columns.SelectMany(column => column.Data, (_, data) => data.Key)],
            [.. items.Select(item => (IReadOnlyList<object?>)[.. columns.SelectMany(column => column.Data, (_, data) => data.Value(item))])],
            new Table(
                [.. columns.Where(column => column.Header.Length > 0).Select(column => column.Header)],
                [.. items.Select(item => (IReadOnlyList<string>)[.. columns.Where(column => column.Header.Length > 0).Select(column => column.Text(item))])]),
            [.. columns.Where(column => column.Header.Length > 0).Select(column => column.IsNumber)]);
    }

    /// <summary>Returns the data as CSV by RFC 4180, with Unix line ends. Missing values are empty.</summary>
    public string ToCsv()
    {
        var text = new StringBuilder();
        text.AppendJoin(',', Keys.Select(Quoted)).Append('\n');
        foreach (var row in Values)
        {
            text.AppendJoin(',', row.Select(cell => Quoted(Plain(cell)))).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Returns the data as a JSON list of objects. NaN and infinities are strings.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            writer.WriteStartArray();
            foreach (var row in Values)
            {
                writer.WriteStartObject();
                foreach (var (key, cell) in Keys.Zip(row))
                {
                    writer.WritePropertyName(key);
                    Write(writer, cell);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>Returns heading, note and table as Markdown.</summary>
    public string ToMarkdown() => $"# {OneLine(Title)}\n\n{(Note.Length > 0 ? OneLine(Note) + "\n\n" : "")}{OneLine(Text).ToMarkdown()}";

    private static void Write(Utf8JsonWriter writer, object? cell)
    {
        switch (cell)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue(Plain(cell));
                break;
        }
    }

    private static string Plain(object? cell) =>
        cell switch
        {
            null => "",
            bool truth => truth ? "true" : "false",
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => cell.ToString() ?? "",
        };

    private static string Quoted(string cell) =>
        cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static Table OneLine(Table table) =>
        new(table.Headers, [.. table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Select(OneLine)])]);

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Replace("<", "&lt;", StringComparison.Ordinal);
}
