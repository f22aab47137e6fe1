using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Writes the page of a study: a single file that loads nothing else.</summary>
internal sealed class StudyPage(StudyContent content)
{
    private const int LongestOpen = 600;

    private readonly StudyResult _result = content.Result;
    private readonly StudyAnalysis _analysis = content.Result.Analysis;

    /// <summary>Returns the page as HTML.</summary>
    public string Write() =>
        Page.Write(
            _result.Study.Name,
            $"{Numbers.Of(content.Metadata.Contenders.Count, "optimizer")} on {Numbers.Of(content.Metadata.Tasks.Count, "task")}, {content.Metadata.ProtocolName}, {Numbers.Of(_result.Trials.Count, "trial")}.",
            _result.IsComplete ? "" : $"This study is not complete: {_result.Trials.Count} of {_result.Planned} trials are finished, and this report shows only these.",
            [.. Sections().Where(section => section.IsThere).Select(section => section.Section)],
            content.Figures);

    private IEnumerable<(bool IsThere, Section Section)> Sections() =>
        [
            (true, new("verdict", "Verdict", "Verdict", Verdict)),
            (content.Document.Values.Count > 0, new("document", "Document", "The document's protocol", Document)),
            (content.Summary.Values.Count > 0, new("summary", "Summary", "Summary", Summary)),
            (content.Comparing.Count > 0, new("comparisons", "Comparisons", "Comparisons", Comparisons)),
            (content.Learning.Count > 0, new("curves", "Curves", "Learning curves", page => page.Figures(content.Learning))),
            (content.Settings.Values.Count + content.Selections.Values.Count > 0, new("tuning", "Tuning", "Tuning", Tuning)),
            (content.Frontier.Values.Count > 0 || content.Tolerances.Values.Count > 0, new("frontier", "Frontier", "The small-rate frontier", Frontier)),
            (true, new("autopsy", "Autopsy", "Failed and outlying seeds", Autopsy)),
            (true, new("findings", "Findings", "Objections to this study", Findings)),
            (true, new("environment", "Environment", "Environment", Environment)),
            (true, new("study", "Study", "The study", StudyFile)),
            (true, new("reproduce", "Reproduce", "How to reproduce", Reproduce)),
        ];

    private void Verdict(Html page)
    {
        foreach (var sentence in _analysis.Notes)
        {
            page.Element("p", sentence);
        }

        if (_analysis.Verdicts.Length == 0)
        {
            page.Element("p", "There is nothing to compare yet.");
        }

        if (_analysis.Verdicts.Any(verdict => verdict.Ranked))
        {
            page.Element(
                "p",
                $"All optimizers were trained with the same seeds. For each line below, the probability of naming any wrong winner is at most {StudyText.Percent(_analysis.InterimLooks.Levels.Sum())}, and so is the probability of naming any wrong tie. Undecided does not mean equal: these seeds do not show which one is better.",
                "note");
        }

        if (_result.Study.Power(_result.UntilDecided) is { Length: > 0 } power)
        {
            page.Element("p", power, "note");
        }

        page.Raw("<ul class=\"verdict\">");
        foreach (var verdict in _analysis.Verdicts)
        {
            page.Raw("<li>").Element("strong", verdict.Sentences[0]);
            if (verdict.Sentences.Length > 1)
            {
                // A short first verdict is open, because it shows the size of the differences.
                var isShort = ReferenceEquals(verdict, _analysis.Verdicts[0]) && verdict.Sentences.Sum(sentence => sentence.Length) <= LongestOpen;
                page.Folded("In detail", details => details.List(verdict.Sentences.Skip(1)), isShort);
            }

            page.Raw("</li>");
        }

        page.Raw("</ul>");
        if (_analysis.Failures.Length > 0)
        {
            page.Folded($"Optimizers that did not always reach the target ({_analysis.Failures.Length})", details => details.List(_analysis.Failures));
        }
    }

    private void Summary(Html page)
    {
        page.Table(content.Summary);
        page.Folded("Seconds (not repeatable)", details => details.Table(content.Seconds, hasTitle: false));
    }

    private void Comparisons(Html page)
    {
        if (content.Comparisons.Values.Count > 0)
        {
            page.Folded("All pairs as a table", details => details.Table(content.Comparisons, hasTitle: false));
        }

        page.Figures(content.Comparing);
    }

    private void Tuning(Html page)
    {
        if (content.Repetitions.Values.Count > 0)
        {
            page.Table(content.Repetitions)
                .Folded($"Settings selected for each seed ({content.Selections.Values.Count})", details => details.Table(content.Selections, hasTitle: false));
        }
        else if (content.Selections.Values.Count > 0)
        {
            page.Table(content.Selections);
        }

        if (content.Decisions.Values.Count > 0)
        {
            page.Folded($"Decisions ({content.Decisions.Values.Count})", details => details.Table(content.Decisions, hasTitle: false));
        }

        if (content.Settings.Values.Count > 0)
        {
            page.Folded($"All settings tried ({content.Settings.Values.Count})", details => details.Table(content.Settings, hasTitle: false));
        }

        page.Figures(content.Tuning);
    }

    private void Frontier(Html page)
    {
        page.Figures(content.Rates);
        foreach (var table in new[] { content.Limits, content.Tolerances }.Where(table => table.Values.Count > 0))
        {
            page.Table(table);
        }

        if (content.Frontier.Values.Count > 0)
        {
            page.Folded("All learning rates as a table", details => details.Table(content.Frontier, hasTitle: false));
        }
    }

    private void Autopsy(Html page)
    {
        if (_analysis.Autopsies.Length == 0)
        {
            page.Element("p", "No confirmed run failed or is an outlier.");
            return;
        }

        page.Element("p", $"{Numbers.Of(_analysis.Autopsies.Length, "run")} diverged, missed the target, or ended far below the others of its optimizer (Tukey's fence).");
        foreach (var group in _analysis.Autopsies.GroupBy(row => (row.Task, row.Contender, row.Variant)))
        {
            page.Folded(
                $"{group.Key.Task}, {group.Key.Contender}, {StudyText.Of(group.Key.Variant)}: {Numbers.Of(group.Count(), "run")}",
                details => details.Raw("<ul>" + string.Concat(group.Select(row =>
                    $"<li><strong>seed {row.Seed}, {StudyText.Of(row.Failure)}</strong>: {Html.Escape(string.Join(" ", row.Sentences))}</li>")) + "</ul>"));
        }

        page.Folded("As a table, with the other optimizers' results for the same seed", details => details.Table(content.Autopsies, hasTitle: false));
    }

    private void Document(Html page) => page.List(_analysis.DocumentSentences).Table(content.Document, hasTitle: false).Figures(content.Dead);

    private void Findings(Html page)
    {
        if (content.Findings.Values.Count > 0)
        {
            page.Table(content.Findings, hasTitle: false);
        }
        else
        {
            page.Element("p", "No objections were found.");
        }
    }

    private void Environment(Html page)
    {
        page.Pairs(StudyOrigin.Of(_result));
        Page.Machine(page);
        page.Raw("<p class=\"note\">Results do not depend on the machine. Seconds do; they are in <a href=\"timings.csv\">timings.csv</a>.</p>");
    }

    private void StudyFile(Html page)
    {
        page.Element("p", "The study, with all defaults.").Raw($"<pre tabindex=\"0\">{Html.Escape(content.Metadata.Json)}</pre>");
    }

    private void Reproduce(Html page)
    {
        if (content.Metadata.HoldsData)
        {
            page.Element("p", "The images of this study came from a program, so only that program can run it again.");
            return;
        }

        page.Element("p", "Run the whole study again, in a new folder beside this page:")
            .Raw($"<pre tabindex=\"0\">cutedl study run study.json --out again{(_result.UntilDecided ? " --until decided" : "")}</pre>")
            .Raw("<p>It writes the same <a href=\"results.csv\">results.csv</a>, byte for byte, on any number of processors.</p>");
        if (_result.Trials.Count > 0)
        {
            page.Element("p", "Then repeat one of its trials, and compare every bit with its result:")
                .Raw($"<pre tabindex=\"0\">cutedl replay {Html.Escape($"again/trials/{_result.Trials[0].Trial.Id}.json")}</pre>");
        }

        if (!_result.IsComplete && _result.Folder is not null)
        {
            page.Element("p", "This study is not complete. Continue it in its folder:")
                .Raw("<pre tabindex=\"0\">cutedl resume .</pre>");
        }
    }
}
