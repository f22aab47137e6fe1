using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.AdaBelief"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared surprises, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
public sealed record AdaBeliefOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-16) : IRuleOptions<AdaBeliefOptions>
{
    static CoreOptimizer IRuleOptions<AdaBeliefOptions>.Change(CoreOptimizer optimizer, Func<AdaBeliefOptions, AdaBeliefOptions> change) =>
        RuleOptions.Change(
            CoreRules.adaBelief,
            optimizer,
            change,
            h => new AdaBeliefOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon),
            o => new Core.Optimizers.AdaBelief(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Yogi"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="Initial">The mean of squares at the start, at least 0.</param>
/// <param name="Correction">Correct both means as Adam does.</param>
public sealed record YogiOptions(
    double LearningRate = 0.01,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 0.001,
    double Initial = 1e-6,
    bool Correction = false) : IRuleOptions<YogiOptions>
{
    static CoreOptimizer IRuleOptions<YogiOptions>.Change(CoreOptimizer optimizer, Func<YogiOptions, YogiOptions> change) =>
        RuleOptions.Change(
            CoreRules.yogi,
            optimizer,
            change,
            h => new YogiOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.Initial, h.Correction),
            o => new Core.Optimizers.Yogi(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.Initial, o.Correction));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Adan"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of differences, in (0, 1).</param>
/// <param name="Beta3">β₃, of the mean of squares, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, proximal weight decay, at least 0.</param>
public sealed record AdanOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.98,
    double Beta2 = 0.92,
    double Beta3 = 0.99,
    double Epsilon = 1e-8,
    double WeightDecay = 0) : IRuleOptions<AdanOptions>
{
    static CoreOptimizer IRuleOptions<AdanOptions>.Change(CoreOptimizer optimizer, Func<AdanOptions, AdanOptions> change) =>
        RuleOptions.Change(
            CoreRules.adan,
            optimizer,
            change,
            h => new AdanOptions(h.LearningRate, h.Beta1, h.Beta2, h.Beta3, h.Epsilon, h.WeightDecay),
            o => new Core.Optimizers.Adan(o.LearningRate, o.Beta1, o.Beta2, o.Beta3, o.Epsilon, o.WeightDecay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.AdEmaMix"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Beta3">β₃, of the slow mean, in (0, 1).</param>
/// <param name="Mixing">α, the slow mean's weight, at least 0.</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
/// <param name="Warmup">Steps over which α and β₃ rise, at least 0.</param>
public sealed record AdEmaMixOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Beta3 = 0.9999,
    double Mixing = 5,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    long Warmup = 0) : IRuleOptions<AdEmaMixOptions>
{
    static CoreOptimizer IRuleOptions<AdEmaMixOptions>.Change(CoreOptimizer optimizer, Func<AdEmaMixOptions, AdEmaMixOptions> change) =>
        RuleOptions.Change(
            CoreRules.adEmaMix,
            optimizer,
            change,
            h => new AdEmaMixOptions(h.LearningRate, h.Beta1, h.Beta2, h.Beta3, h.Mixing, h.Epsilon, h.WeightDecay, h.Warmup),
            o => new Core.Optimizers.AdEmaMix(o.LearningRate, o.Beta1, o.Beta2, o.Beta3, o.Mixing, o.Epsilon, o.WeightDecay, o.Warmup));
}
