using System.Text.Json;
using System.Text.RegularExpressions;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Experiments and comparisons as C# sees them, on MNIST.</summary>
internal static class ExperimentTests
{
    private static readonly Experiment Short = Mnist.DocumentExperiment().MaxSteps(100).ValidateEvery(50);
    private static readonly Experiment Random = Short.InitialWeights(InitialWeights.Normal());

    public static Test All { get; } = Spec.List("experiments",
        Spec.Test("a run reports progress and ends with its result", async () =>
        {
            var seen = new Recorder();
            var result = await Short.Optimizer(Optimizers.Adam()).RunAsync(seen);
            Expect.equal(result.Stop, StopReason.MaxSteps, "stop");
            Expect.sequenceEqual(result.History.Steps, [50L, 100L], "validations");
            Expect.equal(result.Steps, 100L, "steps");
            Expect.equal(result.Settings.InitialWeights, "reference", "the document's model begins at the reference weights");
            Expect.isTrue(seen.All.Count >= 3 && seen.All[^1].Result == result, "the last report has the result");
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
        Spec.Test("no result depends on how many runs go on at the same time", async () =>
        {
            var comparison = Random.Compare(Optimizers.Fixed(), Optimizers.Momentum(), Optimizers.Adam()).Seeds(2);
            var alone = await comparison.Parallel(1).RunAsync();
            var together = await comparison.Parallel(4).RunAsync();
            Expect.sequenceEqual(alone.Runs.Select(run => (run.Run, run.Seed)), together.Runs.Select(run => (run.Run, run.Seed)), "order");
            Expect.sequenceEqual(alone.Runs.SelectMany(run => run.History.ValLoss), together.Runs.SelectMany(run => run.History.ValLoss), "losses");
        }),
        Spec.Test("a run that diverges keeps its history and leaves the others alone", async () =>
        {
            var comparison = await Mnist.Experiment().Dense(10).MaxSteps(40).ValidateEvery(1)
                .Compare(Optimizers.Fixed(1e38), Optimizers.Fixed(0.01)).RunAsync();
            Expect.equal(comparison.Runs[0].Stop, StopReason.Diverged, "the first");
            Expect.isTrue(comparison.Runs[0].History.Count > 0, "its history");
            Expect.equal(comparison.Runs[1].Stop, StopReason.MaxSteps, "the second");
            Expect.equal(RunResult.FromJson(comparison.Runs[0].ToJson()).ToJson(), comparison.Runs[0].ToJson(), "NaN survives JSON");
        }),
        Spec.Test("a cancelled run ends soon, with what it had", async () =>
        {
            using var source = new CancellationTokenSource();
            var stopper = new Recorder { OnReport = report => { if (report.Step >= 50) { source.Cancel(); } } };
            var result = await Short.MaxSteps(1_000_000).RunAsync(stopper, source.Token);
            Expect.equal(result.Stop, StopReason.Cancelled, "stop");
            Expect.equal(result.Steps, 50L, "within one batch");
            Expect.equal(result.History.Count, 1, "its history");
        }),
        Spec.Test("a run that fails is named, and the others keep their results", async () =>
        {
            var trouble = new Recorder { OnReport = report => { if (report.Run == "bad") { throw new InvalidOperationException("trouble"); } } };
            var result = await Short.Compare([new NamedRun("bad", Optimizers.Adam()), new NamedRun("good", Optimizers.Adam())]).Parallel(1).RunAsync(trouble);
            Expect.equal(result.Runs.Single().Run, "good", "the result");
            Expect.equal(result.Failures.Single(), new RunFailure("bad", 0, "trouble"), "the failure");
        }),
        Spec.Test("the mean of the validation loss is over images, and over batches in the document's experiment", async () =>
        {
            Expect.equal((await Short.RunAsync()).Settings.ValidationMean, ValidationMean.Batches, "the document's");
            var experiment = Mnist.Experiment().Dense(10).MaxSteps(1);
            Expect.equal((await experiment.RunAsync()).Settings.ValidationMean, ValidationMean.Examples, "the default");
            Expect.equal((await experiment.ValidationMean(ValidationMean.Batches).RunAsync()).Settings.ValidationMean, ValidationMean.Batches, "as it is set");
        }),
        Spec.Test("a text that is no result is refused where it is read", async () =>
        {
            var json = (await Short.MaxSteps(2).RunAsync()).ToJson();
            foreach (var (name, from, to) in new[]
            {
                ("a number beyond double precision", "\"min_gain\": 0.001", "\"min_gain\": 1e999"),
                ("infinity for a setting", "\"min_gain\": 0.001", "\"min_gain\": \"Infinity\""),
                ("a text that is no number", "\"min_gain\": 0.001", "\"min_gain\": \"many\""),
                ("null for a text", "\"run\": \"fixed(lr=0.01)\"", "\"run\": null"),
                ("null for a record", "\"environment\": {", "\"environment\": null, \"other\": {"),
                ("columns of different lengths", "\"val_loss\": [", "\"val_loss\": [ 1,"),
                ("a checksum that is missing", "\"data_checksum\"", "\"another\""),
            })
            {
                Expect.isTrue(json.Contains(from, StringComparison.Ordinal), from);
                Spec.Throws<JsonException>(() => RunResult.FromJson(json.Replace(from, to, StringComparison.Ordinal)));
            }

            var inHistory = Regex.Replace(json, "(\"val_loss\": \\[\\s*)[^,\\]]+", "${1}1e999");
            Expect.notEqual(inHistory, json, "a changed loss");
            Spec.Throws<JsonException>(() => RunResult.FromJson(inHistory));
        }),
        Spec.Test("any serializer writes a result as ToJson does", async () =>
        {
            var result = await Mnist.Experiment().Dense(10).Optimizer(Optimizers.Fixed(1e38)).MaxSteps(9).ValidateEvery(1).RunAsync();
            var written = System.Text.Json.JsonSerializer.Serialize(result);
            Expect.equal(RunResult.FromJson(written).ToJson(), result.ToJson(), "through System.Text.Json");
            Expect.stringContains(written, "\"stop\":\"diverged\"", "names");
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
        Spec.Test("a comparison that is cancelled at once has no runs", async () =>
        {
            var result = await Short.Compare(Optimizers.Fixed()).RunAsync(null, new CancellationToken(canceled: true));
            Expect.equal(result.Runs.Count, 0, "runs");
        }),
        Spec.Test("a result goes through JSON unchanged, with the documented names", async () =>
        {
            var result = await Short.RunAsync();
            var json = result.ToJson();
            Expect.equal(RunResult.FromJson(json).ToJson(), json, "round trip");
            using var document = System.Text.Json.JsonDocument.Parse(json);
            string[] documented =
                ["schema", "run", "optimizer", "seed", "precision", "model", "steps", "stop", "history", "dead_logits", "seconds", "environment"];
            foreach (var name in documented)
            {
                Expect.isTrue(document.RootElement.TryGetProperty(name, out _), name);
            }

            Expect.equal(document.RootElement.GetProperty("stop").GetString(), "max-steps", "stop");
            var history = document.RootElement.GetProperty("history");
            Expect.sequenceEqual(history.EnumerateObject().Select(member => member.Name), ["steps", "loss", "val_loss", "val_accuracy"], "history");
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
            await Refused<ArgumentException>(() => Mnist.Experiment().RunAsync(), "dense layer");
            await Refused<ArgumentException>(() => Mnist.Experiment().Dense(9).RunAsync(), "10 classes");
            await Refused<InitialWeightsException>(() => Mnist.Experiment().Dense(11).InitialWeights(InitialWeights.Reference).RunAsync(), "784 × 11");
            await Refused<FileNotFoundException>(() => Short.InitialWeights(InitialWeights.FromFile("none.npz")).RunAsync(), "none.npz");
            Spec.Throws<ArgumentException>(() => Short.Compare());
            Spec.Throws<ArgumentException>(() => Short.Compare(Optimizers.Adam(), Optimizers.Adam()));
            Spec.Throws<ArgumentException>(() => Short.Compare(Optimizers.Adam(), null!));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Precision((Precision)7));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Order((Order)7));
            await Refused<ArgumentException>(() => Mnist.Experiment().Dense(6_000_000).Dense(10).RunAsync(), "parameters");
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Batch(0));
            Spec.Throws<ArgumentOutOfRangeException>(() => Short.Dropout(1));
        }),
        Spec.Test("hidden layers, dropout and another loss train", async () =>
        {
            var result = await Mnist.Experiment().Dense(32, Activation.Tanh).Dropout(0.2).Dense(10)
                .Loss(LossFunction.BinaryCrossEntropy).InitialWeights(InitialWeights.Glorot)
                .Optimizer(Optimizers.Adam(0.01)).Seed(3).MaxSteps(600).ValidateEvery(300).RunAsync();
            Expect.isTrue(result.History.ValAccuracy[^1] > 0.85, $"accuracy {result.History.ValAccuracy[^1]}");
            Expect.equal(result.Model, "784-32(tanh)-dropout(0.2)-10(linear) binary-cross-entropy", "model");
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

    private sealed class Recorder : IProgress<RunProgress>
    {
        public List<RunProgress> All { get; } = [];

        public Action<RunProgress> OnReport { get; init; } = _ => { };

        public void Report(RunProgress value)
        {
            All.Add(value);
            OnReport(value);
        }
    }
}
