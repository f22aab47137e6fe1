using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using CuteDl.Core.Data;
using MathNet.Numerics.LinearAlgebra;

namespace CuteDl;

/// <summary>
/// The inputs of examples: a row of numbers for each. Arrays, matrices and tensors convert to it, so that
/// <see cref="DataSet.From(DataInputs, DataTargets, string)"/> takes them as they are. The numbers are copied.
/// </summary>
[SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "Of is the alternate.")]
public sealed class DataInputs
{
    private DataInputs(TensorShape shape, Features features)
    {
        Shape = shape;
        Features = features;
    }

    internal TensorShape Shape { get; }

    internal Features Features { get; }

    internal int Count => Features.Length / Shape.Length;

    /// <summary>Inputs from one span, an example after another.</summary>
    /// <param name="values">All values.</param>
    /// <param name="shape">
    /// The shape of an example in memory: its length, or height and width, or height, width and channels, where the channels of a position are
    /// neighbours.
    /// </param>
    /// <exception cref="ArgumentException">The shape is not one of these, or the values are no whole number of examples.</exception>
    public static DataInputs Of(ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Of(values.Length, ShapeOf(shape), Features.NewSingles(values.ToArray()));

    /// <inheritdoc cref="Of(ReadOnlySpan{float}, ReadOnlySpan{int})"/>
    public static DataInputs Of(ReadOnlySpan<double> values, params ReadOnlySpan<int> shape) =>
        Of(values.Length, ShapeOf(shape), Features.NewDoubles(values.ToArray()));

    /// <summary>Inputs from bytes, such as pixels. A byte represents value / 255.</summary>
    /// <inheritdoc cref="Of(ReadOnlySpan{float}, ReadOnlySpan{int})"/>
    public static DataInputs Of(ReadOnlySpan<byte> values, params ReadOnlySpan<int> shape) =>
        Of(values.Length, ShapeOf(shape), Features.NewBytes(values.ToArray()));

    /// <summary>A row for each example.</summary>
    /// <param name="rows">The rows.</param>
    public static implicit operator DataInputs(float[,] rows) => new(Flat(rows?.GetLength(1)), Features.NewSingles(Rows.Flatten(rows)));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataInputs(double[,] rows) => new(Flat(rows?.GetLength(1)), Features.NewDoubles(Rows.Flatten(rows)));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    /// <exception cref="ArgumentException">The rows have different lengths.</exception>
    public static implicit operator DataInputs(float[][] rows) => new(Flat(Rows.Width(rows, "inputs")), Features.NewSingles(Rows.Flatten(rows)));

    /// <inheritdoc cref="op_Implicit(float[][])"/>
    public static implicit operator DataInputs(double[][] rows) => new(Flat(Rows.Width(rows, "inputs")), Features.NewDoubles(Rows.Flatten(rows)));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataInputs(Matrix<float> rows) => new(Flat(rows?.ColumnCount), Features.NewSingles(rows!.ToRowMajorArray()));

    /// <inheritdoc cref="op_Implicit(float[,])"/>
    public static implicit operator DataInputs(Matrix<double> rows) => new(Flat(rows?.ColumnCount), Features.NewDoubles(rows!.ToRowMajorArray()));

    /// <summary>A tensor whose first dimension counts the examples. The other ones are the shape of an example, as <see cref="Of(ReadOnlySpan{float}, ReadOnlySpan{int})"/> takes it.</summary>
    /// <param name="tensor">The tensor.</param>
    public static implicit operator DataInputs(ReadOnlyTensorSpan<float> tensor) => Of(Rows.Flatten(tensor), Rows.Sizes(tensor.Lengths));

    /// <inheritdoc cref="op_Implicit(ReadOnlyTensorSpan{float})"/>
    public static implicit operator DataInputs(ReadOnlyTensorSpan<double> tensor) => Of(Rows.Flatten(tensor), Rows.Sizes(tensor.Lengths));

    /// <summary>One line: <c>60 examples of 1x28x28</c>.</summary>
    public override string ToString() => $"{Count} examples of {Shape}";

    internal static DataInputs Of(int length, TensorShape shape, Features features) =>
        length % shape.Length == 0
            ? new(shape, features)
            : throw new ArgumentException($"There are {length} input values, but an example has {shape.Length}. Give a whole number of examples.", nameof(shape));

    internal static TensorShape ShapeOf(ReadOnlySpan<int> sizes)
    {
        foreach (var size in sizes)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(sizes));
        }

        return sizes switch
        {
            [var length] => TensorShape.NewFlat(length),
            [var height, var width] => TensorShape.NewPlanes(1, height, width),
            [var height, var width, var channels] => TensorShape.NewPlanes(channels, height, width),
            _ => throw new ArgumentException(
                $"The shape of an example has {sizes.Length} sizes. Give its length, or height and width, or height, width and channels.", nameof(sizes)),
        };
    }

    private static TensorShape Flat(int? width) =>
        width switch
        {
            null => throw new ArgumentNullException(nameof(width), "The inputs are null."),
            0 => throw new ArgumentException("The rows of inputs are empty. An example needs at least 1 value.", nameof(width)),
            var length => TensorShape.NewFlat(length.Value),
        };
}
