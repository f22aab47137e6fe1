using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Writes the page of a study: a single file that loads nothing else.</summary>
internal sealed class StudyPage(StudyContent content)
{
    // With this policy, browsers do not load anything, even if text of a study contains links to resources.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private const int LongestOpen = 600;

    private readonly StudyResult _result = content.Result;
    private readonly StudyAnalysis _analysis = content.Result.Analysis;
    private readonly Html _page = new();

    /// <summary>Returns the page as HTML.</summary>
    public string Write()
    {
        var sections = Sections().Where(section => section.IsThere).ToArray();
        _page.Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")
            .Raw($"<meta http-equiv=\"Content-Security-Policy\" content=\"{Policy}\">")
            .Raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">")
            .Element("title", _result.Study.Name)
            .Raw($"<style>\n{Resource("study-report.css")}</style>\n</head>\n<body>\n<svg id=\"space\" width=\"0\" height=\"0\" aria-hidden=\"true\"></svg>");
        Head();
        _page.Raw("<nav aria-label=\"Sections\"><div>" + string.Concat(sections.Select(section => $"<a href=\"#{section.Id}\">{Html.Escape(section.Short)}</a>")) + "</div></nav>\n<main>")
            .Raw("<noscript><p class=\"warning\">The script of this page draws its figures. The folder figures has them as pictures.</p></noscript>");
        foreach (var section in sections)
        {
            _page.Section(section.Id, section.Title, _ => section.Write());
        }

        return _page.Raw("</main>\n<footer></footer>")
            .Raw($"<script type=\"application/json\" id=\"figure-data\">{FigureJson.Write(content.Figures, content.Metadata.Contenders)}</script>")
            .Raw($"<script>\n{Resource("study-report.js")}</script>\n</body>\n</html>")
            .ToString();
    }

    private IEnumerable<(string Id, string Short, string Title, bool IsThere, Action Write)> Sections() =>
        [
            ("verdict", "Verdict", "Verdict", true, Verdict),
            ("document", "Document", "The document's protocol", content.Document.Values.Count > 0, Document),
            ("summary", "Summary", "Summary", content.Summary.Values.Count > 0, Summary),
            ("comparisons", "Comparisons", "Comparisons", content.Comparing.Count > 0, () => Comparisons()),
            ("curves", "Curves", "Learning curves", content.Learning.Count > 0, () => _page.Figures(content.Learning)),
            ("tuning", "Tuning", "Tuning", content.Settings.Values.Count + content.Selections.Values.Count > 0, Tuning),
            ("frontier", "Frontier", "The small-rate frontier", content.Frontier.Values.Count > 0 || content.Tolerances.Values.Count > 0, Frontier),
            ("autopsy", "Autopsy", "Failed and outlying seeds", true, Autopsy),
            ("findings", "Findings", "Objections to this study", true, Findings),
            ("environment", "Environment", "Environment", true, Environment),
            ("study", "Study", "The study", true, StudyFile),
            ("reproduce", "Reproduce", "How to reproduce", true, Reproduce),
        ];

    private static string Resource(string name)
    {
        using var stream = typeof(StudyPage).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing in {typeof(StudyPage).Assembly.GetName().Name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private void Head()
    {
        _page.Raw("<header>")
            .Element("h1", _result.Study.Name)
            .Element(
                "p",
                $"{Numbers.Of(content.Metadata.Contenders.Count, "optimizer")} on {Numbers.Of(content.Metadata.Tasks.Count, "task")}, {content.Metadata.ProtocolName}, {Numbers.Of(_result.Trials.Count, "trial")}.",
                "quiet");
        if (!_result.IsComplete)
        {
            _page.Element("p", $"This study is not complete: {_result.Trials.Count} of {_result.Planned} trials are finished, and this report shows only these.", "warning");
        }

        _page.Raw("</header>");
    }

    private void Verdict()
    {
        foreach (var sentence in _analysis.Notes)
        {
            _page.Element("p", sentence);
        }

        if (_analysis.Verdicts.Length == 0)
        {
            _page.Element("p", "There is nothing to compare yet.");
        }

        if (_analysis.Verdicts.Any(verdict => verdict.Ranked))
        {
            _page.Element(
                "p",
                $"All optimizers were trained with the same seeds. For each line below, the probability of naming any wrong winner is at most {StudyText.Percent(_analysis.InterimLooks.Levels.Sum())}, and so is the probability of naming any wrong tie. Undecided does not mean equal: these seeds do not show which one is better.",
                "note");
        }

        if (_result.Study.Power(_result.UntilDecided) is { Length: > 0 } power)
        {
            _page.Element("p", power, "note");
        }

        _page.Raw("<ul class=\"verdict\">");
        foreach (var verdict in _analysis.Verdicts)
        {
            _page.Raw("<li>").Element("strong", verdict.Sentences[0]);
            if (verdict.Sentences.Length > 1)
            {
                // A short first verdict is open, because it shows the size of the differences.
                var isShort = ReferenceEquals(verdict, _analysis.Verdicts[0]) && verdict.Sentences.Sum(sentence => sentence.Length) <= LongestOpen;
                _page.Folded("In detail", page => page.List(verdict.Sentences.Skip(1)), isShort);
            }

            _page.Raw("</li>");
        }

        _page.Raw("</ul>");
        if (_analysis.Failures.Length > 0)
        {
            _page.Folded($"Optimizers that did not always reach the target ({_analysis.Failures.Length})", page => page.List(_analysis.Failures));
        }
    }

    private void Summary()
    {
        _page.Table(content.Summary);
        _page.Folded("Seconds (not repeatable)", page => page.Table(content.Seconds, hasTitle: false));
    }

    private void Comparisons()
    {
        if (content.Comparisons.Values.Count > 0)
        {
            _page.Folded("All pairs as a table", page => page.Table(content.Comparisons, hasTitle: false));
        }

        _page.Figures(content.Comparing);
    }

    private void Tuning()
    {
        if (content.Repetitions.Values.Count > 0)
        {
            _page.Table(content.Repetitions)
                .Folded($"Settings selected for each seed ({content.Selections.Values.Count})", page => page.Table(content.Selections, hasTitle: false));
        }
        else if (content.Selections.Values.Count > 0)
        {
            _page.Table(content.Selections);
        }

        if (content.Decisions.Values.Count > 0)
        {
            _page.Folded($"Decisions ({content.Decisions.Values.Count})", page => page.Table(content.Decisions, hasTitle: false));
        }

        if (content.Settings.Values.Count > 0)
        {
            _page.Folded($"All settings tried ({content.Settings.Values.Count})", page => page.Table(content.Settings, hasTitle: false));
        }

        _page.Figures(content.Tuning);
    }

    private void Frontier()
    {
        _page.Figures(content.Rates);
        foreach (var table in new[] { content.Limits, content.Tolerances }.Where(table => table.Values.Count > 0))
        {
            _page.Table(table);
        }

        if (content.Frontier.Values.Count > 0)
        {
            _page.Folded("All learning rates as a table", page => page.Table(content.Frontier, hasTitle: false));
        }
    }

    private void Autopsy()
    {
        if (_analysis.Autopsies.Length == 0)
        {
            _page.Element("p", "No confirmed run failed or is an outlier.");
            return;
        }

        _page.Element("p", $"{Numbers.Of(_analysis.Autopsies.Length, "run")} diverged, missed the target, or ended far below the others of its optimizer (Tukey's fence).");
        foreach (var group in _analysis.Autopsies.GroupBy(row => (row.Task, row.Contender, row.Variant)))
        {
            _page.Folded(
                $"{group.Key.Task}, {group.Key.Contender}, {StudyText.Of(group.Key.Variant)}: {Numbers.Of(group.Count(), "run")}",
                page => page.Raw("<ul>" + string.Concat(group.Select(row =>
                    $"<li><strong>seed {row.Seed}, {StudyText.Of(row.Failure)}</strong>: {Html.Escape(string.Join(" ", row.Sentences))}</li>")) + "</ul>"));
        }

        _page.Folded("As a table, with the other optimizers' results for the same seed", page => page.Table(content.Autopsies, hasTitle: false));
    }

    private void Document() => _page.List(_analysis.DocumentSentences).Table(content.Document, hasTitle: false).Figures(content.Dead);

    private void Findings()
    {
        if (content.Findings.Values.Count > 0)
        {
            _page.Table(content.Findings, hasTitle: false);
        }
        else
        {
            _page.Element("p", "No objections were found.");
        }
    }

    private void Environment()
    {
        var here = RunEnvironment.Current;
        _page.Pairs(StudyOrigin.Of(_result))
            .Element("p", "This report was written on:", "quiet")
            .Pairs([("version", here.Version), ("runtime", here.Runtime), ("system", here.Os), ("processor", here.Cpu), ("processors", Numbers.Exact(here.Cores))])
            .Raw("<p class=\"note\">Results do not depend on the machine. Seconds do; they are in <a href=\"timings.csv\">timings.csv</a>.</p>");
    }

    private void StudyFile()
    {
        _page.Element("p", "The study, with all defaults.").Raw($"<pre tabindex=\"0\">{Html.Escape(content.Metadata.Json)}</pre>");
    }

    private void Reproduce()
    {
        if (content.Metadata.HoldsData)
        {
            _page.Element("p", "The images of this study came from a program, so only that program can run it again.");
            return;
        }

        _page.Element("p", "Run the whole study again, in a new folder beside this page:")
            .Raw($"<pre tabindex=\"0\">cutedl study run study.json --out again{(_result.UntilDecided ? " --until decided" : "")}</pre>")
            .Raw("<p>It writes the same <a href=\"results.csv\">results.csv</a>, byte for byte, on any number of processors.</p>");
        if (_result.Trials.Count > 0)
        {
            _page.Element("p", "Then repeat one of its trials, and compare every bit with its result:")
                .Raw($"<pre tabindex=\"0\">cutedl replay {Html.Escape($"again/trials/{_result.Trials[0].Trial.Id}.json")}</pre>");
        }

        if (!_result.IsComplete && _result.Folder is not null)
        {
            _page.Element("p", "This study is not complete. Continue it in its folder:")
                .Raw("<pre tabindex=\"0\">cutedl resume .</pre>");
        }
    }
}
