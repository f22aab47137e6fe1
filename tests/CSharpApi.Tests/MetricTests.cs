using CuteDl.Reports;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Metrics of one's own in studies from code and from files.</summary>
internal static class MetricTests
{
    private static readonly Study Bowl = Study.Named("Own metrics")
        .Quadratic("bowl", 60, 1e-3, dimensions: 3, condition: 10, validateEvery: 1)
        .Optimizer(Optimizers.Fixed(0.01), name: "slow")
        .Optimizer(Optimizers.Fixed(0.09), name: "fast")
        .Document(6)
        .Metrics(new StepsToTenth(), Metric.StepsToTarget, new HalfAtOnce());

    public static Test All { get; } = Spec.List("metrics",
        Spec.Test("a metric of one's own takes part in a study from code, and in its report", async () =>
        {
            using var folder = new TemporaryFolder();
            await CheckStudy(Bowl, folder.Path);
        }),
        Spec.Test("a metric of one's own takes part in a study from a file that is read with a registry", async () =>
        {
            using var folder = new TemporaryFolder();
            var registry = KindRegistry.Standard.Add(new StepsToTenth()).Add(new HalfAtOnce());
            Expect.equal(registry.Metrics.Select(metric => metric.Name).TakeLast(2).First(), "steps_to_tenth", "listed");
            File.WriteAllText(folder.Within("study.json"), Bowl.ToJson());
            var study = Study.Load(folder.Within("study.json"), registry);
            Expect.equal(study.ToJson(), Bowl.ToJson(), "there and back");
            await CheckStudy(study, folder.Within("report"));
            await study.RunAsync(folder.Within("run"));
            Expect.equal(StudyResult.Load(folder.Within("run"), registry: registry).Verdict.Count, (await study.RunAsync()).Verdict.Count, "read again");
            var message = Spec.Throws<StudyFileException>(() => Study.Load(folder.Within("study.json"))).Message;
            Expect.stringContains(message, "$.metrics[0]: \"steps_to_tenth\" is not allowed here.", "unknown without the registry");
            Expect.stringContains(message, "mean_accuracy", "known names");
        }),
        Spec.Test("names are checked where metrics are set", () =>
        {
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Bowl.Metrics()).Message, "at least one item", "none");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Bowl.Metrics(Metric.Success, Metric.Success)).Message, "distinct metrics", "twice");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Bowl.Metrics(new StepsToTenth(), new StepsToTenth())).Message, "a metric steps_to_tenth already", "two of one name");
            Expect.sequenceEqual(Study.Named("n").MetricNames, Metric.Defaults.Select(metric => metric.Name), "default");
        }));

    private static async Task CheckStudy(Study study, string folder)
    {
        Expect.sequenceEqual(study.MetricNames, ["steps_to_tenth", "steps_to_target", "half_at_once"], "names");
        var result = await study.RunAsync();
        var pair = result.Analysis.Comparisons[0];
        Expect.equal(pair.Metric.Name, "steps_to_tenth", "the first metric comes first");
        Expect.sequenceEqual(pair.SecondValues, result.Trials.Where(trial => trial.Trial.Contender == "fast").Select(StepsToTenth.Of), "values");
        Expect.equal(pair.Winner, "fast", "winner");
        StudyReport.Write(result, folder);
        string Read(string name) => File.ReadAllText(Path.Combine(folder, name));
        Expect.stringContains(Read("tables/comparisons.csv"), "bowl,half_at_once,slow,fast,6", "comparison");
        Expect.stringContains(Read("tables/summary.csv"), "steps_to_tenth_median,steps_to_tenth_median_low,steps_to_tenth_median_high", "columns of a time");
        Expect.stringContains(Read("tables/summary.md"), "steps to a loss of a tenth: the steps until the loss is at most a tenth.", "its meaning");
        Expect.stringContains(Read("report.html"), "steps to a loss of a tenth (below 1: the first is faster)", "figure of pairs");
        Expect.isTrue(File.Exists(Path.Combine(folder, "figures/profile-steps-to-tenth.svg")), "profile");
    }

    private sealed class StepsToTenth : IMetric
    {
        public string Name => "steps_to_tenth";

        public string Title => "steps to a loss of a tenth";

        public string Meaning => "the steps until the loss is at most a tenth";

        public MetricScale Scale => MetricScale.Time;

        public MetricRole Role => MetricRole.Primary;

        public bool AppliesTo(MetricScope trials) => true;

        public double? Value(StudyTask task, TrialResult result) => Of(result);

        public static double Of(TrialResult result)
        {
            var i = Array.FindIndex(result.Curve.Loss, loss => loss <= 0.1);
            return i < 0 ? double.PositiveInfinity : result.Curve.Steps[i];
        }
    }

    private sealed class HalfAtOnce : IMetric
    {
        public string Name => "half_at_once";

        public string Title => "half at once";

        public string Meaning => "1 if the second validation has at most half of the first loss";

        public MetricScale Scale => MetricScale.Outcome;

        public MetricRole Role => MetricRole.Secondary;

        public bool AppliesTo(MetricScope trials) => true;

        public double? Value(StudyTask task, TrialResult result) => result.Curve.Loss[1] <= 0.5 * result.Curve.Loss[0] ? 1 : 0;
    }
}
