using System.Numerics;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>
/// What an optimizer remembers between steps: how many were taken, named slots as long as the parameters that they belong to, and
/// named numbers.
/// </summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class OptimizerState<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    internal OptimizerState(State<T> core) => Core = core;

    internal State<T> Core { get; }

    /// <summary>How many steps were taken; 0 is the initial state.</summary>
    public long Step => Core.Step;

    /// <summary>The number of parameters.</summary>
    public int Length => Core.Length;

    /// <summary>The tensors that the parameters are made of.</summary>
    public ParameterLayout Layout => new(Core.Layout);

    /// <summary>
    /// The names of the slots. In a chain they begin with the part's number and kind, <c>2.adam.average</c>; in groups, with the
    /// pattern.
    /// </summary>
    public IReadOnlyList<string> SlotNames => [.. Core.SlotNames];

    /// <summary>A slot by name: one value for each parameter that the part works on.</summary>
    /// <param name="slotName">One of <see cref="SlotNames"/>, such as <c>velocity</c>.</param>
    /// <exception cref="ArgumentException">There is no such slot; the message lists those there are.</exception>
    public ReadOnlyMemory<T> this[string slotName] => Core[slotName];

    /// <summary>The numbers by their names, such as the distance that a rule without a rate has estimated; named as slots are.</summary>
    public IReadOnlyDictionary<string, double> Numbers => Core.Numbers.ToDictionary(number => number.Item1, number => number.Item2);

    /// <summary>One line: <c>step 200, 7850 parameters, slots average, square_average</c>.</summary>
    public override string ToString() =>
        $"step {Step}, {Length} parameters, {(SlotNames.Count == 0 ? "no slots" : $"slots {Short.List(SlotNames)}")}";

    /// <summary>A state of its own with the same content, which a later in-place step does not change.</summary>
    public OptimizerState<T> Copy() => new(Core.Copy());

    /// <summary>
    /// Carries the state to a changed model, for the same optimizer. A tensor keeps its state if both layouts have its name and its shape. This
    /// state does not change.
    /// </summary>
    /// <param name="layout">The tensors of the changed model.</param>
    /// <param name="rename">Returns the new name of a tensor. Default: names do not change.</param>
    /// <returns>The state for the changed model, and what became of each tensor.</returns>
    /// <exception cref="ArgumentException">
    /// Two tensors would have the same name, or the optimizer does not work on the new layout.
    /// </exception>
    public CarriedState<T> Carry(ParameterLayout layout, Func<string, string>? rename = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var names = FSharpFunc<string, string>.FromConverter(name => rename is null ? name : rename(name));
        var (state, report) = StateModule.carry(layout.Core, names, Core);
        return new CarriedState<T>(new OptimizerState<T>(state), new CarryReport(report));
    }
}

/// <summary>What a pure step gives.</summary>
/// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
/// <param name="Next">The next state.</param>
/// <param name="Delta">What to take away from each parameter: w' = w − delta.</param>
public readonly record struct OptimizerStep<T>(OptimizerState<T> Next, T[] Delta)
    where T : unmanaged, IFloatingPointIeee754<T>;
