using System.Text.Json;
using System.Text.RegularExpressions;
using CuteDl.Reports;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The report of a study: its files, and what must and must not stand in them.</summary>
internal static partial class StudyReportTests
{
    private static readonly Lazy<Task<StudyResult>> Functions = new(() => TinyStudies.Functions.RunAsync(options: new StudyOptions { Parallel = 1 }));

    public static Test All { get; } = Spec.List("study reports",
        Spec.Test("the same study gives the same files with one worker and with three, but for seconds", async () =>
        {
            using var folder = new TemporaryFolder();
            var (one, three) = (folder.Within("one"), folder.Within("three"));
            StudyReport.Write(await Functions.Value, one);
            StudyReport.Write(await TinyStudies.Functions.RunAsync(options: new StudyOptions { Parallel = 3 }), three);
            Expect.sequenceEqual(Names(three), Names(one), "files");
            foreach (var name in Names(one).Where(name => name is not "timings.csv" and not "report.html" && !name.StartsWith("tables/seconds.", StringComparison.Ordinal)))
            {
                Expect.isTrue(File.ReadAllBytes(Path.Combine(one, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(three, name))), name);
            }
        }),
        Spec.Test("the same result gives the same page: no time, no chance", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await Functions.Value;
            var first = File.ReadAllText(StudyReport.Write(result, folder.Path));
            Expect.equal(File.ReadAllText(StudyReport.Write(result, folder.Path)), first, "page");
        }),
        Spec.Test("a report finds no fault with the absence of the images of the study", async () =>
        {
            using var folder = new TemporaryFolder();
            var (images, study) = (folder.Within("images"), folder.Within("study"));
            await TinyStudies.Images(images).RunAsync(study);
            Directory.Delete(images, recursive: true);
            StudyReport.Write(StudyResult.Load(study), folder.Within("report"));
            var findings = File.ReadAllText(folder.Within("report/tables/findings.csv"));
            Expect.stringContains(findings, "S008", "objections to the study");
            Expect.isFalse(findings.Contains("S019", StringComparison.Ordinal), "the folder is not looked for");
        }),
        Spec.Test("nothing is written through linked folders, and a link to nothing is replaced", async () =>
        {
            if (OperatingSystem.IsWindows())
            {
                return;
            }

            using var folder = new TemporaryFolder();
            var (study, outside) = (Directory.CreateDirectory(folder.Within("study")).FullName, Directory.CreateDirectory(folder.Within("outside")).FullName);
            var result = await Functions.Value;
            foreach (var name in new[] { "figures", "tables" })
            {
                var link = Directory.CreateSymbolicLink(Path.Combine(study, name), outside);
                Expect.stringContains(Spec.Throws<IOException>(() => StudyReport.Write(result, study)).Message, "is a link", name);
                link.Delete();
            }

            Expect.isEmpty(Directory.GetFileSystemEntries(outside), "written outside");
            File.CreateSymbolicLink(Path.Combine(study, "report.html"), folder.Within("nowhere"));
            Expect.isNull(new FileInfo(StudyReport.Write(result, study)).LinkTarget, "the link is replaced");
        }),
        Spec.Test("results.csv has a row for each trial in the order of the plan, and no seconds", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await Functions.Value;
            StudyReport.Write(result, folder.Path);
            var rows = Csv(File.ReadAllText(folder.Within("results.csv")));
            Expect.sequenceEqual(rows.Skip(1).Select(row => row[0]), result.Trials.Select(trial => trial.Trial.Id), "trials");
            Expect.isFalse(rows[0].Any(column => column.Contains("second", StringComparison.Ordinal)), "seconds");
            var column = rows[0].ToList().IndexOf("steps_to_target");
            Expect.sequenceEqual(rows.Skip(1).Select(row => double.Parse(row[column], System.Globalization.CultureInfo.InvariantCulture)), result.Trials.Select(trial => trial.StepsToTarget), "steps to the target");
            Expect.equal(Csv(File.ReadAllText(folder.Within("timings.csv"))).Count, rows.Count, "timings");
        }),
        Spec.Test("every table parses, and its three forms have the same rows", async () =>
        {
            using var folder = new TemporaryFolder();
            StudyReport.Write(await Functions.Value, folder.Path);
            var tables = Names(folder.Path).Where(name => name.StartsWith("tables/", StringComparison.Ordinal) && name.EndsWith(".csv", StringComparison.Ordinal)).ToArray();
            Expect.isTrue(tables.Length >= 12, $"{tables.Length} tables");
            foreach (var name in tables)
            {
                var rows = Csv(File.ReadAllText(folder.Within(name)));
                Expect.isTrue(rows.Count > 1 && rows.All(row => row.Count == rows[0].Count) && rows[0].Distinct().Count() == rows[0].Count, name);
                using var json = JsonDocument.Parse(File.ReadAllText(folder.Within(Path.ChangeExtension(name, "json"))));
                Expect.equal(json.RootElement.GetArrayLength(), rows.Count - 1, name);
                Expect.sequenceEqual(json.RootElement[0].EnumerateObject().Select(property => property.Name), rows[0], name);
                var markdown = File.ReadAllLines(folder.Within(Path.ChangeExtension(name, "md")));
                Expect.equal(markdown.Count(line => line.StartsWith('|')), rows.Count + 1, name);
            }
        }),
        Spec.Test("the page has every section and figure, loads nothing, and shows names as names", async () =>
        {
            using var folder = new TemporaryFolder();
            var page = File.ReadAllText(StudyReport.Write(await Functions.Value, folder.Path));
            foreach (var section in new[] { "verdict", "summary", "comparisons", "curves", "tuning", "frontier", "autopsy", "findings", "environment", "study", "reproduce" })
            {
                Expect.stringContains(page, $"<section id=\"{section}\">", section);
                Expect.stringContains(page, $"href=\"#{section}\"", section);
            }

            Expect.isFalse(page.Contains("id=\"document\"", StringComparison.Ordinal), "the document's protocol was not used");
            foreach (var figure in new[] { "pairs", "pairs-bowl", "paired-bowl", "success-valley", "profile-steps-to-target", "learning-bowl", "rates-valley", "best-of-k-bowl", "frontier-valley" })
            {
                Expect.stringContains(page, $"id=\"figure-{figure}\"", figure);
                Expect.isTrue(File.Exists(folder.Within($"figures/{figure}.png")) && File.Exists(folder.Within($"figures/{figure}.svg")), figure);
            }

            Expect.isFalse(page.Contains("://", StringComparison.Ordinal), "addresses");
            Expect.isFalse(page.Contains("<script>alert", StringComparison.Ordinal), "a script from a name");
            Expect.stringContains(page, "<h1>A &lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quoted&quot; [U+202E]study</h1>", "the name");
            Expect.isFalse(page.Contains('\u202E', StringComparison.Ordinal), "a control of the direction of text");
            Expect.equal(Scripts().Count(page), 2, "scripts");
            Expect.stringContains(page, (await Functions.Value).Analysis.Verdicts[0].Sentences[0], "the verdict");
        }),
        Spec.Test("the report of a nested tuning shows the spread of the selected values, and each selection", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Functions.Tuning(trials: 4, nested: true).Confirmation(seeds: 3).RunAsync();
            var page = File.ReadAllText(StudyReport.Write(result, folder.Path));
            Expect.stringContains(page, "Settings selected by all tunings", "on the page");
            var spread = Csv(File.ReadAllText(folder.Within("tables/repetitions.csv")));
            Expect.equal(spread.Count, 1 + (2 * 3), "a row for each task and optimizer");
            Expect.isTrue(spread.Skip(1).All(row => row[2] == "3" && row[3].StartsWith("lr ", StringComparison.Ordinal)), "three tunings");
            var selections = Csv(File.ReadAllText(folder.Within("tables/selections.csv")));
            Expect.sequenceEqual(selections.Skip(1).Select(row => row[2]).Distinct().Order(), ["1", "2", "3"], "seeds");
            StudyReport.Write(await Functions.Value, folder.Within("plain"));
            Expect.isFalse(File.Exists(folder.Within("plain/tables/repetitions.csv")), "only if it is nested");
            Expect.isFalse(Csv(File.ReadAllText(folder.Within("plain/tables/selections.csv")))[0].Contains("seed"), "nor seeds");
        }),
        Spec.Test("losses of exactly 0 are at the lower edge of the learning curves, with the label 0", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Zeros.RunAsync();
            Expect.isTrue(result.Trials.Any(trial => trial.Curve.Loss.Contains(0)), "a loss of 0");
            StudyReport.Write(result, folder.Path);
            Expect.stringContains(File.ReadAllText(folder.Within("figures/learning-bowl.svg")), "aria-label=\"0\"", "label");
        }),
        Spec.Test("a study that was interrupted has a report that says so, also before its first trial", async () =>
        {
            using var folder = new TemporaryFolder();
            using var ended = new CancellationTokenSource();
            var finished = 0;
            var result = await TinyStudies.Functions.RunAsync(options: new StudyOptions { Parallel = 1 }, progress: new Told(_ => { if (++finished == 150) { ended.Cancel(); } }), cancellationToken: ended.Token);
            Expect.isFalse(result.IsComplete, "it was interrupted");
            Expect.stringContains(File.ReadAllText(StudyReport.Write(result, folder.Path)), $"This study is not complete: {result.Trials.Count} of {result.Planned} trials", "page");
            var nothing = await TinyStudies.Functions.RunAsync(cancellationToken: new CancellationToken(canceled: true));
            Expect.equal(nothing.Trials.Count, 0, "trials");
            Expect.stringContains(File.ReadAllText(StudyReport.Write(nothing, folder.Within("nothing"))), "This study is not complete: 0 of", "page");
        }),
        Spec.Test("the document's protocol has a section of its own, accuracies a panel", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Document(folder.Within("data")).RunAsync();
            var page = File.ReadAllText(StudyReport.Write(result, folder.Path));
            Expect.stringContains(page, "<section id=\"document\">", "section");
            Expect.stringContains(page, "id=\"figure-lost-classes\"", "figure");
            Expect.stringContains(page, Html(result.Analysis.DocumentSentences[0]), "consequences");
            Expect.stringContains(page, "validation accuracy", "accuracies");
            Expect.isTrue(File.Exists(folder.Within("tables/document.csv")), "table");
        }),
        Spec.Test("in its folder the report names the version and the data, and how to run a trial again", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Images(folder.Within("data")).RunAsync(folder.Within("study"));
            var page = File.ReadAllText(StudyReport.Write(result, folder.Within("study")));
            Expect.stringContains(page, "<dt>data of tiny</dt><dd>", "data");
        }),
        Spec.Test("the report follows from the journal alone: emptied and missing files of trials do not change it", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Images(folder.Within("data")).RunAsync(folder.Within("study"));
            var page = File.ReadAllText(StudyReport.Write(result, folder.Within("study")));
            var trials = Directory.GetFiles(folder.Within("study/trials"), "*.json", SearchOption.AllDirectories);
            File.WriteAllText(trials[0], "");
            foreach (var file in trials.Skip(1))
            {
                File.Delete(file);
            }

            var read = StudyResult.Load(folder.Within("study"));
            Expect.equal(File.ReadAllText(StudyReport.Write(read, folder.Within("study"))), page, "page");
        }),
        Spec.Test("the commands of the page need nothing but the files that a report consists of", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await TinyStudies.Functions.RunAsync();
            var page = File.ReadAllText(StudyReport.Write(result, folder.Path));
            var commands = Regex.Matches(page, "<pre tabindex=\"0\">(cutedl [^<]*)</pre>").Select(match => match.Groups[1].Value).ToArray();
            Expect.sequenceEqual(commands, ["cutedl study run study.json --out again", $"cutedl replay again/trials/{result.Trials[0].Trial.Id}.json"], "commands");
            Expect.isTrue(File.Exists(folder.Within("study.json")), "the study that the first command runs");
            await Study.Load(folder.Within("study.json")).RunAsync(folder.Within("again"));
            Expect.isTrue(File.Exists(folder.Within($"again/trials/{result.Trials[0].Trial.Id}.json")), "the trial that the second command replays");
        }));

    // RFC 4180, with line feeds.
    private static List<IReadOnlyList<string>> Csv(string text)
    {
        var rows = new List<IReadOnlyList<string>>();
        var row = new List<string>();
        foreach (Match cell in Cells().Matches(text))
        {
            row.Add(cell.Groups[1].Success ? cell.Groups[1].Value.Replace("\"\"", "\"", StringComparison.Ordinal) : cell.Groups[2].Value);
            if (cell.Groups[3].Value == "\n")
            {
                rows.Add(row);
                row = [];
            }
        }

        Expect.equal(row.Count, 0, "the text ends with its last line");
        return rows;
    }

    private static string Html(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal);

    private static string[] Names(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [GeneratedRegex("\\G(?:\"((?:[^\"]|\"\")*)\"|([^\",\n]*))(,|\n)")]
    private static partial Regex Cells();

    [GeneratedRegex("<script\\b")]
    private static partial Regex Scripts();

    private sealed class Told(Action<StudyProgress> report) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value) => report(value);
    }
}
