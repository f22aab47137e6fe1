using System.Numerics;
using System.Runtime.CompilerServices;
using CuteDl.Core.Optimizers;
using CoreOptimizer = CuteDl.Core.Optimizers.Optimizer;

namespace CuteDl;

/// <summary>
/// An optimizer: a rule with its hyper-parameters, a transformation, a chain of them, or one for each group of parameters, as an
/// immutable value. Made by <see cref="Optimizers"/>; every method here that changes something gives a new one. Equal to another if
/// their text forms are equal.
/// </summary>
public sealed partial class Optimizer : IEquatable<Optimizer>, IOptimizerSource
{
    internal Optimizer(CoreOptimizer core)
    {
        Core = core;
        Rule = new Rule(core.Kind);
        Arguments = core.Values;
    }

    internal CoreOptimizer Core { get; }

    /// <summary>The rule: its name, source, arguments and defaults. Chains and groups have one of their own, without arguments.</summary>
    public Rule Rule { get; }

    /// <summary>
    /// The hyper-parameters' values by the names of the text form, in its order; those of step 0, where scheduled. None for chains and
    /// groups: their parts have them.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, double>> Arguments { get; }

    /// <summary>The schedules by the names of the arguments that follow them.</summary>
    public IReadOnlyList<KeyValuePair<string, Schedule>> Schedules =>
        [.. Core.Settings.Where(setting => setting.Value.IsSchedule)
            .Select(setting => KeyValuePair.Create(setting.Key, new Schedule(((Setting.Schedule)setting.Value).Item)))];

    /// <summary>The plateaus by the names of the arguments that follow them.</summary>
    public IReadOnlyList<KeyValuePair<string, Plateau>> Plateaus =>
        [.. Core.Settings.Where(setting => setting.Value.IsPlateau)
            .Select(setting => KeyValuePair.Create(setting.Key, Plateau.Of(((Setting.Plateau)setting.Value).Item)))];

    /// <summary>The parts of a chain in their order; the optimizer itself, if it is none.</summary>
    public IReadOnlyList<Optimizer> Parts => [.. Core.Parts.Select(part => new Optimizer(part))];

    /// <summary>The groups in their order; empty if it is not made of groups.</summary>
    public IReadOnlyList<OptimizerGroup> Groups =>
        [.. Core.Groups.Select(group => new OptimizerGroup(group.Pattern, new Optimizer(group.Optimizer), group.IsOptional))];

    /// <summary>The names of a single rule's slots; empty for a rule without memory. A state knows all of its own.</summary>
    public IReadOnlyList<string> SlotNames => [.. Core.SlotNames];

    /// <summary>True if a schedule has a share of the run, so that a step needs <see cref="ForRun"/>.</summary>
    public bool DependsOnRun => OptimizerModule.dependsOnRun(Core);

    /// <summary>
    /// Replaces the shares of the run in all schedules by numbers of steps; see <see cref="CuteDl.Schedule.ForRun"/>. The parts after
    /// <c>accumulate(k)</c> have a k-th of the steps. Experiments and studies do this themselves; a loop of one's own needs it before the
    /// first step.
    /// </summary>
    /// <param name="steps">The number of steps of the run, from 1 to 2⁵³.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of steps is out of range.</exception>
    /// <exception cref="ArgumentException">In a run of this length, numbers and shares of a schedule do not fit each other.</exception>
    public Optimizer ForRun(long steps) => new(OptimizerModule.forRun(steps, Core));

    /// <summary>The initial state (t = 0, every slot 0) for so many parameters, taken as one tensor without a name.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="length">The number of parameters, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="ArgumentException">
    /// The optimizer has groups, which need names (use a <see cref="ParameterLayout"/>), or a schedule has a share of the run (use
    /// <see cref="ForRun"/>).
    /// </exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public OptimizerState<T> Init<T>(int length)
        where T : unmanaged, IFloatingPointIeee754<T> => new(OptimizerModule.init<T>(Core, length));

    /// <summary>The initial state (t = 0, every slot 0) for the tensors of a model.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="layout">The tensors, by name and shape.</param>
    /// <exception cref="ArgumentException">
    /// A tensor belongs to no group, a group has no tensor, or a schedule has a share of the run (use <see cref="ForRun"/>).
    /// </exception>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public OptimizerState<T> Init<T>(ParameterLayout layout)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(layout);
        return new(OptimizerModule.initFor<T>(Core, layout.Core));
    }

    /// <summary>
    /// The pure step: from a state and a gradient to the next state and the delta, which the caller takes away:
    /// w' = w − delta. Neither argument is changed.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer, from <see cref="Init{T}(int)"/> or from the step before.</param>
    /// <param name="gradient">The gradient, as long as the state.</param>
    /// <exception cref="ArgumentException">
    /// The lengths differ, the state is another optimizer's, or the optimizer looks at the parameters: that is
    /// <see cref="StepAt{T}(OptimizerState{T}, ReadOnlySpan{T}, ReadOnlySpan{T})"/>.
    /// </exception>
    /// <exception cref="NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="SkipNonFinite"/> has reached its limit. State and
    /// parameters are as before the step.
    /// </exception>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        var (next, delta) = OptimizerModule.stepSpan(Core, state.Core, gradient);
        return new OptimizerStep<T>(new OptimizerState<T>(next), delta);
    }

    /// <inheritdoc cref="Step{T}(OptimizerState{T}, ReadOnlySpan{T})"/>
    public OptimizerStep<T> Step<T>(OptimizerState<T> state, T[] gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(gradient);
        return Step(state, (ReadOnlySpan<T>)gradient);
    }

    /// <summary>The pure step at given parameters, for optimizers that look at them: decay, trust ratios, averages. Nothing given is changed.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer.</param>
    /// <param name="parameters">The parameters w, as long as the state.</param>
    /// <param name="gradient">The gradient, as long as the state.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    /// <exception cref="NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="SkipNonFinite"/> has reached its limit. State and
    /// parameters are as before the step.
    /// </exception>
    public OptimizerStep<T> StepAt<T>(OptimizerState<T> state, ReadOnlySpan<T> parameters, ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        var (next, delta) = OptimizerModule.stepAtSpan(Core, state.Core, parameters, gradient);
        return new OptimizerStep<T>(new OptimizerState<T>(next), delta);
    }

    /// <inheritdoc cref="StepAt{T}(OptimizerState{T}, ReadOnlySpan{T}, ReadOnlySpan{T})"/>
    // An array and a collection expression in one call match both overloads equally well; the arrays' overload takes precedence.
    [OverloadResolutionPriority(1)]
    public OptimizerStep<T> StepAt<T>(OptimizerState<T> state, T[] parameters, T[] gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        return StepAt(state, (ReadOnlySpan<T>)parameters, gradient);
    }

    /// <summary>
    /// The in-place step: overwrites the parameters with w − delta and the state with the next one, without allocating. Equal
    /// bit for bit to the pure step.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer; afterwards the next one.</param>
    /// <param name="parameters">The parameters, as long as the state.</param>
    /// <param name="gradient">The gradient, as long as the state.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    /// <exception cref="NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="SkipNonFinite"/> has reached its limit. State and
    /// parameters are as before the step.
    /// </exception>
    public void StepInPlace<T>(OptimizerState<T> state, Span<T> parameters, ReadOnlySpan<T> gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        OptimizerModule.stepInPlace(Core, state.Core, parameters, gradient);
    }

    /// <inheritdoc cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T})"/>
    [OverloadResolutionPriority(1)]
    public void StepInPlace<T>(OptimizerState<T> state, T[] parameters, T[] gradient)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradient);
        StepInPlace(state, (Span<T>)parameters, gradient);
    }

    /// <summary>
    /// Takes a step in place over tensors with their own memory, which is not copied. The result equals that of
    /// <see cref="StepInPlace{T}(OptimizerState{T}, Span{T}, ReadOnlySpan{T})"/> bit for bit.
    /// </summary>
    /// <remarks>
    /// A tensor without a gradient, or that is not given, does not change, and neither do its slots and its count of steps. Its schedules
    /// continue, because they count the steps of the part. A part that treats its tensors together refuses the step, unless none of its tensors
    /// has a gradient. Parts without slots, such as <see cref="ClipGlobalNorm"/>, leave the tensor out.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer; after the step, the next one.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order.</param>
    /// <exception cref="ArgumentException">
    /// A name is unknown or given twice, a length differs, a part refuses a tensor without a gradient, or the state belongs to another optimizer.
    /// </exception>
    /// <exception cref="NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="SkipNonFinite"/> has reached its limit. State and
    /// parameters are as before the step.
    /// </exception>
    public void StepTensorsInPlace<T>(OptimizerState<T> state, IEnumerable<StepTensor<T>> tensors)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(tensors);
        OptimizerModule.stepTensorsInPlace(Core, state.Core, tensors.Select(tensor => tensor.Core));
    }

    /// <summary>Takes the same step without changing state and parameters.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer; it does not change.</param>
    /// <param name="tensors">Tensors of the layout of the state, in any order; they do not change.</param>
    /// <exception cref="ArgumentException">
    /// A name is unknown or given twice, a length differs, a part refuses a tensor without a gradient, or the state belongs to another optimizer.
    /// </exception>
    /// <exception cref="NonFiniteException">
    /// The optimizer's state is not finite (checked at every 16th step), or <see cref="SkipNonFinite"/> has reached its limit.
    /// </exception>
    public OptimizerTensorStep<T> StepTensors<T>(OptimizerState<T> state, IEnumerable<StepTensor<T>> tensors)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(tensors);
        var (next, deltas) = OptimizerModule.stepTensors(Core, state.Core, tensors.Select(tensor => tensor.Core));
        return new OptimizerTensorStep<T>(new OptimizerState<T>(next), deltas);
    }

    /// <summary>
    /// Returns every hyper-parameter of the next step by name, with the values of schedules and plateaus. In a chain, a name starts with the
    /// number and kind of its part, <c>2.adam.lr</c>; in groups, with the pattern.
    /// </summary>
    /// <remarks>Flags are 0 or 1. A default that another argument determines is NaN.</remarks>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer.</param>
    /// <exception cref="ArgumentException">The state belongs to another optimizer.</exception>
    public IReadOnlyDictionary<string, double> Current<T>(OptimizerState<T> state)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        return OptimizerModule.current(Core, state.Core).ToDictionary(value => value.Item1, value => value.Item2);
    }

    /// <summary>
    /// Tells the state a validation loss: hyper-parameters that follow a <see cref="Plateau"/> are reduced when it stops falling. Of no
    /// effect on others.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer; it is changed.</param>
    /// <param name="loss">The loss.</param>
    /// <exception cref="ArgumentException">The state is another optimizer's.</exception>
    public void ObserveInPlace<T>(OptimizerState<T> state, double loss)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        OptimizerModule.observeInPlace(Core, state.Core, loss);
    }

    /// <summary>The same as a pure step: the state that knows the loss too.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer; it is not changed.</param>
    /// <param name="loss">The loss.</param>
    /// <exception cref="ArgumentException">The state is another optimizer's.</exception>
    public OptimizerState<T> Observe<T>(OptimizerState<T> state, double loss)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        return new(OptimizerModule.observe(Core, state.Core, loss));
    }

    /// <summary>
    /// The averages of the parameters that the optimizer keeps, by <see cref="Ema"/>, <see cref="Swa"/>, <c>asgd</c>
    /// or a schedule-free rule; where it keeps none, the parameters themselves.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <param name="state">A state of this optimizer.</param>
    /// <param name="parameters">The parameters, as long as the state; they are not changed.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the state is another optimizer's.</exception>
    public T[] Averaged<T>(OptimizerState<T> state, ReadOnlySpan<T> parameters)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(state);
        return OptimizerModule.averaged(Core, state.Core, parameters);
    }

    /// <inheritdoc cref="Averaged{T}(OptimizerState{T}, ReadOnlySpan{T})"/>
    public T[] Averaged<T>(OptimizerState<T> state, T[] parameters)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Averaged(state, (ReadOnlySpan<T>)parameters);
    }

    /// <summary>The text form, <c>adam(lr=0.0001, beta1=0.9, beta2=0.99)</c>; see <see cref="Optimizers.Parse"/>.</summary>
    public override string ToString() => Core.ToString();

    /// <inheritdoc/>
    CoreOptimizer IOptimizerSource.Optimizer => Core;

    /// <inheritdoc/>
    public bool Equals(Optimizer? other) => other is not null && Core.Equals(other.Core);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Optimizer);

    /// <inheritdoc/>
    public override int GetHashCode() => Core.GetHashCode();

    /// <summary>Whether two optimizers are equal.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Optimizer? left, Optimizer? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two optimizers differ.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Optimizer? left, Optimizer? right) => !(left == right);
}
