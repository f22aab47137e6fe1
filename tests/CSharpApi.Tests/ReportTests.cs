using System.Xml.Linq;
using System.Text.Json;
using CuteDl.Reports;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Pictures, file names and summaries, of results made by hand.</summary>
internal static class ReportTests
{
    public static Test All { get; } = Spec.List("reports",
        Spec.Property<string>("every name becomes a file name that stays itself", text =>
        {
            var name = FileNames.Safe(text ?? "");
            return StudyName.isValid(name) && name.Length <= FileNames.MaxLength && FileNames.Safe(name) == name && Path.GetFileName(name) == name;
        }),
        Spec.Property<string[]>("names of several runs are distinct, also without case, and allowed in studies", texts =>
        {
            string[] runs = [.. (texts ?? []).Select(text => text ?? "").SelectMany(text => new[] { text, text + "-2", text.ToUpperInvariant() }).Distinct()];
            var names = FileNames.Distinct(runs).Values.ToArray();
            return names.Length == runs.Length && names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == runs.Length && names.All(StudyName.isValid);
        }),
        Spec.Test("documented names stay, texts become readable, and no two runs share one", () =>
        {
            foreach (var run in Mnist.DocumentedRuns)
            {
                Expect.equal(FileNames.Safe(run.Name), run.Name, "documented");
            }

            Expect.equal(FileNames.Safe("adam(lr=0.001, beta1=0.9)"), "adam-lr-0.001-beta1-0.9", "text");
            Expect.equal(FileNames.Distinct(["a b", "a-b", "a(b"]).Values.Distinct().Count(), 3, "distinct");
        }),
        Spec.Test("long texts end after a whole word, and stay apart", () =>
        {
            var text = Optimizers.Parse("clip_norm(1) | { \"*.bias\": adam(lr=one_cycle(0.01, steps=100)), \"*\": adamw(lr=0.001) | lookahead | ema(0.99) }").ToString();
            var name = FileNames.Safe(text);
            Expect.isTrue(name.Length is > 40 and <= FileNames.MaxLength, name);
            Expect.isTrue(name.StartsWith("clip_norm-1-bias-adam-lr-one_cycle-0.01-", StringComparison.Ordinal), name);
            Expect.notEqual(FileNames.Safe(text + " | scale(2)"), name, "another text");
            Expect.equal(FileNames.Safe(text), name, "the same text");
        }),
        Spec.Test("pictures are drawn for any history: none, one, many, not finite; the same bytes each time", () =>
        {
            using var folder = new TemporaryFolder();
            double[][] histories = [[], [2.0], [2.0, 1.5], [2.0, double.NaN], [double.PositiveInfinity], [0, 0], [.. Enumerable.Range(1, 3000).Select(i => 1.0 / i)]];
            foreach (var losses in histories)
            {
                var result = Result("run", 0, losses);
                var path = Path.Combine(folder.Path, $"{losses.Length}.png");
                result.SavePlot(path);
                var bytes = File.ReadAllBytes(path);
                Expect.isTrue(bytes is [0x89, (byte)'P', (byte)'N', (byte)'G', ..], "a PNG");
                result.SavePlot(path);
                Expect.sequenceEqual(File.ReadAllBytes(path), bytes, "the same bytes");
                new ComparisonResult { Runs = [result] }.SavePlot(path);
            }

            Expect.equal(Directory.GetFiles(folder.Path).Length, histories.Select(losses => losses.Length).Distinct().Count(), "no other file is left");
        }),
        Spec.Test("a picture says what the run was and why it ended", () =>
        {
            using var folder = new TemporaryFolder();
            var path = Path.Combine(folder.Path, "run.svg");
            (Result("momentum", 7, [1.0, 0.5]) with { DeadLogits = [5], AccuracyCeiling = 0.91 }).SavePlot(path);
            var svg = File.ReadAllText(path);
            foreach (var text in new[] { "momentum", "fixed(lr=0.01)", "minimum 0.5", "class 5 is dead: at most 91 % can be right", "seed 7", "step limit reached" })
            {
                Expect.isTrue(svg.Contains(text, StringComparison.OrdinalIgnoreCase), text);
            }
        }),
        Spec.Test("an SVG picture defines each glyph once and draws only defined ones", () =>
        {
            using var folder = new TemporaryFolder();
            var path = Path.Combine(folder.Path, "run.svg");
            Result("momentum", 7, [1.0, 0.5]).SavePlot(path);
            var elements = XDocument.Load(path).Root!.Descendants().ToList();
            var defined = elements.Where(element => element.Name.LocalName == "path" && element.Attribute("id") is not null).Select(glyph => glyph.Attribute("id")!.Value).ToList();
            var drawn = elements.Where(element => element.Name.LocalName == "use").Select(use => use.Attributes().Single(attribute => attribute.Name.LocalName == "href").Value[1..]).ToList();
            Expect.equal(defined.Distinct().Count(), defined.Count, "one definition for each glyph");
            Expect.sequenceEqual(drawn.Distinct().Order(StringComparer.Ordinal), defined, "every glyph drawn, and no other, is defined");
            var letters = elements.Attributes("aria-label").Sum(label => label.Value.Count(letter => !char.IsWhiteSpace(letter)));
            Expect.equal(drawn.Count, letters, "a glyph for each letter");
        }),
        Spec.Test("losses of exactly 0 are at the lower edge of a logarithmic axis, with a mark and the label 0", () =>
        {
            using var folder = new TemporaryFolder();
            var path = Path.Combine(folder.Path, "comparison.svg");
            (int Texts, int Marks) Drawn(params double[] winner)
            {
                var slow = Result("slow", 0, [1, 0.1, 0.02]);
                new ComparisonResult { Runs = [slow, Result("winner", 0, winner)] }.SavePlot(path);
                var svg = File.ReadAllText(path);
                return (svg.Split("aria-label=\"0\"").Length - 1, svg.Split("<path fill=\"#D55E00\"").Length - 1);
            }

            var (texts, marks) = Drawn(1, 0.01, 0.001);
            var (textsOfZero, marksOfZero) = Drawn(1, 0.01, 0);
            Expect.equal(textsOfZero, texts + 2, "the label, and the best loss in the table");
            Expect.equal((marks, marksOfZero), (0, 1), "a full mark in the curve's colour");

            var whole = Result("zeros", 0, [1, 0, 0.01, 0]);
            whole.SavePlot(path);
            Expect.isTrue(File.ReadAllText(path).Contains("aria-label=\"0\"", StringComparison.Ordinal), "a run's picture");
        }),
        Spec.Test("the page of a comparison has its figure, its table and a figure of each run, and shows names as names", () =>
        {
            using var folder = new TemporaryFolder();
            const string Name = "<script>alert('x')</script>\u202E";
            var broken = Result("broken", 0, []) with { Stop = StopReason.Failed, Failure = "The gradient has <3> elements." };
            var comparison = new ComparisonResult { Planned = 5, Runs = [Result(Name, 0, [1, 0.5]), Result(Name, 1, [1, 0.25]), Result("adam", 0, [double.NaN]), broken] };
            var path = ComparisonReport.Write(comparison, folder.Path);
            Expect.equal(path, folder.Within("report.html"), "path");
            var page = File.ReadAllText(path);
            Expect.equal(page.Split("<figure ").Length - 1, 4, "figures");
            foreach (var section in new[] { "comparison", "summary", "runs", "environment" })
            {
                Expect.stringContains(page, $"<section id=\"{section}\">", section);
            }

            Expect.isFalse(page.Contains("<script>alert", StringComparison.Ordinal) || page.Contains('\u202E', StringComparison.Ordinal), "a script or a direction from a name");
            Expect.isFalse(page.Contains("://", StringComparison.Ordinal), "addresses");
            foreach (var text in new[] { "Incomplete: 4 of 5 runs have results.", "broken, seed 0, failed: The gradient has &lt;3&gt; elements.", "0.3750 (0.2500 to 0.5000)", "href=\"comparison.png\"", "href=\"figures/adam-seed-0.png\"" })
            {
                Expect.stringContains(page, text, text);
            }

            var none = File.ReadAllText(ComparisonReport.Write(new ComparisonResult { Runs = [] }, folder.Within("none")));
            Expect.stringContains(none, "No run has finished.", "no runs");
        }),
        Spec.Test("a run without a validation has no picture", () =>
        {
            using var folder = new TemporaryFolder();
            var early = Result("early", 0, []) with { Stop = StopReason.Cancelled };
            ComparisonReport.Write(new ComparisonResult { Runs = [early] }, folder.Path);
            Expect.isEmpty(Directory.GetFiles(folder.Path, "*.png", SearchOption.AllDirectories), "no picture");
            new ComparisonResult { Runs = [early, Result("whole", 0, [1])] }.SavePlots(folder.Path);
            Expect.sequenceEqual(Directory.GetFiles(folder.Path, "*.png", SearchOption.AllDirectories).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal), ["comparison.png", "whole-seed-0.png"], "with another run");
        }),
        Spec.Test("controls of the direction of text are shown as their codes, in tables, pages and pictures", () =>
        {
            using var folder = new TemporaryFolder();
            const string Name = "a\u202Eb\u2066c\u200F";
            Expect.equal(VisibleText.Of(Name), "a[U+202E]b[U+2066]c[U+200F]", "text");
            Expect.equal(VisibleText.Of("añ深😀\tb"), "añ深😀\tb", "all else stays");
            Expect.equal(VisibleText.LineOf("a\u001b[31m\r\nb\tc\u202E"), "a[U+001B][31m[U+000D][U+000A]b\tc[U+202E]", "a line");
            Expect.stringContains(new Table(["a"], [["x\ny"]]).ToMarkdown(), "| x[U+000A]y |", "a cell");
            var path = Path.Combine(folder.Path, "run.svg");
            Result(Name, 0, [1]).SavePlot(path);
            Expect.isTrue(File.ReadAllText(path).Contains("a[U+202E]b", StringComparison.Ordinal), "picture");
            var summary = new ComparisonSummary(new ComparisonResult { Runs = [Result(Name, 0, [1])] });
            Expect.stringContains(summary.ToMarkdown(), "a[U+202E]b", "table");
        }),
        Spec.Test("dead and almost dead logits are told in words", () =>
        {
            var result = Result("a", 0, [1.0]);
            Expect.equal(result.DeadLogitsText, "", "none");
            result = result with { DeadLogits = [2, 5], AlmostDeadLogits = [8], AccuracyCeiling = 0.714 };
            Expect.equal(result.DeadLogitsText, "classes 2, 5 are dead, class 8 is almost dead: at most 71 % can be right", "both");
            Expect.stringStarts((result with { DeadLogits = [.. Enumerable.Range(0, 11)], AccuracyCeiling = 0.5 }).DeadLogitsText, "11 classes are dead", "many");
        }),
        Spec.Test("a place that cannot be written is named, and nothing half-written is left", () =>
        {
            using var folder = new TemporaryFolder();
            File.WriteAllText(Path.Combine(folder.Path, "file"), "");
            var target = Path.Combine(folder.Path, "file", "run.png");
            Expect.stringContains(Spec.Throws<IOException>(() => Result("run", 0, [1]).SavePlot(target)).Message, target, "place");
            Expect.equal(Directory.GetFileSystemEntries(folder.Path).Length, 1, "files");
        }),
        Spec.Test("a comparison is saved as one picture and one for each run and seed", () =>
        {
            using var folder = new TemporaryFolder();
            new ComparisonResult { Runs = [Result("a", 0, [1, 2]), Result("a", 1, [1, 3]), Result("b(", 0, [2])] }.SavePlots(folder.Path);
            foreach (var file in new[] { "comparison.png", "figures/a-seed-0.png", "figures/a-seed-1.png", "figures/b-seed-0.png" })
            {
                Expect.isTrue(File.Exists(Path.Combine(folder.Path, file)), file);
            }
        }),
        Spec.Test("the summary has a row for each run, with its extremes, and the document's results only where they belong", () =>
        {
            var adam = Mnist.DocumentedRuns.Single(run => run.Name == "adam");
            var documented = Result("adam", 0, [3, 1, 2]) with { Optimizer = adam.Optimizer.ToString() };
            var summary = new ComparisonSummary(new ComparisonResult { Runs = [documented, Result("adam", 0, [double.NaN])] });
            var row = summary.Rows[0];
            Expect.equal((row.ValLossMin, row.ValLossFinal, row.AccuracyMax, row.AccuracyFinal), (1, 2, 0.75, 0.5), "figures");
            Expect.equal(row.Documented, adam.Figures, "the document's run");
            Expect.equal((summary.Rows[1].ValLossMin, summary.Rows[1].Documented), ((double?)null, ""), "another optimizer under that name");
            using var json = JsonDocument.Parse(summary.ToJson());
            Expect.equal(json.RootElement.GetProperty("runs").GetArrayLength(), 2, "rows in JSON");
        }),
        Spec.Test("a summary says what is missing", () =>
        {
            Expect.stringContains(new ComparisonSummary(new ComparisonResult { Planned = 3, Runs = [Result("a", 0, [1])] }).ToMarkdown(), "Incomplete: 1 of 3", "missing");
            Expect.isFalse(new ComparisonSummary(new ComparisonResult { Planned = 1, Runs = [Result("a", 0, [1])] }).ToMarkdown().Contains("Incomplete"), "whole");
        }),
        Spec.Test("over several seeds the summary gives median and range", () =>
        {
            var runs = new[] { 1.0, 2.0, 9.0 }.Select((loss, seed) => Result("a", seed, [loss])).ToArray();
            var summary = new ComparisonSummary(new ComparisonResult { Runs = runs });
            Expect.isTrue(summary.HasSeveralSeeds, "seeds");
            Expect.isTrue(summary.MainTable.Rows.Single().Contains("2.0000 (1.0000 to 9.0000)"), summary.MainTable.ToMarkdown());
        }),
        Spec.Test("a summary's table has only columns that say something", () =>
        {
            var adam = Mnist.DocumentedRuns.Single(run => run.Name == "adam");
            var own = Result("fixed(lr=0.01)", 0, [1]);
            string[] Headers(params RunResult[] runs) => [.. new ComparisonSummary(new ComparisonResult { Runs = runs }).MainTable.Headers];
            string[] figures = ["steps", "best accuracy", "final accuracy", "best val. loss", "final val. loss", "stopped because"];
            Expect.sequenceEqual(Headers(own), ["run", .. figures, "seconds"], "an optimizer by its text");
            Expect.sequenceEqual(
                Headers(own with { DeadLogits = [3] }, Result("adam", 0, [1]) with { Optimizer = adam.Optimizer.ToString() }),
                ["run", "optimizer", .. figures, "dead logits", "seconds", "the document's results"],
                "everything");
        }),
        Spec.Test("a table in Markdown keeps its cells apart", () =>
            Expect.equal(
                new Table(["a", "b"], [["1|2", "x"]]).ToMarkdown(),
                "| a    | b   |\n|------|-----|\n| 1\\|2 | x   |\n",
                "table")));

    // Validation accuracies are 1 - loss / 4, so that they can be told.
    internal static RunResult Result(string name, int seed, double[] losses) =>
        new()
        {
            Run = name,
            Optimizer = "fixed(lr=0.01)",
            Seed = seed,
            Precision = Precision.Single,
            ModelText = "784-10(relu) softmax-cross-entropy",
            Settings = new RunSettings
            {
                Data = "mnist",
                ValidationMean = ValidationMean.Examples,
                Batch = 64,
                Order = Order.File,
                InitialWeights = "reference",
                MaxSteps = 4_690_000,
                ValidateEvery = 938,
                Patience = 20,
                MinGain = 0.001,
                Target = 0.91,
                Hold = 20,
            },
            Steps = losses.Length * 938L,
            Stop = StopReason.Completed,
            History = new RunHistory
            {
                Steps = [.. losses.Select((_, i) => (i + 1) * 938L)],
                Loss = losses,
                ValLoss = losses,
                ValAccuracy = [.. losses.Select(loss => double.IsFinite(loss) ? 1 - (loss / 4) : 0.1)],
            },
            DeadLogits = [],
            AlmostDeadLogits = [],
            AccuracyCeiling = 1,
            Seconds = 1.5,
            Version = "1.0.0",
        };
}
