using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using CuteDl.Core.Data;
using MathNet.Numerics.LinearAlgebra;

namespace CuteDl;

/// <summary>
/// The targets of examples: a class for each, or a row of numbers. Arrays, matrices, vectors and tensors convert to it, so that
/// <see cref="DataSet.From(DataInputs, DataTargets, string)"/> takes them as they are. The numbers are copied.
/// </summary>
[SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "Classes and Values are the alternates.")]
public sealed class DataTargets
{
    private DataTargets(Targets core) => Core = core;

    internal Targets Core { get; }

    /// <summary>The class of each example.</summary>
    /// <param name="labels">The classes, from 0.</param>
    /// <param name="classes">The number of classes: labels must be below it. Default: one more than the largest label.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of classes is below 1.</exception>
    public static DataTargets Classes(ReadOnlySpan<int> labels, int? classes = null)
    {
        if (classes is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(number, 1, nameof(classes));
        }

        var copy = labels.ToArray();
        return new(Targets.NewLabels(copy, classes ?? Math.Max(1, copy.DefaultIfEmpty().Max() + 1)));
    }

    /// <summary>Rows of numbers in one span, a row after another.</summary>
    /// <param name="values">All values.</param>
    /// <param name="width">The number of values of a row, at least 1.</param>
    /// <exception cref="ArgumentException">The values are no whole number of rows.</exception>
    public static DataTargets Values(ReadOnlySpan<double> values, int width = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        return values.Length % width == 0
            ? new(Targets.NewValues(width, values.ToArray()))
            : throw new ArgumentException($"There are {values.Length} target values, but a row has {width}. Give a whole number of rows.", nameof(width));
    }

    /// <inheritdoc cref="Values(ReadOnlySpan{double}, int)"/>
    public static DataTargets Values(ReadOnlySpan<float> values, int width = 1) => Values(Rows.Widen(values.ToArray()), width);

    /// <summary>The class of each example. The number of classes is one more than the largest label.</summary>
    /// <param name="labels">The classes, from 0.</param>
    public static implicit operator DataTargets(int[] labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Classes(labels);
    }

    /// <summary>A number for each example.</summary>
    /// <param name="values">The numbers.</param>
    public static implicit operator DataTargets(float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Values(values);
    }

    /// <inheritdoc cref="op_Implicit(float[])"/>
    public static implicit operator DataTargets(double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Values(values);
    }

    /// <summary>A row for each example.</summary>
    /// <param name="rows">The rows.</param>
    public static implicit operator DataTargets(float[,] rows) => Values(Rows.Flatten(rows), rows.GetLength(1));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataTargets(double[,] rows) => Values(Rows.Flatten(rows), rows.GetLength(1));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    /// <exception cref="ArgumentException">The rows have different lengths.</exception>
    public static implicit operator DataTargets(float[][] rows)
    {
        var width = Rows.Width(rows, "targets");
        return Values(Rows.Flatten(rows), width);
    }

    /// <inheritdoc cref="op_Implicit(float[][])"/>
    public static implicit operator DataTargets(double[][] rows)
    {
        var width = Rows.Width(rows, "targets");
        return Values(Rows.Flatten(rows), width);
    }

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataTargets(Matrix<float> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return Values(rows.ToRowMajorArray(), rows.ColumnCount);
    }

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataTargets(Matrix<double> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return Values(rows.ToRowMajorArray(), rows.ColumnCount);
    }

    /// <inheritdoc cref="op_Implicit(float[])"/>
    public static implicit operator DataTargets(Vector<float> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Values(values.ToArray());
    }

    /// <inheritdoc cref="op_Implicit(float[])"/>
    public static implicit operator DataTargets(Vector<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return Values(values.ToArray());
    }

    /// <summary>A tensor whose first dimension counts the examples. The other ones are a row.</summary>
    /// <param name="tensor">The tensor.</param>
    public static implicit operator DataTargets(ReadOnlyTensorSpan<float> tensor) => Values(Rows.Flatten(tensor), Width(Rows.Sizes(tensor.Lengths)));

    /// <inheritdoc cref="op_Implicit(ReadOnlyTensorSpan{float})"/>
    public static implicit operator DataTargets(ReadOnlyTensorSpan<double> tensor) => Values(Rows.Flatten(tensor), Width(Rows.Sizes(tensor.Lengths)));

    /// <summary>One line: <c>60 labels of 10 classes</c>.</summary>
    public override string ToString() =>
        Core.HasClasses ? $"{Core.Count} labels of {Core.Length} classes" : $"{Core.Count} rows of {Core.Length} value{(Core.Length == 1 ? "" : "s")}";

    private static int Width(int[] sizes) => sizes.Aggregate(1, (product, size) => checked(product * size));
}
