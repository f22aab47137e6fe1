using System.Text;
using System.Text.Json;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Studies by the tool: from a file to a folder, interrupted, killed, changed and damaged.</summary>
internal static class StudyTests
{
    private const string Study = """
        {
          // A question that is answered in a second.
          "schema": "cutedl/study/1", "name": "Two on a bowl",
          "tasks": [
            { "name": "bowl", "function": "quadratic", "dimensions": 4, "condition": 10, "steps": 400, "validate_every": 10, "target": { "loss": 0.001 } },
          ],
          "optimizers": [
            { "optimizer": "fixed()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
            { "optimizer": "momentum(decay=0.9)", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
          ],
          "tuning": { "search": "grid", "trials": 4 },
          "confirmation": { "seeds": 6, "defaults": true },
        }
        """;

    private static readonly (string Name, string[] Arguments, string Expected)[] Mistakes =
    [
        ("no file", ["study", "run"], "FILE is missing. Write 'cutedl study run FILE [options]'."),
        ("a file that is missing", ["study", "check", "none.json"], "The file 'none.json' does not exist."),
        ("a folder without a study", ["resume", "nowhere"], "holds no study."),
        ("a folder without a study to report", ["study", "report", "nowhere"], "holds no study."),
        ("no parallel trials", ["resume", "nowhere", "--parallel", "0"], "--parallel must be at least 1, not 0."),
        ("until something else", ["study", "run", "study.json", "--until", "bored"], "decided"),
        ("a result that is missing", ["replay", "none.json"], "The file 'none.json' does not exist."),
        ("a folder in place of a trial", ["replay", "."], "'.' is a folder. Give the file of one trial"),
        ("a rate to begin with that is none", ["lr-find", "adam", "--low", "0"], "--low must be above 0, not 0."),
        ("a highest rate below the lowest", ["lr-find", "adam", "--low", "1", "--high", "0.1"], "--high must be above --low, not 0.1."),
        ("too few steps of a sweep", ["lr-find", "adam", "--steps", "1"], "--steps must be at least 2, not 1."),
        ("a hyper-parameter that is not there", ["lr-find", "adam", "--argument", "decay"], "decay"),
        ("a hyper-parameter with several meanings", ["lr-find", "clip_value | clip_norm | adam", "--argument", "limit"], "clip_value.limit, clip_norm.limit"),
    ];

    public static Test All { get; } = Spec.List("study",
        Spec.List("is wrong, and says so in a sentence with exit code 2:", Mistakes.Select(mistake => Spec.Test(mistake.Name, () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run(mistake.Arguments);
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, mistake.Expected, "message");
            Expect.isFalse(outcome.Error.Contains("   at ", StringComparison.Ordinal), outcome.Error);
            Expect.isFalse(Directory.EnumerateFileSystemEntries(tool.Folder).Any(), "nothing is left behind");
        }))),
        Spec.Test("init writes a study that check finds no error in, and replaces it only by force", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run("study", "init").ExitCode, 0, "init");
            var check = tool.Run("study", "check", "study.json");
            Expect.equal((check.ExitCode, check.Error), (0, ""), check.Output);
            File.WriteAllText(tool.PathOf("study.json"), "mine");
            var again = tool.Run("study", "init");
            Expect.equal(again.ExitCode, 2, "again");
            Expect.stringContains(again.Error, "--force", "hint");
            Expect.equal(File.ReadAllText(tool.PathOf("study.json")), "mine", "kept");
            Expect.equal(tool.Run("study", "init", "--force").ExitCode, 0, "by force");
            Expect.equal(File.ReadAllText(tool.PathOf("study.json")), CuteDl.Study.Example, "replaced");
        }),
        Spec.Long("the first commands, init and run --quick, find an answer", "It trains 54 networks.", () =>
        {
            using var tool = new Tool();
            Expect.equal(tool.Run("study", "init").ExitCode, 0, "init");
            var outcome = tool.Run("study", "run", "study.json", "--quick", "--out", "here");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.isTrue(outcome.Lines.Any(line => line.Contains(" beats ", StringComparison.Ordinal) && line.Contains("times the steps", StringComparison.Ordinal)), outcome.Output);
        }),
        Spec.Test("init makes the folder of the file", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("study", "init", "new/inner/study.json");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.equal(File.ReadAllText(tool.PathOf("new", "inner", "study.json")), CuteDl.Study.Example, "written");
        }),
        Spec.Test("schema study prints the JSON schema that written studies name", () =>
        {
            using var tool = new Tool();
            var schema = JsonDocument.Parse(tool.Run("schema", "study").Output).RootElement;
            Expect.equal(schema.GetProperty("title").GetString(), "A study of optimizers", "title");
            Expect.equal(CuteDl.Study.Schema, tool.Run("schema", "study").Output, "the library's");
        }),
        Spec.Test("an optimizer that does not fit a task is found by check, and run does not begin", () =>
        {
            using var tool = WithStudy(Study.Replace("fixed()", "muon()", StringComparison.Ordinal));
            var check = tool.Run("study", "check", "study.json");
            Expect.equal(check.ExitCode, 1, check.Error);
            Expect.stringContains(check.Output, "S016 error, $.optimizers[0].optimizer: muon does not fit the task bowl", "what");
            Expect.equal(tool.Run("study", "run", "study.json", "--out", "here").ExitCode, 2, "run");
            Expect.isFalse(Directory.Exists(tool.PathOf("here")), "nothing is begun");
        }),
        Spec.Test("check names everything that is wrong at once, with line and place", () =>
        {
            using var tool = WithStudy(Study.Replace("\"condition\": 10", "\"condition\": 0", StringComparison.Ordinal).Replace("\"grid\"", "\"random\"", StringComparison.Ordinal));
            var outcome = tool.Run("study", "check", "study.json");
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, ", $.tasks[0].condition: ", "the one");
            Expect.stringContains(outcome.Error, ", $.tuning.search: ", "the other");
            var json = tool.Run("study", "check", "study.json", "--json");
            Expect.equal(json.ExitCode, 2, json.Error);
            var content = JsonDocument.Parse(json.Output).RootElement;
            Expect.equal(content.GetProperty("errors").GetArrayLength(), 2, "errors");
            Expect.equal(content.GetProperty("errors")[0].GetProperty("line").GetInt32(), 5, "line");
        }),
        Spec.Test("check returns 1 where results would be wrong, and run does not begin", () =>
        {
            using var tool = WithStudy(Study.Replace("\"function\": \"quadratic\", \"dimensions\": 4, \"condition\": 10,", "\"split\": \"test_as_validation\",", StringComparison.Ordinal));
            var outcome = tool.Run("study", "check", "study.json");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Output, "S001 error, $.tasks[0].split", "code");
            var findings = JsonDocument.Parse(tool.Run("study", "check", "study.json", "--json").Output).RootElement.GetProperty("findings");
            Expect.isTrue(findings.EnumerateArray().Any(finding => finding.GetProperty("code").GetString() == "S001" && finding.GetProperty("severity").GetString() == "error"), "json");
            var run = tool.Run("study", "run", "study.json", "--out", "here");
            Expect.equal(run.ExitCode, 2, run.Error);
            Expect.stringContains(run.Error, "S001", "why");
            Expect.isFalse(Directory.Exists(tool.PathOf("here")), "nothing is begun");
        }),
        Spec.Test("run carries a study out: lines, folder, verdict; a second run in the folder is refused", () =>
        {
            using var tool = WithStudy(Study);
            var outcome = tool.RunProcess("study", "run", "study.json", "--quick");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var folder = tool.PathOf("artifacts", "study-two-on-a-bowl-quick");
            foreach (var name in new[] { "study.json", "journal", "results.csv", "report.html", Path.Combine("trials", "confirmation", "bowl", "fixed", "0", "1.json") })
            {
                Expect.isTrue(File.Exists(Path.Combine(folder, name)), name);
            }

            Expect.stringContains(outcome.Error, "/20] confirmation bowl momentum seed 3: target in ", "a line for a trial");
            Expect.stringContains(outcome.Error, "tuning bowl fixed lr=0.001 seed 1000: ", "with its setting");
            Expect.stringContains(outcome.Output, "steps to the target (n = 6)", "verdict");
            Expect.stringContains(outcome.Output, "Report: ", "report");
            var again = tool.Run("study", "run", "study.json", "--quick");
            Expect.equal(again.ExitCode, 2, again.Error);
            Expect.stringContains(again.Error, "cutedl resume", "hint");
            var status = tool.Run("study", "status", folder);
            Expect.stringContains(status.Output, "20 of 20 trials are finished, the study is complete", status.Error);
            var before = File.ReadAllBytes(Path.Combine(folder, "results.csv"));
            File.Delete(Path.Combine(folder, "results.csv"));
            Expect.equal(tool.Run("study", "report", folder).ExitCode, 0, "report anew");
            Expect.isTrue(before.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder, "results.csv"))), "the same");
            Expect.equal(tool.Run("resume", folder).ExitCode, 0, "nothing is left to do");
        }),
        Spec.Test("--json writes one object a line, and nothing else, to standard output", () =>
        {
            using var tool = WithStudy(Study);
            var outcome = tool.Run("study", "run", "study.json", "--quick", "--out", "here", "--json");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            var lines = outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            Expect.equal(lines.Count(line => line.GetProperty("event").GetString() == "trial"), 20, "trials");
            Expect.equal(lines[^1].GetProperty("event").GetString(), "summary", "the last line");
            Expect.isTrue(lines[^1].GetProperty("complete").GetBoolean(), "complete");
            var validations = lines.Where(line => line.GetProperty("event").GetString() == "validation").GroupBy(line => line.GetProperty("trial").GetString()).ToArray();
            Expect.equal(validations.Length, 20, "trials with validations");
            Expect.isTrue(validations.All(steps => steps.Zip(steps.Skip(1)).All(pair => pair.First.GetProperty("step").GetInt64() < pair.Second.GetProperty("step").GetInt64())), "each validation once, in order");
            var first = lines.First(line => line.GetProperty("event").GetString() == "trial");
            Expect.equal(first.GetProperty("result").GetProperty("trial").GetProperty("phase").GetString(), "tuning", "a trial");
        }),
        Spec.Test("a study file that was changed is refused, with the difference", () =>
        {
            using var tool = Finished();
            var file = tool.PathOf("here", "study.json");
            File.WriteAllText(file, File.ReadAllText(file).Replace("\"lr\": { \"log_uniform\": [0.001, 0.1] }", "\"lr\": { \"log_uniform\": [0.001, 0.2] }", StringComparison.Ordinal));
            var outcome = tool.Run("resume", "here");
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, "$.optimizers[0].space.lr", "place");
            Expect.stringContains(outcome.Error, "0.1 and 0.2", "both");
        }),
        Spec.Test("a damaged journal is named, with the place", () =>
        {
            using var tool = Finished();
            var file = tool.PathOf("here", "journal");
            var bytes = File.ReadAllBytes(file);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(file, bytes);
            var outcome = tool.Run("resume", "here");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, "journal, byte ", "file and place");
            Expect.stringContains(outcome.Error, "is damaged", "what");
            foreach (var command in new[] { "report", "status" })
            {
                var read = tool.Run("study", command, "here");
                Expect.equal(read.ExitCode, 1, command);
                Expect.stringContains(read.Error, "is damaged", command);
            }

            Expect.isTrue(bytes.AsSpan().SequenceEqual(File.ReadAllBytes(file)), "untouched");
        }));

    /// <summary>A tool with a study in its working directory.</summary>
    internal static Tool WithStudy(string text)
    {
        var tool = new Tool();
        File.WriteAllText(tool.PathOf("study.json"), text, Encoding.UTF8);
        return tool;
    }

    /// <summary>A tool with the small study, carried out in the folder <c>here</c>.</summary>
    internal static Tool Finished()
    {
        var tool = WithStudy(Study);
        var outcome = tool.Run("study", "run", "study.json", "--quick", "--out", "here");
        Expect.equal(outcome.ExitCode, 0, outcome.Error);
        return tool;
    }
}
