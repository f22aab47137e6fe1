using CuteDl.Reports;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Everything that trains returns its results so far when it is cancelled, also when it is cancelled before its start.</summary>
internal static class CancellationTests
{
    private static readonly CancellationToken Cancelled = new(canceled: true);

    private static readonly string[] Names = ["a", "b", "c"];

    public static Test All { get; } = Spec.List("cancellation",
        Spec.Test("a run that is cancelled before its start has no steps", async () =>
        {
            using var folder = new TemporaryFolder();
            var run = await Tiny(folder).Optimizer(Optimizers.Adam(), "mine").RunAsync(cancellationToken: Cancelled);
            Expect.equal((run.Run, run.Stop, run.Steps, run.History.Count), ("mine", StopReason.Cancelled, 0L, 0), "run");
            Expect.isTrue(run.Model is null && !run.Test.HasValue && run.Exception is null && run.Failure.Length == 0, "nothing else");
        }),
        Spec.Test("a comparison that is cancelled before its start names all its runs as missing, and can be resumed", async () =>
        {
            using var folder = new TemporaryFolder();
            var comparison = Three(folder).Seeds(2);
            foreach (var path in new[] { null, folder.Within("run") })
            {
                var result = await comparison.RunAsync(path, cancellationToken: Cancelled);
                Expect.equal((result.Runs.Count, result.Planned), (0, 6), "runs");
                Expect.sequenceEqual(result.Missing, Names.SelectMany(name => new[] { new PlannedRun(name, 0), new PlannedRun(name, 1) }), "missing");
                Expect.stringContains(new ComparisonSummary(result).ToMarkdown(), "Missing: a, seed 0; a, seed 1; b, seed 0", "summary");
                Expect.equal($"{result}", "0 of 6 runs; missing: a, seed 0, a, seed 1, b, seed 0, b, seed 1 and 2 more", "text");
            }

            var again = await Comparison.ResumeAsync(folder.Within("run"), cancellationToken: Cancelled);
            Expect.equal((again.Runs.Count, again.Missing.Count), (0, 6), "resumed with a cancelled token");
            var whole = await Comparison.ResumeAsync(folder.Within("run"));
            Expect.equal((whole.Runs.Count, whole.Missing.Count), (6, 0), "resumed");
        }),
        Spec.Property(
            "cancelled after any validations, a comparison has each of its runs once: with a result or as missing",
            Share.OneIn(5, "A case trains up to six runs."),
            Prop.ForAll((from validations in Gen.Choose(1, 15) from parallel in Gen.Choose(1, 3) select (validations, parallel)).ToArbitrary(), drawn =>
            {
                using var folder = new TemporaryFolder();
                using var source = new CancellationTokenSource();
                var result = Three(folder).Seeds(2)
                    .RunAsync(options: new() { Parallel = drawn.parallel }, progress: new Canceller(source, drawn.validations), cancellationToken: source.Token)
                    .GetAwaiter().GetResult();
                var known = result.Runs.Select(run => new PlannedRun(run.Run, run.Seed)).Concat(result.Missing).OrderBy(run => run.Run).ThenBy(run => run.Seed);
                Expect.sequenceEqual(known, Names.SelectMany(name => new[] { new PlannedRun(name, 0), new PlannedRun(name, 1) }), "runs");
                Expect.equal(result.Planned, 6, "planned");
                Expect.isTrue(result.Runs.All(run => run.Stop is StopReason.Completed or StopReason.Cancelled), "stops");
                if (drawn.parallel == 1)
                {
                    // A run has 4 validations, and one run trains at a time.
                    Expect.equal(result.Missing.Count, 6 - ((drawn.validations + 3) / 4), "missing");
                }

                var text = new ComparisonSummary(result).ToMarkdown();
                Expect.isTrue(result.Missing.All(run => text.Contains($"{run}", StringComparison.Ordinal)), text);
                Expect.equal(text.Contains("Missing", StringComparison.Ordinal), result.Missing.Count > 0, "summary");
            })),
        Spec.Test("a study that is cancelled before its start has no trials, and is not complete", async () =>
        {
            using var folder = new TemporaryFolder();
            foreach (var path in new[] { null, folder.Within("study") })
            {
                var result = await TinyStudies.Functions.RunAsync(path, cancellationToken: Cancelled);
                Expect.equal((result.Trials.Count, result.IsComplete), (0, false), "trials");
                Expect.isGreaterThan(result.Planned, 0, "planned");
            }

            var resumed = await Study.ResumeAsync(folder.Within("study"), cancellationToken: Cancelled);
            Expect.equal((resumed.Trials.Count, resumed.IsComplete), (0, false), "resumed");
            var streamed = 0;
            await foreach (var _ in TinyStudies.Functions.StreamAsync(cancellationToken: Cancelled))
            {
                streamed++;
            }

            Expect.equal(streamed, 0, "streamed");
        }),
        Spec.Test("a sweep over learning rates that is cancelled before its start has no points", async () =>
        {
            using var folder = new TemporaryFolder();
            var sweep = await Tiny(folder).FindLearningRateAsync(cancellationToken: Cancelled);
            Expect.equal((sweep.End, sweep.Points.Count, sweep.Steepest, sweep.TenthOfLeast), (LearningRateSweepEnd.Cancelled, 0, (double?)null, (double?)null), "sweep");
            Expect.stringContains(sweep.ToJson(), "\"cancelled\"", "JSON");
            Expect.equal(LearningRateSweep.FromJson(sweep.ToJson()), sweep, "read again");
        }),
        Spec.Test("what cannot work is refused, whether it is cancelled or not", async () =>
        {
            using var folder = new TemporaryFolder();
            var wrong = Tiny(folder).Dense(5).Dense(2);
            await AsyncExpect.ThrowsAsync<ArgumentException>(() => wrong.RunAsync(cancellationToken: Cancelled));
            await AsyncExpect.ThrowsAsync<ArgumentException>(() => wrong.Compare(Optimizers.Adam()).RunAsync(cancellationToken: Cancelled));
        }));

    private static Experiment Tiny(TemporaryFolder folder) =>
        TinyStudies.Experiment(folder.Within("data")).Order(Order.Shuffle).MaxSteps(8).ValidateEvery(2);

    private static Comparison Three(TemporaryFolder folder) =>
        Tiny(folder).Compare(Names.Select(name => new NamedRun(name, Optimizers.Sgd(0.1))));

    private sealed class Canceller(CancellationTokenSource source, int validations) : IProgress<StudyProgress>
    {
        private int _seen;

        public void Report(StudyProgress value)
        {
            if (value.Event == TrialEvent.Validated && Interlocked.Increment(ref _seen) == validations)
            {
                source.Cancel();
            }
        }
    }
}
