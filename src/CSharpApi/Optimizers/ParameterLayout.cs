using CuteDl.Core.Optimizers;

namespace CuteDl;

/// <summary>
/// The named tensors that make up a flat array of parameters, one after another, row after row: what groups, norms and rules for
/// matrices need to know of a model. An immutable value: two layouts with the same tensors are equal.
/// </summary>
public sealed class ParameterLayout : IEquatable<ParameterLayout>
{
    /// <summary>Tensors of these names and shapes, one after another.</summary>
    /// <param name="tensors">Names, such as <c>layers.0.weight</c>, with sizes: inputs × units for a weight, units for a bias.</param>
    /// <exception cref="ArgumentException">A size is negative, two tensors have the same name, or they have more elements than an array can.</exception>
    public ParameterLayout(params (string Name, int[] Shape)[] tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        foreach (var (name, shape) in tensors)
        {
            ArgumentNullException.ThrowIfNull(name, nameof(tensors));
            ArgumentNullException.ThrowIfNull(shape, nameof(tensors));
        }

        Core = Layout.OfShapes(tensors.Select(tensor => Tuple.Create(tensor.Name, Microsoft.FSharp.Collections.ListModule.OfSeq(tensor.Shape))));
        Tensors = Of(Core);
    }

    internal ParameterLayout(Layout core)
    {
        Core = core;
        Tensors = Of(core);
    }

    internal Layout Core { get; }

    /// <summary>The tensors in order.</summary>
    public IReadOnlyList<ParameterTensor> Tensors { get; }

    /// <summary>How many elements they have together.</summary>
    public int Length => Core.Length;

    /// <summary>
    /// Returns the same tensors with the units of weights as their first dimension: units × inputs, as in PyTorch. Three kinds of parts need to
    /// know this: <c>muon</c>, <c>centralize</c> and <c>clip_adaptive</c>.
    /// </summary>
    public ParameterLayout UnitsFirst() => new(Core.WithUnitsFirst());

    /// <summary>One line: <c>layers.0.weight [784, 10], layers.0.bias [10]: 7850 parameters</c>.</summary>
    public override string ToString() => $"{Short.List(Tensors)}: {Length} parameters";

    /// <inheritdoc/>
    public bool Equals(ParameterLayout? other) => other is not null && Tensors.SequenceEqual(other.Tensors);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ParameterLayout);

    /// <inheritdoc/>
    public override int GetHashCode() => new ValueList<ParameterTensor>(Tensors).GetHashCode();

    private static ParameterTensor[] Of(Layout core) =>
        [.. core.Parameters.Select(ParameterTensor.Of)];
}

/// <summary>A tensor among the parameters.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Offset">Where it begins in the flat array.</param>
/// <param name="Length">How many elements it has.</param>
public sealed record ParameterTensor(string Name, IReadOnlyList<int> Shape, int Offset, int Length)
{
    /// <summary>Its sizes.</summary>
    public IReadOnlyList<int> Shape { get; init => field = ValueList.Of(value); } = ValueList.Of(Shape);

    /// <summary>True if the units of a weight are its first dimension: see <see cref="ParameterLayout.UnitsFirst"/>.</summary>
    public bool UnitsFirst { get; init; }

    /// <summary>One line: <c>layers.0.weight [784, 10]</c>.</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Shape)}]".TrimStart();

    internal static ParameterTensor Of(Parameter core) =>
        new(core.Name, [.. core.Shape], core.Offset, core.Length) { UnitsFirst = core.UnitsFirst };
}
