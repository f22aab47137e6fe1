using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.Adagrad"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="Initial">The sum at the start, at least 0.</param>
/// <param name="RateDecay">The rate's fall, α / (1 + (t−1) · this), at least 0.</param>
/// <param name="Inside">ε within the root.</param>
public sealed record AdagradOptions(
    double LearningRate = 0.1,
    double Epsilon = 1e-6,
    double Initial = 0,
    double RateDecay = 0,
    bool Inside = false) : IRuleOptions<AdagradOptions>
{
    static CoreOptimizer IRuleOptions<AdagradOptions>.Change(CoreOptimizer optimizer, Func<AdagradOptions, AdagradOptions> change) =>
        RuleOptions.Change(
            CoreRules.adagrad,
            optimizer,
            change,
            h => new AdagradOptions(h.LearningRate, h.Epsilon, h.Initial, h.RateDecay, h.Inside),
            o => new Core.Optimizers.Adagrad(o.LearningRate, o.Epsilon, o.Initial, o.RateDecay, o.Inside));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.RmsProp"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Decay">γ, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="Centered">Divide by the deviation from the mean gradient.</param>
/// <param name="Momentum">μ, of a velocity; 0 is none, in [0, 1).</param>
/// <param name="Inside">ε within the root.</param>
public sealed record RmsPropOptions(
    double LearningRate = 1e-4,
    double Decay = 0.99,
    double Epsilon = 1e-6,
    bool Centered = false,
    double Momentum = 0,
    bool Inside = false) : IRuleOptions<RmsPropOptions>
{
    static CoreOptimizer IRuleOptions<RmsPropOptions>.Change(CoreOptimizer optimizer, Func<RmsPropOptions, RmsPropOptions> change) =>
        RuleOptions.Change(
            CoreRules.rmsProp,
            optimizer,
            change,
            h => new RmsPropOptions(h.LearningRate, h.Decay, h.Epsilon, h.Centered, h.Momentum, h.Inside),
            o => new Core.Optimizers.RmsProp(o.LearningRate, o.Decay, o.Epsilon, o.Centered, o.Momentum, o.Inside));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Adadelta"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Decay">γ, of both means of squares, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="DeltaEpsilon">ε of the deltas; the same as Epsilon if left out, at least 0.</param>
/// <param name="LearningRate">α, on top of all, at least 0.</param>
/// <param name="Inside">ε within the root.</param>
public sealed record AdadeltaOptions(
    double Decay = 0.99,
    double Epsilon = 1e-6,
    double? DeltaEpsilon = null,
    double LearningRate = 1,
    bool Inside = false) : IRuleOptions<AdadeltaOptions>
{
    static CoreOptimizer IRuleOptions<AdadeltaOptions>.Change(CoreOptimizer optimizer, Func<AdadeltaOptions, AdadeltaOptions> change) =>
        RuleOptions.Change(
            CoreRules.adadelta,
            optimizer,
            change,
            h => new AdadeltaOptions(h.Decay, h.Epsilon, double.IsNaN(h.DeltaEpsilon) ? null : h.DeltaEpsilon, h.LearningRate, h.Inside),
            o => new Core.Optimizers.Adadelta(o.Decay, o.Epsilon, o.DeltaEpsilon ?? double.NaN, o.LearningRate, o.Inside));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Adafactor"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Exponent">Of the decay, β = 1 − t^−this, at least 0.</param>
/// <param name="Epsilon1">ε₁, added to squared gradients, at least 0.</param>
/// <param name="Epsilon2">ε₂, the least size of a tensor, at least 0.</param>
/// <param name="Clip">The largest size of a step, above 0.</param>
public sealed record AdafactorOptions(
    double LearningRate = 0.01,
    double Exponent = 0.8,
    double Epsilon1 = 1e-30,
    double Epsilon2 = 0.001,
    double Clip = 1) : IRuleOptions<AdafactorOptions>
{
    static CoreOptimizer IRuleOptions<AdafactorOptions>.Change(CoreOptimizer optimizer, Func<AdafactorOptions, AdafactorOptions> change) =>
        RuleOptions.Change(
            CoreRules.adafactor,
            optimizer,
            change,
            h => new AdafactorOptions(h.LearningRate, h.Exponent, h.Epsilon1, h.Epsilon2, h.Clip),
            o => new Core.Optimizers.Adafactor(o.LearningRate, o.Exponent, o.Epsilon1, o.Epsilon2, o.Clip));
}
