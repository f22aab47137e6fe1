using System.Numerics;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>A tensor of a step, with its own memory. Its name is that of the layout.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
/// <param name="Name">The name in the layout of the state.</param>
/// <param name="Parameters">The parameters of the tensor, row by row. An in-place step overwrites them.</param>
/// <param name="Gradient">
/// The gradient, as long as the parameters; it must not overlap them. Null, or an array that is null, if the tensor has no gradient in this
/// step: the step then changes neither the tensor nor its part of the state.
/// </param>
public readonly record struct StepTensor<T>(string Name, Memory<T> Parameters, ReadOnlyMemory<T>? Gradient)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The gradient; null if the tensor has none in this step.</summary>
    // C# converts an array that is null to a memory without an array, not to null.
    public ReadOnlyMemory<T>? Gradient { get; init => field = OrNull(value); } = OrNull(Gradient);

    /// <summary>Returns one line: <c>layers.0.weight, 7840 elements</c>.</summary>
    public override string ToString() => $"{Name}, {Parameters.Length} elements{(Gradient is null ? " without a gradient" : "")}";

    private static ReadOnlyMemory<T>? OrNull(ReadOnlyMemory<T>? gradient) => gradient is { } memory && memory.Equals(default) ? null : gradient;

    internal Core.Optimizers.StepTensor<T> Core =>
        new(Name ?? "", Parameters, Gradient is { } gradient ? FSharpValueOption<ReadOnlyMemory<T>>.NewValueSome(gradient) : FSharpValueOption<ReadOnlyMemory<T>>.ValueNone);
}

/// <summary>The result of a pure step over tensors.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
/// <param name="Next">The next state.</param>
/// <param name="Deltas">For each tensor with a gradient, by its name, the Δ to subtract from its parameters.</param>
public readonly record struct OptimizerTensorStep<T>(OptimizerState<T> Next, IReadOnlyDictionary<string, T[]> Deltas)
    where T : unmanaged, IFloatingPointIeee754<T>;
