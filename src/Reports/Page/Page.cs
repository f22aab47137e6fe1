namespace CuteDl.Reports;

/// <summary>A section of a page.</summary>
/// <param name="Id">The target of links to it.</param>
/// <param name="Short">Its name in the index.</param>
/// <param name="Title">The heading.</param>
/// <param name="Write">Writes the content.</param>
internal sealed record Section(string Id, string Short, string Title, Action<Html> Write);

/// <summary>Writes a page of a report: a single file that loads nothing else.</summary>
internal static class Page
{
    // With this policy, browsers do not load anything, even if text of a study contains links to resources.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    /// <summary>Returns the page as HTML.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="lead">The line below the heading.</param>
    /// <param name="warning">A warning below it; empty for none.</param>
    /// <param name="sections">The sections.</param>
    /// <param name="figures">The figures of the sections, which the page's script draws.</param>
    public static string Write(string title, string lead, string warning, IReadOnlyList<Section> sections, IEnumerable<Figure> figures)
    {
        var page = new Html().Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")
            .Raw($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\">")
            .Raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">")
            .Element("title", title)
            .Raw($"<style>\n{Resource("report.css")}</style>\n</head>\n<body>\n<svg id=\"space\" width=\"0\" height=\"0\" aria-hidden=\"true\"></svg>\n<header>")
            .Element("h1", title)
            .Element("p", lead, "quiet")
            .Paragraph(warning, "warning")
            .Raw("</header>\n<nav aria-label=\"Sections\"><div>" + string.Concat(sections.Select(section => $"<a href=\"#{section.Id}\">{Html.Escape(section.Short)}</a>")) + "</div></nav>\n<main>")
            .Raw("<noscript><p class=\"warning\">The script of this page draws its figures. The folder figures has them as pictures.</p></noscript>");
        foreach (var section in sections)
        {
            page.Raw($"<section id=\"{section.Id}\">").Element("h2", section.Title);
            section.Write(page);
            page.Raw("</section>");
        }

        return page.Raw("</main>\n<footer></footer>")
            .Raw($"<script type=\"application/json\" id=\"figure-data\">{FigureJson.Write(figures)}</script>")
            .Raw($"<script>\n{Resource("report.js")}</script>\n</body>\n</html>")
            .ToString();
    }

    /// <summary>Writes the version and the machine.</summary>
    public static void Machine(Html page)
    {
        var here = RunEnvironment.Current;
        page.Element("p", "This report was written on:", "quiet")
            .Pairs([("version", here.Version), ("runtime", here.Runtime), ("system", here.Os), ("processor", here.Cpu), ("processors", Numbers.Exact(here.Cores))]);
    }

    private static string Resource(string name)
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing in {typeof(Page).Assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
