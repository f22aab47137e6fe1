using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The settings with which rules learn MNIST.</summary>
internal static class OptimizerReferenceTests
{
    private const int Beginning = 120;
    private const double Target = 0.95;

    private static IEnumerable<(string Rule, LearnedSetting Setting)> Learned => Optimizers.Rules.Select(rule => (rule.Name, rule.Learns!));

    private static Experiment Experiment(LearnedSetting setting) =>
        Mnist.Documented(model => model.Dense(128, Activation.ReLU).Dense(10)).Order(Order.Shuffle).Epochs(5).Optimizer(Optimizers.Parse(setting.Optimizer));

    public static Test All { get; } = Spec.List("reference of optimizers",
        Spec.Test("docs/laws.md has every law that a rule is exempt from", () =>
        {
            var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "laws.md"));
            foreach (var law in Optimizers.Rules.Concat(Optimizers.Transformations).SelectMany(rule => rule.Exemptions).Select(exemption => exemption.Law).Distinct())
            {
                Expect.stringContains(page, $"\n| {law} | ", law);
            }
        }),
        Spec.Test("every rule has a setting, which has the rule in it", () =>
        {
            foreach (var (rule, setting) in Learned)
            {
                Expect.contains(Rules(Optimizers.Parse(setting.Optimizer)), rule, setting.Optimizer);
                Expect.isGreaterThan(setting.Accuracy, Target, setting.Optimizer);
            }
        }),
        Spec.List("learns MNIST within 120 steps:", Learned.Select(learned => Spec.Test(learned.Rule, async () =>
        {
            var result = await Experiment(learned.Setting).MaxSteps(Beginning).ValidateEvery(Beginning).RunAsync().ConfigureAwait(false);
            Expect.isLessThan(result.History.ValLoss.Single(), Math.Log(10), $"{result.Optimizer}: the loss is not below that of ten equal outputs");
        }))),
        Spec.Long("a convolutional network passes 98.5 % on MNIST within two epochs", "It trains for 938 steps of 0.2 s.", async () =>
        {
            // The problem 2c2d of DeepOBS (Schneider et al. 2019), with its batch size.
            const string Layers = "conv(32, size=5, padding=2, activation=relu) | max_pool(2) | conv(64, size=5, padding=2, activation=relu) | max_pool(2)"
                + " | flatten | dense(1024, activation=relu) | dense(10)";
            var result = await Mnist.Documented(model => model.Layers(Layers)).InitialWeights(InitialWeights.He).Order(Order.Shuffle).Batch(128)
                .Optimizer(Optimizers.Adam(0.001)).Epochs(2).RunAsync();
            Expect.equal(result.Steps, 938L, "two epochs");
            Expect.isGreaterThan(result.History.ValAccuracy.Max(), 0.985, "accuracy");
        }),
        // Each ends as soon as it may.
        Spec.List("passes 95 % on MNIST within five epochs:", Learned.Select(learned => Spec.Long(learned.Rule, "It trains for up to 4,690 steps.", async () =>
        {
            var result = await Experiment(learned.Setting).StopAtTarget(Target, 1).RunAsync().ConfigureAwait(false);
            Expect.isGreaterThan(result.History.ValAccuracy.LastOrDefault(), Target, $"{result.Optimizer}: {result.Stop} after {result.Steps} steps");
        }))));

    private static IEnumerable<string> Rules(Optimizer optimizer) =>
        optimizer.Groups.Count > 0 ? optimizer.Groups.SelectMany(group => Rules(group.Optimizer))
        : optimizer.Parts.Count > 1 ? optimizer.Parts.SelectMany(Rules)
        : [optimizer.Rule.Name];
}
