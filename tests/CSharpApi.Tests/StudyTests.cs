using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Studies, replays and sweeps as C# programs see them.</summary>
internal static class StudyTests
{
    private static readonly Study Small = Study.Named("Two on a bowl")
        .Quadratic("bowl", steps: 200, loss: 0.001, dimensions: 4, condition: 10, validateEvery: 10)
        .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.001, 0.1))
        .Optimizer(Optimizers.Momentum(decay: 0.9), space => space.LogUniform("lr", 0.001, 0.1))
        .Tuning(trials: 4)
        .Confirmation(seeds: 6);

    private static readonly (string Name, string Expected, Action Make)[] Mistakes =
    [
        ("a name that is empty", "name", () => Study.Named(" ")),
        ("a task's name with a slash", "found \"a/b\"", () => Study.Named("x").Rosenbrock("a/b", 10, 1)),
        ("two tasks of one name", "The name 'a' is used already.", () => Study.Named("x").Rosenbrock("a", 10, 1).Rosenbrock("a", 10, 1)),
        ("two optimizers of one name", "The name 'adam' is used already.", () => Small.Optimizer(Optimizers.Adam()).Optimizer(Optimizers.Adam(0.1))),
        ("a hyper-parameter with several meanings", "clip_value.limit, clip_norm.limit", () => Small.Optimizer(Optimizers.Sgd().ClipValue().ClipNorm(), space => space.Uniform("limit", 1, 2), "other")),
        ("a hyper-parameter that is unknown, with the nearest", "decay", () => Small.Optimizer(Optimizers.Momentum(), space => space.Uniform("dekay", 0, 0.9), "other")),
        ("no steps", "steps", () => Study.Named("x").Rosenbrock("a", 0, 1)),
        ("a target above 1", "(0, 1]", () => Study.Named("x").Task("a", Mnist.Experiment().Dense(10), epochs: 1, accuracy: 91)),
        ("more validation images than there are", "60000", () => Study.Named("x").Task("a", Mnist.Experiment().Dense(10), 1, 0.9, validation: 60000)),
        ("given initial weights", "Use random ones", () => Study.Named("x").Task("a", Mnist.Documented(), 1, 0.9)),
        ("no settings to try", "trials", () => Small.Tuning(trials: 0)),
        ("a seed twice", "distinct seeds", () => Small.Tuning(seeds: [1, 1])),
        ("an alpha of 1", "Expected a number in (0, 1), found 1.", () => Small.Confirmation(alpha: 1)),
        ("looks that do not ascend", "10, 8", () => Small.Confirmation(looks: [10, 8])),
        ("a range upside down", "above the lower bound, 1", () => SearchSpace.Empty.LogUniform("lr", 1, 0.1)),
        ("a logarithm of 0", "above 0", () => SearchSpace.Empty.LogUniform("lr", 0, 0.1)),
        ("a distance of 0 to 1", "below 1", () => SearchSpace.Empty.LogUniformBelowOne("beta1", 0.9, 1)),
        ("a range above 1", "below 1", () => SearchSpace.Empty.LogUniformBelowOne("beta1", 1, 2)),
        ("a choice of nothing", "at least one value", () => SearchSpace.Empty.Choice("lr")),
        ("a hyper-parameter with two spaces", "a search space already", () => SearchSpace.Empty.Fixed("lr", 1).Fixed("lr", 2)),
        ("no workers", "greater than or equal to '1'", () => _ = new StudyOptions { Parallel = 0 }),
        ("rates of a frontier that do not ascend", "ascend", () => Small.Frontier([0.1, 0.01])),
        ("a name that no study file may have", "begins with a letter or digit", () => Study.Named("x").Rosenbrock("-a", 10, 1)),
        ("two names that a disk may take for one", "The name 'ADAM' is used already.", () => Small.Optimizer(Optimizers.Adam(), name: "adam").Optimizer(Optimizers.Adam(0.1), name: "ADAM")),
        ("fewer seeds at the last look than from the start", "at 8 seeds, but the study starts with 10.", () => Small.Confirmation(seeds: 10, looks: [6, 8])),
        ("a choice of one value twice", "each value once", () => SearchSpace.Empty.Choice("lr", 1, 1)),
    ];

    public static Test All { get; } = Spec.List("studies",
        Spec.List("are refused:", Mistakes.Select(mistake => Spec.Test(mistake.Name, () =>
            Expect.stringContains(Thrown(mistake.Make).Message, mistake.Expected, "message")))),
        Spec.Test("a task with default values is validated at each hundredth of its budget, and nothing is said against it", () =>
        {
            foreach (var epochs in new[] { 1, 10, 100 })
            {
                var study = Study.Named("x").Task("a", Mnist.Experiment().Dense(10), epochs, 0.9).Optimizer(Optimizers.Adam());
                Expect.stringContains(study.ToJson(), $"\"validate_every\": {epochs * 860 / 100}", "distance");
                Expect.isFalse(study.Check().Any(finding => finding.Code == "S015"), $"{epochs} epochs");
            }
        }),
        Spec.Test("what means nothing is not carried out", () =>
        {
            (string Expected, Study Study)[] cases =
            [
                ("The seeds 3 are used for both tuning and confirmation", Small.Tuning(trials: 4, seeds: [3])),
                ("Expected a list of optimizers with at least one item", Study.Named("x").Rosenbrock("a", 10, 1)),
            ];
            foreach (var (expected, study) in cases)
            {
                try
                {
                    study.RunAsync().GetAwaiter().GetResult();
                    throw new InvalidOperationException("nothing was thrown");
                }
                catch (StudyException error)
                {
                    Expect.stringContains(error.Message, expected, "message");
                }
            }
        }),
        Spec.Test("a validation behind the budget is one at its end, and the study can be read", () =>
        {
            var study = Study.Named("x").Rosenbrock("a", steps: 10, loss: 1, validateEvery: 100).Optimizer(Optimizers.Fixed());
            Expect.equal(Study.Parse(study.ToJson()).ToJson(), study.ToJson(), "text");
        }),
        Spec.Test("a task has the validation mean of its experiment", () =>
        {
            var study = Study.Named("x").Task("a", Mnist.Experiment().Dense(10).ValidationMean(ValidationMean.Batches), 1, 0.9).Optimizer(Optimizers.Fixed());
            Expect.stringContains(study.ToJson(), "\"validation_mean\": \"batches\"", "text");
            Expect.equal(Study.Parse(study.ToJson()).ToJson(), study.ToJson(), "read");
        }),
        Spec.Test("built step by step they are those of the file", () =>
        {
            var read = Study.Parse("""
                {
                  "schema": "cutedl/study/1",
                  "name": "Both",
                  "tasks": [
                    { "name": "mnist", "hidden": [32], "initial_weights": "he", "order": "shuffle", "batch": 128, "epochs": 2, "validate_every": 50, "target": { "accuracy": 0.9 } },
                    { "name": "bowl", "function": "quadratic", "dimensions": 4, "condition": 10, "steps": 200, "validate_every": 10, "target": { "loss": 0.001 } }
                  ],
                  "optimizers": [
                    { "optimizer": "fixed()", "space": { "lr": { "log_uniform": [0.001, 0.1] } } },
                    { "name": "heavy", "optimizer": "momentum(decay=0.9)", "space": { "lr": { "uniform": [0.001, 0.1] }, "decay": { "choice": [0.9, 0.99] } } }
                  ],
                  "tuning": { "search": "sobol", "trials": 8, "seeds": [1000, 1001], "objective": "final_score", "pruning": { "median": { "warm_up": 3 } }, "extensions": 2 },
                  "confirmation": { "seeds": 8, "alpha": 0.01, "equal_within": 1.1, "looks": [6, 8], "defaults": false },
                  "frontier": { "rates": [0.001, 0.01], "seeds": [2000, 2001] }
                }
                """);
            var built = Study.Named("Both")
                .Task("mnist", Mnist.Experiment().Dense(32, Activation.ReLU).Dense(10).InitialWeights(InitialWeights.He).Order(Order.Shuffle).Batch(128), epochs: 2, accuracy: 0.9, validateEvery: 50)
                .Quadratic("bowl", 200, 0.001, dimensions: 4, condition: 10, validateEvery: 10)
                .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.001, 0.1))
                .Optimizer(Optimizers.Momentum(decay: 0.9), space => space.Uniform("lr", 0.001, 0.1).Choice("decay", 0.9, 0.99), "heavy")
                .Tuning(8, StudySearch.Sobol, [1000, 1001], StudyObjective.FinalScore, StudyPruning.Median(3), extensions: 2)
                .Confirmation(8, alpha: 0.01, equalWithin: 1.1, looks: [6, 8], defaults: false)
                .Frontier([0.001, 0.01], [2000, 2001]);
            Expect.equal(built.ToJson(), read.ToJson(), "JSON");
            Expect.equal(Study.Parse(built.ToJson()).ToJson(), built.ToJson(), "there and back");
        }),
        Spec.Test("a search method and a pruning rule of a program's own are named in its file, and a registry reads it", () =>
        {
            var study = Study.Named("Own")
                .Quadratic("bowl", 100, 0.001, validateEvery: 1)
                .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.001, 0.1))
                .Tuning(4, StudySearch.Of(new Thirds()), pruning: StudyPruning.Of(new Never()))
                .Confirmation(1);
            var registry = KindRegistry.Standard.Add(new Thirds()).Add(new Never());
            Expect.equal(Study.Parse(study.ToJson(), registry).ToJson(), study.ToJson(), "there and back");
            Expect.stringContains(Spec.Throws<StudyFileException>(() => Study.Parse(study.ToJson())).Message, "sobol", "unknown without the registry");
        }),
        Spec.Test("the defaults of a program are those of a file", () =>
        {
            var read = Study.Parse("""
                {
                  "schema": "cutedl/study/1",
                  "name": "Defaults",
                  "tasks": [
                    { "name": "mnist", "target": { "accuracy": 0.9 } },
                    { "name": "bowl", "function": "quadratic", "target": { "loss": 0.001 } },
                    { "name": "valley", "function": "rosenbrock", "target": { "loss": 0.001 } },
                    { "name": "noise", "function": "noisy_quadratic", "target": { "loss": 0.001 } }
                  ],
                  "optimizers": [{ "optimizer": "adam()" }],
                  "frontier": {}
                }
                """);
            var built = Study.Named("Defaults")
                .Task("mnist", Mnist.Experiment().Dense(128, Activation.ReLU).Dense(10), epochs: 10, accuracy: 0.9)
                .Quadratic("bowl", steps: 1000, loss: 0.001)
                .Rosenbrock("valley", steps: 1000, loss: 0.001)
                .Function("noise", new NoisyQuadratic(dimensions: 10, condition: 100, batch: 1), steps: 1000, loss: 0.001)
                .Optimizer(Optimizers.Adam());
            Expect.equal(built.Frontier().ToJson(), read.ToJson(), "without calls");
            Expect.equal(built.Tuning().Confirmation().Frontier().ToJson(), read.ToJson(), "calls without arguments");
            Expect.stringContains(built.Document().ToJson(), "\"seeds\": 10", "the document's seeds are those of the default");
        }),
        Spec.Test("builders are immutable", () =>
        {
            var before = Small.ToJson();
            _ = Small.Optimizer(Optimizers.Adam()).Tuning(2).Confirmation(3).Quick();
            Expect.equal(Small.ToJson(), before, "the old one");
        }),
        Spec.Test("the document's protocol neither tunes nor confirms", () =>
        {
            var document = Small.Document(6);
            Expect.stringContains(Spec.Throws<InvalidOperationException>(() => document.Tuning()).Message, "document", "tuning");
            Expect.stringContains(Spec.Throws<InvalidOperationException>(() => document.Confirmation()).Message, "document", "confirmation");
        }),
        Spec.Test("carried out in memory and in a folder they come to the same, and the folder is read again", async () =>
        {
            using var folder = new TemporaryFolder();
            var inMemory = await Small.RunAsync(options: new() { Parallel = 1 });
            var inFolder = await Small.RunAsync(folder.Path, new() { Parallel = 3 });
            Expect.isTrue(inMemory.IsComplete && inFolder.IsComplete, "complete");
            Expect.sequenceEqual(Marks(inFolder), Marks(inMemory), "results");
            Expect.sequenceEqual(Marks(StudyResult.Load(folder.Path)), Marks(inMemory), "read again");
            Expect.isTrue(StudyResult.Load(folder.Path).Trials.SequenceEqual(inFolder.Trials), "trials are equal by content");
            Expect.isTrue(inMemory.Verdict.Count > 0, "verdict");
            var refused = await AsyncExpect.ThrowsAsync<StudyException>(() => Small.RunAsync(folder.Path));
            Expect.stringContains(refused.Message, "already holds a study", "the folder is taken");
        }),
        Spec.Test("results stream as trials finish; who stops listening ends the study, and it is resumed", async () =>
        {
            using var folder = new TemporaryFolder();
            var seen = new List<string>();
            var study = Small.Quadratic("long", steps: 20000, loss: 0.001, dimensions: 200, validateEvery: 100);
            await foreach (var result in study.StreamAsync(folder.Path, new() { Parallel = 1 }))
            {
                seen.Add(result.Trial.Id);
                if (seen.Count == 3)
                {
                    break;
                }
            }

            var left = StudyResult.Load(folder.Path);
            Expect.isTrue(!left.IsComplete && left.Trials.Count >= 3, $"{left.Trials.Count} trials");
            Expect.isTrue(seen.All(id => left.Trials.Any(trial => trial.Trial.Id == id)), "what was seen is kept");
            var resumed = await Study.ResumeAsync(folder.Path);
            Expect.sequenceEqual(Marks(resumed), Marks(await study.RunAsync()), "results");
            var all = new List<string>();
            await foreach (var result in study.StreamAsync())
            {
                all.Add(result.Trial.Id);
            }

            Expect.sequenceEqual(all.Order(StringComparer.Ordinal), resumed.Trials.Select(trial => trial.Trial.Id).Order(StringComparer.Ordinal), "all of them, each once");
        }),
        Spec.Test("cancelled, they give what there is, and go on from there bit for bit", async () =>
        {
            using var folder = new TemporaryFolder();
            using var source = new CancellationTokenSource();
            var cancelled = await Small.RunAsync(folder.Path, new() { Parallel = 2 }, new Listener(news => Cancel(news, source)), source.Token);
            Expect.isFalse(cancelled.IsComplete, "as far as it went");
            Expect.isTrue(cancelled.Trials.Count >= 5, "what was finished");
            var resumed = await Study.ResumeAsync(folder.Path, Small);
            Expect.isTrue(resumed.IsComplete, "complete");
            Expect.sequenceEqual(Marks(resumed), Marks(await Small.RunAsync()), "results");
            var other = await AsyncExpect.ThrowsAsync<StudyException>(() => Study.ResumeAsync(folder.Path, Small.Tuning(3)));
            Expect.stringContains(other.Message, "$.tuning.trials: 4 and 3", "another study is refused");
        }),
        Spec.Test("a trial is replayed from its file, and with the study at hand", async () =>
        {
            using var folder = new TemporaryFolder();
            await Small.RunAsync(folder.Path);
            var file = Path.Combine(folder.Path, "trials", "confirmation", "bowl", "momentum", "0", "4.json");
            var replayed = await Replays.TrialAsync(file);
            Expect.isTrue(replayed.IsBitEqual, "bit-equal");
            Expect.equal(replayed.Steps, 200L, "steps");
            Expect.isTrue((await Replays.TrialAsync(file, study: Small)).IsBitEqual, "with the study");
        }),
        Spec.Test("a sweep over learning rates changes nothing, suggests a rate, and is repeatable", async () =>
        {
            var experiment = Mnist.Documented(model => model.Dense(10)).InitialWeights(InitialWeights.He).Optimizer(Optimizers.Momentum(decay: 0.9)).MaxSteps(40).ValidateEvery(20);
            var before = await experiment.RunAsync();
            var options = new LearningRateSweepOptions { Low = 1e-5, High = 100, Steps = 80 };
            var sweep = await experiment.FindLearningRateAsync(options);
            var again = await experiment.FindLearningRateAsync(options);
            Expect.equal(sweep.ToJson(), again.ToJson(), "repeatable");
            Expect.sequenceEqual((await experiment.RunAsync()).History.ValLoss, before.History.ValLoss, "nothing is changed");
            Expect.isTrue(sweep.Steepest is > 1e-5 and < 100 && sweep.TenthOfLeast is > 1e-6 and < 10, $"{sweep.Steepest}, {sweep.TenthOfLeast}");
            Expect.isTrue(sweep.Points.Zip(sweep.Points.Skip(1)).All(pair => pair.First.Rate < pair.Second.Rate), "rates ascend");
            Expect.equal(sweep.Points[0].Rate, 1e-5, "the first");
            var wrong = await AsyncExpect.ThrowsAsync<ArgumentException>(() => experiment.FindLearningRateAsync(options with { Argument = "rate" }));
            Expect.stringContains(wrong.Message, "rate", "an unknown hyper-parameter");
        }));

    // All of a trial's results but the seconds.
    private static IEnumerable<string> Marks(StudyResult result) =>
        result.Trials.Select(trial => $"{trial.Trial.Id} {trial.Trial.Optimizer} {trial.Ending} {trial.Steps} {trial.StepsToTarget:R} {trial.Parameters:x} {Convert.ToHexString([.. trial.Fingerprint.SelectMany(BitConverter.GetBytes)])}");

    // Of ArgumentException's kind.
    private static ArgumentException Thrown(Action act)
    {
        try
        {
            act();
        }
        catch (ArgumentException error)
        {
            return error;
        }

        throw new AssertException("nothing was thrown.");
    }

    private static void Cancel(StudyProgress news, CancellationTokenSource source)
    {
        if (news.Finished >= 5)
        {
            source.Cancel();
        }
    }

    private sealed class Thirds : ISampler
    {
        public string Name => "thirds";

        public int MaxDimensions => 1;

        public double[] Point(ulong key, int dimensions, int index) => [index % 3 / 2.0];
    }

    private sealed class Never : IPruningRule
    {
        public string Name => "never";

        public IEnumerable<long> Rungs(long steps, int validateEvery) => [];

        public double Threshold(long step, ValidationScore[][] earlier, int position) => double.NegativeInfinity;
    }

    private sealed class Listener(Action<StudyProgress> listen) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value) => listen(value);
    }
}
