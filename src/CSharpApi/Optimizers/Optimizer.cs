using System.Numerics;
using CuteDl.Core.Optimizers;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;

namespace CuteDl;

/// <summary>
/// An optimizer: a rule with its hyper-parameters, as an immutable value. Made by <see cref="Optimizers"/>; equal to another
/// if their text forms are equal.
/// </summary>
public sealed class Optimizer : IEquatable<Optimizer>
{
    internal Optimizer(CoreOptimizer core)
    {
        Core = core;
        Rule = new Rule(core.Kind);
        Arguments = core.Values;
    }

    internal CoreOptimizer Core { get; }

    /// <summary>The rule: its name, source, arguments and defaults.</summary>
    public Rule Rule { get; }

    /// <summary>The hyper-parameters' values by the names of the text form, in its order.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Arguments { get; }

    /// <summary>The names of the state's slots; empty for a rule without memory.</summary>
    public IReadOnlyList<string> SlotNames => [.. Core.SlotNames];

    /// <summary>The initial state (t = 0, every slot 0) for so many parameters.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="length">The number of parameters, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public OptimizerState<T> Init<T>(int length)
        where T : unmanaged, IFloatingPointIeee754<T> => new(OptimizerModule.init<T>(Core, length));

    /// <summary>
    /// The pure step: from a state and a gradient to the next state and the delta, which the caller takes away:
    /// w' = w − delta. Neither argument is changed.
    /// </summary>
    /// <param name="state">A state of this optimizer, from <see cref="Init{T}"/> or from the step before.</param>
    /// <param name="gradient">The gradient, as long as the state.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        var (next, delta) = OptimizerModule.step(Core, state.Core, gradient);
        return new OptimizerStep<T>(new OptimizerState<T>(next), delta);
    }

    /// <inheritdoc cref="Step{T}(OptimizerState{T}, ReadOnlySpan{T})"/>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, T[] gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(gradient);
        return Step(state, (ReadOnlySpan<T>)gradient);
    }

    /// <summary>
    /// The in-place step: overwrites the parameters with w − delta and the state with the next one, without allocating. Equal
    /// bit for bit to the pure step.
    /// </summary>
    /// <param name="state">A state of this optimizer; afterwards the next one.</param>
    /// <param name="parameters">The parameters, as long as the state.</param>
    /// <param name="gradient">The gradient, as long as the state.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    public void StepInPlace<T>(OptimizerState<T> state, Span<T> parameters, ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        OptimizerModule.stepInPlace(Core, state.Core, parameters, gradient);
    }

    /// <summary>The text form, <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>; see <see cref="Optimizers.Parse"/>.</summary>
    public override string ToString() => Core.ToString();

    /// <inheritdoc/>
    public bool Equals(Optimizer? other) => other is not null && Core.Equals(other.Core);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Optimizer);

    /// <inheritdoc/>
    public override int GetHashCode() => Core.GetHashCode();
}
