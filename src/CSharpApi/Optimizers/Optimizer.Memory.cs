using System.Numerics;

namespace CuteDl;

/// <content>Steps over <see cref="Memory{T}"/>. They equal those over spans, and allocate as little.</content>
public sealed partial class Optimizer
{
    /// <inheritdoc cref="Step{T}(OptimizerState{T}, ReadOnlySpan{T})"/>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, ReadOnlyMemory<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> => Step(state, gradient.Span);

    /// <inheritdoc cref="StepAt{T}(OptimizerState{T}, ReadOnlySpan{T}, ReadOnlySpan{T})"/>
    public OptimizerStep<T> StepAt<T>(OptimizerState<T> state, ReadOnlyMemory<T> parameters, ReadOnlyMemory<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> => StepAt(state, parameters.Span, gradient.Span);

    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T})"/>
    public void StepInPlace<T>(OptimizerState<T> state, Memory<T> parameters, ReadOnlyMemory<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> => StepInPlace(state, parameters.Span, gradient.Span);

    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T}, out StepTelemetry)"/>
    public void StepInPlace<T>(OptimizerState<T> state, Memory<T> parameters, ReadOnlyMemory<T> gradient, out StepTelemetry telemetry)
        where T : unmanaged, IFloatingPointIeee754<T> => StepInPlace(state, parameters.Span, gradient.Span, out telemetry);

    /// <inheritdoc cref="Averaged{T}(OptimizerState{T}, ReadOnlySpan{T})"/>
    public T[] Averaged<T>(OptimizerState<T> state, ReadOnlyMemory<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> => Averaged(state, parameters.Span);
}
