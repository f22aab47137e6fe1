using System.Text.Json;
using System.Text.Json.Nodes;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>What <c>compare</c> and <c>run</c> write, say and return.</summary>
internal static class TrainingTests
{
    private static readonly string[] Short = ["--max-steps", "60", "--validate-every", "30"];

    public static Test All { get; } = Spec.List("training",
        Spec.Test("run leaves the promised files, and shows the table of summary.md", () =>
        {
            using var tool = new Tool();
            var outcome = tool.RunProcess(["run", "adam", .. Short, "--out", "here"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var result = Trial(tool, "adam", 0);
            Expect.equal((string?)result["trial"]!["optimizer"], "adam(lr=0.0001, beta1=0.9, beta2=0.99)", "optimizer");
            Expect.equal((string?)result["ending"], "completed", "ending");
            Expect.equal(result["curve"]!["loss"]!.AsArray().Count, 2, "validations");
            Expect.isTrue(IsPng(tool.PathOf("here", "figures", "adam-seed-0.png")), "picture of the run");
            Expect.isTrue(IsPng(tool.PathOf("here", "comparison.png")), "picture of the comparison");
            Expect.stringContains(outcome.Output, Path.Combine("here", "report.html"), "the first page");
            Expect.stringContains(File.ReadAllText(tool.PathOf("here", "report.html")), "id=\"figure-adam-seed-0\"", "the run's figure in the page");
            using var summary = Read(tool.PathOf("here", "summary.json"));
            Expect.equal(summary.RootElement.GetProperty("runs")[0].GetProperty("steps").GetInt64(), 60L, "steps");
            var table = File.ReadAllLines(tool.PathOf("here", "summary.md")).Where(line => line.StartsWith('|'));
            Expect.sequenceEqual(outcome.Lines.Where(line => line.StartsWith('|')), table, "table");
        }),
        Spec.Test("compare runs several, by name and by text, with seeds, into a folder named by the time", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(["compare", "momentum", "adam(lr=0.001)", .. Short, "--seeds", "2", "--parallel", "2"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var folder = Directory.GetDirectories(tool.PathOf("artifacts")).Single();
            Expect.isTrue(Path.GetFileName(folder).StartsWith("compare-", StringComparison.Ordinal), folder);
            foreach (var run in new[] { "momentum", "adam-lr-0.001-beta1-0.9-beta2-0.99" })
            {
                foreach (var seed in new[] { "0", "1" })
                {
                    Expect.isTrue(File.Exists(Path.Combine(folder, "trials", "run", "mnist", run, "0", $"{seed}.json")), $"{run} {seed}");
                }
            }
        }),
        Spec.Test("run takes chains, groups and schedules, and names their folders", () =>
        {
            using var tool = new Tool();
            const string Text = "clip_global_norm(1) | { \"*.bias\": adam(lr=0.001), \"*\": muon(lr=cosine(0.01, steps=60)) } | ema(0.9)";
            var outcome = tool.Run(["run", Text, .. Short, "--out", "here"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var folder = Path.GetFileName(Directory.GetDirectories(tool.PathOf("here", "trials", "run", "mnist")).Single());
            Expect.isTrue(folder.StartsWith("clip_global_norm-1-bias-adam-lr-0.001-", StringComparison.Ordinal), folder);
            Expect.equal(Optimizers.Parse((string)Trial(tool, folder, 0)["trial"]!["optimizer"]!), Optimizers.Parse(Text), "optimizer");
            Expect.stringContains(outcome.Output.Replace("\\|", "|", StringComparison.Ordinal), Optimizers.Parse(Text).ToString(), "the table has the whole text");
        }),
        Spec.Test("--json writes one object a line, and nothing else, to standard output", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(["compare", "momentum", "adam", .. Short, "--json"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var events = outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            var kinds = events.Select(item => item.GetProperty("event").GetString()!).CountBy(kind => kind).ToDictionary();
            Expect.equal(kinds["validation"], 4, "validations");
            Expect.equal(kinds["trial"], 2, "results");
            Expect.equal(events[^1].GetProperty("event").GetString(), "summary", "the last line");
            Expect.isTrue(events[^1].GetProperty("complete").GetBoolean(), "complete");
            Expect.equal(events[^1].GetProperty("runs").GetArrayLength(), 2, "rows");
        }),
        Spec.Test("the same command gives the same figures, whatever runs beside it", () =>
        {
            using var tool = new Tool();
            string Losses(string parallel)
            {
                var outcome = tool.Run(["compare", "fixed-0.01", "adam", .. Short, "--order", "shuffle", "--seed", "5", "--parallel", parallel, "--out", parallel]);
                Expect.equal(outcome.ExitCode, 0, outcome.Error);
                return string.Concat(((string[])["training_loss", "loss", "accuracy"]).Select(column => Trial(tool, "adam", 5, folder: parallel)["curve"]![column]!.ToJsonString()));
            }

            Expect.equal(Losses("1"), Losses("2"), "history");
        }),
        Spec.Test("an interrupt saves the runs, writes what there is, returns 130 and says how to continue", () =>
        {
            using var tool = new Tool();
            var outcome = tool.RunAndInterrupt("momentum seed 0: step", "compare", "momentum", "adam", "--target", "1", "--validate-every", "50", "--parallel", "1", "--out", "here");
            Expect.equal(outcome.ExitCode, 130, outcome.Error);
            Expect.stringContains(outcome.Output, "0 of 2 trials are finished. To continue, run: cutedl resume here", "how to continue");
            using var summary = Read(tool.PathOf("here", "summary.json"));
            Expect.equal(summary.RootElement.GetProperty("runs").EnumerateArray().Single().GetProperty("stop").GetString(), "cancelled", "the next run has not begun");
            var status = tool.Run("study", "status", "here");
            Expect.stringContains(status.Output, "To continue, run: cutedl resume here", status.Error);
        }),
        Spec.Long("killed again and again, a comparison and a run have the same report and trial files to the byte", "It trains seven runs twice and kills the tool ten times.", () =>
        {
            using var tool = new Tool();
            string[] training = ["--order", "shuffle", "--validate-every", "100"];
            var random = new Random(7);
            foreach (var command in new string[][]
            {
                ["compare", "momentum", "adam", "clip_norm(1) | rmsprop", "--seeds", "2", "--max-epochs", "4", .. training],
                ["run", "{ \"*.bias\": sgd, \"*\": muon }", "--seed", "3", "--max-epochs", "12", .. training],
            })
            {
                var (whole, killed) = ($"{command[0]}-whole", $"{command[0]}-killed");
                var clock = System.Diagnostics.Stopwatch.StartNew();
                Succeed(tool.RunProcess([.. command, "--out", whole]));
                var duration = clock.Elapsed;
                string[] verb = [.. command, "--out", killed];
                for (var i = 0; i < 5; i++)
                {
                    tool.RunAndSignal(9, duration * (0.1 + (0.3 * random.NextDouble())), verb);
                    verb = File.Exists(tool.PathOf(killed, "journal")) ? ["resume", killed, "--parallel", $"{1 + (i % 3)}"] : verb;
                }

                Succeed(tool.RunProcess(verb));
                Expect.sequenceEqual(Report(tool, killed), Report(tool, whole), "files");
                Expect.isTrue(File.ReadAllBytes(tool.PathOf(killed, "comparison.png")).AsSpan().SequenceEqual(File.ReadAllBytes(tool.PathOf(whole, "comparison.png"))), "comparison.png");
            }
        }),
        Spec.Test("a folder that has results is refused, with the command that continues; one with other files too", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run(["run", "adam", .. Short, "--out", "here"]).ExitCode, 0, "run");
            var before = File.ReadAllBytes(tool.PathOf("here", "journal"));
            foreach (var command in new string[][] { ["run", "adam"], ["compare", "momentum", "adam"] })
            {
                var again = tool.Run([.. command, .. Short, "--out", "here"]);
                Expect.equal(again.ExitCode, 2, again.Error);
                Expect.stringContains(again.Error, "The folder 'here' holds results already. Continue with 'cutedl resume here', or choose another folder with --out.", "message");
            }

            Expect.isTrue(before.AsSpan().SequenceEqual(File.ReadAllBytes(tool.PathOf("here", "journal"))), "untouched");
            var resumed = tool.Run("resume", "here");
            Expect.equal(resumed.ExitCode, 0, resumed.Error);
            Expect.stringContains(resumed.Output, "| adam ", "nothing is left to do, and the table is shown");
            Directory.Move(tool.PathOf("here"), tool.PathOf("over there"));
            Expect.stringContains(tool.Run("run", "adam", "--out", "over there").Error, "Continue with 'cutedl resume \"over there\"'", "a name with a space");
            Directory.CreateDirectory(tool.PathOf("other"));
            File.WriteAllText(tool.PathOf("other", "mine"), "");
            var other = tool.Run(["run", "adam", .. Short, "--out", "other"]);
            Expect.equal(other.ExitCode, 2, other.Error);
            Expect.stringContains(other.Error, "is not empty: it has 'mine'", "message");
        }),
        Spec.Test("a refused run without --out leaves no folder", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run("compare", "adam", "muon").ExitCode, 2, "refused");
            Expect.isFalse(Directory.Exists(tool.PathOf("artifacts")), "folders");
        }),
        Spec.Test("SIGHUP returns 129 and SIGTERM 143, and both write the results so far", () =>
        {
            using var tool = new Tool();
            foreach (var (signal, code) in new[] { (1, 129), (15, 143) }.Where(pair => !Tool.IsIgnored(pair.Item1)))
            {
                var outcome = tool.RunAndSignal(signal, "adam seed 0: step", "run", "adam", "--target", "1", "--validate-every", "10", "--out", $"{signal}");
                Expect.equal(outcome.ExitCode, code, outcome.Error);
                Expect.isTrue(File.Exists(tool.PathOf($"{signal}", "summary.md")), "summary");
            }
        }),
        Spec.Test("a run that diverges returns 1, and keeps its result", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(["run", "fixed(lr=1e38)", "--output", "linear", .. Short, "--out", "here"]);
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.equal((string?)Trial(tool, "fixed-lr-1e38", 0)["ending"], "diverged", "ending");
        }),
        Spec.Test("a report that cannot be written returns 1, with the place, and the results are kept", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run(["run", "adam", .. Short, "--out", "here"]).ExitCode, 0, "run");
            File.Delete(tool.PathOf("here", "summary.md"));
            Directory.CreateDirectory(tool.PathOf("here", "summary.md"));
            var outcome = tool.Run("resume", "here");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, Path.Combine("here", "summary.md"), "place");
            Expect.stringContains(outcome.Output, "| adam ", "table");
        }),
        Spec.Test("--data and --initial-weights read what is given", () =>
        {
            using var tool = new Tool();
            SmallData.Write(tool.PathOf("data"), images: 40, side: 3);
            SmallData.WriteWeights(tool.PathOf("weights.npz"), inputs: 9, units: 10);
            var outcome = tool.Run("run", "fixed", "--data", "data", "--initial-weights", "weights.npz", "--batch", "7", "--max-epochs", "3", "--out", "here");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            using var summary = Read(tool.PathOf("here", "summary.json"));
            Expect.equal(summary.RootElement.GetProperty("model").GetString(), "10(relu) softmax-cross-entropy", "model");
            Expect.equal(summary.RootElement.GetProperty("runs")[0].GetProperty("steps").GetInt64(), 18L, "3 epochs of 6 batches");
            var settings = summary.RootElement.GetProperty("settings");
            Expect.equal(settings.GetProperty("initial_weights").GetString(), tool.PathOf("weights.npz"), "weights");
            Expect.equal(settings.GetProperty("data").GetString(), tool.PathOf("data"), "data");
            Expect.equal(settings.GetProperty("validation_mean").GetString(), "examples", "mean");
            Expect.equal(tool.Run("resume", "here").ExitCode, 0, "they are read again");
            File.Copy(tool.PathOf("weights.npz"), tool.PathOf("old.npz"));
            File.Delete(tool.PathOf("weights.npz"));
            SmallData.WriteWeights(tool.PathOf("weights.npz"), inputs: 9, units: 10, value: 1);
            var refused = tool.Run("resume", "here");
            Expect.equal(refused.ExitCode, 2, refused.Error);
            Expect.stringContains(refused.Error, "differ from those used when", "other weights");
        }));

    private static JsonNode Trial(Tool tool, string optimizer, int seed, string folder = "here") =>
        JsonNode.Parse(File.ReadAllText(tool.PathOf(folder, "trials", "run", "mnist", optimizer, "0", $"{seed}.json")))!["result"]!;

    /// <summary>The summary and the trial files of a folder. Times are left out: every "seconds" of JSON, and that column of tables.</summary>
    private static IEnumerable<string> Report(Tool tool, string folder)
    {
        var trials = Directory.GetFiles(tool.PathOf(folder, "trials"), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        return trials.Append(tool.PathOf(folder, "summary.json"))
            .Select(path => Path.GetRelativePath(tool.PathOf(folder), path) + WithoutTimes(JsonNode.Parse(File.ReadAllText(path)))!.ToJsonString())
            .Append(WithoutTimes(File.ReadAllLines(tool.PathOf(folder, "summary.md"))));
    }

    private static JsonNode? WithoutTimes(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject content:
                content.Remove("seconds");
                content.Remove("seconds_to_target");
                foreach (var member in content)
                {
                    WithoutTimes(member.Value);
                }

                return content;
            case JsonArray items:
                foreach (var item in items)
                {
                    WithoutTimes(item);
                }

                return items;
            default:
                return node;
        }
    }

    private static string WithoutTimes(string[] lines)
    {
        var column = -1;
        return string.Join('\n', lines.Select(line =>
        {
            if (!line.StartsWith('|'))
            {
                return line;
            }

            var cells = line.Replace("\\|", "/", StringComparison.Ordinal).Split('|', StringSplitOptions.TrimEntries);
            column = Array.IndexOf(cells, "seconds") is var found and >= 0 ? found : column;
            return string.Join('|', cells.Select(cell => cell.Trim('-')).Where((_, i) => i != column));
        }));
    }

    private static void Succeed(Outcome outcome) => Expect.equal(outcome.ExitCode, 0, outcome.Error);

    private static JsonDocument Read(string path) => JsonDocument.Parse(File.ReadAllText(path));

    private static bool IsPng(string path) => File.ReadAllBytes(path) is [0x89, (byte)'P', (byte)'N', (byte)'G', ..];
}
