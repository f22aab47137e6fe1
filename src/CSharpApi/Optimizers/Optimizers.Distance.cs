using CoreRules = CuteDl.Core.Optimizers.Rules;

namespace CuteDl;

// Rules that estimate the learning rate themselves.
public static partial class Optimizers
{
    /// <summary>
    /// No rate: the distance from the start over the root of all squared gradient norms (Ivgi, Hinder &amp; Carmon 2023,
    /// section 2): r ← max(r, ‖w − w₀‖);  G ← G + ‖g‖²;  Δ = lr r/√G g.
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="initialDistance">The distance to begin with, relative to 1 + ‖w₀‖, above 0.</param>
    /// <param name="epsilon">ε, where the sum begins, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Dog(double learningRate = 1, double initialDistance = 1e-6, double epsilon = 1e-8) =>
        Make(CoreRules.dog, new Core.Optimizers.Dog(learningRate, initialDistance, epsilon));

    /// <summary>
    /// No rate: as dog, with each norm weighted by the distance of its step (Khaled, Mishchenko &amp; Jin 2023, algorithm 1):
    /// ρ ← max(ρ, ‖w − w₀‖²);  v ← v + ρ ‖g‖²;  Δ = ρ g / (√v + ε).
    /// </summary>
    /// <param name="epsilon">ε, the squared distance to begin with, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Dowg(double epsilon = 1e-4) => Make(CoreRules.dowg, new Core.Optimizers.Dowg(epsilon));

    /// <summary>
    /// No rate: Adam with an estimate of the distance to the solution (Defazio &amp; Mishchenko 2023, Adam with
    /// D-Adaptation): λ = d lr;  m ← β₁m + (1−β₁) λ g;  r ← √β₂ r + (1−√β₂) λ⟨g, s/A⟩;  s ← √β₂ s + (1−√β₂) λ g;  Δ = m/A;  d
    /// ← max(d, r/((1−√β₂)‖s‖₁)).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <param name="initialEstimate">The first estimate, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer DAdaptAdam(
        double learningRate = 1,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0,
        double initialEstimate = 1e-6) =>
        Make(CoreRules.dAdaptAdam, new Core.Optimizers.DAdaptAdam(learningRate, beta1, beta2, epsilon, weightDecay, initialEstimate));

    /// <summary>
    /// No rate: Adam with an estimate of the distance that grows faster (Mishchenko &amp; Defazio 2024, algorithm 4): r ← β₃r
    /// + (1−β₃) α d²⟨g, w₀−w⟩;  s ← β₃s + (1−β₃) α d² g;  m, v of d g, d² g²;  Δ = α d m/(√v + d ε);  d ← max(d, r/‖s‖₁).
    /// </summary>
    /// <param name="learningRate">Learning rate α, at least 0.</param>
    /// <param name="beta1">β₁, of the mean of gradients, in (0, 1).</param>
    /// <param name="beta2">β₂, of the mean of squared gradients, in (0, 1).</param>
    /// <param name="beta3">β₃, of the estimate's sums; √β₂ if left out, in (0, 1).</param>
    /// <param name="epsilon">ε, added to the root, at least 0.</param>
    /// <param name="weightDecay">λ, decoupled weight decay, at least 0.</param>
    /// <param name="initialEstimate">The first estimate, above 0.</param>
    /// <param name="coefficient">A factor of new estimates, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Prodigy(
        double learningRate = 1,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double? beta3 = null,
        double epsilon = 1e-8,
        double weightDecay = 0,
        double initialEstimate = 1e-6,
        double coefficient = 1) =>
        Make(CoreRules.prodigy, new Core.Optimizers.Prodigy(learningRate, beta1, beta2, beta3 ?? double.NaN, epsilon, weightDecay, initialEstimate, coefficient));
}
