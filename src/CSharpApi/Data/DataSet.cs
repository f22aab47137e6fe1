using System.Diagnostics;
using System.Globalization;
using CuteDl.Core.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Core;
using CoreSet = CuteDl.Core.Data.DataSet;

namespace CuteDl;

/// <summary>
/// Examples to learn from: inputs, and a class or numbers for each. It has a training part, and can have a validation and a test part. An
/// immutable value: every call returns a changed copy.
/// </summary>
public sealed class DataSet
{
    /// <summary>MNIST's images have 28 × 28 pixels.</summary>
    internal static readonly TensorShape MnistShape = TensorShape.NewPlanes(1, 28, 28);

    private static readonly DataSet EmbeddedMnist = new("mnist", new(ReadMnist), DataSource.Mnist);

    private readonly Lazy<DataParts> _core;

    private DataSet(string name, Lazy<DataParts> core, DataSource source)
    {
        Name = name;
        _core = core;
        Source = source;
    }

    private DataSet(string name, DataParts core)
        : this(name, new Lazy<DataParts>(core), DataSource.NewHeld(name, core))
    {
    }

    internal DataParts Core => _core.Value;

    /// <summary>The source of the examples, as studies have it.</summary>
    internal DataSource Source { get; }

    /// <summary>The name in results: a given one, <c>mnist</c>, or the absolute path of the folder or file that it was read from.</summary>
    public string Name { get; }

    /// <summary>The number of training examples. They include those that an experiment holds out for validation.</summary>
    public int TrainingCount => Core.Training.Count;

    /// <summary>The number of examples in the validation part; 0 if there is none.</summary>
    public int ValidationCount => Core.Validation?.Value.Count ?? 0;

    /// <summary>The number of examples in the test part; 0 if there is none.</summary>
    public int TestCount => Core.Test?.Value.Count ?? 0;

    /// <summary>The number of input values of an example.</summary>
    public int Inputs => Core.Training.Width;

    /// <summary>The number of classes; 0 if the targets are numbers.</summary>
    public int Classes => Core.Training.Targets.HasClasses ? Core.Training.Targets.Length : 0;

    /// <summary>The number of target values of an example; 0 if the targets are classes.</summary>
    public int TargetValues => Core.Training.Targets.HasClasses ? 0 : Core.Training.Targets.Length;

    /// <summary>True if inputs are standardised: see <see cref="Standardize"/>.</summary>
    public bool IsStandardized => Core.IsStandardized;

    /// <summary>Returns a data set of inputs and targets, with a training part only.</summary>
    /// <param name="inputs">
    /// A row for each example: <c>float[,]</c>, <c>double[,]</c>, arrays of arrays, MathNet matrices and tensors convert to it.
    /// <see cref="DataInputs.Of(ReadOnlySpan{float}, ReadOnlySpan{int})"/> takes a span and a shape.
    /// </param>
    /// <param name="targets">
    /// A class (<c>int[]</c>), a number (<c>float[]</c>, <c>double[]</c>) or a row of numbers for each example. <see cref="DataTargets.Classes"/>
    /// takes the number of classes too.
    /// </param>
    /// <param name="name">The name in results.</param>
    /// <exception cref="ArgumentException">
    /// There are no examples, the numbers of inputs and targets differ, a number is not finite, or a label is no class. The message has the row.
    /// </exception>
    public static DataSet From(DataInputs inputs, DataTargets targets, string name = "data")
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (inputs.Count != targets.Core.Count)
        {
            throw new ArgumentException($"There are {inputs.Count} examples, but {targets.Core.Count} targets. Each example needs one target.", nameof(targets));
        }

        return inputs.Count > 0
            ? new(name, DataPartsModule.create(new CoreSet(inputs.Shape, inputs.Features, targets.Core), FSharpOption<CoreSet>.None))
            : throw new ArgumentException("There are no inputs. Give at least 1 example.", nameof(inputs));
    }

    /// <summary>Returns a data set of examples with rows of numbers as targets.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="name">The name in results.</param>
    /// <exception cref="ArgumentException">There are no examples, rows have different lengths, or a number is not finite.</exception>
    public static DataSet From(IEnumerable<(float[] Input, float[] Target)> examples, string name = "data")
    {
        var list = examples.ToList();
        return From(list.Select(example => example.Input).ToArray(), list.Select(example => example.Target).ToArray(), name);
    }

    /// <inheritdoc cref="From(IEnumerable{ValueTuple{float[], float[]}}, string)"/>
    public static DataSet From(IEnumerable<(double[] Input, double[] Target)> examples, string name = "data")
    {
        var list = examples.ToList();
        return From(list.Select(example => example.Input).ToArray(), list.Select(example => example.Target).ToArray(), name);
    }

    /// <summary>Returns a data set of examples with their classes, from 0.</summary>
    /// <inheritdoc cref="From(IEnumerable{ValueTuple{float[], float[]}}, string)"/>
    public static DataSet From(IEnumerable<(float[] Input, int Label)> examples, string name = "data")
    {
        var list = examples.ToList();
        return From(list.Select(example => example.Input).ToArray(), list.Select(example => example.Label).ToArray(), name);
    }

    /// <inheritdoc cref="From(IEnumerable{ValueTuple{float[], int}}, string)"/>
    public static DataSet From(IEnumerable<(double[] Input, int Label)> examples, string name = "data")
    {
        var list = examples.ToList();
        return From(list.Select(example => example.Input).ToArray(), list.Select(example => example.Label).ToArray(), name);
    }

    /// <summary>
    /// Reads a data set in MNIST's format: <c>train-images-idx3-ubyte</c>, <c>train-labels-idx1-ubyte</c>,
    /// <c>t10k-images-idx3-ubyte</c>, <c>t10k-labels-idx1-ubyte</c>, each with or without <c>.gz</c>. Names such as
    /// <c>train-images.idx3-ubyte</c> are accepted, too. The images of the last two files are the test part.
    /// </summary>
    /// <param name="folder">The folder of the four files.</param>
    /// <param name="classes">The number of classes: labels must be below it.</param>
    /// <param name="maxExpansion">The most bytes that each byte of a gzipped file may expand to, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or it is a file.</exception>
    /// <exception cref="FileNotFoundException">A file is missing; the message lists the files in the folder.</exception>
    /// <exception cref="IOException">The folder or a file cannot be read.</exception>
    /// <exception cref="DataFormatException">A file is damaged, or the files do not belong together. The message names file and place.</exception>
    public static DataSet FromFolder(string folder, int classes = 10, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        var parts = MnistFormat.readFolderWithin(maxExpansion, classes, folder);
        var path = Path.GetFullPath(folder);
        return new DataSet(path, new Lazy<DataParts>(parts), DataSource.NewFolder(path, classes, maxExpansion));
    }

    /// <summary>
    /// Reads a numpy archive. The first dimension of both arrays counts the examples. Whole numbers in one dimension are classes as targets, and
    /// bytes are pixels as inputs.
    /// </summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="inputs">The name of the array of inputs: examples × length, × height × width, or × height × width × channels.</param>
    /// <param name="targets">The name of the array of targets: examples, or examples × values.</param>
    /// <param name="classes">
    /// The number of classes: labels must be below it. If it is 0, whole numbers are no classes. Default: one more than the largest label.
    /// </param>
    /// <param name="maxExpansion">The most bytes that each byte of the file may expand to, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="classes"/> is negative, or <paramref name="maxExpansion"/> is below 1.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="DataFormatException">The file is damaged.</exception>
    /// <exception cref="ArgumentException">An array is missing or empty, the arrays do not fit each other, a number is not finite, or a label is no class.</exception>
    public static DataSet FromNpz(
        string path, string inputs = NpzArrays.InputsName, string targets = NpzArrays.TargetsName, int? classes = null, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentOutOfRangeException.ThrowIfNegative(classes ?? 0, nameof(classes));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        return NpzArrays.Read(path, maxExpansion, arrays => From(arrays.Inputs(inputs), arrays.Targets(targets, classes), Path.GetFullPath(path)));
    }

    /// <summary>
    /// Divides the training part. The three shares are 1 together. A data set that has a test part can be divided into training and validation
    /// only.
    /// </summary>
    /// <param name="train">The share of the training part, above 0.</param>
    /// <param name="validation">The share of the validation part. If it is 0, an experiment holds out a part itself.</param>
    /// <param name="test">The share of the test part.</param>
    /// <param name="seed">The seed that chooses the examples of each part.</param>
    /// <param name="stratified">
    /// True to give each part the share of each class, to within one example. Default: true if the targets are classes.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The shares are not 1 together, a part would be empty, the data have that part already, or numbers are to be stratified.
    /// </exception>
    public DataSet Split(double train, double validation = 0, double test = 0, int seed = 0, bool? stratified = null)
    {
        var count = TrainingCount;
        Share(nameof(train), train, isNeeded: true);
        var validations = Share(nameof(validation), validation);
        var tests = Share(nameof(test), test);
        if (!(Math.Abs(train + validation + test - 1) <= 1e-9))
        {
            throw new ArgumentException(FormattableString.Invariant($"The shares {train}, {validation} and {test} are {train + validation + test:0.######} together. They must be 1."), nameof(train));
        }

        if (validations + tests >= count)
        {
            throw new ArgumentException($"Of {count} examples, {validations} for validation and {tests} for test leave none to train on.", nameof(train));
        }

        var isStratified = stratified ?? Classes > 0;
        if (isStratified && Classes == 0)
        {
            throw new ArgumentException("The targets are numbers, so the parts cannot have shares of classes. Do not stratify.", nameof(stratified));
        }

        Refuse(validations > 0 && ValidationCount > 0, "validation");
        Refuse(tests > 0 && TestCount > 0, "test");
        int[] sizes = [count - validations - tests, validations, tests];
        var parts = isStratified ? Partition.stratified(sizes, seed, Core.Training.Targets.Classes) : Partition.random(sizes, seed, count);
        CoreSet Chosen(int part) => DataSetModule.choose(parts[part], Core.Training);
        return new(Name, new DataParts(
            Chosen(0),
            validations > 0 ? Chosen(1) : Core.Validation,
            tests > 0 ? Chosen(2) : Core.Test,
            Core.IsStandardized));

        int Share(string name, double share, bool isNeeded = false)
        {
            if (!(share >= 0 && share <= 1) || (isNeeded && share == 0))
            {
                throw new ArgumentOutOfRangeException(
                    name, share.ToString(CultureInfo.InvariantCulture), $"The share for {name} must be in {(isNeeded ? "(0, 1]" : "[0, 1]")}.");
            }

            var examples = (int)Math.Round(share * count);
            return share == 0 || examples > 0
                ? examples
                : throw new ArgumentException(FormattableString.Invariant($"The share {share} of {count} examples is none. Use a larger share for {name}."), name);
        }

        void Refuse(bool isTwice, string part)
        {
            if (isTwice)
            {
                throw new ArgumentException($"The data have a {part} part already. Give no share for {part}.", part);
            }
        }
    }

    /// <summary>
    /// Standardises the inputs: each gets mean 0 and deviation 1 on the training part. Means and deviations are those of the final training part,
    /// without examples that are held out, and all parts use them. An input that is constant there becomes 0.
    /// </summary>
    public DataSet Standardize() =>
        new(Name, new DataParts(Core.Training, Core.Validation, Core.Test, isStandardized: true));

    /// <summary>One line: <c>mnist: 60000 training and 10000 test examples of 784 values, 10 classes</c>.</summary>
    public override string ToString()
    {
        string[] parts = [$"{TrainingCount} training", .. Part(ValidationCount, "validation"), .. Part(TestCount, "test")];
        var counts = parts is [.. var first, var last] && first.Length > 0 ? $"{string.Join(", ", first)} and {last}" : parts[0];
        var targets = Classes > 0 ? $"{Classes} classes" : $"{TargetValues} target value{(TargetValues == 1 ? "" : "s")}";
        return $"{Name}: {counts} examples of {Inputs} values, {targets}{(IsStandardized ? ", standardised" : "")}";

        static string[] Part(int count, string name) => count > 0 ? [$"{count} {name}"] : [];
    }

    /// <summary>Returns the name of a source of examples, as <see cref="Name"/>.</summary>
    internal static string NameOf(DataSource source) =>
        source switch
        {
            DataSource.Folder folder => folder.path,
            DataSource.Held held => held.name,
            { IsMnist: true } => "mnist",
            _ => throw new UnreachableException(),
        };

    /// <summary>Returns the shape of an example; null if it is known only after reading a folder.</summary>
    internal static TensorShape? ShapeOf(DataSource source) =>
        source switch
        {
            DataSource.Folder => null,
            DataSource.Held held => held.data.Training.Shape,
            { IsMnist: true } => MnistShape,
            _ => throw new UnreachableException(),
        };

    /// <summary>MNIST, which is read when a member first needs it.</summary>
    internal static DataSet LoadMnist() => EmbeddedMnist;

    private static DataParts ReadMnist()
    {
        var open = FuncConvert.FromFunc((string name) => ValueTuple.Create(name + ".gz", MnistPackage.Open(name + ".gz")));
        return MnistFormat.read(10, open);
    }
}
