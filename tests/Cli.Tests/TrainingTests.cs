using System.Text.Json;
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
            using var result = Read(tool.PathOf("here", "runs", "adam", "seed-0", "result.json"));
            Expect.equal(result.RootElement.GetProperty("optimizer").GetString(), "adam(lr=0.0001, beta1=0.9, beta2=0.99)", "optimizer");
            Expect.equal(result.RootElement.GetProperty("stop").GetString(), "max-steps", "stop");
            Expect.equal(result.RootElement.GetProperty("history").GetProperty("val_loss").GetArrayLength(), 2, "validations");
            Expect.isTrue(IsPng(tool.PathOf("here", "runs", "adam", "seed-0", "adam.png")), "picture of the run");
            Expect.isTrue(IsPng(tool.PathOf("here", "comparison.png")), "picture of the comparison");
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
                foreach (var seed in new[] { "seed-0", "seed-1" })
                {
                    Expect.isTrue(File.Exists(Path.Combine(folder, "runs", run, seed, "result.json")), $"{run} {seed}");
                }
            }
        }),
        Spec.Test("run takes chains, groups and schedules, and names their folders", () =>
        {
            using var tool = new Tool();
            const string Text = "clip_global_norm(1) | { \"*.bias\": adam(lr=0.001), \"*\": muon(lr=cosine(0.01, steps=60)) } | ema(0.9)";
            var outcome = tool.Run(["run", Text, .. Short, "--out", "here"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var folder = Path.GetFileName(Directory.GetDirectories(tool.PathOf("here", "runs")).Single());
            Expect.isTrue(folder.StartsWith("clip_global_norm-1-bias-adam-lr-0.001-", StringComparison.Ordinal), folder);
            using var result = Read(tool.PathOf("here", "runs", folder, "seed-0", "result.json"));
            Expect.equal(Optimizers.Parse(result.RootElement.GetProperty("optimizer").GetString()!), Optimizers.Parse(Text), "optimizer");
        }),
        Spec.Test("--json writes one object a line, and nothing else, to standard output", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(["compare", "momentum", "adam", .. Short, "--json"]);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var events = outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            var kinds = events.Select(item => item.GetProperty("event").GetString()!).CountBy(kind => kind).ToDictionary();
            Expect.equal(kinds["validation"], 4, "validations");
            Expect.equal(kinds["result"], 2, "results");
            Expect.equal(events[^1].GetProperty("event").GetString(), "summary", "the last line");
        }),
        Spec.Test("the same command gives the same figures, whatever runs beside it", () =>
        {
            using var tool = new Tool();
            string Losses(string parallel)
            {
                var outcome = tool.Run(["compare", "fixed-0.01", "adam", .. Short, "--order", "shuffle", "--seed", "5", "--parallel", parallel, "--out", parallel]);
                Expect.equal(outcome.ExitCode, 0, outcome.Error);
                using var result = Read(tool.PathOf(parallel, "runs", "adam", "seed-5", "result.json"));
                return result.RootElement.GetProperty("history").ToString();
            }

            Expect.equal(Losses("1"), Losses("2"), "history");
        }),
        Spec.Test("an interrupt ends the runs, writes what there is, and returns 130", () =>
        {
            using var tool = new Tool();
            var outcome = tool.RunAndInterrupt("momentum seed 0: step", "compare", "momentum", "adam", "--target", "1", "--parallel", "1", "--validate-every", "10", "--out", "here");
            Expect.equal(outcome.ExitCode, 130, outcome.Error);
            using var result = Read(tool.PathOf("here", "runs", "momentum", "seed-0", "result.json"));
            Expect.equal(result.RootElement.GetProperty("stop").GetString(), "cancelled", "stop");
            Expect.isTrue(File.Exists(tool.PathOf("here", "summary.md")), "summary");
            Expect.isFalse(Directory.Exists(tool.PathOf("here", "runs", "adam")), "the next run was not begun");
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
            using var result = Read(tool.PathOf("here", "runs", "fixed-lr-1e38", "seed-0", "result.json"));
            Expect.equal(result.RootElement.GetProperty("stop").GetString(), "diverged", "stop");
        }),
        Spec.Test("results that cannot be written return 1, with the place", () =>
        {
            using var tool = new Tool();
            Directory.CreateDirectory(tool.PathOf("here", "runs", "adam", "seed-0", "result.json"));
            var outcome = tool.Run(["run", "adam", .. Short, "--out", "here"]);
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, Path.Combine("here", "runs", "adam", "seed-0", "result.json"), "place");
        }),
        Spec.Test("--data and --initial-weights read what is given", () =>
        {
            using var tool = new Tool();
            SmallData.Write(tool.PathOf("data"), images: 40, side: 3);
            SmallData.WriteWeights(tool.PathOf("weights.npz"), inputs: 9, units: 10);
            var outcome = tool.Run("run", "fixed", "--data", "data", "--initial-weights", "weights.npz", "--batch", "7", "--max-epochs", "3", "--out", "here");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            using var result = Read(tool.PathOf("here", "runs", "fixed-lr-0.01", "seed-0", "result.json"));
            Expect.equal(result.RootElement.GetProperty("model").GetString(), "9-10(relu) softmax-cross-entropy", "model");
            Expect.equal(result.RootElement.GetProperty("steps").GetInt64(), 18L, "3 epochs of 6 batches");
            Expect.equal(result.RootElement.GetProperty("settings").GetProperty("initial_weights").GetString(), tool.PathOf("weights.npz"), "weights");
            Expect.equal(result.RootElement.GetProperty("settings").GetProperty("data").GetString(), tool.PathOf("data"), "data");
            Expect.equal(result.RootElement.GetProperty("settings").GetProperty("validation_mean").GetString(), "examples", "mean");
        }));

    private static JsonDocument Read(string path) => JsonDocument.Parse(File.ReadAllText(path));

    private static bool IsPng(string path) => File.ReadAllBytes(path) is [0x89, (byte)'P', (byte)'N', (byte)'G', ..];
}
