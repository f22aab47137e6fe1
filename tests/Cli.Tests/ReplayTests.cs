using System.Text.Json.Nodes;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Results that are run again, and learning rates that are looked for.</summary>
internal static class ReplayTests
{
    public static Test All { get; } = Spec.List("replay and lr-find",
        Spec.Test("a trial is bit-equal; one whose record was changed names the steps that differ", () =>
        {
            using var tool = StudyTests.Finished();
            var file = Path.Combine("here", "trials", "confirmation", "bowl", "momentum", "0", "2.json");
            var outcome = tool.Run("replay", file);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.stringContains(outcome.Output, "confirmation/bowl/momentum/0/2: all 100 steps are bit-equal.", "verdict");

            var manifest = JsonNode.Parse(File.ReadAllText(tool.PathOf(file)))!;
            var marks = Convert.FromBase64String((string)manifest["result"]!["fingerprint"]!);
            marks[2 * 41] ^= 1;
            manifest["result"]!["fingerprint"] = Convert.ToBase64String(marks);
            File.WriteAllText(tool.PathOf("flipped.json"), manifest.ToJsonString());
            var flipped = tool.Run("replay", "flipped.json");
            Expect.equal(flipped.ExitCode, 1, flipped.Error);
            Expect.stringContains(flipped.Output, "differs from step 42 on (seen in the training loss).", "where");
            var json = JsonNode.Parse(tool.Run("replay", "flipped.json", "--json").Output)!;
            Expect.equal(((bool)json["bit_equal"]!, (long)json["first"]!, (long)json["last"]!), (false, 42L, 42L), "json");

            var changed = JsonNode.Parse(File.ReadAllText(tool.PathOf(file)))!;
            changed["result"]!["steps_to_target"] = 1;
            File.WriteAllText(tool.PathOf("better.json"), changed.ToJsonString());
            var better = tool.Run("replay", "better.json");
            Expect.equal(better.ExitCode, 1, better.Error);
            Expect.stringContains(better.Output, "(seen in the record of steps_to_target).", "a figure that does not follow from its run");

            manifest["version"] = "0.0.1";
            File.WriteAllText(tool.PathOf("older.json"), manifest.ToJsonString());
            Expect.stringContains(tool.Run("replay", "older.json").Error, "made by version 0.0.1", "another version is said");
        }),
        Spec.Test("a trial of images is refused on others", () =>
        {
            using var tool = StudyTests.WithStudy("""
                {
                  "schema": "cutedl/study/1", "name": "images",
                  "tasks": [{ "name": "small", "data": { "folder": "data", "classes": 10 }, "split": { "validation": 20 }, "batch": 10, "steps": 20, "validate_every": 5, "target": { "accuracy": 0.5 } }],
                  "optimizers": [{ "optimizer": "adam()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } }],
                  "tuning": { "search": "grid", "trials": 2 },
                  "confirmation": { "seeds": 6 }
                }
                """);
            SmallData.Write(tool.PathOf("data"), images: 100, side: 3);
            SmallData.Write(tool.PathOf("other"), images: 90, side: 3);
            var run = tool.Run("study", "run", "study.json", "--out", "here");
            Expect.equal(run.ExitCode, 0, run.Error);
            var file = Path.Combine("here", "trials", "confirmation", "small", "adam", "0", "2.json");
            Expect.equal(tool.Run("replay", file).ExitCode, 0, "from where the study read them");
            Directory.CreateDirectory(tool.PathOf("elsewhere"));
            File.Move(tool.PathOf("study.json"), tool.PathOf("elsewhere", "study.json"));
            File.WriteAllText(tool.PathOf("elsewhere", "study.json"), File.ReadAllText(tool.PathOf("elsewhere", "study.json")).Replace("\"data\", \"classes", "\"../data\", \"classes", StringComparison.Ordinal));
            Expect.equal(tool.Run("study", "check", Path.Combine("elsewhere", "study.json")).ExitCode, 0, "a folder relative to the study file");
            Expect.equal(tool.RunIn("elsewhere", "replay", Path.Combine("..", file)).ExitCode, 0, "from another folder");
            Expect.equal(tool.RunIn("elsewhere", "resume", Path.Combine("..", "here")).ExitCode, 0, "resumed from another folder");
            Directory.Move(tool.PathOf("data"), tool.PathOf("moved"));
            Expect.equal(tool.Run("replay", file, "--data", "moved").ExitCode, 0, "from elsewhere");
            var refused = tool.Run("replay", file, "--data", "other");
            Expect.equal(refused.ExitCode, 2, refused.Error);
            Expect.stringContains(refused.Error, "The images of the task 'small' are not those of the trial", "why");
        }),
        Spec.Test("a run of images is replayed from any folder, with its own number of classes, and refused on others", () =>
        {
            using var tool = new Tool();
            SmallData.Write(tool.PathOf("data"), images: 100, side: 3, classes: 3);
            SmallData.Write(tool.PathOf("other"), images: 90, side: 3, classes: 3);
            var run = tool.Run("run", "adam", "--data", "data", "--classes", "3", "--max-steps", "5", "--out", "here");
            Expect.equal(run.ExitCode, 0, run.Error);
            var file = tool.PathOf("here", "trials", "run", "data", "adam", "0", "0.json");
            Directory.CreateDirectory(tool.PathOf("elsewhere"));
            File.Copy(file, tool.PathOf("elsewhere", "0.json"));
            Expect.equal(tool.Run("replay", tool.PathOf("elsewhere", "0.json")).ExitCode, 0, "from where the run read them");
            Directory.Move(tool.PathOf("data"), tool.PathOf("moved"));
            var moved = tool.Run("replay", file, "--data", "moved");
            Expect.equal(moved.ExitCode, 0, moved.Error);
            var refused = tool.Run("replay", file, "--data", "other");
            Expect.equal(refused.ExitCode, 2, refused.Error);
            Expect.stringContains(refused.Error, "are not those of the trial", "why");
        }),
        Spec.Test("a run is bit-equal too, and a changed record is not", () =>
        {
            using var tool = new Tool();
            var run = tool.Run("run", "clip_norm(1) | adam(lr=0.001)", "--hidden", "16", "--seed", "3", "--order", "shuffle", "--max-steps", "60", "--validate-every", "20", "--out", "here");
            Expect.equal(run.ExitCode, 0, run.Error);
            var file = Directory.GetFiles(tool.PathOf("here", "trials"), "3.json", SearchOption.AllDirectories).Single();
            var outcome = tool.Run("replay", file);
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.stringContains(outcome.Output, "all 60 steps are bit-equal", "verdict");
            var manifest = JsonNode.Parse(File.ReadAllText(file))!;
            var losses = manifest["result"]!["curve"]!["loss"]!;
            losses[1] = Math.BitIncrement((double)losses[1]!);
            File.WriteAllText(tool.PathOf("changed.json"), manifest.ToJsonString());
            var changed = tool.Run("replay", "changed.json");
            Expect.equal(changed.ExitCode, 1, changed.Error);
            Expect.stringContains(changed.Output, "from a step between 21 and 40 on (seen in the validation)", "where");
        }),
        Spec.Test("a run of layers in their text form is bit-equal too", () =>
        {
            using var tool = new Tool();
            const string Layers = "conv(4, size=5, stride=4, activation=relu) | max_pool(2) | flatten | dense(10)";
            var run = tool.Run("run", "adam", "--layers", Layers, "--max-steps", "4", "--validate-every", "2", "--out", "here");
            Expect.equal(run.ExitCode, 0, run.Error);
            var outcome = tool.Run("replay", Directory.GetFiles(tool.PathOf("here", "trials"), "0.json", SearchOption.AllDirectories).Single());
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.stringContains(outcome.Output, "all 4 steps are bit-equal", "verdict");
        }),
        Spec.Test("a member that is null, missing or of another kind is named, with what is allowed and no words of the serializer", () =>
        {
            using var tool = StudyTests.Finished();
            var trial = File.ReadAllText(tool.PathOf("here", "trials", "confirmation", "bowl", "momentum", "0", "2.json"));
            var refused = Changed(trial).Count(change => IsRefused(change, text => Studies.TrialManifestModule.read("trial.json", text)));
            Expect.isGreaterThan(refused, 150, "refused");

            var foreign = JsonNode.Parse(trial)!;
            foreign["result"]!["zz"] = 1;
            File.WriteAllText(tool.PathOf("foreign.json"), foreign.ToJsonString());
            Expect.stringContains(tool.Run("replay", "foreign.json").Error, "'result.zz' is not a member of this file. Known names are ", "a foreign member");
            File.WriteAllText(tool.PathOf("twice.json"), trial.Replace("\"steps\":", "\"steps\":1,\"steps\":", StringComparison.Ordinal));
            Expect.stringContains(tool.Run("replay", "twice.json").Error, "'result.steps' is given twice. Give it once.", "a member given twice");
            File.WriteAllText(tool.PathOf("null.json"), "null");
            Expect.stringContains(tool.Run("replay", "null.json").Error, "The file is not the result of a trial", "null");
        }),
        Spec.Test("what is no result is named", () =>
        {
            using var tool = new Tool();
            foreach (var (name, text) in new[] { ("empty", ""), ("other", "{}"), ("schema", """{ "schema": "cutedl/trial/2" }""") })
            {
                File.WriteAllText(tool.PathOf(name), text);
                var outcome = tool.Run("replay", name);
                Expect.equal(outcome.ExitCode, 2, name);
                Expect.stringContains(outcome.Error, $"{name}, byte 0: ", "which");
                Expect.isFalse(outcome.Error.Contains("   at ", StringComparison.Ordinal), outcome.Error);
            }
        }),
        Spec.Test("lr-find suggests a rate, and writes picture, table and record", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("lr-find", "momentum(decay=0.9)", "--hidden", "32", "--output", "linear", "--initial-weights", "he", "--low", "1e-5", "--high", "10", "--steps", "60", "--out", "here");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.stringContains(outcome.Output, "The loss falls most steeply at lr = ", "suggestion");
            Expect.isTrue(File.ReadAllBytes(tool.PathOf("here", "lr-find.png")) is [0x89, (byte)'P', (byte)'N', (byte)'G', ..], "picture");
            var record = JsonNode.Parse(File.ReadAllText(tool.PathOf("here", "lr-find.json")))!;
            var steepest = (double)record["steepest"]!;
            Expect.isTrue(steepest is > 1e-4 and < 10, $"{steepest}");
            Expect.equal(File.ReadAllLines(tool.PathOf("here", "lr-find.csv")).Length, 1 + record["points"]!.AsArray().Count, "rows");
            var json = tool.Run("lr-find", "adam", "--steps", "10", "--out", "there", "--json");
            Expect.equal((string?)JsonNode.Parse(json.Lines.Single())!["event"], "lr-find", json.Error);
        }));

    // Every member of a record, one at a time, as null, as values of several kinds, and left out.
    private static IEnumerable<(string Path, string Text)> Changed(string text)
    {
        foreach (var path in Paths(JsonNode.Parse(text)!, []))
        {
            foreach (var value in new[] { "null", "\"x\"", "1.5", "{}", "[[]]", null })
            {
                var changed = JsonNode.Parse(text)!;
                var parent = path[..^1].Aggregate(changed, (node, key) => key is int index ? node[index]! : node[(string)key]!);
                var replacement = value is null ? null : JsonNode.Parse(value);
                if (path[^1] is int last)
                {
                    parent[last] = replacement;
                }
                else if (value is null)
                {
                    parent.AsObject().Remove((string)path[^1]);
                }
                else
                {
                    parent[(string)path[^1]] = replacement;
                }

                yield return (string.Concat(path.Select((key, i) => key is int index ? $"[{index}]" : i == 0 ? key : $".{key}")), changed.ToJsonString());
            }
        }
    }

    // Of lists, the first element.
    private static IEnumerable<object[]> Paths(JsonNode? node, object[] path) =>
        node switch
        {
            JsonObject content => content.SelectMany(member => Paths(member.Value, [.. path, member.Key]).Prepend([.. path, member.Key])),
            JsonArray { Count: > 0 } list => Paths(list[0], [.. path, 0]).Prepend([.. path, 0]),
            _ => [],
        };

    private static bool IsRefused((string Path, string Text) change, Action<string> read)
    {
        try
        {
            read(change.Text);
            return false;
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or FormatException)
        {
            foreach (var inside in new[] { "CuteDl.", "System.", "JSON", "constructor", "LineNumber", "deserial" })
            {
                Expect.isFalse(error.Message.Contains(inside, StringComparison.Ordinal), $"{change.Path}: {error.Message}");
            }

            var name = change.Path.Split('.')[^1].Split('[')[0];
            Expect.isTrue(error.Message.Contains(name, StringComparison.Ordinal) || error.Message.Contains("he result", StringComparison.Ordinal) || error.Message.Contains("columns", StringComparison.Ordinal) || error.Message.Contains("has ", StringComparison.Ordinal), $"{change.Path}: {error.Message}");
            return true;
        }
    }
}
