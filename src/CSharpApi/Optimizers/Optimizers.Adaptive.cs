using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Rules that divide by the size of recent gradients.
public static partial class Optimizers
{
    /// <summary>
    /// The rate over the root of all squared gradients (Duchi, Hazan &amp; Singer 2011, eq. 1): s ← s + g²;  Δ = α g / (√s +
    /// ε).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="initial">The sum at the start, at least 0.</param>
    /// <param name="rateDecay">The rate's fall, α / (1 + (t−1) · this), at least 0.</param>
    /// <param name="inside">ε within the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adagrad(
        double learningRate = 0.1,
        double epsilon = 1e-6,
        double initial = 0,
        double rateDecay = 0,
        bool inside = false) =>
        Make(CoreRules.adagrad, new Core.Optimizers.Adagrad(learningRate, epsilon, initial, rateDecay, inside));

    /// <summary>
    /// The rate over the root of recent squared gradients (Tieleman &amp; Hinton 2012, lecture 6.5; centred: Graves 2013,
    /// eqs. 38-41): s ← γ s + (1−γ) g²;  Δ = α g / (√s + ε).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="decay">γ, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="centered">Divide by the deviation from the mean gradient.</param>
    /// <param name="momentum">μ, of a velocity; 0 is none, in [0, 1).</param>
    /// <param name="inside">ε within the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer RmsProp(
        double learningRate = 1e-4,
        double decay = 0.99,
        double epsilon = 1e-6,
        bool centered = false,
        double momentum = 0,
        bool inside = false) =>
        Make(CoreRules.rmsProp, new Core.Optimizers.RmsProp(learningRate, decay, epsilon, centered, momentum, inside));

    /// <summary>
    /// No rate: recent deltas over recent gradients (Zeiler 2012, algorithm 1): s ← γ s + (1−γ) g²;  u = (√d + ε) / (√s + ε)
    /// g;  d ← γ d + (1−γ) u²;  Δ = α u.
    /// </summary>
    /// <param name="decay">γ, of both means of squares, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="deltaEpsilon">ε of the deltas; the same as epsilon if left out, at least 0.</param>
    /// <param name="learningRate">α, on top of all, at least 0.</param>
    /// <param name="inside">ε within the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adadelta(
        double decay = 0.99,
        double epsilon = 1e-6,
        double? deltaEpsilon = null,
        double learningRate = 1,
        bool inside = false) =>
        Make(CoreRules.adadelta, new Core.Optimizers.Adadelta(decay, epsilon, deltaEpsilon ?? double.NaN, learningRate, inside));

    /// <summary>
    /// Squares kept as sums of rows and columns, steps in proportion to the parameters (Shazeer &amp; Stern 2018, algorithms
    /// 4 to 6): β = 1 − t^−c;  R, C of rows and columns of g² + ε₁;  U = g/√(R C/ΣR);  Δ = max(ε₂, RMS w) min(lr, 1/√t) U /
    /// max(1, RMS U/clip).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="exponent">Of the decay, β = 1 − t^−this, at least 0.</param>
    /// <param name="epsilon1">ε₁, added to squared gradients, at least 0.</param>
    /// <param name="epsilon2">ε₂, the least size of a tensor, at least 0.</param>
    /// <param name="clip">The largest size of a step, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adafactor(
        double learningRate = 0.01,
        double exponent = 0.8,
        double epsilon1 = 1e-30,
        double epsilon2 = 0.001,
        double clip = 1) =>
        Make(CoreRules.adafactor, new Core.Optimizers.Adafactor(learningRate, exponent, epsilon1, epsilon2, clip));
}
