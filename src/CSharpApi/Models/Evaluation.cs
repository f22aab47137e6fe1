using CoreEvaluation = CuteDl.Core.Models.Evaluation;

namespace CuteDl;

/// <summary>The quality of a model on a data set.</summary>
public sealed class Evaluation
{
    private readonly CoreEvaluation _core;

    internal Evaluation(CoreEvaluation core)
    {
        _core = core;
        Confusion = core.Confusion is { } matrix ? new(matrix) : null;
    }

    /// <summary>The number of examples.</summary>
    public int Examples => _core.Examples;

    /// <summary>The mean of the model's loss over the examples.</summary>
    public double Loss => _core.Quality.Loss;

    /// <summary>The share of examples whose largest output is their class; NaN if the targets are numbers.</summary>
    public double Accuracy => _core.Quality.Accuracy;

    /// <summary>The answers by class; null if the targets are numbers.</summary>
    public ConfusionMatrix? Confusion { get; }

    /// <summary>
    /// R²: 1 − Σ (y − ŷ)² / Σ (y − mean y)², the mean over the targets of an example. A target that is constant is left out. NaN if all are,
    /// or if the targets are classes.
    /// </summary>
    public double RSquared => _core.Quality.RSquared;

    /// <summary>The mean of |y − ŷ|; NaN if the targets are classes.</summary>
    public double MeanAbsoluteError => _core.Quality.MeanAbsoluteError;

    /// <summary>One line: <c>10000 examples: loss 0.0912, accuracy 0.9731</c>.</summary>
    public override string ToString() => _core.ToString();
}
