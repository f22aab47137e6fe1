using System.Diagnostics;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>A search method: how the settings of a study are selected from a search space.</summary>
public sealed class StudySearch
{
    private StudySearch(Search core) => Core = core;

    /// <summary>Evenly spaced values, ends included, for a single hyper-parameter with a range.</summary>
    public static StudySearch Grid { get; } = new(Search.Grid);

    /// <summary>The quasi-random sequence of Sobol (1967), scrambled by the seed.</summary>
    public static StudySearch Sobol { get; } = new(Search.Sobol);

    /// <summary>The quasi-random sequence of Halton (1960), shifted by the seed.</summary>
    public static StudySearch Halton { get; } = new(Search.Halton);

    internal Search Core { get; }

    /// <summary>A method of one's own. A study file names it, and can be read with a registry that has it.</summary>
    /// <param name="sampler">The method.</param>
    /// <exception cref="ArgumentException">The name is not valid, or belongs to a method of the library.</exception>
    public static StudySearch Of(ISampler sampler)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        _ = StudyRegistry.Standard.Add(sampler);
        return new(Search.NewSampler(sampler));
    }

    /// <summary>Returns the name in study files: <c>sobol</c>.</summary>
    public override string ToString() => Core.ToString();
}

/// <summary>What makes one setting of a study better than another.</summary>
public enum StudyObjective
{
    /// <summary>Fewer steps to the target; of those that do not reach it, the better best validation.</summary>
    TimeToTarget,

    /// <summary>The better last validation.</summary>
    FinalScore,
}

/// <summary>Ending a study's trials early that promise little. A decision about a trial looks at those before it, and at no clock.</summary>
public sealed class StudyPruning
{
    private StudyPruning(Pruning core) => Core = core;

    /// <summary>Every trial uses its whole budget.</summary>
    public static StudyPruning None { get; } = new(Pruning.NoPruning);

    internal Pruning Core { get; }

    /// <summary>One line: <c>none</c>, <c>median, after 4 trials</c>, <c>successive halving by 3</c> or the name of a rule of one's own.</summary>
    public override string ToString() =>
        Core switch
        {
            Pruning.Median median => $"median, after {median.warmUp} trials",
            Pruning.SuccessiveHalving halving => $"successive halving by {halving.eta}",
            Pruning.PruningRule own => own.Item.Name,
            { IsNoPruning: true } => "none",
            _ => throw new UnreachableException(),
        };

    /// <summary>A trial ends whose best validation is below the median of the means of those before it at the same step (Golovin et al. 2017).</summary>
    /// <param name="warmUp">So many trials always go on, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public static StudyPruning Median(int warmUp = StudyDefaults.WarmUp) => Allowed(Pruning.NewMedian(warmUp));

    /// <summary>After budget/η, budget/η², ... steps, a trial continues if it is among the best 1/η of itself and the trials before it (Li et al. 2020).</summary>
    /// <param name="eta">η, at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 2.</exception>
    public static StudyPruning SuccessiveHalving(int eta = StudyDefaults.Eta) => Allowed(Pruning.NewSuccessiveHalving(eta));

    /// <summary>A rule of one's own. A study file names it, and can be read with a registry that has it.</summary>
    /// <param name="rule">The rule.</param>
    /// <exception cref="ArgumentException">The name is not valid, or belongs to a rule of the library.</exception>
    public static StudyPruning Of(IPruningRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        _ = StudyRegistry.Standard.Add(rule);
        return new(Pruning.NewPruningRule(rule));
    }

    private static StudyPruning Allowed(Pruning pruning)
    {
        StudyRules.require("pruning", TuningFormat.pruning(StudyRegistry.Standard), pruning);
        return new(pruning);
    }
}
