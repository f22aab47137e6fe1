using System.Diagnostics;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Studies that are interrupted, killed, met by a second process, or out of disk: nothing that was finished is lost.</summary>
internal static class StudyInterruptionTests
{
    // Long enough to be met at work: some seconds.
    private const string Study = """
        {
          "schema": "cutedl/study/1", "name": "Long enough",
          "tasks": [
            { "name": "bowl", "function": "quadratic", "dimensions": 200, "condition": 1000, "steps": 15000, "validate_every": 100, "target": { "loss": 1e-4 } },
            { "name": "valley", "function": "rosenbrock", "dimensions": 200, "steps": 15000, "validate_every": 100, "target": { "loss": 0.1 } }
          ],
          "optimizers": [
            { "optimizer": "momentum(decay=0.9)", "space": { "lr": { "log_uniform": [1e-6, 1e-4] } } },
            { "optimizer": "adam()", "space": { "lr": { "log_uniform": [1e-3, 0.1] } } }
          ],
          "tuning": { "search": "grid", "trials": 4, "pruning": { "median": { "warm_up": 2 } } },
          "confirmation": { "seeds": 6 }
        }
        """;

    // It takes half a minute or more, so that it is still running when a signal reaches it late.
    private static readonly string LongStudy = Study.Replace("15000", "150000", StringComparison.Ordinal);

    private const int Kills = 5;
    private const int Kill = 9;
    private const int Terminate = 15;
    private const int HangUp = 1;

    public static Test All { get; } = Spec.List("study interrupted",
        Spec.Long("killed again and again, it gives the same results to the byte", "It carries the study out twice and kills it five times.", () =>
        {
            using var tool = StudyTests.WithStudy(Study);
            var clock = Stopwatch.StartNew();
            Succeed(tool.RunProcess("study", "run", "study.json", "--out", "whole"));
            var whole = clock.Elapsed;
            var random = new Random(5);
            var verb = new[] { "study", "run", "study.json", "--out", "killed" };
            for (var i = 0; i < Kills; i++)
            {
                tool.RunAndSignal(Kill, whole * (0.1 + (0.3 * random.NextDouble())), verb);
                verb = File.Exists(tool.PathOf("killed", "journal")) ? ["resume", "killed", "--parallel", $"{1 + (i % 3)}"] : verb;
            }

            Succeed(tool.RunProcess(verb));
            Expect.isTrue(
                File.ReadAllBytes(tool.PathOf("whole", "results.csv")).AsSpan().SequenceEqual(File.ReadAllBytes(tool.PathOf("killed", "results.csv"))),
                "results.csv");
        }),
        Spec.Test("an interrupt saves what is under way, returns 130 and says how to go on", () =>
        {
            using var tool = StudyTests.WithStudy(LongStudy);
            var outcome = tool.RunAndInterrupt("[2/", "study", "run", "study.json", "--out", "here");
            Expect.equal(outcome.ExitCode, 130, outcome.Error);
            Expect.stringContains(outcome.Output, "cutedl resume here", "how to go on");
            Expect.isTrue(File.Exists(tool.PathOf("here", "results.csv")), "what there is");
            var status = tool.Run("study", "status", "here");
            Expect.stringContains(status.Output, "To continue, run: cutedl resume here", status.Error);
        }),
        Spec.Long("SIGTERM and SIGHUP save what is under way, return 143 and 129, and say how to go on", "It runs the tool twice.", () =>
        {
            foreach (var (signal, exitCode) in new[] { (Terminate, 143), (HangUp, 129) }.Where(pair => !Tool.IsIgnored(pair.Item1)))
            {
                using var tool = StudyTests.WithStudy(LongStudy);
                var outcome = tool.RunAndSignal(signal, "[2/", "study", "run", "study.json", "--out", "here");
                Expect.equal(outcome.ExitCode, exitCode, outcome.Error);
                Expect.stringContains(outcome.Output, "cutedl resume here", "how to go on");
                Expect.isTrue(File.Exists(tool.PathOf("here", "results.csv")), "what there is");
            }
        }),
        Spec.Test("a second process on the folder is refused, and reading is not", () =>
        {
            using var tool = StudyTests.WithStudy(LongStudy);
            using var first = StartAndStop(tool);
            var second = tool.Run("resume", "here");
            Expect.equal(second.ExitCode, 1, second.Error);
            Expect.stringContains(second.Error, "Another process is running the study in", "why");
            var status = tool.Run("study", "status", "here");
            Expect.equal(status.ExitCode, 0, status.Error);
            Expect.stringContains(status.Output, "The study is running.", "status");
            Expect.equal(tool.Run("study", "report", "here").ExitCode, 0, "a report of what there is");
            first.Kill();
            first.WaitForExit();
        }),
        Spec.Test("without file locks, the process that meets records of another ends and says why, and the journal is whole", () =>
        {
            using var tool = StudyTests.WithStudy(LongStudy);
            tool.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
            using var first = StartAndStop(tool);
            var second = tool.RunAndInterrupt("] ", "resume", "here");
            Expect.equal(second.ExitCode, 130, second.Error);
            var outcome = Tool.Continue(first);
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, "Another process has written to", "why");
            var status = tool.Run("study", "status", "here");
            Expect.equal(status.ExitCode, 0, status.Error);
            Expect.stringContains(status.Output, "To continue, run: cutedl resume here", status.Error);
        }),
        Spec.Test("a folder that is removed while its study runs ends it with 1", () =>
        {
            using var tool = StudyTests.WithStudy(LongStudy);
            using var process = StartAndStop(tool);
            Directory.Move(tool.PathOf("here"), tool.PathOf("elsewhere"));
            var outcome = Tool.Continue(process);
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.isFalse((outcome.Output + outcome.Error).Contains("resume", StringComparison.Ordinal), outcome.Error);
            Expect.stringContains(outcome.Error, "The results are lost: the journal in 'here' was removed", "what");
            Expect.isFalse(Directory.Exists(tool.PathOf("here")), "not made anew");
        }),
        Spec.Long("a full disk ends it with 1 and the place, and nothing that was finished is lost", "It carries the study out twice, and once up to the full disk.", () =>
        {
            using var tool = StudyTests.WithStudy(Study);
            using var disk = Disk.Mount(tool.PathOf("disk"), "300k");
            if (disk is null)
            {
                return;
            }

            var outcome = tool.RunProcess("study", "run", "study.json", "--out", "disk/here");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, "No space left on device", "why");
            Expect.stringContains(outcome.Error, "cutedl resume disk/here", "how to go on");
            Expect.isTrue(disk.Resize("100m"), "more room");
            Succeed(tool.RunProcess("resume", "disk/here"));
            Succeed(tool.Run("study", "run", "study.json", "--out", "whole"));
            Expect.isTrue(
                File.ReadAllBytes(tool.PathOf("whole", "results.csv")).AsSpan().SequenceEqual(File.ReadAllBytes(tool.PathOf("disk", "here", "results.csv"))),
                "results.csv");
        }));

    private static void Succeed(Outcome outcome) => Expect.equal(outcome.ExitCode, 0, outcome.Error);

    // Stopped after two trials, it stays at work for as long as a test needs, however slow the machine is.
    private static Process StartAndStop(Tool tool) => tool.StartAndStop("[2/", "study", "run", "study.json", "--out", "here");
}
