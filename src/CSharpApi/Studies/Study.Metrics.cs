using CuteDl.Studies;
using Microsoft.FSharp.Collections;

namespace CuteDl;

public sealed partial class Study
{
    /// <summary>The names of the metrics, in the order of tables.</summary>
    public IReadOnlyList<string> MetricNames => [.. Core.Metrics.Select(metric => metric.Name)];

    /// <summary>
    /// Sets the metrics of tables and comparisons, in their order. Default: <see cref="Metric.Defaults"/>. Each metric has an error rate of
    /// its own, so a further metric does not change the results of the others.
    /// </summary>
    /// <param name="metrics">
    /// The metrics, at least one, each once: members of <see cref="Metric"/>, and metrics of one's own. A file with one of one's own is read
    /// with a registry that has it.
    /// </param>
    /// <exception cref="ArgumentException">There is no metric, a name is not valid, or two metrics have the same name.</exception>
    public Study Metrics(params IEnumerable<IMetric> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        var list = ListModule.OfSeq(metrics);
        return StudyRules.metrics(list) is { IsEmpty: false } problems
            ? throw new ArgumentException(problems.Head, nameof(metrics))
            : new(new StudyDesign(Core.Name, Core.Tasks, Core.Contenders, Core.Protocol, list));
    }
}
