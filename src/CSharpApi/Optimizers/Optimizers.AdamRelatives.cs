using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Relatives of Adam.
public static partial class Optimizers
{
    /// <summary>
    /// Adam that divides by how far gradients are from their mean (Zhuang et al. 2020, algorithm 2): s ← β₂ s + (1−β₂) (g−v)²
    /// + ε;  Δ = α v̂ / (√ŝ + ε).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared surprises, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer AdaBelief(double learningRate = 0.001, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-16) =>
        Make(CoreRules.adaBelief, new Core.Optimizers.AdaBelief(learningRate, beta1, beta2, epsilon));

    /// <summary>
    /// Adam whose mean of squares moves by a share of g² at most (Zaheer et al. 2018, algorithm 2): s ← s − (1−β₂) sign(s −
    /// g²) g²;  Δ = α v / (√s + ε).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="initial">The mean of squares at the start, at least 0.</param>
    /// <param name="correction">Correct both means as Adam does.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Yogi(
        double learningRate = 0.01,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 0.001,
        double initial = 1e-6,
        bool correction = false) =>
        Make(CoreRules.yogi, new Core.Optimizers.Yogi(learningRate, beta1, beta2, epsilon, initial, correction));

    /// <summary>
    /// Means of gradients, of their differences, and of the squares of what both foretell (Xie et al. 2022, algorithm 1, with
    /// the authors' corrections): d = g − p;  v₁, v₂ of g, d;  n of (g + β₂ d)²;  u = α (v̂₁ + β₂ v̂₂) / (√n̂ + ε);  w' = (w
    /// − u)/(1 + αλ).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of differences, in (0, 1).</param>
    /// <param name="beta3">β₃, of the mean of squares, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, proximal weight decay, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adan(
        double learningRate = 0.001,
        double beta1 = 0.98,
        double beta2 = 0.92,
        double beta3 = 0.99,
        double epsilon = 1e-8,
        double weightDecay = 0) =>
        Make(CoreRules.adan, new Core.Optimizers.Adan(learningRate, beta1, beta2, beta3, epsilon, weightDecay));

    /// <summary>
    /// Adam with a second, much slower mean of gradients (Pagliardini, Ablin &amp; Grangier 2024, algorithm 1): Δ = lr ((v̂₁
    /// + α v₂) / (√ŝ + ε) + λ w), v₂ the mean with β₃.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="beta3">β₃, of the slow mean, in (0, 1).</param>
    /// <param name="mixing">α, the slow mean's weight, at least 0.</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <param name="warmup">Steps over which α and β₃ rise, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer AdEmaMix(
        double learningRate = 0.001,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double beta3 = 0.9999,
        double mixing = 5,
        double epsilon = 1e-8,
        double weightDecay = 0,
        long warmup = 0) =>
        Make(CoreRules.adEmaMix, new Core.Optimizers.AdEmaMix(learningRate, beta1, beta2, beta3, mixing, epsilon, weightDecay, warmup));
}
