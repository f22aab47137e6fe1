using System.Diagnostics.CodeAnalysis;
using CuteDl.Core.Optimizers;
using CuteDl.Studies;
using CoreLoss = CuteDl.Core.Networks.Loss;
using CoreSchedule = CuteDl.Core.Optimizers.Schedule;

namespace CuteDl;

/// <summary>
/// The rules, transformations and schedules that a text form can name, and the problems, search methods, pruning rules, protocols, metrics
/// and losses that a study file can name, as an immutable value.
/// Methods that read text use <see cref="Standard"/> unless another registry is given.
/// </summary>
public sealed class KindRegistry
{
    private KindRegistry(StudyRegistry study) => Study = study;

    /// <summary>The kinds of the library.</summary>
    public static KindRegistry Standard { get; } = new(StudyRegistry.Standard);

    internal StudyRegistry Study { get; }

    private Registry Core => Study.Rules;

    /// <summary>The rules and transformations: those of the library, then the others in the order in which they were added.</summary>
    public IReadOnlyList<Rule> Rules => [.. Core.Kinds.Select(kind => new Rule(kind))];

    /// <summary>The schedules of one's own, in the order in which they were added.</summary>
    public IReadOnlyList<Schedule> Schedules => [.. Core.Schedules.Select(schedule => new Schedule(CoreSchedule.NewOwn(schedule)))];

    /// <summary>The names of all problems that a study file can name: those of the library, then the others.</summary>
    public IReadOnlyList<string> ProblemNames => [.. Study.ProblemNames];

    /// <summary>The metrics that a study can name: those of the library, then the others in the order in which they were added.</summary>
    public IReadOnlyList<IMetric> Metrics => Study.Metrics;

    /// <summary>Returns a registry with one more rule or transformation; this registry does not change.</summary>
    /// <typeparam name="TRule">The record of the rule.</typeparam>
    /// <exception cref="ArgumentException">The registry has a rule or a schedule of this name, or the record does not describe a rule.</exception>
    public KindRegistry Add<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TRule>()
        where TRule : IPart, IDescribed<TRule>
    {
        var kind = RuleKind<TRule>.Of.Kind;
        try
        {
            return new(Study.WithRules(Core.Add(kind)));
        }
        catch (ArgumentException error)
        {
            // A caller of this method gives a type and no parameter.
            throw new ArgumentException(Refusal.sentence(error), error);
        }
    }

    /// <summary>Returns a registry with one more schedule; this registry does not change.</summary>
    /// <param name="schedule">A schedule of one's own, made by <see cref="CuteDl.Schedules.Of"/>.</param>
    /// <exception cref="ArgumentException">
    /// The registry has a schedule or a rule of this name, or the schedule is one of the library.
    /// </exception>
    public KindRegistry Add(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.Core is CoreSchedule.Own own
            ? new(Study.WithRules(Core.Add(own.schedule)))
            : throw new ArgumentException($"{Quotation.shorten(schedule.ToString())} is not a schedule of your own. Add schedules that Schedules.Of made; every registry reads those of the library.", nameof(schedule));
    }

    /// <summary>Returns a registry with one more problem; this registry does not change.</summary>
    /// <param name="problem">The problem. Study files name it by <c>"problem": NAME</c>.</param>
    /// <exception cref="ArgumentException">The registry has a problem of this name.</exception>
    public KindRegistry Add(Problem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return new(Study.Add(problem.Core));
    }

    /// <summary>Returns a registry with one more search method; this registry does not change.</summary>
    /// <param name="sampler">The method. Study files name it by <c>"search": NAME</c>.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the registry has a search method of this name.</exception>
    public KindRegistry Add(ISampler sampler)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        return new(Study.Add(sampler));
    }

    /// <summary>Returns a registry with one more pruning rule; this registry does not change.</summary>
    /// <param name="rule">The rule. Study files name it by <c>"pruning": NAME</c>.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the registry has a pruning rule of this name.</exception>
    public KindRegistry Add(IPruningRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return new(Study.Add(rule));
    }

    /// <summary>Returns a registry with one more protocol; this registry does not change.</summary>
    /// <param name="protocol">The protocol. Study files name it by <c>"protocol": NAME</c>.</param>
    /// <exception cref="ArgumentException">The registry has a protocol of this name.</exception>
    public KindRegistry Add(StudyProtocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return new(Study.Add(protocol.Core));
    }

    /// <summary>Returns a registry with one more metric; this registry does not change.</summary>
    /// <param name="metric">The metric. Study files name it in the list <c>metrics</c>.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the registry has a metric of this name.</exception>
    public KindRegistry Add(IMetric metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return new(Study.Add(metric));
    }

    /// <summary>Returns a registry with one more loss; this registry does not change.</summary>
    /// <param name="loss">A loss of one's own, made by <see cref="Losses.Of"/>. Study files name it by <c>"loss": NAME</c>.</param>
    /// <exception cref="ArgumentException">The registry has a loss of this name, or the loss is one of the library.</exception>
    public KindRegistry Add(Loss loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        return loss.Core is CoreLoss.Own own
            ? new(Study.Add(own.Item))
            : throw new ArgumentException($"{loss} is not a loss of your own. Add losses that Losses.Of made; every registry reads those of the library.", nameof(loss));
    }

    /// <summary>Returns a registry with one more trainer; this registry does not change.</summary>
    /// <param name="trainer">The trainer. Study files name it by <c>"problem": NAME</c>.</param>
    /// <exception cref="ArgumentException">The registry has a problem or a trainer of this name.</exception>
    public KindRegistry Add(Trainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return new(Study.Add(trainer.Core));
    }

    /// <summary>Returns the names of the rules: <c>fixed, momentum, adagrad and 47 more</c>.</summary>
    public override string ToString() => Quotation.list(Core.Kinds.Select(kind => kind.Name));

    internal static Registry CoreOf(KindRegistry? registry) => (registry ?? Standard).Core;

    internal static StudyRegistry StudyOf(KindRegistry? registry) => (registry ?? Standard).Study;
}
