using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Tests losses as C# programs use them.</summary>
internal static class LossTests
{
    private static readonly Loss Squares = Losses.Of("squares", (outputs, targets, gradient) =>
    {
        var sum = 0.0;
        for (var i = 0; i < outputs.Length; i++)
        {
            gradient[i] = outputs[i] - targets[i];
            sum += gradient[i] * gradient[i];
        }

        return sum / 2;
    });

    public static Test All { get; } = Spec.List("losses",
        Spec.Test("have their text forms, are equal if these are, and refuse wrong transitions", () =>
        {
            Expect.equal(Losses.Huber(0.5).ToString(), "huber(0.5)", "text");
            Expect.equal(Losses.Huber(), Losses.Huber(1), "default");
            Expect.notEqual(Losses.Huber(0.5), Losses.Huber(), "another transition");
            Expect.isFalse(Losses.MeanSquaredError.Equals(Squares), "another name");
            Expect.stringContains(Spec.Throws<ArgumentOutOfRangeException>(() => Losses.Huber(0)).Message, "must be in (0, ∞)", "transition");
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => Losses.Of("huber", (_, _, _) => 0)).Message, "The library has a loss huber already.", "name");
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => KindRegistry.Standard.Add(Losses.Huber())).Message, "huber(1) is not a loss of your own.", "registry");
        }),
        Spec.Test("of one's own train as those of the library", async () =>
        {
            var experiment = Mnist.Documented(model => model.Dense(10)).Precision(Precision.Double).Optimizer(Optimizers.Adam()).MaxSteps(40).ValidateEvery(20);
            var own = await experiment.Loss(Squares).RunAsync();
            var known = await experiment.Loss(Losses.MeanSquaredError).RunAsync();
            Expect.sequenceEqual(own.History.ValAccuracy, known.History.ValAccuracy, "accuracies");
            Expect.stringContains(own.ModelText, "10(linear) squares", "model");
        }),
        Spec.Test("of one's own take part in studies, which resume with a registry that has them", async () =>
        {
            using var folder = new TemporaryFolder();
            var study = Study.Named("own-loss")
                .Task("mnist", Mnist.Experiment().Dense(10).Batch(5_000).Loss(Squares), epochs: 1, accuracy: 0.5)
                .Optimizer(Optimizers.Adam(), space => space.LogUniform("lr", 0.01, 0.5))
                .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 0.01, 0.5))
                .Tuning(trials: 2)
                .Confirmation(seeds: 6, defaults: false);
            using (var source = new CancellationTokenSource())
            {
                await foreach (var _ in study.StreamAsync(folder.Path, cancellationToken: source.Token))
                {
                    break;
                }
            }

            var unknown = await AsyncExpect.ThrowsAsync<StudyFileException>(() => Study.ResumeAsync(folder.Path));
            Expect.stringContains(unknown.Message, "found \"squares\"", "message");
            var resumed = await Study.ResumeAsync(folder.Path, registry: KindRegistry.Standard.Add(Squares));
            Expect.isTrue(resumed.IsComplete, "complete");
        }));
}
