using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.Fixed"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
public sealed record FixedOptions(double LearningRate = 0.01) : IRuleOptions<FixedOptions>
{
    static CoreOptimizer IRuleOptions<FixedOptions>.Change(CoreOptimizer optimizer, Func<FixedOptions, FixedOptions> change) =>
        RuleOptions.Change(
            CoreRules.fixedRate,
            optimizer,
            change,
            h => new FixedOptions(h.LearningRate),
            o => new Core.Optimizers.Fixed(o.LearningRate));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Momentum"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Decay">γ, what the velocity keeps, in (0, 1).</param>
public sealed record MomentumOptions(double LearningRate = 1e-4, double Decay = 0.9) : IRuleOptions<MomentumOptions>
{
    static CoreOptimizer IRuleOptions<MomentumOptions>.Change(CoreOptimizer optimizer, Func<MomentumOptions, MomentumOptions> change) =>
        RuleOptions.Change(
            CoreRules.momentum,
            optimizer,
            change,
            h => new MomentumOptions(h.LearningRate, h.Decay),
            o => new Core.Optimizers.Momentum(o.LearningRate, o.Decay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Nesterov"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Decay">γ, what the velocity keeps, in (0, 1).</param>
public sealed record NesterovOptions(double LearningRate = 0.01, double Decay = 0.9) : IRuleOptions<NesterovOptions>
{
    static CoreOptimizer IRuleOptions<NesterovOptions>.Change(CoreOptimizer optimizer, Func<NesterovOptions, NesterovOptions> change) =>
        RuleOptions.Change(
            CoreRules.nesterov,
            optimizer,
            change,
            h => new NesterovOptions(h.LearningRate, h.Decay),
            o => new Core.Optimizers.Nesterov(o.LearningRate, o.Decay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Sgd"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Momentum">μ, what the velocity keeps, in [0, 1).</param>
/// <param name="Dampening">τ, the share of the gradient that the velocity is not given, in [0, 1].</param>
/// <param name="Nesterov">Look one step ahead.</param>
public sealed record SgdOptions(
    double LearningRate = 0.01,
    double Momentum = 0,
    double Dampening = 0,
    bool Nesterov = false) : IRuleOptions<SgdOptions>
{
    static CoreOptimizer IRuleOptions<SgdOptions>.Change(CoreOptimizer optimizer, Func<SgdOptions, SgdOptions> change) =>
        RuleOptions.Change(
            CoreRules.sgd,
            optimizer,
            change,
            h => new SgdOptions(h.LearningRate, h.Momentum, h.Dampening, h.Nesterov),
            o => new Core.Optimizers.Sgd(o.LearningRate, o.Momentum, o.Dampening, o.Nesterov));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Signum"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Decay">γ, of the mean of gradients, in [0, 1).</param>
public sealed record SignumOptions(double LearningRate = 1e-4, double Decay = 0.9) : IRuleOptions<SignumOptions>
{
    static CoreOptimizer IRuleOptions<SignumOptions>.Change(CoreOptimizer optimizer, Func<SignumOptions, SignumOptions> change) =>
        RuleOptions.Change(
            CoreRules.signum,
            optimizer,
            change,
            h => new SignumOptions(h.LearningRate, h.Decay),
            o => new Core.Optimizers.Signum(o.LearningRate, o.Decay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Lion"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Beta1">β₁, of the mean whose sign is taken, in [0, 1).</param>
/// <param name="Beta2">β₂, of the mean that is remembered, in [0, 1).</param>
/// <param name="WeightDecay">λ, decoupled weight decay, at least 0.</param>
public sealed record LionOptions(
    double LearningRate = 1e-4,
    double Beta1 = 0.9,
    double Beta2 = 0.99,
    double WeightDecay = 0) : IRuleOptions<LionOptions>
{
    static CoreOptimizer IRuleOptions<LionOptions>.Change(CoreOptimizer optimizer, Func<LionOptions, LionOptions> change) =>
        RuleOptions.Change(
            CoreRules.lion,
            optimizer,
            change,
            h => new LionOptions(h.LearningRate, h.Beta1, h.Beta2, h.WeightDecay),
            o => new Core.Optimizers.Lion(o.LearningRate, o.Beta1, o.Beta2, o.WeightDecay));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Rprop"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Shrink">η⁻, where the sign turns, in (0, 1).</param>
/// <param name="Grow">η⁺, where it stays, above 1.</param>
/// <param name="Smallest">The shortest step, above 0.</param>
/// <param name="Largest">The longest step, above 0.</param>
public sealed record RpropOptions(
    double LearningRate = 0.01,
    double Shrink = 0.5,
    double Grow = 1.2,
    double Smallest = 1e-6,
    double Largest = 50) : IRuleOptions<RpropOptions>
{
    static CoreOptimizer IRuleOptions<RpropOptions>.Change(CoreOptimizer optimizer, Func<RpropOptions, RpropOptions> change) =>
        RuleOptions.Change(
            CoreRules.rprop,
            optimizer,
            change,
            h => new RpropOptions(h.LearningRate, h.Shrink, h.Grow, h.Smallest, h.Largest),
            o => new Core.Optimizers.Rprop(o.LearningRate, o.Shrink, o.Grow, o.Smallest, o.Largest));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Asgd"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="LearningRate">Learning rate α, at least 0.</param>
/// <param name="Lambda">λ, of the rate's fall and of the decay, at least 0.</param>
/// <param name="Power">κ, the power of the rate's fall, at least 0.</param>
/// <param name="Start">t₀, where averaging begins, at least 0.</param>
public sealed record AsgdOptions(
    double LearningRate = 0.01,
    double Lambda = 1e-4,
    double Power = 0.75,
    double Start = 1e6) : IRuleOptions<AsgdOptions>
{
    static CoreOptimizer IRuleOptions<AsgdOptions>.Change(CoreOptimizer optimizer, Func<AsgdOptions, AsgdOptions> change) =>
        RuleOptions.Change(
            CoreRules.asgd,
            optimizer,
            change,
            h => new AsgdOptions(h.LearningRate, h.Lambda, h.Power, h.Start),
            o => new Core.Optimizers.Asgd(o.LearningRate, o.Lambda, o.Power, o.Start));
}
