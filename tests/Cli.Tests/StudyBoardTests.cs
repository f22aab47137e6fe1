using CuteDl.Cli;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using Spectre.Console;

namespace CuteDl.Tests;

/// <summary>The board of a study under way, on terminals of all sizes.</summary>
internal static class StudyBoardTests
{
    private static readonly CuteDl.Study Five = CuteDl.Study.Parse("""
            {
              "schema": "cutedl/study/1", "name": "A study with a name that is longer than many a terminal is wide, so that it must be cut",
              "tasks": [{ "name": "bowl", "function": "quadratic", "dimensions": 2, "condition": 10, "steps": 20, "validate_every": 10, "target": { "loss": 0.5 } }],
              "optimizers": [
                { "optimizer": "fixed()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
                { "optimizer": "momentum(decay=0.9)", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
                { "optimizer": "adam()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
                { "optimizer": "rmsprop()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
                { "name": "a-name-of-an-optimizer-that-is-rather-long", "optimizer": "adagrad()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } }
              ],
              "tuning": { "search": "grid", "trials": 4 },
              "confirmation": { "seeds": 6, "defaults": true }
            }
            """);

    private static readonly Lazy<TrialResult[]> Results = new(() => [.. Five.RunAsync().GetAwaiter().GetResult().Trials]);

    public static Test All { get; } = Spec.List("study board",
        Spec.Test("it fits any terminal, and has the share done, what runs and how to end it", () =>
        {
            var board = Busy(CancellationToken.None);
            for (var width = 30; width <= 120; width++)
            {
                for (var height = 10; height <= 40; height += 3)
                {
                    var lines = board.Lines(width, height);
                    Expect.isTrue(lines.Count < height, $"{lines.Count} lines in {width}×{height}");
                    Expect.isTrue(lines.All(line => line.Text.Length <= width && !line.Text.Contains('\n', StringComparison.Ordinal)), $"width of {width}×{height}");
                    Expect.isTrue(lines.Any(line => line.Text.Contains("42%", StringComparison.Ordinal)), $"share in {width}×{height}");
                    Expect.isTrue(lines.Any(line => line.Text.Contains("1:30 left", StringComparison.Ordinal)), $"time left in {width}×{height}");
                    Expect.equal(lines[^1].Text, "Press Ctrl+C to save and stop.", "the last line");
                }
            }
        }),
        Spec.Test("on 80 × 24 it has bars, paces, counts and the newest results", () =>
        {
            var lines = Busy(CancellationToken.None).Lines(80, 24);
            var text = string.Join('\n', lines.Select(line => line.Text));
            Expect.stringContains(text, "42%  70 of 100 trials, 1:05, about 1:30 left", "the head");
            Expect.isTrue(lines.Any(line => line.Text.StartsWith("confirmation bowl adam seed 3", StringComparison.Ordinal) && line.Text.EndsWith(" 10/20 2/s 0.8700", StringComparison.Ordinal)), text);
            Expect.isTrue(lines.Any(line => line.Text.Contains("10/20 waiting", StringComparison.Ordinal)), text);
            Expect.isTrue(lines.Any(line => line.Text.Replace(" ", "", StringComparison.Ordinal) == $"rmsprop{Count(Phase.Tuning)}{Count(Phase.Confirmation)}{Count(Phase.Defaults)}"), text);
            Expect.stringContains(text, TrialText.Outcome(Results.Value[^2]), "the newest");
            Expect.isTrue(text.Contains('█', StringComparison.Ordinal) || text.Contains('#', StringComparison.Ordinal), "bars");
        }),
        Spec.Test("a long label is cut, and neither its seed nor its result", () =>
        {
            var label = string.Concat(Enumerable.Repeat("clip_norm(1) | ", 20)) + "adam";
            var study = Mnist.Documented(model => model.Dense(10)).MaxSteps(1).Compare([new NamedRun(label, Optimizers.Adam())]).ToStudy();
            var trial = new Trial(Phase.Run, "mnist", study.OptimizerNames[0], 0, 7, "adam", []);
            Expect.equal(TrialText.Name(trial, study), $"{label} seed 7", "whole");
            for (var width = 20; width < 120; width++)
            {
                var name = TrialText.Name(trial, study, width);
                Expect.isTrue(name.Length == width && name.EndsWith("… seed 7", StringComparison.Ordinal), name);
            }
        }),
        Spec.Test("before the first news it says what it does, and once interrupted that it saves", () =>
        {
            var fresh = new StudyBoard(Console(), Five, [], CancellationToken.None);
            Expect.stringContains(string.Join('\n', fresh.Lines(80, 24).Select(line => line.Text)), "Reading data", "fresh");
            using var source = new CancellationTokenSource();
            source.Cancel();
            Expect.stringContains(Busy(source.Token).Lines(80, 24)[^1].Text, "Interrupted. Stopping.", "interrupted");
        }));

    private static int Count(Phase phase) => Results.Value.Count(result => result.Trial.Contender == "rmsprop" && result.Trial.Phase == phase);

    private static StudyBoard Busy(CancellationToken cancellationToken)
    {
        var board = new StudyBoard(Console(), Five, Results.Value, cancellationToken);
        var running = Results.Value.First(result => result.Trial is { Phase: Phase.Confirmation, Contender: "adam", Seed: 3 }).Trial;
        var waiting = Results.Value.First(result => result.Trial is { Phase: Phase.Tuning, Contender: "fixed", Setting: 2 }).Trial;
        board.Report(Progress(waiting, TrialState.Waiting, 10, TimeSpan.FromSeconds(60)));
        board.Report(Progress(running, TrialState.Running, 0, TimeSpan.FromSeconds(60)));
        board.Report(Progress(running, TrialState.Running, 10, TimeSpan.FromSeconds(65)));
        return board;
    }

    private static StudyProgress Progress(Trial trial, TrialState state, long step, TimeSpan elapsed) =>
        new(trial, TrialEvent.Moved, state, step, 20, new Score(step, 0.2, 0.87), 0.3, [], null, 70, 100, 0.42, elapsed, TimeSpan.FromSeconds(90));

    private static IAnsiConsole Console() =>
        AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(TextWriter.Null) });
}
