using CuteDl.Core.Data;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>Where a model's parameters begin: at random by a seed, or at given values. Biases of random ones begin at 0.</summary>
public sealed class InitialWeights
{
    private readonly Func<Model, int, double[]> _make;

    private InitialWeights(string name, Initialization? initialization, Func<Model, int, double[]> make)
    {
        Name = name;
        Initialization = initialization;
        _make = make;
    }

    /// <summary>What the results call it: <c>normal(0.01)</c>, <c>glorot</c>, <c>he</c>, <c>reference</c> or the file's absolute path.</summary>
    public string Name { get; }

    /// <summary>Whether the seed decides them.</summary>
    public bool IsRandom => Initialization is not null;

    /// <summary>Uniform within ±√(6 / (inputs + units)) (Glorot and Bengio 2010, eq. 16).</summary>
    public static InitialWeights Glorot { get; } = Random(CuteDl.Core.Networks.Initialization.Glorot);

    /// <summary>Normal with standard deviation √(2 / inputs) (He et al. 2015, eq. 10).</summary>
    public static InitialWeights He { get; } = Random(CuteDl.Core.Networks.Initialization.He);

    /// <summary>
    /// One draw from normal(0, 0.01) for the document's model, 784 inputs to 10 units, that its documented results were worked
    /// out from; in the package.
    /// </summary>
    public static InitialWeights Reference { get; } =
        new("reference", null, (model, _) => Fit("the reference weights", ReadReference(), model));

    /// <summary>Normal with mean 0.</summary>
    /// <param name="standardDeviation">At least 0; the document's is 0.01.</param>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is negative or not finite.</exception>
    public static InitialWeights Normal(double standardDeviation = 0.01)
    {
        if (!(standardDeviation >= 0 && double.IsFinite(standardDeviation)))
        {
            throw new ArgumentOutOfRangeException(nameof(standardDeviation), standardDeviation, "The standard deviation must be at least 0 and finite.");
        }

        return Random(CuteDl.Core.Networks.Initialization.NewNormal(standardDeviation));
    }

    /// <summary>
    /// The values in a file of numpy's format: arrays <c>layers.0.weight</c> (inputs × units), <c>layers.0.bias</c> (units),
    /// <c>layers.1.weight</c>, ... of floating-point numbers of 16, 32 or 64 bits. Read when training begins.
    /// </summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="maxExpansion">The most bytes that each byte of the file may become, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    public static InitialWeights FromFile(string path, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        return new InitialWeights(Path.GetFullPath(path), null, (model, _) => Fit(path, Npz.readWithin(maxExpansion, path), model));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>How random ones are drawn; nothing for given ones.</summary>
    internal Initialization? Initialization { get; }

    internal double[] Make(Model model, int seed) => _make(model, seed);

    private static InitialWeights Random(Initialization initialization) =>
        new(initialization.ToString(), initialization, (model, seed) => ModelModule.initialParameters<double>(model, initialization, seed));

    private static FSharpMap<string, Tensor> ReadReference()
    {
        using var stream = typeof(InitialWeights).Assembly.GetManifestResourceStream("reference.npz")!;
        return Npz.readStream("reference.npz", stream);
    }

    // Arrays and parameters of the model must correspond one to one.
    private static double[] Fit(string source, FSharpMap<string, Tensor> arrays, Model model)
    {
        var parameters = ModelModule.parameters(model);
        var known = parameters.Select(parameter => parameter.Name).ToArray();
        var result = new double[ModelModule.parameterCount(model)];

        foreach (var name in arrays.Keys.Except(known))
        {
            throw new InitialWeightsException($"The array '{name}' in {source} does not belong to the model {model}. The arrays of the model are {Quotation.list(known)}.");
        }

        foreach (var parameter in parameters)
        {
            var expected = Shape(parameter.Shape);
            if (!arrays.TryGetValue(parameter.Name, out var array))
            {
                throw new InitialWeightsException($"The array '{parameter.Name}' ({expected}) is missing in {source}. The model {model} needs it.");
            }

            if (Shape(array.Shape) != expected)
            {
                throw new InitialWeightsException(
                    $"The array '{parameter.Name}' in {source} has the shape {Shape(array.Shape)}, but the model {model} needs {expected}.");
            }

            var values = array.Cells switch
            {
                Cells.F32 single => Array.ConvertAll(single.Item, value => (double)value),
                Cells.F64 @double => @double.Item,
                _ => throw new InitialWeightsException($"The array '{parameter.Name}' in {source} holds integers. It must hold float32 or float64."),
            };

            if (Array.FindIndex(values, value => !double.IsFinite(value)) is var index and >= 0)
            {
                throw new InitialWeightsException(
                    FormattableString.Invariant($"Element {index} of the array '{parameter.Name}' in {source} is {values[index]}. It must be finite."));
            }

            values.CopyTo(result, parameter.Offset);
        }

        return result;
    }

    private static string Shape(IEnumerable<int> sizes) => string.Join(" × ", sizes);
}

/// <summary>Given initial weights do not fit the model: an array is missing, foreign, or of another shape.</summary>
/// <param name="message">Which array, what it is, and what the model needs.</param>
public sealed class InitialWeightsException(string message) : Exception(message);
