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

    /// <summary>Appends a section with a heading. The id is the target of links in the page's index.</summary>
    public Html Section(string id, string title, Action<Html> content)
    {
        Raw($"<section id=\"{Escape(id)}\">").Element("h2", title);
        content(this);
        return Raw("</section>");
    }

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

        if (table.Note.Length > 0)
        {
            Element("p", table.Note, "note");
        }

        var text = new StringBuilder("<div class=\"table\" tabindex=\"0\"><table><thead><tr>");
        text.AppendJoin("", table.Text.Headers.Zip(table.IsNumber, (header, isNumber) => $"<th{Class(isNumber ? "number" : "")}>{Escape(header)}</th>")).Append("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Text.Rows)
        {
            text.Append("<tr>").AppendJoin("", row.Zip(table.IsNumber, (cell, isNumber) => $"<td{Class(isNumber ? "number" : cell.Length > Wide ? "wide" : "")}>{Escape(cell)}</td>")).Append("</tr>\n");
        }

        text.Append("</tbody></table></div>");
        var files = string.Join(", ", new[] { "csv", "json", "md" }.Select(kind => $"<a href=\"tables/{Escape(table.Id)}.{kind}\">{kind}</a>"));
        return Raw(text.ToString()).Raw($"<p class=\"note\">The same as files: {files}.</p>");
    }

    /// <summary>Appends the placeholder of a figure, which the page's script draws.</summary>
    public Html Figure(Figure figure)
    {
        var id = Escape(figure.Id);
        return Raw($"<figure id=\"figure-{id}\"><h3>{Escape(figure.Title)}</h3><div class=\"panes\"></div>")
            .Raw($"<figcaption>{Escape(figure.Caption)} As pictures: <a href=\"figures/{id}.png\">PNG</a>, <a href=\"figures/{id}.svg\">SVG</a>.</figcaption></figure>");
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

    private static string Class(string name) => name.Length > 0 ? $" class=\"{name}\"" : "";
}
