using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Transformations, for use in a chain.
public static partial class Optimizers
{
    /// <summary>Nothing: Δ = g.</summary>
    public static Optimizer Identity() => Make(CoreRules.identity, new Core.Optimizers.Identity());

    /// <summary>Every element kept within ±limit: Δ = min(max(g, −c), c).</summary>
    /// <param name="limit">The largest allowed, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ClipValue(double limit = 1) => Make(CoreRules.clipValue, new Core.Optimizers.ClipValue(limit));

    /// <summary>Each tensor's gradient shortened to the limit (Pascanu, Mikolov &amp; Bengio 2013, algorithm 1): Δ = g min(1, c/‖g‖).</summary>
    /// <param name="limit">The largest allowed, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ClipNorm(double limit = 1) => Make(CoreRules.clipNorm, new Core.Optimizers.ClipNorm(limit));

    /// <summary>
    /// The gradient of all tensors together shortened to the limit (Pascanu, Mikolov &amp; Bengio 2013, algorithm 1): Δ = g
    /// min(1, c/‖g‖), ‖g‖ over all tensors.
    /// </summary>
    /// <param name="limit">The largest allowed, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ClipGlobalNorm(double limit = 1) =>
        Make(CoreRules.clipGlobalNorm, new Core.Optimizers.ClipGlobalNorm(limit));

    /// <summary>
    /// Each unit's gradient kept within a share of the unit's norm (Brock et al. 2021, eq. 3): Δ = g min(1, ratio max(‖w‖,
    /// ε)/‖g‖) for each column of a matrix; a vector is one unit.
    /// </summary>
    /// <param name="ratio">The largest ‖g‖ / ‖w‖ of a unit, above 0.</param>
    /// <param name="epsilon">The least norm that a unit is taken to have, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ClipAdaptive(double ratio = 0.01, double epsilon = 0.001) =>
        Make(CoreRules.clipAdaptive, new Core.Optimizers.ClipAdaptive(ratio, epsilon));

    /// <summary>From each unit's gradient its mean is taken away (Yong et al. 2020, eq. 1): Δ = g − mean of its column; vectors stay.</summary>
    public static Optimizer Centralize() => Make(CoreRules.centralize, new Core.Optimizers.Centralize());

    /// <summary>Normal noise added to gradients (Neelakantan et al. 2015): Δ = g + N(0, σ²).</summary>
    /// <param name="deviation">σ, at least 0.</param>
    /// <param name="seed">Which noise, in [0, 2147483647].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Noise(double deviation = 0.01, long seed = 0) =>
        Make(CoreRules.noise, new Core.Optimizers.Noise(deviation, seed));

    /// <summary>λ w added to the gradient: L2 (Krogh &amp; Hertz 1991): Δ = g + λ w.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer L2(double factor = 0) => Make(CoreRules.decay, new Core.Optimizers.WeightDecay(factor));

    /// <summary>λ w added behind a rule: decoupled weight decay, without the rate (Loshchilov &amp; Hutter 2019): Δ ← Δ + λ w.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer DecoupledDecay(double factor = 0) =>
        Make(CoreRules.decoupled, new Core.Optimizers.WeightDecay(factor));

    /// <summary>λ sign w added to the gradient: L1 (Tibshirani 1996): Δ = g + λ sign w.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer L1(double factor = 0) => Make(CoreRules.l1, new Core.Optimizers.SignDecay(factor));

    /// <summary>Everything times a factor, or a schedule: Δ = λ g.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Scale(double factor = 1) => Make(CoreRules.scale, new Core.Optimizers.Scale(factor));

    /// <summary>The mean of k gradients at every k-th step: a ← a + g;  Δ = a/k at every k-th step, else all behind it rests.</summary>
    /// <param name="steps">How many gradients make one, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Accumulate(long steps = 1) => Make(CoreRules.accumulate, new Core.Optimizers.Accumulate(steps));

    /// <summary>Steps whose gradient is not finite are left out: Δ = g if all of g is finite, else all behind it rests.</summary>
    /// <param name="limit">After more such steps in a row, an <see cref="ArithmeticException"/>; 0 is never. At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer SkipNonFinite(long limit = 0) =>
        Make(CoreRules.skipNonFinite, new Core.Optimizers.SkipNonFinite(limit));

    /// <summary>Parameters that stay as they are, until it is off: Δ = 0.</summary>
    /// <param name="on">Whether to stand still.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Freeze(bool on = true) => Make(CoreRules.freeze, new Core.Optimizers.Freeze(on));

    /// <summary>The gradient turned round: Δ = −g.</summary>
    public static Optimizer Maximize() => Make(CoreRules.maximize, new Core.Optimizers.Maximize());

    /// <summary>
    /// Slow weights that go a share of the way to the fast ones every k steps (Zhang et al. 2019, algorithm 1): at every k-th
    /// step: φ ← φ + α (w − Δ − φ), Δ = w − φ.
    /// </summary>
    /// <param name="steps">Steps between, at least 1.</param>
    /// <param name="share">α, the share of the way, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Lookahead(long steps = 5, double share = 0.5) =>
        Make(CoreRules.lookahead, new Core.Optimizers.Lookahead(steps, share));

    /// <summary>
    /// The exponential moving average of the parameters, to be read; nothing is changed (Polyak &amp; Juditsky 1992; Kingma
    /// &amp; Ba 2015, section 7.2): a ← β a + (1−β) (w − Δ);  read a/(1−βᵗ).
    /// </summary>
    /// <param name="decay">β, of the average, in (0, 1).</param>
    /// <param name="debiased">Correct it for its start at zero.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Ema(double decay = 0.999, bool debiased = true) =>
        Make(CoreRules.ema, new Core.Optimizers.ParameterAverage(decay, debiased));

    /// <summary>
    /// The mean of the parameters from a step on, to be read; nothing is changed (Polyak &amp; Juditsky 1992; Izmailov et al.
    /// 2018, algorithm 1): a ← a + (w − Δ − a)/n, n counting the steps from start, every so many.
    /// </summary>
    /// <param name="start">The first step that counts, at least 1.</param>
    /// <param name="every">Every how many steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Swa(long start = 1, long every = 1) =>
        Make(CoreRules.swa, new Core.Optimizers.StochasticAverage(start, every));
}
