using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>The page of all optimizers, and that its settings learn.</summary>
internal static class OptimizerReferenceTests
{
    private const int Beginning = 120;

    public static Test All { get; } = Spec.List("reference of optimizers",
        Spec.Test("docs/optimizers.md is up to date", () =>
            Expect.equal(
                File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "optimizers.md")),
                OptimizerReference.ToMarkdown(),
                "write it anew: dotnet run -c Release --project bench -- optimizers docs/optimizers.md")),
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
            Expect.sequenceEqual(MeasuredRuns.All.Select(run => run.Rule), Optimizers.Rules.Select(rule => rule.Name), "rules");
            foreach (var run in MeasuredRuns.All)
            {
                Expect.contains(Rules(Optimizers.Parse(run.Optimizer)), run.Rule, run.Optimizer);
                Expect.isGreaterThan(run.Accuracy, MeasuredRuns.Target, run.Optimizer);
            }
        }),
        Spec.List("learns MNIST within 120 steps:", MeasuredRuns.All.Select(run => Spec.Test(run.Rule, async () =>
        {
            var experiment = MeasuredRuns.Experiment().Optimizer(Optimizers.Parse(run.Optimizer)).MaxSteps(Beginning).ValidateEvery(Beginning);
            var result = await experiment.RunAsync().ConfigureAwait(false);
            Expect.isLessThan(result.History.ValLoss.Single(), Math.Log(10), $"{result.Optimizer}: the loss is not below that of ten equal outputs");
        }))),
        // Each ends as soon as it may.
        Spec.List("passes 95 % on MNIST within five epochs:", MeasuredRuns.All.Select(run => Spec.Long(run.Rule, "It trains for up to 4,690 steps.", async () =>
        {
            var result = await MeasuredRuns.Experiment().Optimizer(Optimizers.Parse(run.Optimizer)).StopAtTarget(MeasuredRuns.Target, 1).RunAsync().ConfigureAwait(false);
            Expect.isGreaterThan(result.History.ValAccuracy.LastOrDefault(), MeasuredRuns.Target, $"{result.Optimizer}: {result.Stop} after {result.Steps} steps");
        }))));

    private static IEnumerable<string> Rules(Optimizer optimizer) =>
        optimizer.Groups.Count > 0 ? optimizer.Groups.SelectMany(group => Rules(group.Optimizer))
        : optimizer.Parts.Count > 1 ? optimizer.Parts.SelectMany(Rules)
        : [optimizer.Rule.Name];
}
