using CuteDl.Core.Data;

namespace CuteDl;

/// <summary>A tensor of a model's parameters, as a copy.</summary>
public sealed class ModelTensor
{
    private readonly double[] _values;

    internal ModelTensor(string name, Tensor core)
    {
        Name = name;
        Shape = ValueList.Of([.. core.Shape]);
        _values = core.Cells switch
        {
            Cells.F32 single => Array.ConvertAll(single.Item, value => (double)value),
            Cells.F64 wide => wide.Item,
            _ => throw new InvalidOperationException("Parameters are floating-point numbers."),
        };
    }

    /// <summary>The name: <c>layers.0.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The sizes: inputs × units for the weights of a dense layer, size × size × input channels × channels for those of a convolution.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The values, row-major. They are exact for both precisions.</summary>
    public ReadOnlySpan<double> Values => _values;

    /// <summary>One line: <c>layers.0.weight, 784 × 128</c>.</summary>
    public override string ToString() => $"{Name}, {string.Join(" × ", Shape)}";
}
