using System.Numerics.Tensors;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;

namespace CuteDl.Tests;

/// <summary>Data sets from arrays, matrices, tensors and files; their parts.</summary>
internal static class DataSetTests
{
    private static readonly double[,] Table = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
    private static readonly float[,] Singles = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
    private static readonly double[][] Ragged = [[1, 2], [3], [5, 6]];
    private static readonly double[] Values = [0.5, 1, 1.5];
    private static readonly int[] Labels = [0, 2, 1];

    // Each gives the inputs of Table with targets.
    private static readonly (string Name, Func<DataSet> Make)[] Sources =
    [
        ("a table and numbers", () => DataSet.From(Table, Values)),
        ("a table of singles", () => DataSet.From(Singles, new float[] { 0.5f, 1, 1.5f })),
        ("arrays of arrays", () => DataSet.From(new double[][] { [1, 2], [3, 4], [5, 6] }, new double[][] { [0.5], [1], [1.5] })),
        ("singles in arrays of arrays", () => DataSet.From(new float[][] { [1, 2], [3, 4], [5, 6] }, new float[][] { [0.5f], [1], [1.5f] })),
        ("flat singles with a shape", () => DataSet.From(DataInputs.Of([1f, 2, 3, 4, 5, 6], 2), Values)),
        ("flat doubles with a shape", () => DataSet.From(DataInputs.Of([1d, 2, 3, 4, 5, 6], 1, 2), DataTargets.Values([0.5f, 1, 1.5f]))),
        ("pairs", () => DataSet.From(Pairs((1d, 2, 0.5), (3, 4, 1), (5, 6, 1.5)))),
        ("pairs of singles", () => DataSet.From(Pairs((1f, 2, 0.5f), (3, 4, 1), (5, 6, 1.5f)))),
        ("matrices", () => DataSet.From(Matrix<double>.Build.DenseOfArray(Table), Vector<double>.Build.Dense(Values))),
        ("matrices of singles", () => DataSet.From(Matrix<float>.Build.DenseOfArray(Singles), Matrix<float>.Build.DenseOfArray(new float[,] { { 0.5f }, { 1 }, { 1.5f } }))),
        ("tensors", () => DataSet.From(new ReadOnlyTensorSpan<double>([1, 2, 3, 4, 5, 6], [3, 2]), new ReadOnlyTensorSpan<double>(Values))),
        ("tensors of singles", () => DataSet.From(new ReadOnlyTensorSpan<float>([1, 2, 3, 4, 5, 6], [3, 1, 2]), new ReadOnlyTensorSpan<float>([0.5f, 1, 1.5f], [3, 1]))),
    ];

    private static readonly (string Name, string Message, Action Make)[] Refusals =
    [
        ("NaN", "input in row 1, column 0 is NaN", () => DataSet.From(new double[,] { { 1, 2 }, { double.NaN, 4 }, { 5, 6 } }, Values)),
        ("an infinite target", "target in row 2, column 0", () => DataSet.From(Table, new double[] { 0, 0, double.PositiveInfinity })),
        ("ragged rows", "Row 1 of the inputs has 1 values, but row 0 has 2", () => DataSet.From(Ragged, Values)),
        ("ragged targets", "Row 1 of the targets has 1 values", () => DataSet.From(Table, Ragged)),
        ("a missing row", "Row 1 of the inputs is null", () => DataSet.From(new double[][] { [1], null! }, Values)),
        ("different counts", "There are 3 examples, but 2 targets", () => DataSet.From(Table, new int[] { 0, 1 })),
        ("no examples", "no inputs", () => DataSet.From(Array.Empty<double[]>(), Array.Empty<double>())),
        ("no columns", "at least 1 value", () => DataSet.From(new double[3, 0], Values)),
        ("a negative label", "label in row 2 is -1", () => DataSet.From(Table, new int[] { 0, 1, -1 })),
        ("a label that is no class", "label in row 1 is 2. It must be from 0 to 1", () => DataSet.From(Table, DataTargets.Classes(Labels, classes: 2))),
        ("half an example", "There are 5 input values, but an example has 2", () => DataInputs.Of([1d, 2, 3, 4, 5], 2)),
        ("a shape of four sizes", "has 4 sizes", () => DataInputs.Of([1d], 1, 1, 1, 1)),
        ("half a row of targets", "There are 3 target values, but a row has 2", () => DataTargets.Values(Values, 2)),
        ("shares that are not 1", "0.5, 0.2 and 0.2 are 0.9 together", () => Numbers(10).Split(0.5, 0.2, 0.2)),
        ("a share above 1", "share for train must be in (0, 1]", () => Numbers(10).Split(1.5, -0.5)),
        ("a share of NaN", "share for validation must be in [0, 1]", () => Numbers(10).Split(0.5, double.NaN)),
        ("no training part", "share for train must be in (0, 1]", () => Numbers(10).Split(0, 1)),
        ("a share of no examples", "0.01 of 10 examples is none", () => Numbers(10).Split(0.99, 0.01)),
        ("parts that leave nothing", "leave none to train on", () => Numbers(2).Split(0.3, 0.35, 0.35)),
        ("a second validation part", "validation part already", () => Numbers(10).Split(0.5, 0.5).Split(0.5, 0.5)),
        ("a second test part", "test part already", () => Numbers(10).Split(0.5, 0, 0.5).Split(0.5, 0, 0.5)),
        ("strata of numbers", "Do not stratify", () => Numbers(10).Split(0.5, 0.5, stratified: true)),
    ];

    private static readonly Gen<(int Count, double Validation, double Test, int Seed)> Divisions =
        from count in Gen.Choose(10, 200)
        from validation in Gen.Choose(1, 4)
        from test in Gen.Choose(0, 4)
        from seed in Gen.Choose(0, 100)
        select (count, validation / 10.0, test / 10.0, seed);

    public static Test All { get; } = Spec.List("data sets",
        Spec.List("inputs and targets come from", Sources.Select(source => Spec.Test(source.Name, () =>
        {
            var data = source.Make();
            Expect.equal((data.TrainingCount, data.Inputs, data.TargetValues, data.Classes), (3, 2, 1, 0), "sizes");
            Expect.equal(data.ToString(), "data: 3 training examples of 2 values, 1 target value", "text");
        }))),
        Spec.List("refuses", Refusals.Select(refusal => Spec.Test(refusal.Name, () =>
        {
            try
            {
                refusal.Make();
            }
            catch (ArgumentException error)
            {
                Expect.stringContains(error.Message, refusal.Message, "message");
                return;
            }

            Expect.isTrue(false, "nothing was refused");
        }))),
        Spec.Test("classes are counted from the labels, or given", () =>
        {
            Expect.equal(DataSet.From(Table, Labels).Classes, 3, "counted");
            Expect.equal(DataSet.From(Table, DataTargets.Classes(Labels, 5)).Classes, 5, "given");
            Expect.equal(DataSet.From([(new[] { 1f }, 1), ([2f], 0)]).Classes, 2, "pairs");
            Expect.equal(DataSet.From([(new[] { 1d }, 1), ([2d], 0)]).Classes, 2, "pairs of doubles");
        }),
        Spec.Test("the caller's array can change afterwards", async () =>
        {
            var table = (double[,])Table.Clone();
            var data = DataSet.From(table, Values);
            var before = (await Line(data).RunAsync()).History.ValLoss[^1];
            Array.Clear(table);
            Expect.equal((await Line(data).RunAsync()).History.ValLoss[^1], before, "loss");
        }),
        Spec.Test("MNIST has a training and a test part", () =>
        {
            var mnist = Mnist.Load();
            Expect.equal((mnist.TrainingCount, mnist.ValidationCount, mnist.TestCount, mnist.Inputs, mnist.Classes), (60000, 0, 10000, 784, 10), "sizes");
            var split = mnist.Split(train: 0.9, validation: 0.1).Standardize();
            Expect.equal(split.ToString(), "mnist: 54000 training, 6000 validation and 10000 test examples of 784 values, 10 classes, standardised", "text");
        }),
        Spec.Property("parts have their shares of the examples", Prop.ForAll(Arb.From(Divisions), division =>
        {
            var (count, validation, test, seed) = division;
            var data = Numbers(count).Split(1 - validation - test, validation, test, seed);
            return data.TrainingCount + data.ValidationCount + data.TestCount == count
                && Math.Abs(data.ValidationCount - (validation * count)) <= 0.5
                && Math.Abs(data.TestCount - (test * count)) <= 0.5;
        })),
        Spec.Test("an npz archive has inputs and targets by name", () =>
        {
            using var folder = new TemporaryFolder();
            var path = folder.Within("data.npz");
            SaveNpz(path);
            var classes = DataSet.FromNpz(path, "x", "labels");
            Expect.equal((classes.TrainingCount, classes.Inputs, classes.Classes, classes.Name), (3, 2, 3, path), "classes");
            Expect.equal(DataSet.FromNpz(path, "x", "y").TargetValues, 1, "numbers");
            Expect.equal(DataSet.FromNpz(path, "x", "labels", classes: 5).Classes, 5, "more classes than labels");
            Expect.equal(DataSet.FromNpz(path, "x", "labels", classes: 0).TargetValues, 1, "whole numbers that are no classes");
            Expect.equal(DataSet.FromNpz(path, "x", "y", classes: 5).TargetValues, 1, "numbers are never classes");
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => DataSet.FromNpz(path, "x", "labels", classes: 2)).Message,
                $"'{path}' cannot be used: The label in row 1 is 2. It must be from 0 to 1.",
                "too few classes");
            Spec.Throws<ArgumentOutOfRangeException>(() => DataSet.FromNpz(path, "x", "labels", classes: -1));
            Expect.stringContains(Spec.Throws<ArgumentException>(() => DataSet.FromNpz(path, "x", "z")).Message, "has no array 'z'", "missing");
        }));

    private static IEnumerable<(T[], T[])> Pairs<T>(params (T, T, T)[] rows) => rows.Select(row => (new[] { row.Item1, row.Item2 }, new[] { row.Item3 }));

    /// <summary>A model that is quickly trained.</summary>
    private static Experiment Line(DataSet data) => Experiment.On(data).Dense(1).Epochs(2);

    private static DataSet Numbers(int count) =>
        DataSet.From(DataInputs.Of(Enumerable.Range(0, count).Select(i => (double)i).ToArray(), 1), new double[count]);

    private static void SaveNpz(string path)
    {
        var arrays = new (string, Core.Data.Tensor)[]
        {
            ("x", new([3, 2], Core.Data.Cells.NewF64([1, 2, 3, 4, 5, 6]))),
            ("labels", new([3], Core.Data.Cells.NewI64([0, 2, 1]))),
            ("y", new([3], Core.Data.Cells.NewF32([1, 2, 3]))),
        };
        using var stream = File.Create(path);
        Core.Data.Npz.write(stream, Microsoft.FSharp.Collections.MapModule.OfSeq(arrays.Select(array => Tuple.Create(array.Item1, array.Item2))));
    }
}
