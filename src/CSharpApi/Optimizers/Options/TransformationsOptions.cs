using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;
using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

/// <summary>The hyper-parameters of <see cref="Optimizers.ClipValue"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Limit">The largest allowed, above 0.</param>
public sealed record ClipValueOptions(double Limit = 1) : IRuleOptions<ClipValueOptions>
{
    static CoreOptimizer IRuleOptions<ClipValueOptions>.Change(CoreOptimizer optimizer, Func<ClipValueOptions, ClipValueOptions> change) =>
        RuleOptions.Change(
            CoreRules.clipValue,
            optimizer,
            change,
            h => new ClipValueOptions(h.Limit),
            o => new Core.Optimizers.ClipValue(o.Limit));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.ClipNorm"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Limit">The largest allowed, above 0.</param>
public sealed record ClipNormOptions(double Limit = 1) : IRuleOptions<ClipNormOptions>
{
    static CoreOptimizer IRuleOptions<ClipNormOptions>.Change(CoreOptimizer optimizer, Func<ClipNormOptions, ClipNormOptions> change) =>
        RuleOptions.Change(
            CoreRules.clipNorm,
            optimizer,
            change,
            h => new ClipNormOptions(h.Limit),
            o => new Core.Optimizers.ClipNorm(o.Limit));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.ClipGlobalNorm"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Limit">The largest allowed, above 0.</param>
public sealed record ClipGlobalNormOptions(double Limit = 1) : IRuleOptions<ClipGlobalNormOptions>
{
    static CoreOptimizer IRuleOptions<ClipGlobalNormOptions>.Change(CoreOptimizer optimizer, Func<ClipGlobalNormOptions, ClipGlobalNormOptions> change) =>
        RuleOptions.Change(
            CoreRules.clipGlobalNorm,
            optimizer,
            change,
            h => new ClipGlobalNormOptions(h.Limit),
            o => new Core.Optimizers.ClipGlobalNorm(o.Limit));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.ClipAdaptive"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Ratio">The largest ‖g‖ / ‖w‖ of a unit, above 0.</param>
/// <param name="Epsilon">The least norm that a unit is taken to have, above 0.</param>
public sealed record ClipAdaptiveOptions(double Ratio = 0.01, double Epsilon = 0.001) : IRuleOptions<ClipAdaptiveOptions>
{
    static CoreOptimizer IRuleOptions<ClipAdaptiveOptions>.Change(CoreOptimizer optimizer, Func<ClipAdaptiveOptions, ClipAdaptiveOptions> change) =>
        RuleOptions.Change(
            CoreRules.clipAdaptive,
            optimizer,
            change,
            h => new ClipAdaptiveOptions(h.Ratio, h.Epsilon),
            o => new Core.Optimizers.ClipAdaptive(o.Ratio, o.Epsilon));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Noise"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Deviation">σ, at least 0.</param>
/// <param name="Seed">Which noise, in [0, 2147483647].</param>
public sealed record NoiseOptions(double Deviation = 0.01, long Seed = 0) : IRuleOptions<NoiseOptions>
{
    static CoreOptimizer IRuleOptions<NoiseOptions>.Change(CoreOptimizer optimizer, Func<NoiseOptions, NoiseOptions> change) =>
        RuleOptions.Change(
            CoreRules.noise,
            optimizer,
            change,
            h => new NoiseOptions(h.Deviation, h.Seed),
            o => new Core.Optimizers.Noise(o.Deviation, o.Seed));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.L2"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Factor">λ, at least 0.</param>
public sealed record L2Options(double Factor = 0) : IRuleOptions<L2Options>
{
    static CoreOptimizer IRuleOptions<L2Options>.Change(CoreOptimizer optimizer, Func<L2Options, L2Options> change) =>
        RuleOptions.Change(
            CoreRules.decay,
            optimizer,
            change,
            h => new L2Options(h.Factor),
            o => new Core.Optimizers.WeightDecay(o.Factor));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.DecoupledDecay"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Factor">λ, at least 0.</param>
public sealed record DecoupledDecayOptions(double Factor = 0) : IRuleOptions<DecoupledDecayOptions>
{
    static CoreOptimizer IRuleOptions<DecoupledDecayOptions>.Change(CoreOptimizer optimizer, Func<DecoupledDecayOptions, DecoupledDecayOptions> change) =>
        RuleOptions.Change(
            CoreRules.decoupled,
            optimizer,
            change,
            h => new DecoupledDecayOptions(h.Factor),
            o => new Core.Optimizers.WeightDecay(o.Factor));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.L1"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Factor">λ, at least 0.</param>
public sealed record L1Options(double Factor = 0) : IRuleOptions<L1Options>
{
    static CoreOptimizer IRuleOptions<L1Options>.Change(CoreOptimizer optimizer, Func<L1Options, L1Options> change) =>
        RuleOptions.Change(
            CoreRules.l1,
            optimizer,
            change,
            h => new L1Options(h.Factor),
            o => new Core.Optimizers.SignDecay(o.Factor));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Scale"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Factor">λ, at least 0.</param>
public sealed record ScaleOptions(double Factor = 1) : IRuleOptions<ScaleOptions>
{
    static CoreOptimizer IRuleOptions<ScaleOptions>.Change(CoreOptimizer optimizer, Func<ScaleOptions, ScaleOptions> change) =>
        RuleOptions.Change(
            CoreRules.scale,
            optimizer,
            change,
            h => new ScaleOptions(h.Factor),
            o => new Core.Optimizers.Scale(o.Factor));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Accumulate"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Steps">How many gradients make one, at least 1.</param>
public sealed record AccumulateOptions(long Steps = 1) : IRuleOptions<AccumulateOptions>
{
    static CoreOptimizer IRuleOptions<AccumulateOptions>.Change(CoreOptimizer optimizer, Func<AccumulateOptions, AccumulateOptions> change) =>
        RuleOptions.Change(
            CoreRules.accumulate,
            optimizer,
            change,
            h => new AccumulateOptions(h.Steps),
            o => new Core.Optimizers.Accumulate(o.Steps));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.SkipNonFinite"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Limit">After more such steps in a row, an <see cref="ArithmeticException"/>; 0 is never. At least 0.</param>
public sealed record SkipNonFiniteOptions(long Limit = 0) : IRuleOptions<SkipNonFiniteOptions>
{
    static CoreOptimizer IRuleOptions<SkipNonFiniteOptions>.Change(CoreOptimizer optimizer, Func<SkipNonFiniteOptions, SkipNonFiniteOptions> change) =>
        RuleOptions.Change(
            CoreRules.skipNonFinite,
            optimizer,
            change,
            h => new SkipNonFiniteOptions(h.Limit),
            o => new Core.Optimizers.SkipNonFinite(o.Limit));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Freeze"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="On">Whether to stand still.</param>
public sealed record FreezeOptions(bool On = true) : IRuleOptions<FreezeOptions>
{
    static CoreOptimizer IRuleOptions<FreezeOptions>.Change(CoreOptimizer optimizer, Func<FreezeOptions, FreezeOptions> change) =>
        RuleOptions.Change(
            CoreRules.freeze,
            optimizer,
            change,
            h => new FreezeOptions(h.On),
            o => new Core.Optimizers.Freeze(o.On));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Lookahead"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Steps">Steps between, at least 1.</param>
/// <param name="Share">α, the share of the way, in (0, 1].</param>
public sealed record LookaheadOptions(long Steps = 5, double Share = 0.5) : IRuleOptions<LookaheadOptions>
{
    static CoreOptimizer IRuleOptions<LookaheadOptions>.Change(CoreOptimizer optimizer, Func<LookaheadOptions, LookaheadOptions> change) =>
        RuleOptions.Change(
            CoreRules.lookahead,
            optimizer,
            change,
            h => new LookaheadOptions(h.Steps, h.Share),
            o => new Core.Optimizers.Lookahead(o.Steps, o.Share));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Ema"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Decay">β, of the average, in (0, 1).</param>
/// <param name="Debiased">Correct it for its start at zero.</param>
public sealed record EmaOptions(double Decay = 0.999, bool Debiased = true) : IRuleOptions<EmaOptions>
{
    static CoreOptimizer IRuleOptions<EmaOptions>.Change(CoreOptimizer optimizer, Func<EmaOptions, EmaOptions> change) =>
        RuleOptions.Change(
            CoreRules.ema,
            optimizer,
            change,
            h => new EmaOptions(h.Decay, h.Debiased),
            o => new Core.Optimizers.ParameterAverage(o.Decay, o.Debiased));
}

/// <summary>The hyper-parameters of <see cref="Optimizers.Swa"/>, for <see cref="Optimizer.With{TOptions}"/>.</summary>
/// <param name="Start">The first step that counts, at least 1.</param>
/// <param name="Every">Every how many steps, at least 1.</param>
public sealed record SwaOptions(long Start = 1, long Every = 1) : IRuleOptions<SwaOptions>
{
    static CoreOptimizer IRuleOptions<SwaOptions>.Change(CoreOptimizer optimizer, Func<SwaOptions, SwaOptions> change) =>
        RuleOptions.Change(
            CoreRules.swa,
            optimizer,
            change,
            h => new SwaOptions(h.Start, h.Every),
            o => new Core.Optimizers.StochasticAverage(o.Start, o.Every));
}
