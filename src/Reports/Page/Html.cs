using System.Text;

namespace CuteDl.Reports;

/// <summary>Builds an HTML page. All texts are escaped here, because names come from users.</summary>
internal sealed class Html
{
    private readonly StringBuilder _page = new();

    /// <summary>Escapes a text for HTML, also for attributes.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var character in VisibleText.Of(text))
        {
            escaped.Append(character switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                _ when char.IsControl(character) && character is not ('\n' or '\t') => " ",
                _ => character.ToString(),
            });
        }

        return escaped.ToString();
    }

    /// <summary>Appends markup without escaping it.</summary>
    public Html Raw(string markup)
    {
        _page.Append(markup).Append('\n');
        return this;
    }

    /// <summary>Appends an element with a text.</summary>
    public Html Element(string name, string text, string className = "") =>
        Raw($"<{name}{Class(className)}>{Escape(text)}</{name}>");

    /// <summary>Appends a list; nothing if there are no items.</summary>
    public Html List(IEnumerable<string> items)
    {
        var texts = items.ToArray();
        return texts.Length == 0 ? this : Raw("<ul>" + string.Concat(texts.Select(text => $"<li>{Escape(text)}</li>")) + "</ul>");
    }

    /// <summary>Appends a paragraph; nothing if the text is empty.</summary>
    public Html Paragraph(string text, string className) => text.Length == 0 ? this : Element("p", text, className);

    /// <summary>Appends content that is hidden until the reader opens it.</summary>
    public Html Folded(string summary, Action<Html> content, bool isOpen = false)
    {
        Raw($"<details{(isOpen ? " open" : "")}><summary>{Escape(summary)}</summary>");
        content(this);
        return Raw("</details>");
    }

    /// <summary>Appends a table with its heading, note and files.</summary>
    public Html Table(StudyTable table, bool hasTitle = true)
    {
        if (hasTitle)
        {
            Element("h3", table.Title);
        }

        var files = string.Join(", ", new[] { "csv", "json", "md" }.Select(kind => Link($"tables/{table.Id}.{kind}", kind)));
        return Paragraph(table.Note, "note").Table(table.Text, table.IsNumber).Raw($"<p class=\"note\">The same as files: {files}.</p>");
    }

    /// <summary>Appends a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="isNumber">For each column, true if it holds numbers; null for a table of texts.</param>
    public Html Table(Table table, IReadOnlyList<bool>? isNumber = null)
    {
        string Row(IReadOnlyList<string> cells, string name) =>
            $"<tr>{string.Concat(cells.Select((cell, i) => $"<{name}{Class(isNumber?[i] ?? false ? "number" : name == "td" && cell.Length > Wide ? "wide" : "")}>{Escape(cell)}</{name}>"))}</tr>";
        return Raw($"<div class=\"table\" tabindex=\"0\"><table><thead>{Row(table.Headers, "th")}</thead>\n<tbody>\n{string.Join('\n', table.Rows.Select(row => Row(row, "td")))}\n</tbody></table></div>");
    }

    /// <summary>Appends the texts of a figure, and the placeholder of its panes, which the page's script draws.</summary>
    public Html Figure(Figure figure)
    {
        Raw($"<figure id=\"figure-{Escape(figure.Id)}\">").Element("h3", figure.Title);
        foreach (var remark in figure.Remarks)
        {
            Element("p", remark.Text, Class(remark.Tone));
        }

        var files = string.Join(", ", figure.Files.Select(file => Link(file, Path.GetExtension(file)[1..].ToUpperInvariant())));
        return Raw("<div class=\"panes\"></div>").Paragraph(figure.Footer, "note").Raw($"<figcaption>{Escape(figure.Caption)} As a picture: {files}.</figcaption></figure>");
    }

    public Html Figures(IEnumerable<Figure> figures)
    {
        foreach (var figure in figures)
        {
            Figure(figure);
        }

        return this;
    }

    /// <summary>Appends names with their values.</summary>
    public Html Pairs(IEnumerable<(string Name, string Value)> pairs) =>
        Raw("<dl>" + string.Concat(pairs.Select(pair => $"<dt>{Escape(pair.Name)}</dt><dd>{Escape(pair.Value)}</dd>")) + "</dl>");

    public override string ToString() => _page.ToString();

    // Cells with more characters may wrap.
    private const int Wide = 44;

    private static string Class(Tone tone) =>
        tone switch
        {
            Tone.Warning => "warning",
            Tone.Quiet => "note",
            Tone.Plain => "",
            _ => throw new ArgumentOutOfRangeException(nameof(tone), tone, "There is no such tone."),
        };

    private static string Link(string path, string text) => $"<a href=\"{Escape(path)}\">{text}</a>";

    private static string Class(string name) => name.Length > 0 ? $" class=\"{name}\"" : "";
}
