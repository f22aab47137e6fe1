using CuteDl.Studies;
using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;

namespace CuteDl.Tests;

/// <summary>Experiments on data of one's own, with the defaults that people expect.</summary>
internal static class GeneralExperimentTests
{
    // y = 3 x₀ − 2 x₁ with noise of deviation 0.1, and inputs far from 0. Without the noise, R² could be 1.
    private static readonly DataSet Plane = MakePlane();

    private static readonly DataSet Clusters = MakeClusters();

    private static readonly Experiment Regression = Experiment.On(Plane.Standardize()).Dense(1).Loss(Losses.MeanSquaredError).Optimizer(Optimizers.Adam(0.05));

    private static readonly Gen<Case> Cases =
        from hasClasses in Gen.Elements(false, true)
        from isStandardized in Gen.Elements(false, true)
        from examples in Gen.Choose(20, 400)
        from outputs in Gen.Choose(2, 3)
        from batch in Gen.Choose(3, 90)
        from precision in Gen.Elements(Precision.Single, Precision.Double)
        from seed in Gen.Choose(0, 1_000_000)
        select new Case(hasClasses, isStandardized, examples, outputs, batch, precision, seed);

    public static Test All { get; } = Spec.List("experiments on data",
        Spec.Test("defaults are He's weights, a new order, adam and a held-out tenth", async () =>
        {
            var result = await Experiment.On(Clusters).Dense(3).Epochs(2).RunAsync();
            Expect.equal(result.Optimizer, "adam(lr=0.001, beta1=0.9, beta2=0.999)", "optimizer");
            Expect.equal((result.Settings.InitialWeights, result.Settings.Order, result.Settings.Batch), ("he", Order.Shuffle, 64), "settings");
            Expect.equal((result.Settings.Patience, result.Settings.Target, result.Settings.EarlyStopping, result.Settings.StopAt), ((int?)null, (double?)null, (int?)null, (double?)null), "no stop rule");
            // 540 of 600 examples in batches of 64 are 9 steps.
            Expect.equal((result.Steps, result.Stop, result.Settings.ValidateEvery), (18L, StopReason.Completed, 9), "steps");
        }),
        Spec.Test("a number is learned from numbers", async () =>
        {
            var result = await Regression.Epochs(60).RunAsync();
            Expect.isLessThan(result.History.ValLoss[^1], 0.01, "half of the squared noise is 0.005");
            Expect.isTrue(double.IsNaN(result.History.ValAccuracy[^1]), "no accuracy");
            Expect.stringContains(result.ToString(), "validation loss 0.00", "text");
        }),
        Spec.Test("the trained model explains the test part up to the noise", async () =>
        {
            // The variance of the targets is 13/12, and that of the noise is 0.01: R² is at most about 0.991, and the mean |noise| is 0.08.
            var data = Plane.Split(0.7, 0.15, 0.15, seed: 2).Standardize();
            var result = await Experiment.On(data).Dense(1).Optimizer(Optimizers.Adam(0.05)).EarlyStopping(10).Epochs(200).RunAsync();
            var test = result.Model!.Evaluate(data, DataPart.Test);
            Expect.isTrue(test.RSquared is > 0.97 and < 0.997, $"{test}");
            Expect.isTrue(test.MeanAbsoluteError is > 0.06 and < 0.1, $"{test}");
            Expect.isTrue(Math.Abs(result.Model.Evaluate(data, DataPart.Validation).Loss - result.History.ValLoss.Min()) < 1e-6, "the best parameters");
        }),
        Spec.Property(
            "the last validation has the metrics of the model on the validation and the training part, bit for bit",
            Share.OneIn(4, "A case trains twice."),
            Prop.ForAll(Cases.ToArbitrary(), drawn =>
            {
                var data = drawn.Data();
                var experiment = Experiment.On(data).Dense(4, Activation.Tanh).Dense(drawn.Outputs).Batch(drawn.Batch).Precision(drawn.Precision).Seed(drawn.Seed).Epochs(2);
                var result = experiment.TrainingMetrics().RunAsync().GetAwaiter().GetResult();
                var history = result.History;
                var (ofValidation, ofTraining) = (result.Model!.Evaluate(data, DataPart.Validation), result.Model.Evaluate(data, DataPart.Training));
                Same([ofValidation.Loss, ofValidation.Accuracy, ofValidation.RSquared, ofValidation.MeanAbsoluteError], [history.ValLoss[^1], history.ValAccuracy[^1], history.ValRSquared[^1], history.ValMeanAbsoluteError[^1]], "validation");
                Same([ofTraining.Loss, ofTraining.Accuracy, ofTraining.RSquared, ofTraining.MeanAbsoluteError], [history.TrainLoss[^1], history.TrainAccuracy[^1], history.TrainRSquared[^1], history.TrainMeanAbsoluteError[^1]], "training");
                Expect.equal((double.IsNaN(history.ValAccuracy[^1]), double.IsNaN(history.ValRSquared[^1])), (!drawn.HasClasses, drawn.HasClasses), "metrics that apply");
                var without = experiment.RunAsync().GetAwaiter().GetResult().History;
                Same(history.ValLoss, without.ValLoss, "loss without training metrics");
                Same(history.ValRSquared, without.ValRSquared, "R² without training metrics");
                Expect.isTrue(without.TrainLoss.Concat(without.TrainAccuracy).Concat(without.TrainRSquared).Concat(without.TrainMeanAbsoluteError).All(double.IsNaN), "none by default");
                Expect.isTrue(new[] { history.ValRSquared, history.TrainAccuracy, without.TrainLoss }.All(column => column.Count == history.Count), "lengths");
            })),
        Spec.Test("each epoch has its R², in the history, in progress and in the text of the run", async () =>
        {
            var reports = new List<StudyProgress>();
            var data = Plane.Split(0.6, 0.2, 0.2, seed: 3).Standardize();
            var result = await Regression.Data(data).Epochs(30).RunAsync(progress: new Reports(reports));
            Expect.isTrue(result.History.ValRSquared[0] < 0.9 && result.History.ValRSquared[^1] is > 0.97 and < 1, "R² grows");
            Expect.isTrue(result.History.ValMeanAbsoluteError[^1] is > 0.06 and < 0.1, "the mean |noise|");
            var validated = reports.Where(report => report.Event == TrialEvent.Validated).ToList();
            Expect.sequenceEqual(validated.Select(report => report.Newest!.Value.RSquared), result.History.ValRSquared, "R² in progress");
            Expect.sequenceEqual(validated.Select(report => report.Newest!.Value.MeanAbsoluteError), result.History.ValMeanAbsoluteError, "error in progress");
            Expect.stringContains($"{result}", FormattableString.Invariant($", R² {result.History.ValRSquared[^1]:0.0000}"), "text");
            var test = result.Model!.Evaluate(data);
            Expect.equal((result.Test!.Value.RSquared, result.Test.Value.MeanAbsoluteError), (test.RSquared, test.MeanAbsoluteError), "test part");
        }),
        Spec.Test("metrics survive an interruption and a folder, with the bits of an uninterrupted run", async () =>
        {
            using var folder = new TemporaryFolder();
            foreach (var (name, experiment) in new[] { ("numbers", Regression), ("classes", Experiment.On(Clusters).Dense(3)) })
            {
                var measured = experiment.Epochs(6).TrainingMetrics();
                var whole = await measured.RunAsync();
                using var source = new CancellationTokenSource();
                var seen = 0;
                var stopper = new Reports([]) { OnReport = report => { if (report.Event == TrialEvent.Validated && ++seen == 3) { source.Cancel(); } } };
                var part = await measured.RunAsync(folder.Within(name), stopper, source.Token);
                Expect.equal(part.History.Count, 3, "interrupted");
                var resumed = (await Comparison.ResumeAsync(folder.Within(name), measured.Compare(new NamedRun[] { new(whole.Run, Optimizers.Parse(whole.Optimizer)) }))).Runs.Single();
                Expect.equal(resumed.History, whole.History, "history");
                Expect.equal(resumed.Test, whole.Test, "test");
                Same(part.History.TrainLoss, [.. whole.History.TrainLoss.Take(3)], "before the interruption");
            }
        }),
        Spec.Test("the loss follows from the targets", () =>
        {
            Expect.stringContains(Experiment.On(Plane).Dense(1).ToString(), "mean-squared-error", "numbers");
            Expect.stringContains(Experiment.On(Clusters).Dense(3).ToString(), "softmax-cross-entropy", "classes");
        }),
        Spec.Test("without epochs, the message says what to do", async () =>
        {
            var error = await AsyncExpect.ThrowsAsync<InvalidOperationException>(() => Regression.RunAsync());
            Expect.stringContains(error.Message, "Epochs(20)", "message");
            Spec.Throws<InvalidOperationException>(() => Regression.Compare(Optimizers.Adam()).ToStudy());
            Expect.equal((await Regression.MaxSteps(5).RunAsync()).Steps, 5L, "steps instead");
        }),
        Spec.Test("early stopping and targets end a run", async () =>
        {
            var early = await Regression.EarlyStopping(3).Epochs(5000).RunAsync();
            Expect.equal(early.Stop, StopReason.NoImprovement, "early stopping");
            var best = early.History.ValLoss.Index().MinBy(pair => pair.Item).Index;
            Expect.equal(early.History.Count - 1 - best, 3, "validations after the best");
            var reached = await Regression.StopAtLoss(0.05).Epochs(5000).RunAsync();
            Expect.equal(reached.Stop, StopReason.TargetHeld, "loss");
            Expect.isTrue(reached.History.ValLoss.SkipLast(1).All(loss => loss > 0.05) && reached.History.ValLoss[^1] <= 0.05, "the first loss");
            var accurate = await Experiment.On(Clusters).Dense(3).Optimizer(Optimizers.Adam(0.1)).StopAt(0.9).Epochs(5000).RunAsync();
            Expect.isTrue(accurate.History.ValAccuracy.SkipLast(1).All(accuracy => accuracy < 0.9) && accurate.History.ValAccuracy[^1] >= 0.9, "the first accuracy");
        }),
        Spec.Test("a given validation part is used, and the test part changes nothing", async () =>
        {
            var split = Plane.Split(0.6, 0.2, 0.2, seed: 3);
            var result = await Experiment.On(split).Dense(1).Epochs(2).RunAsync();
            // 360 of 600 examples in batches of 64 are 6 steps.
            Expect.equal(result.Steps, 12L, "steps");
            var other = Plane.Split(0.6, 0.4, seed: 3);
            Expect.notEqual((await Experiment.On(other).Dense(1).Epochs(2).RunAsync()).History.ValLoss[^1], result.History.ValLoss[^1], "another part");
        }),
        Spec.Test("the test part is scored once, at the end, with the parameters of the model", async () =>
        {
            var split = Plane.Split(0.6, 0.2, 0.2, seed: 3).Standardize();
            foreach (var experiment in new[] { Regression.Data(split).Epochs(3), Regression.Data(split).Epochs(5000).EarlyStopping(3) })
            {
                var result = await experiment.RunAsync();
                Expect.equal(result.Test!.Value.Loss, result.Model!.Evaluate(split, DataPart.Test).Loss, $"{result}");
            }

            Expect.isFalse((await Regression.Epochs(3).RunAsync()).Test.HasValue, "no test part");
            Expect.isFalse((await Mnist.Documented().MaxSteps(2).RunAsync()).Test.HasValue, "the test part is the validation part");
        }),
        Spec.Test("reports have the training loss and the learning rate in force", async () =>
        {
            var reports = new List<StudyProgress>();
            await Regression.Optimizer(Optimizers.Adam().Schedule("lr", Schedules.Linear(0.1, steps: 20))).MaxSteps(20).ValidateEvery(5).RunAsync(progress: new Reports(reports));
            var validated = reports.Where(report => report.Event == TrialEvent.Validated).ToList();
            Expect.sequenceEqual(validated.Select(report => Math.Round(report.LearningRates.Single().Value, 9)), [0.075, 0.05, 0.025, 0], "rates");
            Expect.isTrue(validated.All(report => double.IsFinite(report.TrainingLoss)), "losses");
            Expect.isTrue(double.IsNaN(reports[0].TrainingLoss), "before the first step");
        }),
        Spec.Test("MNIST's experiment validates on training images, the documented one on test images", async () =>
        {
            // 55,000 images in batches of 5,000.
            var held = await Mnist.Experiment().Dense(10).Batch(5_000).Epochs(1).RunAsync();
            Expect.equal(held.Steps, 11L, "held out");
            var documented = await Mnist.Documented().Batch(5_000).Epochs(1).RunAsync();
            Expect.equal(documented.Steps, 12L, "documented");
        }),
        Spec.Test("a run in a folder can be resumed, and a comparison has reports", async () =>
        {
            using var folder = new TemporaryFolder();
            var comparison = Regression.Epochs(3).Compare(Optimizers.Adam(), Optimizers.Sgd());
            var result = await comparison.RunAsync(folder.Within("run"));
            var resumed = await Comparison.ResumeAsync(folder.Within("run"), comparison);
            Expect.sequenceEqual(resumed.Runs.Select(run => run.History.ValLoss[^1]), result.Runs.Select(run => run.History.ValLoss[^1]), "losses");
            ComparisonReport.Write(result, folder.Within("run"));
            Expect.isTrue(File.Exists(Path.Combine(folder.Within("run"), "comparison.png")), "picture");
            var text = new ComparisonSummary(result).ToMarkdown();
            Expect.isFalse(text.Contains("accuracy", StringComparison.Ordinal), $"no accuracy of numbers: {text}");
            Expect.isFalse(new ComparisonSummary(result).ToJson().Contains("NaN", StringComparison.Ordinal), "no NaN");
        }),
        Spec.Test("outputs that are not the targets are refused", async () =>
        {
            var error = await AsyncExpect.ThrowsAsync<ArgumentException>(() => Experiment.On(Plane).Dense(2).Epochs(1).RunAsync());
            Expect.stringContains(error.Message, "The targets have 1 values each, and the last layer has 2 units", "numbers");
            error = await AsyncExpect.ThrowsAsync<ArgumentException>(() => Experiment.On(Clusters).Dense(2).Epochs(1).RunAsync());
            Expect.stringContains(error.Message, "3 classes", "classes");
        }),
        Spec.Test("a study tunes on numbers, with a loss as target", async () =>
        {
            var study = Regression.Study("plane", epochs: 4, loss: 0.5)
                .Optimizer(Optimizers.Adam(), space => space.LogUniform("lr", 0.01, 1))
                .Tuning(trials: 2).Confirmation(seeds: 2, defaults: false);
            var result = await study.RunAsync();
            Expect.isTrue(result.IsComplete, "complete");
            Expect.isTrue(result.Trials.All(trial => double.IsFinite(trial.Curve.Loss[^1])), "losses");
            Spec.Throws<ArgumentException>(() => Regression.Study("plane", epochs: 4));
        }));

    private static void Same(IReadOnlyList<double> expected, IReadOnlyList<double> found, string message) =>
        Expect.isTrue(expected.SequenceEqual(found), $"{message}: expected {string.Join(", ", expected)}, found {string.Join(", ", found)}");

    private sealed record Case(bool HasClasses, bool IsStandardized, int Examples, int Outputs, int Batch, Precision Precision, int Seed)
    {
        public DataSet Data()
        {
            var random = new Random(Seed);
            var inputs = Enumerable.Range(0, Examples).Select(_ => new[] { (float)random.NextDouble(), (float)random.NextDouble() }).ToList();
            var data = HasClasses
                ? DataSet.From(inputs.Select((input, i) => (input, i % Outputs)), "classes")
                : DataSet.From(inputs.Select(input => (input, Enumerable.Range(0, Outputs).Select(_ => input[0] + (float)random.NextDouble()).ToArray())), "numbers");
            var split = data.Split(0.6, 0.4, seed: Seed);
            return IsStandardized ? split.Standardize() : split;
        }
    }

    private static DataSet MakePlane()
    {
        var random = new Random(5);
        return DataSet.From(Enumerable.Range(0, 600).Select(_ =>
        {
            var (first, second) = (random.NextDouble(), random.NextDouble());
            var noise = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            return (new[] { 1000 + (50 * first), 0.001 * second }, new[] { (3 * first) - (2 * second) + (0.1 * noise) });
        }), "plane");
    }

    private static DataSet MakeClusters()
    {
        var random = new Random(7);
        return DataSet.From(Enumerable.Range(0, 600).Select(i => (new[] { (i % 3) + random.NextSingle(), (i % 3 == 1 ? 2 : 0) + random.NextSingle() }, i % 3)), "clusters");
    }

    private sealed class Reports(List<StudyProgress> reports) : IProgress<StudyProgress>
    {
        public Action<StudyProgress> OnReport { get; init; } = _ => { };

        public void Report(StudyProgress value)
        {
            lock (reports)
            {
                reports.Add(value);
            }

            OnReport(value);
        }
    }
}
