using System.Diagnostics;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>Takes inputs and targets from the arrays of a numpy archive. The first dimension of an array counts the examples.</summary>
internal sealed class NpzArrays
{
    /// <summary>The usual name of the array of inputs.</summary>
    public const string InputsName = "inputs";

    /// <summary>The usual name of the array of targets.</summary>
    public const string TargetsName = "targets";

    private readonly FSharpMap<string, Tensor> _arrays;

    private NpzArrays(FSharpMap<string, Tensor> arrays) => _arrays = arrays;

    /// <summary>True if a file with this name is read as an archive.</summary>
    public static bool IsName(string path) => Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads an archive and takes something from it. An array that cannot be used is an error that names the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxExpansion">The most bytes that each byte of the file may expand to, at least 1.</param>
    /// <param name="take">Takes something from the arrays.</param>
    /// <exception cref="ArgumentException"><paramref name="take"/> has thrown one.</exception>
    public static T Read<T>(string path, int maxExpansion, Func<NpzArrays, T> take)
    {
        var arrays = new NpzArrays(Npz.readWithin(maxExpansion, path));
        try
        {
            return take(arrays);
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"'{path}' cannot be used: {Refusal.sentence(error)}", error);
        }
    }

    /// <summary>Returns inputs. Bytes represent value / 255.</summary>
    /// <param name="name">The name of their array.</param>
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

    /// <summary>Returns the name of the inputs in a file without targets: <see cref="InputsName"/>, or that of the only array.</summary>
    public string NameOfInputs() =>
        _arrays.ContainsKey(InputsName) ? InputsName
        : _arrays.Count == 1 ? _arrays.Keys.First()
        : throw new ArgumentException($"The file has {_arrays.Count} arrays, and none is called '{InputsName}'. Give the array of examples this name.");

    /// <summary>Returns targets. Whole numbers in one dimension are classes.</summary>
    /// <param name="name">The name of their array.</param>
    /// <param name="classes">The number of classes; 0 if whole numbers in one dimension are no classes. Default: one more than the largest label.</param>
    public DataTargets Targets(string name, int? classes)
    {
        var array = Find(name, "targets");
        int[] shape = [.. array.Shape];
        var areLabels = shape.Length == 1 && classes != 0;
        return array.Cells switch
        {
            Cells.U8 bytes when areLabels => DataTargets.Classes([.. bytes.Item.Select(label => (int)label)], classes),
            Cells.I64 labels when areLabels => DataTargets.Classes([.. labels.Item.Select((label, row) => Label(label, row, classes ?? int.MaxValue))], classes),
            Cells.U8 bytes => Values([.. bytes.Item.Select(value => (double)value)], shape),
            Cells.I64 numbers => Values([.. numbers.Item.Select(value => (double)value)], shape),
            Cells.F32 singles => Values(Rows.Widen(singles.Item), shape),
            Cells.F64 doubles => Values(doubles.Item, shape),
            _ => throw new UnreachableException(),
        };
    }

    private static int Label(long label, int row, int classes) =>
        label >= 0 && label < classes
            ? (int)label
            : throw new ArgumentException($"The label in row {row} is {label}. It must be from 0 to {classes - 1}. (Rows count from 0.)", nameof(label));

    private static DataTargets Values(double[] values, int[] shape) =>
        DataTargets.Values(values, shape.Skip(1).Aggregate(1, (product, size) => checked(product * size)));

    private Tensor Find(string name, string parameter)
    {
        if (!_arrays.TryGetValue(name, out var array))
        {
            throw new ArgumentException($"The file has no array '{name}'. {Suggestion.describe(ListModule.OfSeq(_arrays.Keys), name)}", parameter);
        }

        var isEmpty = !array.Shape.IsEmpty && array.Shape.Any(size => size == 0);
        return array.Shape.IsEmpty ? throw new ArgumentException($"The array '{name}' is a single number. Its first dimension must count the examples.", parameter)
            : isEmpty ? throw new ArgumentException($"The array '{name}' has the sizes {string.Join(" × ", array.Shape)}, so it is empty. Give at least 1 example.", parameter)
            : array;
    }
}
