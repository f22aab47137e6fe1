using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace CuteDl;

/// <content>
/// Steps over the tensors of System.Numerics.Tensors. They equal those over spans, and allocate as little. The elements of a tensor must be
/// contiguous; its shape has no effect, because the layout of the state has the shapes.
/// </content>
public sealed partial class Optimizer
{
    /// <inheritdoc cref="Step{T}(OptimizerState{T}, ReadOnlySpan{T})" path="/summary|/typeparam|/param|/exception[@cref='T:CuteDl.Core.Optimizers.NonFiniteException']"/>
    /// <exception cref="ArgumentException">
    /// The gradient is not contiguous, the lengths differ, the state is another optimizer's, or the optimizer looks at the parameters.
    /// </exception>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, in ReadOnlyTensorSpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> => Step(state, Elements(gradient, nameof(gradient)));

    /// <inheritdoc cref="StepAt{T}(OptimizerState{T}, ReadOnlySpan{T}, ReadOnlySpan{T})" path="/summary|/typeparam|/param|/exception[@cref='T:CuteDl.Core.Optimizers.NonFiniteException']"/>
    /// <exception cref="ArgumentException">A tensor is not contiguous, the lengths differ, or the state is another optimizer's.</exception>
    public OptimizerStep<T> StepAt<T>(OptimizerState<T> state, in ReadOnlyTensorSpan<T> parameters, in ReadOnlyTensorSpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        StepAt(state, Elements(parameters, nameof(parameters)), Elements(gradient, nameof(gradient)));

    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T})" path="/summary|/typeparam|/param|/exception[@cref='T:CuteDl.Core.Optimizers.NonFiniteException']"/>
    /// <exception cref="ArgumentException">A tensor is not contiguous, the lengths differ, or the state is another optimizer's.</exception>
    public void StepInPlace<T>(OptimizerState<T> state, in TensorSpan<T> parameters, in ReadOnlyTensorSpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        StepInPlace(state, Elements(parameters, nameof(parameters)), Elements(gradient, nameof(gradient)));

    /// <inheritdoc cref="Averaged{T}(OptimizerState{T}, ReadOnlySpan{T})" path="/summary|/typeparam|/param"/>
    /// <exception cref="ArgumentException">The tensor is not contiguous, the lengths differ, or the state is another optimizer's.</exception>
    public T[] Averaged<T>(OptimizerState<T> state, in ReadOnlyTensorSpan<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T> => Averaged(state, Elements(parameters, nameof(parameters)));

    // TryGetSpan refuses some dense tensors, such as one of 6 × 1 elements.
    private static Span<T> Elements<T>(in TensorSpan<T> tensor, string name) =>
        tensor.IsEmpty ? []
        : tensor.IsDense ? MemoryMarshal.CreateSpan(ref tensor.GetPinnableReference(), LengthOf(tensor.FlattenedLength))
        : throw NotContiguous(name);

    private static ReadOnlySpan<T> Elements<T>(in ReadOnlyTensorSpan<T> tensor, string name) =>
        tensor.IsEmpty ? []
        : tensor.IsDense ? MemoryMarshal.CreateReadOnlySpan(in tensor.GetPinnableReference(), LengthOf(tensor.FlattenedLength))
        : throw NotContiguous(name);

    // A longer tensor differs from every state in its length.
    private static int LengthOf(nint length) => (int)Math.Min(length, int.MaxValue);

    private static ArgumentException NotContiguous(string name) =>
        new($"The elements of {name} are not contiguous. Copy them to a dense tensor, or to an array with FlattenTo.", name);
}
