using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.Adam"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="Correction">Correct the means for their start at zero.</param>
/// <param name="Inside">ε within the root.</param>
public sealed record AdamOptions(
    double LearningRate = 1e-4,
    double Beta1 = 0.9,
    double Beta2 = 0.99,
    double Epsilon = 1e-8,
    bool Correction = true,
    bool Inside = false) : IRuleOptions<AdamOptions>
{
    static CoreOptimizer IRuleOptions<AdamOptions>.Change(CoreOptimizer optimizer, Func<AdamOptions, AdamOptions> change) =>
        RuleOptions.Change(
            CoreRules.adam,
            optimizer,
            change,
            h => new AdamOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.Correction, h.Inside),
            o => new Core.Optimizers.Adam(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.Correction, o.Inside));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.AdamW"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, times the rate, at least 0.</param>
public sealed record AdamWOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0.01) : IRuleOptions<AdamWOptions>
{
    static CoreOptimizer IRuleOptions<AdamWOptions>.Change(CoreOptimizer optimizer, Func<AdamWOptions, AdamWOptions> change) =>
        RuleOptions.Change(
            CoreRules.adamW,
            optimizer,
            change,
            h => new AdamWOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.WeightDecay),
            o => new Core.Optimizers.AdamW(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.AmsGrad"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
public sealed record AmsGradOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8) : IRuleOptions<AmsGradOptions>
{
    static CoreOptimizer IRuleOptions<AmsGradOptions>.Change(CoreOptimizer optimizer, Func<AmsGradOptions, AmsGradOptions> change) =>
        RuleOptions.Change(
            CoreRules.amsGrad,
            optimizer,
            change,
            h => new AmsGradOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon),
            o => new Core.Optimizers.AmsGrad(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.AdaMax"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the largest gradient, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
public sealed record AdaMaxOptions(
    double LearningRate = 0.002,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8) : IRuleOptions<AdaMaxOptions>
{
    static CoreOptimizer IRuleOptions<AdaMaxOptions>.Change(CoreOptimizer optimizer, Func<AdaMaxOptions, AdaMaxOptions> change) =>
        RuleOptions.Change(
            CoreRules.adaMax,
            optimizer,
            change,
            h => new AdaMaxOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon),
            o => new Core.Optimizers.AdaMax(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.NAdam"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="MomentumDecay">ψ, how fast the momentum goes to β₁, at least 0.</param>
/// <param name="Legacy">μ_t twice, as in PyTorch before version 2.</param>
public sealed record NAdamOptions(
    double LearningRate = 0.002,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double MomentumDecay = 0.004,
    bool Legacy = false) : IRuleOptions<NAdamOptions>
{
    static CoreOptimizer IRuleOptions<NAdamOptions>.Change(CoreOptimizer optimizer, Func<NAdamOptions, NAdamOptions> change) =>
        RuleOptions.Change(
            CoreRules.nAdam,
            optimizer,
            change,
            h => new NAdamOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.MomentumDecay, h.Legacy),
            o => new Core.Optimizers.NAdam(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.MomentumDecay, o.Legacy));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.RAdam"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
public sealed record RAdamOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8) : IRuleOptions<RAdamOptions>
{
    static CoreOptimizer IRuleOptions<RAdamOptions>.Change(CoreOptimizer optimizer, Func<RAdamOptions, RAdamOptions> change) =>
        RuleOptions.Change(
            CoreRules.rAdam,
            optimizer,
            change,
            h => new RAdamOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon),
            o => new Core.Optimizers.RAdam(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon));
}
