using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Adam.
public static partial class Optimizers
{
    /// <summary>
    /// Corrected means of gradients and of their squares (Kingma &amp; Ba 2015, algorithm 1): v ← β₁ v + (1−β₁) g;  s ← β₂ s
    /// + (1−β₂) g²;  Δ = α v̂ / (√ŝ + ε), v̂ = v/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="correction">Correct the means for their start at zero.</param>
    /// <param name="inside">ε within the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adam(
        double learningRate = 1e-4,
        double beta1 = 0.9,
        double beta2 = 0.99,
        double epsilon = 1e-8,
        bool correction = true,
        bool inside = false) =>
        Make(CoreRules.adam, new Core.Optimizers.Adam(learningRate, beta1, beta2, epsilon, correction, inside));

    /// <summary>
    /// Adam with weight decay beside it (Loshchilov &amp; Hutter 2019, algorithm 2, with the rate in front of λ): Δ = α v̂ /
    /// (√ŝ + ε) + α λ w.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, times the rate, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer AdamW(
        double learningRate = 0.001,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0.01) =>
        Make(CoreRules.adamW, new Core.Optimizers.AdamW(learningRate, beta1, beta2, epsilon, weightDecay));

    /// <summary>
    /// Adam with the largest mean of squares so far (Reddi, Kale &amp; Kumar 2018, algorithm 2, with Adam's corrections): x ←
    /// max(x, s);  Δ = α v̂ / (√(x/(1−β₂ᵗ)) + ε).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer AmsGrad(double learningRate = 0.001, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        Make(CoreRules.amsGrad, new Core.Optimizers.AmsGrad(learningRate, beta1, beta2, epsilon));

    /// <summary>
    /// Adam with the largest of decaying gradients (Kingma &amp; Ba 2015, algorithm 2): u ← max(β₂ u, |g| + ε);  Δ = α v̂ /
    /// u.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the largest gradient, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer AdaMax(double learningRate = 0.002, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        Make(CoreRules.adaMax, new Core.Optimizers.AdaMax(learningRate, beta1, beta2, epsilon));

    /// <summary>
    /// Adam that looks one step ahead (Dozat 2016, algorithm 2): Δ = α ((1−μ_t)/(1−Πμ) g + μ_{t+1}/(1−Πμ μ_{t+1}) v) / (√ŝ +
    /// ε), μ_t = β₁ (1 − ½ 0.96^{tψ}).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="momentumDecay">ψ, how fast the momentum goes to β₁, at least 0.</param>
    /// <param name="legacy">μ_t twice, as in PyTorch before version 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer NAdam(
        double learningRate = 0.002,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double momentumDecay = 0.004,
        bool legacy = false) =>
        Make(CoreRules.nAdam, new Core.Optimizers.NAdam(learningRate, beta1, beta2, epsilon, momentumDecay, legacy));

    /// <summary>
    /// Adam that divides only when the mean of squares can be trusted (Liu et al. 2020, algorithm 2, threshold 5): ρ = ρ∞ −
    /// 2tβ₂ᵗ/(1−β₂ᵗ);  ρ &gt; 5: Δ = α r v̂ √(1−β₂ᵗ)/(√s + ε);  otherwise Δ = α v̂.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer RAdam(double learningRate = 0.001, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) =>
        Make(CoreRules.rAdam, new Core.Optimizers.RAdam(learningRate, beta1, beta2, epsilon));
}
