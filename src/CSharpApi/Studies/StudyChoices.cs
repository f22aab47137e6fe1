using System.Diagnostics;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>How the settings of a study are chosen.</summary>
public enum StudySearch
{
    /// <summary>Evenly spaced, ends included; for a single hyper-parameter with a range.</summary>
    Grid,

    /// <summary>The quasi-random sequence of Sobol (1967), scrambled by the seed.</summary>
    Sobol,

    /// <summary>The quasi-random sequence of Halton (1960), shifted by the seed.</summary>
    Halton,
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

    /// <summary>One line: <c>none</c>, <c>median, after 4 trials</c> or <c>successive halving by 3</c>.</summary>
    public override string ToString() =>
        Core switch
        {
            Pruning.Median median => $"median, after {median.warmUp} trials",
            Pruning.SuccessiveHalving halving => $"successive halving by {halving.eta}",
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

    private static StudyPruning Allowed(Pruning pruning)
    {
        StudyRules.require("pruning", TuningFormat.pruning, pruning);
        return new(pruning);
    }
}
