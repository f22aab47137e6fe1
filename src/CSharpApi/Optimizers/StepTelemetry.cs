using CoreTelemetry = CuteDl.Core.Optimizers.StepTelemetry;
using CoreTensorTelemetry = CuteDl.Core.Optimizers.TensorTelemetry;

namespace CuteDl;

/// <summary>The effect of a step on a tensor.</summary>
public enum StepOutcome
{
    /// <summary>The tensor took the step.</summary>
    Stepped,

    /// <summary>A part such as <c>accumulate</c> or <c>skip_non_finite</c> let the parts after it skip the step. Δ is 0.</summary>
    Skipped,

    /// <summary>The tensor is frozen. The step reads neither its gradient nor its parameters.</summary>
    Frozen,

    /// <summary>The tensor has no gradient in this step.</summary>
    NoGradient,
}

/// <summary>The measurements of one step for each tensor, and for all tensors together. Immutable.</summary>
public sealed class StepTelemetry
{
    private readonly CoreTelemetry _core;

    internal StepTelemetry(CoreTelemetry core) => _core = core;

    /// <summary>The measurements of each tensor, in the order of the layout.</summary>
    public IReadOnlyList<TensorTelemetry> Tensors => field ??= [.. _core.Tensors.Select(tensor => new TensorTelemetry(tensor))];

    /// <summary>The measurements of one tensor.</summary>
    /// <param name="name">Its name in the layout.</param>
    /// <exception cref="ArgumentException">The layout has no such tensor.</exception>
    public TensorTelemetry this[string name] => new(_core[name]);

    /// <summary>The norm of the given gradient over all tensors that are not frozen.</summary>
    public double GradientNorm => _core.GradientNorm;

    /// <summary>The norm of the gradient that enters the rules, over all tensors that it reaches.</summary>
    public double RuleGradientNorm => _core.RuleGradientNorm;

    /// <summary>The norm of Δ over all tensors.</summary>
    public double UpdateNorm => _core.UpdateNorm;

    /// <summary>The norm of the parameters before the step, over all tensors that have a gradient and are not frozen.</summary>
    public double ParameterNorm => _core.ParameterNorm;

    /// <summary>The norm of Δ divided by the norm of the parameters; 0 if Δ is 0.</summary>
    public double UpdateRatio => _core.UpdateRatio;

    /// <summary>The share of all elements that clipping changed, in [0, 1].</summary>
    public double ClippedShare => _core.ClippedShare;

    /// <summary>The share of all elements of the given gradient that are NaN or infinite, in [0, 1].</summary>
    public double NonFiniteShare => _core.NonFiniteShare;

    /// <summary>Returns one line: <c>‖g‖ 3.2, 1 at the rule, ‖Δ‖ 0.01, ‖w‖ 5, clipped 100 %, not finite 0 %</c>.</summary>
    public override string ToString() => _core.ToString();
}

/// <summary>
/// The measurements of one step for one tensor. If the tensor is frozen or has no gradient, all of them are 0. Norms are computed in double
/// precision; they are NaN or infinite if elements are.
/// </summary>
public readonly record struct TensorTelemetry
{
    private readonly CoreTensorTelemetry _core;

    internal TensorTelemetry(CoreTensorTelemetry core) => _core = core;

    /// <summary>The name in the layout.</summary>
    public string Name => _core.Name;

    /// <summary>The number of elements.</summary>
    public int Length => _core.Length;

    /// <summary>The effect of the step.</summary>
    public StepOutcome Outcome => Translate.Outcome(_core.Outcome);

    /// <summary>‖g‖, the norm of the given gradient.</summary>
    public double GradientNorm => _core.GradientNorm;

    /// <summary>
    /// The norm of the gradient that enters the first rule, after clipping and the other parts before it. 0 if no gradient reaches the rule;
    /// ‖Δ‖ if there is no rule.
    /// </summary>
    public double RuleGradientNorm => _core.RuleGradientNorm;

    /// <summary>‖Δ‖, the norm of the update.</summary>
    public double UpdateNorm => _core.UpdateNorm;

    /// <summary>‖w‖, the norm of the parameters before the step.</summary>
    public double ParameterNorm => _core.ParameterNorm;

    /// <summary>‖Δ‖/‖w‖; 0 if Δ is 0.</summary>
    public double UpdateRatio => _core.UpdateRatio;

    /// <summary>
    /// The number of elements that a clipping part before the rule changed; the largest number, if there are several such parts.
    /// </summary>
    public int ClippedCount => _core.ClippedCount;

    /// <summary>The share of elements that clipping changed, in [0, 1].</summary>
    public double ClippedShare => _core.ClippedShare;

    /// <summary>The number of elements of the given gradient that are NaN or infinite.</summary>
    public int NonFiniteCount => _core.NonFiniteCount;

    /// <summary>The share of elements of the given gradient that are NaN or infinite, in [0, 1].</summary>
    public double NonFiniteShare => _core.NonFiniteShare;
}
