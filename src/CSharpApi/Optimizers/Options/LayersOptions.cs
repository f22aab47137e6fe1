using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.ScheduleFreeSgd"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta">β, where between z and x, in [0, 1).</param>
/// <param name="Warmup">Steps over which the rate rises, at least 0.</param>
public sealed record ScheduleFreeSgdOptions(double LearningRate = 1, double Beta = 0.9, long Warmup = 0) : IRuleOptions<ScheduleFreeSgdOptions>
{
    static CoreOptimizer IRuleOptions<ScheduleFreeSgdOptions>.Change(CoreOptimizer optimizer, Func<ScheduleFreeSgdOptions, ScheduleFreeSgdOptions> change) =>
        RuleOptions.Change(
            CoreRules.scheduleFreeSgd,
            optimizer,
            change,
            h => new ScheduleFreeSgdOptions(h.LearningRate, h.Beta, h.Warmup),
            o => new Core.Optimizers.ScheduleFreeSgd(o.LearningRate, o.Beta, o.Warmup));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.ScheduleFreeAdamW"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, where between z and x, in [0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squares, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decay of y, at least 0.</param>
/// <param name="Warmup">Steps over which the rate rises, at least 0.</param>
public sealed record ScheduleFreeAdamWOptions(
    double LearningRate = 0.0025,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    long Warmup = 0) : IRuleOptions<ScheduleFreeAdamWOptions>
{
    static CoreOptimizer IRuleOptions<ScheduleFreeAdamWOptions>.Change(CoreOptimizer optimizer, Func<ScheduleFreeAdamWOptions, ScheduleFreeAdamWOptions> change) =>
        RuleOptions.Change(
            CoreRules.scheduleFreeAdamW,
            optimizer,
            change,
            h => new ScheduleFreeAdamWOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.WeightDecay, h.Warmup),
            o => new Core.Optimizers.ScheduleFreeAdamW(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay, o.Warmup));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Lars"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Momentum">μ, what the velocity keeps, in [0, 1).</param>
/// <param name="WeightDecay">λ, L2, at least 0.</param>
/// <param name="Trust">The trust coefficient, above 0.</param>
/// <param name="Epsilon">ε, added to the norms, at least 0.</param>
public sealed record LarsOptions(
    double LearningRate = 0.01,
    double Momentum = 0.9,
    double WeightDecay = 0,
    double Trust = 0.001,
    double Epsilon = 0) : IRuleOptions<LarsOptions>
{
    static CoreOptimizer IRuleOptions<LarsOptions>.Change(CoreOptimizer optimizer, Func<LarsOptions, LarsOptions> change) =>
        RuleOptions.Change(
            CoreRules.lars,
            optimizer,
            change,
            h => new LarsOptions(h.LearningRate, h.Momentum, h.WeightDecay, h.Trust, h.Epsilon),
            o => new Core.Optimizers.Lars(o.LearningRate, o.Momentum, o.WeightDecay, o.Trust, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Lamb"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean of gradients, in (0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
public sealed record LambOptions(
    double LearningRate = 0.001,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-6,
    double WeightDecay = 0) : IRuleOptions<LambOptions>
{
    static CoreOptimizer IRuleOptions<LambOptions>.Change(CoreOptimizer optimizer, Func<LambOptions, LambOptions> change) =>
        RuleOptions.Change(
            CoreRules.lamb,
            optimizer,
            change,
            h => new LambOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.WeightDecay),
            o => new Core.Optimizers.Lamb(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.NovoGrad"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, what the velocity keeps, in [0, 1).</param>
/// <param name="Beta2">β₂, of the mean of squared norms, in [0, 1).</param>
/// <param name="Epsilon">ε, added to the root, at least 0.</param>
/// <param name="WeightDecay">λ, weight decay within the velocity, at least 0.</param>
public sealed record NovoGradOptions(
    double LearningRate = 0.01,
    double Beta1 = 0.95,
    double Beta2 = 0.98,
    double Epsilon = 1e-8,
    double WeightDecay = 0) : IRuleOptions<NovoGradOptions>
{
    static CoreOptimizer IRuleOptions<NovoGradOptions>.Change(CoreOptimizer optimizer, Func<NovoGradOptions, NovoGradOptions> change) =>
        RuleOptions.Change(
            CoreRules.novoGrad,
            optimizer,
            change,
            h => new NovoGradOptions(h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, h.WeightDecay),
            o => new Core.Optimizers.NovoGrad(o.LearningRate, o.Beta1, o.Beta2, o.Epsilon, o.WeightDecay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Muon"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Momentum">μ, of the mean of gradients, in [0, 1).</param>
/// <param name="Nesterov">Look one step ahead.</param>
/// <param name="Iterations">Of Newton and Schulz, at least 1.</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
public sealed record MuonOptions(
    double LearningRate = 0.02,
    double Momentum = 0.95,
    bool Nesterov = true,
    long Iterations = 5,
    double WeightDecay = 0) : IRuleOptions<MuonOptions>
{
    static CoreOptimizer IRuleOptions<MuonOptions>.Change(CoreOptimizer optimizer, Func<MuonOptions, MuonOptions> change) =>
        RuleOptions.Change(
            CoreRules.muon,
            optimizer,
            change,
            h => new MuonOptions(h.LearningRate, h.Momentum, h.Nesterov, h.Iterations, h.WeightDecay),
            o => new Core.Optimizers.Muon(o.LearningRate, o.Momentum, o.Nesterov, o.Iterations, o.WeightDecay));
}
