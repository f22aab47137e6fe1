namespace CuteDl.Data;

/// <summary>
/// The four files of the MNIST database of handwritten digits, embedded in this assembly as published: gzipped IDX files.
/// </summary>
public static class MnistFiles
{
    /// <summary>The file names: images and labels of the 60,000 training examples, then of the 10,000 test examples.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ];

    /// <summary>Opens a file for reading. The stream has the compressed bytes. The caller disposes it.</summary>
    /// <param name="name">One of <see cref="Names"/>, in the same case.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not one of <see cref="Names"/>.</exception>
    public static Stream Open(string name) =>
        typeof(MnistFiles).Assembly.GetManifestResourceStream(Known(name))!;

    private static string Known(string name) =>
        Names.Contains(name)
            ? name
            : throw new ArgumentException($"'{name}' is not an MNIST file. The files are {string.Join(", ", Names)}.", nameof(name));
}
