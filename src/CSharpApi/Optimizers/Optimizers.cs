using CuteDl.Core.Optimizers;
using CoreOptimizers = CuteDl.Core.Optimizers.OptimizerModule;

namespace CuteDl;

/// <summary>
/// Makes optimizers. Defaults are the source document's. In all formulas g is the gradient, Δ what the step takes away from
/// the parameters, t = 1, 2, ... the step; all slots start at 0.
/// </summary>
public static class Optimizers
{
    /// <summary>All rules, in the document's order.</summary>
    public static IReadOnlyList<Rule> Rules { get; } = [.. Core.Optimizers.Rules.all.Select(kind => new Rule(kind))];

    /// <summary>Δ = α g.</summary>
    /// <param name="learningRate">α, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Fixed(double learningRate = 0.01) => Make(() => CoreOptimizers.fixedRate(new Fixed(learningRate)));

    /// <summary>v ← γ v + α g; Δ = v (Polyak 1964). The rate is inside the velocity.</summary>
    /// <param name="learningRate">α, at least 0.</param>
    /// <param name="decay">γ, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Momentum(double learningRate = 1e-4, double decay = 0.9) =>
        Make(() => CoreOptimizers.momentum(new Momentum(learningRate, decay)));

    /// <summary>s ← s + g²; Δ = α g / (√s + ε) (Duchi, Hazan and Singer 2011). ε is outside the root.</summary>
    /// <param name="learningRate">α, at least 0.</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adagrad(double learningRate = 0.1, double epsilon = 1e-6) =>
        Make(() => CoreOptimizers.adagrad(new Adagrad(learningRate, epsilon, 0, 0, false)));

    /// <summary>s ← γ s + (1−γ) g²; Δ = α g / (√s + ε) (Tieleman and Hinton 2012). ε is outside the root.</summary>
    /// <param name="learningRate">α, at least 0.</param>
    /// <param name="decay">γ, in (0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer RmsProp(double learningRate = 1e-4, double decay = 0.99, double epsilon = 1e-6) =>
        Make(() => CoreOptimizers.rmsProp(new RmsProp(learningRate, decay, epsilon, false, 0, false)));

    /// <summary>
    /// s ← γ s + (1−γ) g²; Δ = (√d + ε) / (√s + ε) g; d ← γ d + (1−γ) Δ² (Zeiler 2012). There is no rate; ε is outside both
    /// roots.
    /// </summary>
    /// <param name="decay">γ, in (0, 1).</param>
    /// <param name="epsilon">ε, at least 0; with 0 the rule never leaves its initial state.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adadelta(double decay = 0.99, double epsilon = 1e-6) =>
        Make(() => CoreOptimizers.adadelta(new Adadelta(decay, epsilon, double.NaN, 1, false)));

    /// <summary>
    /// v ← γ₁ v + (1−γ₁) g; s ← γ₂ s + (1−γ₂) g²; Δ = α v̂ / (√ŝ + ε) with v̂ = v/(1−γ₁ᵗ), ŝ = s/(1−γ₂ᵗ) (Kingma and Ba 2015).
    /// ε is outside the corrected root.
    /// </summary>
    /// <param name="learningRate">α, at least 0.</param>
    /// <param name="beta1">γ₁, in (0, 1).</param>
    /// <param name="beta2">γ₂, in (0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Optimizer Adam(double learningRate = 1e-4, double beta1 = 0.9, double beta2 = 0.99, double epsilon = 1e-8) =>
        Make(() => CoreOptimizers.adam(new Adam(learningRate, beta1, beta2, epsilon, true, false)));

    /// <summary>
    /// The optimizer that a text form names: <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>, with any arguments left out for
    /// their defaults. <c>Parse(optimizer.ToString())</c> equals the optimizer.
    /// </summary>
    /// <param name="text">The text form.</param>
    /// <exception cref="FormatException">The message points at the character, says what is known, and the nearest match.</exception>
    public static Optimizer Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Optimizer(Expression.parse(text));
    }

    // The core names an argument as the text form does; C# callers know it by the parameter's name.
    private static Optimizer Make(Func<Core.Optimizers.Optimizer> make)
    {
        try
        {
            return new Optimizer(make());
        }
        catch (ArgumentOutOfRangeException error) when (error.ParamName is "lr" or "eps")
        {
            var name = error.ParamName == "lr" ? "learningRate" : "epsilon";
            throw new ArgumentOutOfRangeException(name, error.ActualValue, error.Message.Split(" (Parameter")[0]);
        }
    }
}
