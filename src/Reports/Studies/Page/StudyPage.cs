using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>The page of a study: one file that needs no other, and may load none.</summary>
internal sealed class StudyPage(StudyContent content)
{
    // Whatever else may be in it: a browser refuses to load anything from anywhere.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private const int LongestOpen = 600;

    private readonly StudyResult _result = content.Result;
    private readonly StudyAnalysis _analysis = content.Result.Analysis;
    private readonly Html _page = new();

    /// <summary>The page's text.</summary>
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
            .Raw("<noscript><p class=\"warning\">The figures of this page are drawn by its script; as pictures they are in the folder figures.</p></noscript>");
        foreach (var section in sections)
        {
            _page.Section(section.Id, section.Title, _ => section.Write());
        }

        return _page.Raw("</main>\n<footer></footer>")
            .Raw($"<script type=\"application/json\" id=\"figure-data\">{FigureJson.Write(content.Figures, content.Facts.Contenders)}</script>")
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
        var protocol = content.Facts.IsDocument ? "the document's protocol" : "the fair protocol";
        _page.Raw("<header>")
            .Element("h1", _result.Study.Name)
            .Element(
                "p",
                $"{Numbers.Of(content.Facts.Contenders.Count, "optimizer")} on {Numbers.Of(content.Facts.Tasks.Count, "task")}, {protocol}, {Numbers.Of(_result.Trials.Count, "trial")}.",
                "quiet");
        if (!_result.IsComplete)
        {
            _page.Element("p", $"This study is not complete: {_result.Trials.Count} of {_result.Planned} trials that are known to be needed are finished, and all that follows is of these.", "warning");
        }

        _page.Raw("</header>");
    }

    private void Verdict()
    {
        var said = _analysis.Verdicts.SelectMany(verdict => verdict.Sentences).ToHashSet();
        var others = _analysis.Sentences.Where(sentence => !said.Contains(sentence) && !_analysis.DocumentSentences.Contains(sentence)).ToArray();
        var progress = others.TakeWhile(sentence => _analysis.Verdicts.Length == 0 || Array.IndexOf(_analysis.Sentences, sentence) < Array.IndexOf(_analysis.Sentences, _analysis.Verdicts[0].Sentences[0])).ToArray();
        foreach (var sentence in progress)
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
                $"All optimizers were trained with the same seeds. For each line below, the chance that any winner is named by luck is at most {StudyWords.Percent(_analysis.Looks.Levels.Sum())}. Undecided does not mean equal: these seeds do not show which one is better.",
                "note");
        }

        if (_analysis.Comparisons.Concat(_analysis.Overall).Any(pair => pair.Outcome == Outcome.Equal))
        {
            _page.Element("p", "Ties are judged pair by pair. They are not corrected for the number of pairs, so some of many ties can be wrong.", "note");
        }

        _page.Raw("<ul class=\"verdict\">");
        foreach (var verdict in _analysis.Verdicts)
        {
            _page.Raw("<li>").Element("strong", verdict.Sentences[0]);
            if (verdict.Sentences.Length > 1)
            {
                // The size of the difference is part of the answer, if it takes few words.
                var isShort = ReferenceEquals(verdict, _analysis.Verdicts[0]) && verdict.Sentences.Sum(sentence => sentence.Length) <= LongestOpen;
                _page.Folded("In detail", page => page.List(verdict.Sentences.Skip(1)), isShort);
            }

            _page.Raw("</li>");
        }

        _page.Raw("</ul>");
        if (others.Length > progress.Length)
        {
            _page.Folded($"Optimizers that did not always reach the target ({others.Length - progress.Length})", page => page.List(others.Skip(progress.Length)));
        }
    }

    private void Summary()
    {
        _page.Table(content.Summary);
        _page.Folded("Seconds, which are not repeatable", page => page.Table(content.Seconds, hasTitle: false));
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
        if (content.Selections.Values.Count > 0)
        {
            _page.Table(content.Selections);
        }

        if (content.Decisions.Values.Count > 0)
        {
            _page.Folded($"Decisions ({content.Decisions.Values.Count})", page => page.Table(content.Decisions, hasTitle: false));
        }

        if (content.Settings.Values.Count > 0)
        {
            _page.Folded($"Every setting tried ({content.Settings.Values.Count})", page => page.Table(content.Settings, hasTitle: false));
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
            _page.Folded("Every rate as a table", page => page.Table(content.Frontier, hasTitle: false));
        }
    }

    private void Autopsy()
    {
        if (_analysis.Autopsies.Length == 0)
        {
            _page.Element("p", "No compared run failed or is an outlier.");
            return;
        }

        _page.Element("p", $"{Numbers.Of(_analysis.Autopsies.Length, "run")} diverged, missed the target, or ended far below the others of its optimizer (Tukey's fence).");
        foreach (var group in _analysis.Autopsies.GroupBy(row => (row.Task, row.Contender, row.Variant)))
        {
            _page.Folded(
                $"{group.Key.Task}, {group.Key.Contender}, {StudyWords.Of(group.Key.Variant)}: {Numbers.Of(group.Count(), "run")}",
                page => page.Raw("<ul>" + string.Concat(group.Select(row =>
                    $"<li><strong>seed {row.Seed}, {StudyWords.Of(row.Failure)}</strong>: {Html.Escape(string.Join(" ", row.Sentences))}</li>")) + "</ul>"));
        }

        _page.Folded("As a table, with what the others did with the same seed", page => page.Table(content.Autopsies, hasTitle: false));
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
            _page.Element("p", "None were found.");
        }
    }

    private void Environment()
    {
        var here = RunEnvironment.Current;
        _page.Pairs(StudyOrigin.Of(_result))
            .Element("p", "Where this report was written:", "quiet")
            .Pairs([("version", here.Version), ("runtime", here.Runtime), ("system", here.Os), ("processor", here.Cpu), ("processors", Numbers.Exact(here.Cores))])
            .Raw("<p class=\"note\">Results do not depend on any of these; seconds do. They are in <a href=\"timings.csv\">timings.csv</a>.</p>");
    }

    private void StudyFile()
    {
        _page.Element("p", "Complete, with all defaults written out.").Raw($"<pre tabindex=\"0\">{Html.Escape(content.Facts.Json)}</pre>");
    }

    private void Reproduce()
    {
        if (content.Facts.HoldsData)
        {
            _page.Element("p", "A program gave the images of this study, so only that program can run it again.");
            return;
        }

        _page.Element("p", "Run the whole study again, in a new folder beside this page:")
            .Raw($"<pre tabindex=\"0\">cutedl study run study.json --out again{(_result.UntilDecided ? " --until decided" : "")}</pre>")
            .Raw("<p>It writes the same bytes of <a href=\"results.csv\">results.csv</a>, a row for each trial, on any number of processors.</p>");
        if (_result.Trials.Count > 0)
        {
            _page.Element("p", "Then repeat one of its trials, and compare it bit for bit with its result:")
                .Raw($"<pre tabindex=\"0\">cutedl replay {Html.Escape($"again/trials/{_result.Trials[0].Trial.Id}.json")}</pre>");
        }

        if (!_result.IsComplete && _result.Folder is not null)
        {
            _page.Element("p", "This study is not complete. Continue it in its folder:")
                .Raw("<pre tabindex=\"0\">cutedl study resume .</pre>");
        }
    }
}
