using System.Diagnostics;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>Takes inputs and targets from the arrays of a numpy archive.</summary>
internal sealed class NpzArrays(string path, FSharpMap<string, Tensor> arrays)
{
    public static NpzArrays Read(string path, int maxExpansion) => new(path, Npz.readWithin(maxExpansion, path));

    public DataInputs Inputs(string name)
    {
        var array = Find(name, "inputs");
        int[] shape = [.. array.Shape];
        var features = array.Cells switch
        {
            Cells.U8 bytes => Features.NewBytes(bytes.Item),
            Cells.F32 singles => Features.NewSingles(singles.Item),
            Cells.F64 doubles => Features.NewDoubles(doubles.Item),
            Cells.I64 numbers => Features.NewDoubles([.. numbers.Item.Select(number => (double)number)]),
            _ => throw new UnreachableException(),
        };
        return DataInputs.Of(features.Length, DataInputs.ShapeOf(shape.Length > 1 ? shape.AsSpan(1) : [1]), features);
    }

    public DataTargets Targets(string name)
    {
        var array = Find(name, "targets");
        int[] shape = [.. array.Shape];
        return array.Cells switch
        {
            Cells.U8 bytes when shape.Length == 1 => DataTargets.Classes([.. bytes.Item.Select(label => (int)label)]),
            Cells.I64 labels when shape.Length == 1 => DataTargets.Classes([.. labels.Item.Select(Label)]),
            Cells.U8 bytes => Values([.. bytes.Item.Select(value => (double)value)], shape),
            Cells.I64 numbers => Values([.. numbers.Item.Select(value => (double)value)], shape),
            Cells.F32 singles => Values(Rows.Widen(singles.Item), shape),
            Cells.F64 doubles => Values(doubles.Item, shape),
            _ => throw new UnreachableException(),
        };
    }

    private static int Label(long label, int row) =>
        label is >= 0 and < int.MaxValue
            ? (int)label
            : throw new ArgumentException($"The label in row {row} is {label}. It must be from 0 to {int.MaxValue - 1}. (Rows count from 0.)", nameof(label));

    private static DataTargets Values(double[] values, int[] shape) =>
        DataTargets.Values(values, shape.Skip(1).Aggregate(1, (product, size) => checked(product * size)));

    private Tensor Find(string name, string parameter)
    {
        if (!arrays.TryGetValue(name, out var array))
        {
            throw new ArgumentException($"'{path}' has no array '{name}'. {Suggestion.describe(ListModule.OfSeq(arrays.Keys), name)}", parameter);
        }

        return array.Shape.IsEmpty
            ? throw new ArgumentException($"The array '{name}' of '{path}' is a single number. Its first dimension must count the examples.", parameter)
            : array;
    }
}
