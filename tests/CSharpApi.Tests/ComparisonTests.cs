using System.Text.Json.Nodes;
using CuteDl.Core.Optimizers;
using CuteDl.Reports;
using CuteDl.Samples;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Comparisons in folders: they are interrupted, resumed, refused and replayed like every study.</summary>
internal static class ComparisonTests
{
    // Each interruption: after how many validations, and with how many workers.
    private static readonly Gen<(int Validations, int Parallel)[]> Interruptions =
        from count in Gen.Choose(1, 4)
        from interruptions in (from validations in Gen.Choose(1, 30) from parallel in Gen.Choose(1, 3) select (validations, parallel)).ArrayOf(count)
        select interruptions;

    public static Test All { get; } = Spec.List("comparisons in folders",
        Spec.Property(
            "cancelled at any validations and resumed, they have the report and the trial files of an uninterrupted one, to the byte",
            Share.OneIn(10, "A case trains twelve runs."),
            Prop.ForAll(Interruptions.ToArbitrary(), interruptions =>
            {
                using var folder = new TemporaryFolder();
                var question = Question(folder);
                var whole = Wait(question.RunAsync(folder.Within("whole")));
                var resumed = Wait(Interrupted(question, folder.Within("parts"), interruptions));
                Expect.equal(WithoutTimes(resumed), WithoutTimes(whole), "results");
                Expect.equal(new ComparisonSummary(WithoutTimes(resumed)).ToMarkdown(), new ComparisonSummary(WithoutTimes(whole)).ToMarkdown(), "summary.md");
                Expect.equal(new ComparisonSummary(WithoutTimes(resumed)).ToJson(), new ComparisonSummary(WithoutTimes(whole)).ToJson(), "summary.json");
                Expect.sequenceEqual(TrialFiles(folder.Within("parts")), TrialFiles(folder.Within("whole")), "trial files");
            })),
        Spec.Test("the report has the promised files, and the picture of a resumed comparison has the same bytes", async () =>
        {
            using var folder = new TemporaryFolder();
            var question = Question(folder);
            foreach (var (name, interruptions) in new (string, (int, int)[])[] { ("whole", []), ("parts", [(3, 1), (20, 2)]) })
            {
                var result = await Interrupted(question, folder.Within(name), interruptions);
                Expect.equal(ComparisonReport.Write(result, folder.Within(name)), Path.Combine(folder.Within(name), "report.html"), "the first page");
                Expect.sequenceEqual(
                    Directory.GetFiles(folder.Within(name)).Select(path => Path.GetFileName(path)!).Where(file => !file.StartsWith("lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
                    ["comparison.png", "journal", "report.html", "study.json", "summary.json", "summary.md"],
                    "files");
                Expect.sequenceEqual(
                    Directory.GetFiles(Path.Combine(folder.Within(name), "figures")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal),
                    ["adam-seed-0.png", "adam-seed-1.png", "clip_norm-1-momentum-lr-0.1-decay-0.9-seed-0.png", "clip_norm-1-momentum-lr-0.1-decay-0.9-seed-1.png", "slow-seed-0.png", "slow-seed-1.png"],
                    "figures");
            }

            Expect.isTrue(File.ReadAllBytes(Path.Combine(folder.Within("parts"), "comparison.png")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(folder.Within("whole"), "comparison.png"))), "comparison.png");
        }),
        Spec.Test("a run is a comparison of one, in a folder too", async () =>
        {
            using var folder = new TemporaryFolder();
            var experiment = TinyStudies.Experiment(folder.Within("data")).MaxSteps(30).ValidateEvery(10).Optimizer(Optimizers.Adam(0.01), "mine");
            var inMemory = await experiment.RunAsync();
            using var source = new CancellationTokenSource();
            var cancelled = await experiment.RunAsync(folder.Within("run"), new Canceller(source, 2), source.Token);
            Expect.equal((cancelled.Stop, cancelled.Steps), (StopReason.Cancelled, 20L), "cancelled");
            Expect.sequenceEqual(cancelled.History.ValLoss, inMemory.History.ValLoss.Take(2), "its history");
            var resumed = await Comparison.ResumeAsync(folder.Within("run"));
            Expect.equal(WithoutTimes(resumed).Runs.Single(), inMemory with { Seconds = 0 }, "resumed");
            var file = Path.Combine(folder.Within("run"), "trials", "run", "data", "mine", "0", "0.json");
            var replayed = await Replays.TrialAsync(file);
            Expect.isTrue(replayed.IsBitEqual && replayed.Steps == 30, "replayed");
        }),
        Spec.Test("names that are no file names stay in the results, and have files of their own", async () =>
        {
            using var folder = new TemporaryFolder();
            string[] names = ["größe | 深", "../../a b", "a-b", "A-B", "a b", "-", new string('x', 300), "con.", "\u202Eetar"];
            var question = TinyStudies.Experiment(folder.Within("data")).MaxSteps(2).Compare(names.Select(name => new NamedRun(name, Optimizers.Adam())));
            var result = await question.RunAsync(folder.Within("here"));
            Expect.sequenceEqual(result.Runs.Select(run => run.Run), names, "names");
            Expect.equal(Directory.GetFiles(Path.Combine(folder.Within("here"), "trials", "run", "data"), "0.json", SearchOption.AllDirectories).Length, names.Length, "files");
            Expect.sequenceEqual((await Comparison.ResumeAsync(folder.Within("here"))).Runs.Select(run => run.Run), names, "resumed");
            ComparisonReport.Write(result, folder.Within("here"));
            Expect.equal(Directory.GetFiles(Path.Combine(folder.Within("here"), "figures")).Length, names.Length, "pictures");
        }),
        Spec.Test("a rule that throws an exception ends its own runs, which keep their validations", async () =>
        {
            using var folder = new TemporaryFolder();
            var question = TinyStudies.Experiment(folder.Within("data")).MaxSteps(30).ValidateEvery(10)
                .Compare([new NamedRun("faulty", Optimizers.Of(new Faulty())), new NamedRun("sound", Optimizers.Adam())]).Seeds(2);
            var result = await question.RunAsync(folder.Within("here"));
            foreach (var run in result.Runs)
            {
                var isFaulty = run.Run == "faulty";
                Expect.equal((run.Stop, run.Failure), isFaulty ? (StopReason.Failed, "trouble") : (StopReason.Completed, ""), $"{run}");
                Expect.equal(run.Exception?.Message, isFaulty ? "trouble" : null, "the exception");
                Expect.sequenceEqual(run.History.Steps, isFaulty ? [10L, 20L] : [10L, 20L, 30L], "validations");
            }

            Expect.stringContains(new ComparisonSummary(result).ToMarkdown(), "- faulty, seed 1, failed: trouble", "summary");
            Expect.equal(WithoutTimes(await Comparison.ResumeAsync(folder.Within("here"), question)), WithoutTimes(result), "they are not trained again");
            var file = Path.Combine(folder.Within("here"), "trials", "run", "data", "faulty", "0", "1.json");
            Expect.isTrue((await Replays.TrialAsync(file, registry: KindRegistry.Standard.Add<Faulty>())).IsBitEqual, "the same failure again");
        }),
        Spec.Test("a folder with other things, or with another comparison, is refused", async () =>
        {
            using var folder = new TemporaryFolder();
            var question = Question(folder);
            await question.RunAsync(folder.Within("here"));
            Expect.stringContains((await AsyncExpect.ThrowsAsync<StudyException>(() => question.RunAsync(folder.Within("here")))).Message, "already holds a study. Resume it", "again");
            Expect.stringContains((await AsyncExpect.ThrowsAsync<StudyException>(() => question.RunAsync(folder.Within("data")))).Message, "is not empty", "other files");
            Expect.stringContains((await AsyncExpect.ThrowsAsync<StudyException>(() => Comparison.ResumeAsync(folder.Within("data")))).Message, "holds no study", "nothing to resume");
            Expect.stringContains((await AsyncExpect.ThrowsAsync<StudyException>(() => Comparison.ResumeAsync(folder.Within("here"), question.Seeds(3)))).Message, "holds another study", "another");
            await TinyStudies.Zeros.RunAsync(folder.Within("study"));
            Expect.stringContains((await AsyncExpect.ThrowsAsync<StudyException>(() => Comparison.ResumeAsync(folder.Within("study")))).Message, "holds a study, not a comparison", "a study");
        }),
        Spec.Test("its study file gives the same results", async () =>
        {
            using var folder = new TemporaryFolder();
            var question = Question(folder);
            var again = await Study.Parse(question.ToStudy().ToJson()).RunAsync();
            Expect.equal(WithoutTimes(again.Comparison!), WithoutTimes(await question.RunAsync()), "results");
            Expect.equal((await TinyStudies.Zeros.RunAsync()).Comparison, null, "a study is no comparison");
        }),
        Spec.Test("any number of workers gives the same results, ordered by run and seed", async () =>
        {
            using var folder = new TemporaryFolder();
            var question = Question(folder);
            var alone = await question.RunAsync(options: new() { Parallel = 1 });
            Expect.equal(WithoutTimes(await question.RunAsync(options: new() { Parallel = 4 })), WithoutTimes(alone), "results");
            Expect.sequenceEqual(alone.Runs.Select(run => (run.Run, run.Seed)), question.RunNames.SelectMany(run => new[] { (run, 0), (run, 1) }), "order");
        }));

    private static Comparison Question(TemporaryFolder folder) =>
        TinyStudies.Experiment(folder.Within("data")).Order(Order.Shuffle).Epochs(4).ValidateEvery(4).TrainingMetrics()
            .Compare([new("slow", Optimizers.Fixed(0.01)), Mnist.ParseRun("adam"), Mnist.ParseRun("clip_norm(1) | momentum(lr=0.1)")])
            .Seeds(2);

    private static async Task<ComparisonResult> Interrupted(Comparison question, string folder, (int Validations, int Parallel)[] interruptions)
    {
        var isBegun = false;
        foreach (var (validations, parallel) in interruptions)
        {
            using var source = new CancellationTokenSource();
            var isFirst = !isBegun;
            var part = await Continue(new() { Parallel = parallel }, new Canceller(source, validations), source.Token);
            Expect.isTrue(!isFirst || part.Runs.Any(run => run is { Stop: StopReason.Cancelled, History.Count: > 0 }), "runs are cancelled under way");
        }

        return await Continue(new(), null, default);

        Task<ComparisonResult> Continue(StudyOptions options, Canceller? progress, CancellationToken cancellation)
        {
            var wasBegun = isBegun;
            isBegun = true;
            return wasBegun ? Comparison.ResumeAsync(folder, question, options, progress, cancellationToken: cancellation) : question.RunAsync(folder, options, progress, cancellation);
        }
    }

    private static ComparisonResult Wait(Task<ComparisonResult> task) => task.GetAwaiter().GetResult();

    // Seconds are the only results that are not repeatable.
    private static ComparisonResult WithoutTimes(ComparisonResult result) =>
        result with { Runs = [.. result.Runs.Select(run => run with { Seconds = 0 })], Folder = null };

    private static IEnumerable<string> TrialFiles(string folder) =>
        from path in Directory.GetFiles(Path.Combine(folder, "trials"), "*", SearchOption.AllDirectories)
        orderby path
        let content = Path.GetExtension(path) == ".json"
            ? WithoutTimes(JsonNode.Parse(File.ReadAllText(path))!).ToJsonString()
            : Convert.ToBase64String(File.ReadAllBytes(path))
        select Path.GetRelativePath(folder, path) + content;

    private static JsonNode WithoutTimes(JsonNode manifest)
    {
        var result = manifest["result"]!.AsObject();
        result.Remove("seconds");
        result.Remove("seconds_to_target");
        result["curve"]!.AsObject().Remove("seconds");
        return manifest;
    }

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

    private sealed record Faulty([property: Rate(0.1)] double LearningRate = 0.1) : IRule, IDescribed<Faulty>
    {
        static RuleDescription IDescribed<Faulty>.Description => RuleDescription.Own("faulty");

        public IReadOnlyList<string> Slots => ["average"];

        public bool NeedsParameters => false;

        public void Update<E>(long step, UpdateLoop<E> loop)
            where E : struct, Core.Numerics.IElement<E>
        {
            if (step > 25)
            {
                throw new InvalidOperationException("trouble");
            }

            loop.Run(new AveragedUpdate<E>(loop.Lift(LearningRate), loop.Decay(0.5)));
        }
    }
}
