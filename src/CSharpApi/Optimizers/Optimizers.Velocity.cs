using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Rules that use a velocity or a sign.
public static partial class Optimizers
{
    /// <summary>The gradient times a fixed rate (Robbins &amp; Monro 1951): Δ = α g.</summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Fixed(double learningRate = 0.01) =>
        Make(CoreRules.fixedRate, new Core.Optimizers.Fixed(learningRate));

    /// <summary>A velocity, the rate inside it (Polyak 1964, eq. 9): v ← γ v + α g;  Δ = v.</summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="decay">γ, what the velocity keeps, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Momentum(double learningRate = 1e-4, double decay = 0.9) =>
        Make(CoreRules.momentum, new Core.Optimizers.Momentum(learningRate, decay));

    /// <summary>
    /// A velocity that looks one step ahead, the rate inside it (Sutskever et al. 2013, eqs. 3-4, at the look-ahead
    /// parameters): v ← γ v + α g;  Δ = γ v + α g.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="decay">γ, what the velocity keeps, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Nesterov(double learningRate = 0.01, double decay = 0.9) =>
        Make(CoreRules.nesterov, new Core.Optimizers.Nesterov(learningRate, decay));

    /// <summary>
    /// A velocity, the rate outside it (Polyak 1964, eq. 9; Sutskever et al. 2013): v ← μ v + (1−τ) g, g at first;  Δ = α v,
    /// or α (g + μ v).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="momentum">μ, what the velocity keeps, in [0, 1).</param>
    /// <param name="dampening">τ, the share of the gradient that the velocity is not given, in [0, 1].</param>
    /// <param name="nesterov">Look one step ahead.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException">Values do not fit together.</exception>
    public static Optimizer Sgd(double learningRate = 0.01, double momentum = 0, double dampening = 0, bool nesterov = false) =>
        Make(CoreRules.sgd, new Core.Optimizers.Sgd(learningRate, momentum, dampening, nesterov));

    /// <summary>The sign of a mean of gradients (Bernstein et al. 2018, algorithm 2): m ← γ m + (1−γ) g;  Δ = α sign m.</summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="decay">γ, of the mean of gradients, in [0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Signum(double learningRate = 1e-4, double decay = 0.9) =>
        Make(CoreRules.signum, new Core.Optimizers.Signum(learningRate, decay));

    /// <summary>
    /// The sign of one mean of gradients, while a slower one is remembered (Chen et al. 2023, algorithm 2): Δ = α (sign(β₁ m
    /// + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean whose sign is taken, in [0, 1).</param>
    /// <param name="beta2">β₂, of the mean that is remembered, in [0, 1).</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Lion(double learningRate = 1e-4, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0) =>
        Make(CoreRules.lion, new Core.Optimizers.Lion(learningRate, beta1, beta2, weightDecay));

    /// <summary>
    /// A step of its own for each element, by the gradient's sign alone; for whole data sets (Riedmiller &amp; Braun 1993;
    /// Igel &amp; Hüsken 2003 (iRprop⁻)): s ← clamp(s η⁺ or s η⁻ as g p is above or below 0);  p ← g, or 0 where g p &lt; 0;
    /// Δ = s sign p.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="shrink">η⁻, where the sign turns, in (0, 1).</param>
    /// <param name="grow">η⁺, where it stays, above 1.</param>
    /// <param name="smallest">The shortest step, above 0.</param>
    /// <param name="largest">The longest step, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException">Values do not fit together.</exception>
    public static Optimizer Rprop(double learningRate = 0.01, double shrink = 0.5, double grow = 1.2, double smallest = 1e-6, double largest = 50) =>
        Make(CoreRules.rprop, new Core.Optimizers.Rprop(learningRate, shrink, grow, smallest, largest));

    /// <summary>
    /// A falling rate, and the average of the parameters (Polyak &amp; Juditsky 1992): η = α / (1 + λ α (t−1))^κ;  Δ = η g +
    /// λ η w;  a ← a + μ (w − Δ − a) with μ = 1 / max(1, t−1−t₀).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="lambda">λ, of the rate's fall and of the decay, at least 0.</param>
    /// <param name="power">κ, the power of the rate's fall, at least 0.</param>
    /// <param name="start">t₀, where averaging begins, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Asgd(double learningRate = 0.01, double lambda = 1e-4, double power = 0.75, double start = 1e6) =>
        Make(CoreRules.asgd, new Core.Optimizers.Asgd(learningRate, lambda, power, start));
}
