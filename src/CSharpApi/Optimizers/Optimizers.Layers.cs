using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Rules that use whole tensors, or earlier parameters.
public static partial class Optimizers
{
    /// <summary>
    /// SGD whose mean of iterates is what is learned; needs no schedule (Defazio et al. 2024, algorithm 1 and eqs. 3-5): z ←
    /// z − γ g;  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β) z + β x.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta">β, where between z and x, in [0, 1).</param>
    /// <param name="warmup">Steps over which the rate rises, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ScheduleFreeSgd(double learningRate = 1, double beta = 0.9, long warmup = 0) =>
        Make(CoreRules.scheduleFreeSgd, new Core.Optimizers.ScheduleFreeSgd(learningRate, beta, warmup));

    /// <summary>
    /// AdamW whose mean of iterates is what is learned; needs no schedule (Defazio et al. 2024, algorithm 1): γ = α √(1−β₂ᵗ);
    /// z ← z − γ (g/(√s + ε) + λ y);  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β₁) z + β₁ x.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, where between z and x, in [0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squares, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decay of y, at least 0.</param>
    /// <param name="warmup">Steps over which the rate rises, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer ScheduleFreeAdamW(
        double learningRate = 0.0025,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0,
        long warmup = 0) =>
        Make(CoreRules.scheduleFreeAdamW, new Core.Optimizers.ScheduleFreeAdamW(learningRate, beta1, beta2, epsilon, weightDecay, warmup));

    /// <summary>
    /// Momentum with a rate for each tensor, in proportion to ‖w‖ / ‖g‖ (You, Gitman &amp; Ginsburg 2017, algorithm 1): κ =
    /// trust ‖w‖ / (‖g‖ + λ ‖w‖ + ε);  v ← μ v + α κ (g + λ w);  Δ = v.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="momentum">μ, what the velocity keeps, in [0, 1).</param>
    /// <param name="weightDecay">λ, L2, at least 0.</param>
    /// <param name="trust">The trust coefficient, above 0.</param>
    /// <param name="epsilon">ε, added to the norms, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Lars(
        double learningRate = 0.01,
        double momentum = 0.9,
        double weightDecay = 0,
        double trust = 0.001,
        double epsilon = 0) =>
        Make(CoreRules.lars, new Core.Optimizers.Lars(learningRate, momentum, weightDecay, trust, epsilon));

    /// <summary>
    /// Adam's direction, as long as the tensor's trust ratio says (You et al. 2020, algorithm 2): r = v̂ / (√ŝ + ε) + λ w;  Δ
    /// = α ‖w‖/‖r‖ r.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Lamb(
        double learningRate = 0.001,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-6,
        double weightDecay = 0) =>
        Make(CoreRules.lamb, new Core.Optimizers.Lamb(learningRate, beta1, beta2, epsilon, weightDecay));

    /// <summary>
    /// A velocity of gradients over the mean of their tensor's norm (Ginsburg et al. 2019, algorithm 1): v ← β₂ v + (1−β₂)
    /// ‖g‖², ‖g‖² at first;  m ← β₁ m + g/(√v + ε) + λ w;  Δ = α m.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, what the velocity keeps, in [0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared norms, in [0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, weight decay within the velocity, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer NovoGrad(
        double learningRate = 0.01,
        double beta1 = 0.95,
        double beta2 = 0.98,
        double epsilon = 1e-8,
        double weightDecay = 0) =>
        Make(CoreRules.novoGrad, new Core.Optimizers.NovoGrad(learningRate, beta1, beta2, epsilon, weightDecay));

    /// <summary>
    /// A matrix's momentum with all its singular values brought near 1; for matrices alone (Jordan et al. 2024, with its
    /// coefficients 3.4445, −4.7750, 2.0315): m ← μ m + (1−μ) g;  Δ = α √max(1, units/inputs) NewtonSchulz((1−μ) g + μ m) + α
    /// λ w.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="momentum">μ, of the mean of gradients, in [0, 1).</param>
    /// <param name="nesterov">Look one step ahead.</param>
    /// <param name="iterations">Of Newton and Schulz, at least 1.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Muon(
        double learningRate = 0.02,
        double momentum = 0.95,
        bool nesterov = true,
        long iterations = 5,
        double weightDecay = 0) =>
        Make(CoreRules.muon, new Core.Optimizers.Muon(learningRate, momentum, nesterov, iterations, weightDecay));
}
