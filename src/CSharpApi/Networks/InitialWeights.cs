using System.Diagnostics;
using CuteDl.Core.Data;
using CuteDl.Core.Networks;
using CuteDl.Studies;

namespace CuteDl;

/// <summary>The initial parameters of a model: drawn with the seed, or given values. Drawn biases are 0.</summary>
public sealed class InitialWeights
{
    private InitialWeights(StartingWeights core) => Core = core;

    internal StartingWeights Core { get; }

    /// <summary>The name in results: <c>normal(0.01)</c>, <c>glorot</c>, <c>he</c>, <c>reference</c> or the absolute path of the file.</summary>
    public string Name => NameOf(Core);

    /// <summary>True if the seed decides them.</summary>
    public bool IsRandom => Core is StartingWeights.Drawn;

    /// <summary>Uniform within ±√(6 / (inputs + units)) (Glorot and Bengio 2010, eq. 16).</summary>
    public static InitialWeights Glorot { get; } = Drawn(Initialization.Glorot);

    /// <summary>Normal with standard deviation √(2 / inputs) (He et al. 2015, eq. 10).</summary>
    public static InitialWeights He { get; } = Drawn(Initialization.He);

    /// <summary>
    /// One draw from normal(0, 0.01) for the source document's model, 784 inputs and 10 units. The package has it. The documented results
    /// start from it.
    /// </summary>
    public static InitialWeights Reference { get; } = new(StartingWeights.Reference);

    /// <summary>Normal with mean 0.</summary>
    /// <param name="standardDeviation">Above 0; the document's is 0.01.</param>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is not above 0, or not finite.</exception>
    public static InitialWeights Normal(double standardDeviation = 0.01)
    {
        if (!(standardDeviation > 0 && double.IsFinite(standardDeviation)))
        {
            throw new ArgumentOutOfRangeException(nameof(standardDeviation), standardDeviation, "The standard deviation must be above 0 and finite.");
        }

        return Drawn(Initialization.NewNormal(standardDeviation));
    }

    /// <summary>
    /// The values in a file of numpy's format: arrays <c>layers.0.weight</c> (inputs × units), <c>layers.0.bias</c> (units),
    /// <c>layers.1.weight</c>, ... of floating-point numbers of 16, 32 or 64 bits. The file is read before the first step.
    /// </summary>
    /// <param name="path">The .npz file.</param>
    /// <param name="maxExpansion">The most bytes that each byte of the file may expand to, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    public static InitialWeights FromFile(string path, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        return new(StartingWeights.NewFile(Path.GetFullPath(path), maxExpansion));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal static string NameOf(StartingWeights weights) =>
        weights switch
        {
            StartingWeights.Drawn drawn => drawn.Item.ToString(),
            StartingWeights.File file => file.path,
            { IsReference: true } => "reference",
            _ => throw new UnreachableException(),
        };

    private static InitialWeights Drawn(Initialization initialization) => new(StartingWeights.NewDrawn(initialization));
}
