using System.Numerics;
using System.Runtime.CompilerServices;
using CoreSteps = CuteDl.Core.Optimizers.Telemetry;

namespace CuteDl;

/// <content>
/// Steps that also return telemetry. State, parameters and Δ have the same bits as without it. The step measures gradient, Δ and parameters while
/// they are in the cache, so there is no further pass over memory. The only exception is a tensor that skips the step: its parameters are
/// read once.
/// </content>
public sealed partial class Optimizer
{
    /// <summary>Takes a pure step at given parameters, with telemetry. The result has the same bits as without it.</summary>
    /// <inheritdoc cref="StepAt{T}(OptimizerState{T}, ReadOnlySpan{T}, ReadOnlySpan{T})" path="/typeparam|/exception"/>
    /// <param name="state">A state of this optimizer; it does not change.</param>
    /// <param name="parameters">The parameters w, as long as the state; they do not change.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <param name="telemetry">The measurements of the step.</param>
    public OptimizerStep<T> StepAt<T>(OptimizerState<T> state, T[] parameters, T[] gradient, out StepTelemetry telemetry)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        var (next, delta, measured) = CoreSteps.stepAt(Core, state.Core, parameters, gradient);
        telemetry = new StepTelemetry(measured);
        return new OptimizerStep<T>(new OptimizerState<T>(next), delta);
    }

    /// <summary>Takes a step in place, with telemetry. State and parameters get the same bits as without it. Only the telemetry is allocated.</summary>
    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T})" path="/typeparam|/exception"/>
    /// <param name="state">A state of this optimizer; after the step, the next one.</param>
    /// <param name="parameters">The parameters, as long as the state; overwritten.</param>
    /// <param name="gradient">The gradient, as long as the state; it does not change.</param>
    /// <param name="telemetry">The measurements of the step.</param>
    public void StepInPlace<T>(OptimizerState<T> state, Span<T> parameters, ReadOnlySpan<T> gradient, out StepTelemetry telemetry)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        telemetry = new StepTelemetry(CoreSteps.stepInPlace(Core, state.Core, parameters, gradient));
    }

    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T}, out StepTelemetry)"/>
    [OverloadResolutionPriority(1)]
    public void StepInPlace<T>(OptimizerState<T> state, T[] parameters, T[] gradient, out StepTelemetry telemetry)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        StepInPlace(state, (Span<T>)parameters, gradient, out telemetry);
    }

    /// <summary>Takes a step in place over tensors with their own memory, with telemetry. All results have the same bits as without it.</summary>
    /// <inheritdoc cref="StepTensorsInPlace{T}(OptimizerState{T}, IEnumerable{StepTensor{T}})" path="/remarks|/typeparam|/exception"/>
    /// <param name="state">A state of this optimizer; after the step, the next one.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order.</param>
    /// <param name="telemetry">The measurements of the step.</param>
    public void StepTensorsInPlace<T>(OptimizerState<T> state, IEnumerable<StepTensor<T>> tensors, out StepTelemetry telemetry)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(tensors);
        telemetry = new StepTelemetry(CoreSteps.stepTensorsInPlace(Core, state.Core, tensors.Select(tensor => tensor.Core)));
    }
}
