using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Experiments and comparisons as C# sees them, on MNIST.</summary>
internal static class ExperimentTests
{
    private static readonly Experiment Short = Mnist.Documented().MaxSteps(100).ValidateEvery(50);
    private static readonly Experiment Random = Short.InitialWeights(InitialWeights.Normal());

    public static Test All { get; } = Spec.List("experiments",
        Spec.Test("a run reports progress and ends with its result", async () =>
        {
            var seen = new Recorder();
            var result = await Short.Optimizer(Optimizers.Adam()).RunAsync(progress: seen);
            Expect.equal(result.Stop, StopReason.Completed, "stop");
            Expect.sequenceEqual(result.History.Steps, [50L, 100L], "validations");
            Expect.equal(result.Steps, 100L, "steps");
            Expect.equal(result.Settings.InitialWeights, "reference", "the document's model begins at the reference weights");
            Expect.sequenceEqual(seen.All.Where(report => report.Event == TrialEvent.Validated).Select(report => report.Newest!.Value.Loss), result.History.ValLoss, "each validation is reported");
            Expect.isTrue(seen.All[^1].Result?.Steps == 100, "the last report has the result");
            Expect.isTrue(seen.All.Zip(seen.All.Skip(1)).All(pair => pair.First.Step <= pair.Second.Step), "steps never go back");
        }),
        Spec.Test("builders are immutable", async () =>
        {
            var longer = Short.MaxSteps(150);
            Expect.equal((await Short.RunAsync()).Steps, 100L, "the old one");
            Expect.equal((await longer.RunAsync()).Steps, 150L, "the new one");
        }),
        Spec.Test("the same seed gives the same bits, another seed others", async () =>
        {
            var experiment = Random.Order(Order.Shuffle);
            var first = await experiment.Seed(1).RunAsync();
            var again = await experiment.Seed(1).RunAsync();
            var other = await experiment.Seed(2).RunAsync();
            Expect.sequenceEqual(first.History.ValLoss, again.History.ValLoss, "the same");
            Expect.notEqual(first.History.ValLoss[0], other.History.ValLoss[0], "another");
            Expect.equal(first.Settings.InitialWeights, "normal(0.01)", "a seed decides the weights");
        }),
        Spec.Test("a run that diverges keeps its history and leaves the others alone", async () =>
        {
            var comparison = await Mnist.Documented(model => model.Dense(10)).MaxSteps(40).ValidateEvery(1)
                .Compare(Optimizers.Fixed(1e38), Optimizers.Fixed(0.01)).RunAsync();
            Expect.equal(comparison.Runs[0].Stop, StopReason.Diverged, "the first");
            Expect.isTrue(comparison.Runs[0].History.Count > 0, "its history");
            Expect.equal(comparison.Runs[1].Stop, StopReason.Completed, "the second");
        }),
        Spec.Test("a cancelled run ends soon, with what it had", async () =>
        {
            using var source = new CancellationTokenSource();
            var stopper = new Recorder { OnReport = report => { if (report.Event == TrialEvent.Validated) { source.Cancel(); } } };
            var result = await Short.MaxSteps(1_000_000).RunAsync(progress: stopper, cancellationToken: source.Token);
            Expect.equal(result.Stop, StopReason.Cancelled, "stop");
            Expect.equal(result.Steps, 50L, "within one batch");
            Expect.equal(result.History.Count, 1, "its history");
        }),
        Spec.Test("the mean of the validation loss is over images, and over batches in the document's experiment", async () =>
        {
            Expect.equal((await Short.RunAsync()).Settings.ValidationMean, ValidationMean.Batches, "the document's");
            var experiment = Mnist.Experiment().Dense(10).MaxSteps(1);
            Expect.equal((await experiment.RunAsync()).Settings.ValidationMean, ValidationMean.Examples, "the default");
            Expect.equal((await experiment.ValidationMean(ValidationMean.Batches).RunAsync()).Settings.ValidationMean, ValidationMean.Batches, "as it is set");
        }),
        Spec.Test("a run is parsed by its documented name or as a text form", () =>
        {
            Expect.equal((Mnist.ParseRun("momentum").Name, Mnist.ParseRun("momentum").Optimizer), ("momentum", Optimizers.Momentum()), "documented");
            Expect.equal(Mnist.ParseRun("momentum(lr=0.1)").Optimizer, Optimizers.Momentum(0.1), "text form");
            Expect.stringContains(Spec.Throws<FormatException>(() => Mnist.ParseRun("adma")).Message, "Did you mean adam?", "neither");
        }),
        Spec.Test("seeds that change nothing are refused", async () =>
        {
            await Refused<ArgumentException>(() => Short.Compare(Optimizers.Adam()).Seeds(2).RunAsync(), "Every seed would give the same run.");
            Expect.equal((await Short.Dropout(0.1).Dense(10).InitialWeights(InitialWeights.He).Compare(Optimizers.Adam()).Seeds(2).RunAsync()).Runs.Count, 2, "others are not");
        }),
        Spec.Test("precision chooses the numbers", async () =>
        {
            var one = await Short.Precision(Precision.Single).RunAsync();
            var two = await Short.Precision(Precision.Double).RunAsync();
            Expect.notEqual(one.History.ValLoss[0], two.History.ValLoss[0], "bits");
            Expect.isTrue(Math.Abs(one.History.ValLoss[0] - two.History.ValLoss[0]) < 1e-5, "values");
        }),
        Spec.Test("what cannot work is refused before the first step", async () =>
        {
            await Refused<ArgumentException>(() => Mnist.Experiment().Epochs(1).RunAsync(), "dense layer");
            await Refused<ArgumentException>(() => Mnist.Experiment().Dense(9).Epochs(1).RunAsync(), "10 classes");
            await Refused<InitialWeightsException>(() => Mnist.Experiment().Dense(11).InitialWeights(InitialWeights.Reference).Epochs(1).RunAsync(), "784 × 11");
            await Refused<FileNotFoundException>(() => Short.InitialWeights(InitialWeights.FromFile("none.npz")).RunAsync(), "none.npz");
            Spec.Throws<ArgumentException>(() => Short.Compare());
            Spec.Throws<ArgumentException>(() => Short.Compare(Optimizers.Adam(), Optimizers.Adam()));
            Spec.Throws<ArgumentException>(() => Short.Compare(Optimizers.Adam(), null!));
            Spec.Throws<ArgumentException>(() => Short.Compare([new NamedRun(" ", Optimizers.Adam())]));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Precision((Precision)7));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Order((Order)7));
            await Refused<ArgumentException>(() => Mnist.Experiment().Dense(6_000_000).Dense(10).Epochs(1).RunAsync(), "parameters");
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Batch(0));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Dropout(1));
        }),
        Spec.Test("hidden layers, dropout and another loss train", async () =>
        {
            var result = await Mnist.Documented(model => model.Dense(32, Activation.Tanh).Dropout(0.2).Dense(10))
                .Loss(Losses.BinaryCrossEntropy).InitialWeights(InitialWeights.Glorot)
                .Optimizer(Optimizers.Adam(0.01)).Seed(3).MaxSteps(600).ValidateEvery(300).RunAsync();
            Expect.isTrue(result.History.ValAccuracy[^1] > 0.85, $"accuracy {result.History.ValAccuracy[^1]}");
            Expect.equal(result.ModelText, "784-32(tanh)-dropout(0.2)-10(linear) binary-cross-entropy", "model");
        }));

    private static async Task Refused<TError>(Func<Task> act, string expected)
        where TError : Exception
    {
        try
        {
            await act();
        }
        catch (TError error)
        {
            Expect.stringContains(error.Message, expected, "message");
            return;
        }

        Expect.isTrue(false, $"nothing was refused ({expected})");
    }

    private sealed class Recorder : IProgress<StudyProgress>
    {
        public List<StudyProgress> All { get; } = [];

        public Action<StudyProgress> OnReport { get; init; } = _ => { };

        public void Report(StudyProgress value)
        {
            All.Add(value);
            OnReport(value);
        }
    }
}
