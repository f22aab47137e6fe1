namespace CuteDl.Core.Optimizers

open System
open System.Collections.Generic
open System.Globalization

/// <summary>The effect of a step on a tensor.</summary>
[<RequireQualifiedAccess; Struct>]
type StepOutcome =
    /// <summary>The tensor took the step.</summary>
    | Stepped
    /// <summary>A part such as <c>accumulate</c> or <c>skip_non_finite</c> let the parts after it skip the step. Δ is 0.</summary>
    | Skipped
    /// <summary>The tensor is frozen. The step reads neither its gradient nor its parameters.</summary>
    | Frozen
    /// <summary>The tensor has no gradient in this step.</summary>
    | NoGradient

/// <summary>
/// The measurements of one step for one tensor. If the tensor is frozen or has no gradient, all of them are 0. Norms are computed in double
/// precision; they are NaN or infinite if elements are.
/// </summary>
[<Struct>]
type TensorTelemetry =
    {
        /// <summary>The name in the layout.</summary>
        Name: string
        /// <summary>The number of elements.</summary>
        Length: int
        /// <summary>The effect of the step.</summary>
        Outcome: StepOutcome
        /// <summary>‖g‖, the norm of the given gradient.</summary>
        GradientNorm: float
        /// <summary>
        /// The norm of the gradient that enters the first rule, after clipping and the other parts before it. 0 if no gradient reaches the
        /// rule; ‖Δ‖ if there is no rule.
        /// </summary>
        RuleGradientNorm: float
        /// <summary>‖Δ‖, the norm of the update.</summary>
        UpdateNorm: float
        /// <summary>‖w‖, the norm of the parameters before the step.</summary>
        ParameterNorm: float
        /// <summary>
        /// The number of elements that a clipping part before the rule changed; the largest number, if there are several such parts.
        /// </summary>
        ClippedCount: int
        /// <summary>The number of elements of the given gradient that are NaN or infinite.</summary>
        NonFiniteCount: int
    }

    /// <summary>The share of elements that clipping changed, in [0, 1].</summary>
    member tensor.ClippedShare: float =
        if tensor.Length = 0 then 0.0 else float tensor.ClippedCount / float tensor.Length

    /// <summary>The share of elements of the given gradient that are NaN or infinite, in [0, 1].</summary>
    member tensor.NonFiniteShare: float =
        if tensor.Length = 0 then 0.0 else float tensor.NonFiniteCount / float tensor.Length

    /// <summary>‖Δ‖/‖w‖; 0 if Δ is 0.</summary>
    member tensor.UpdateRatio: float =
        if tensor.UpdateNorm = 0.0 then 0.0 else tensor.UpdateNorm / tensor.ParameterNorm

/// <summary>
/// The measurements of one step for each tensor, and for all tensors together. The step computes them while the elements are in the cache.
/// Immutable.
/// </summary>
[<Sealed>]
type StepTelemetry internal (layout: Layout, tensors: TensorTelemetry array) =

    /// All tensors as one. The outcome is unused.
    let total =
        let mutable gradient = 0.0
        let mutable ruleGradient = 0.0
        let mutable update = 0.0
        let mutable parameters = 0.0
        let mutable clipped = 0
        let mutable nonFinite = 0

        for tensor in tensors do
            gradient <- gradient + tensor.GradientNorm * tensor.GradientNorm
            ruleGradient <- ruleGradient + tensor.RuleGradientNorm * tensor.RuleGradientNorm
            update <- update + tensor.UpdateNorm * tensor.UpdateNorm
            parameters <- parameters + tensor.ParameterNorm * tensor.ParameterNorm
            clipped <- clipped + tensor.ClippedCount
            nonFinite <- nonFinite + tensor.NonFiniteCount

        { Name = ""
          Length = layout.Length
          Outcome = StepOutcome.Stepped
          GradientNorm = sqrt gradient
          RuleGradientNorm = sqrt ruleGradient
          UpdateNorm = sqrt update
          ParameterNorm = sqrt parameters
          ClippedCount = clipped
          NonFiniteCount = nonFinite }

    /// <summary>The measurements of each tensor, in the order of the layout.</summary>
    member _.Tensors: IReadOnlyList<TensorTelemetry> = tensors

    /// <summary>The measurements of one tensor by its name.</summary>
    /// <exception cref="T:System.ArgumentException">The layout has no such tensor.</exception>
    member _.Item
        with get (name: string): TensorTelemetry = tensors[layout.Find(name, nameof name)]

    /// <summary>The norm of the given gradient over all tensors that are not frozen.</summary>
    member _.GradientNorm: float = total.GradientNorm

    /// <summary>The norm of the gradient that enters the rules, over all tensors that it reaches.</summary>
    member _.RuleGradientNorm: float = total.RuleGradientNorm

    /// <summary>The norm of Δ over all tensors.</summary>
    member _.UpdateNorm: float = total.UpdateNorm

    /// <summary>The norm of the parameters before the step, over all tensors that have a gradient and are not frozen.</summary>
    member _.ParameterNorm: float = total.ParameterNorm

    /// <summary>The norm of Δ divided by the norm of the parameters; 0 if Δ is 0.</summary>
    member _.UpdateRatio: float = total.UpdateRatio

    /// <summary>The share of all elements that clipping changed, in [0, 1].</summary>
    member _.ClippedShare: float = total.ClippedShare

    /// <summary>The share of all elements of the given gradient that are NaN or infinite, in [0, 1].</summary>
    member _.NonFiniteShare: float = total.NonFiniteShare

    /// <summary>Returns one line: <c>‖g‖ 3.2, 1 at the rule, ‖Δ‖ 0.01, ‖w‖ 5, clipped 100 %, not finite 0 %</c>.</summary>
    override _.ToString() =
        let text (value: float) = value.ToString("G4", CultureInfo.InvariantCulture)
        let percent (share: float) = (100.0 * share).ToString("0.##", CultureInfo.InvariantCulture)

        $"‖g‖ {text total.GradientNorm}, {text total.RuleGradientNorm} at the rule, ‖Δ‖ {text total.UpdateNorm}, ‖w‖ {text total.ParameterNorm}, "
        + $"clipped {percent total.ClippedShare} %%, not finite {percent total.NonFiniteShare} %%"
