using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.Dog"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="InitialDistance">The distance to begin with, relative to 1 + ‖w₀‖, above 0.</param>
/// <param name="Epsilon">ε, where the sum begins, at least 0.</param>
public sealed record DogOptions(double LearningRate = 1, double InitialDistance = 1e-6, double Epsilon = 1e-8) : IRuleOptions<DogOptions>
{
    static CoreOptimizer IRuleOptions<DogOptions>.Change(CoreOptimizer optimizer, Func<DogOptions, DogOptions> change) =>
        RuleOptions.Change(
            CoreRules.dog,
            optimizer,
            change,
            h => new DogOptions(h.LearningRate, h.InitialDistance, h.Epsilon),
            o => new Core.Optimizers.Dog(o.LearningRate, o.InitialDistance, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Dowg"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Epsilon">ε, the squared distance to begin with, above 0.</param>
public sealed record DowgOptions(double Epsilon = 1e-4) : IRuleOptions<DowgOptions>
{
    static CoreOptimizer IRuleOptions<DowgOptions>.Change(CoreOptimizer optimizer, Func<DowgOptions, DowgOptions> change) =>
        RuleOptions.Change(
            CoreRules.dowg,
            optimizer,
            change,
            h => new DowgOptions(h.Epsilon),
            o => new Core.Optimizers.Dowg(o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.DAdaptAdam"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
/// <param name="InitialEstimate">The first estimate, above 0.</param>
public sealed record DAdaptAdamOptions(
    double LearningRate = 1,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    double InitialEstimate = 1e-6) : IRuleOptions<DAdaptAdamOptions>
{
    static CoreOptimizer IRuleOptions<DAdaptAdamOptions>.Change(CoreOptimizer optimizer, Func<DAdaptAdamOptions, DAdaptAdamOptions> change) =>
        RuleOptions.Change(
            CoreRules.dAdaptAdam,
            optimizer,
            change,
            h => new DAdaptAdamOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.WeightDecay, h.InitialEstimate),
            o => new Core.Optimizers.DAdaptAdam(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay, o.InitialEstimate));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Prodigy"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Beta3">β₃, of the estimate's sums; √β₂ if left out, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
/// <param name="InitialEstimate">The first estimate, above 0.</param>
/// <param name="Coefficient">A factor of new estimates, above 0.</param>
public sealed record ProdigyOptions(
    double LearningRate = 1,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double? Beta3 = null,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    double InitialEstimate = 1e-6,
    double Coefficient = 1) : IRuleOptions<ProdigyOptions>
{
    static CoreOptimizer IRuleOptions<ProdigyOptions>.Change(CoreOptimizer optimizer, Func<ProdigyOptions, ProdigyOptions> change) =>
        RuleOptions.Change(
            CoreRules.prodigy,
            optimizer,
            change,
            h => new ProdigyOptions(h.LearningRate, h.Beta1, h.Beta2, double.IsNaN(h.Beta3) ? null : h.Beta3, h.Epsilon, h.WeightDecay, h.InitialEstimate, h.Coefficient),
            o => new Core.Optimizers.Prodigy(o.LearningRate, o.Beta1, o.Beta2, o.Beta3 ?? double.NaN, o.Epsilon, o.WeightDecay, o.InitialEstimate, o.Coefficient));
}
