using System.Diagnostics;
using CuteDl.Core.Data;
using CuteDl.Data;
using CuteDl.Studies;
using Microsoft.FSharp.Core;

namespace CuteDl;

/// <summary>Labelled images in two sets, for training and for validation. A pixel has the value byte / 255.</summary>
public sealed class ImageData
{
    /// <summary>MNIST's images have 28 × 28 pixels.</summary>
    internal static readonly TensorShape MnistShape = TensorShape.NewPlanes(1, 28, 28);

    private static readonly Lazy<ImageData> EmbeddedMnist = new(ReadMnist);

    private ImageData(string name, ImageSource source, DataParts core)
    {
        Name = name;
        Source = source;
        Core = core;
    }

    internal DataParts Core { get; }

    /// <summary>The source of the images, as studies have it.</summary>
    internal ImageSource Source { get; }

    /// <summary><c>mnist</c>, or the absolute path of the folder that it was read from.</summary>
    public string Name { get; }

    /// <summary>The number of training images.</summary>
    public int TrainingCount => Core.Training.Count;

    /// <summary>The number of validation images.</summary>
    public int ValidationCount => Core.Test!.Value.Count;

    /// <summary>The number of pixels of an image.</summary>
    public int Pixels => Core.Training.Width;

    /// <summary>The number of classes. Labels are below it.</summary>
    public int Classes => Core.Training.Targets.Length;

    /// <summary>
    /// Reads a data set in MNIST's format: <c>train-images-idx3-ubyte</c>, <c>train-labels-idx1-ubyte</c>,
    /// <c>t10k-images-idx3-ubyte</c>, <c>t10k-labels-idx1-ubyte</c>, each with or without <c>.gz</c>. Names such as
    /// <c>train-images.idx3-ubyte</c> are accepted, too.
    /// </summary>
    /// <param name="folder">The folder of the four files.</param>
    /// <param name="classes">The number of classes: labels must be below it.</param>
    /// <param name="maxExpansion">The most bytes that each byte of a gzipped file may expand to, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or it is a file.</exception>
    /// <exception cref="FileNotFoundException">A file is missing; the message lists the files in the folder.</exception>
    /// <exception cref="IOException">The folder or a file cannot be read.</exception>
    /// <exception cref="DataFormatException">A file is damaged, or the files do not belong together. The message names file and place.</exception>
    public static ImageData FromFolder(string folder, int classes = 10, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        var sets = MnistFormat.readFolderWithin(maxExpansion, classes, folder);
        var path = Path.GetFullPath(folder);
        return new ImageData(path, ImageSource.NewFolder(path, classes, maxExpansion), sets);
    }

    /// <summary>One line: <c>mnist: 60000 training images, 10000 validation images, 784 pixels, 10 classes</c>.</summary>
    public override string ToString() =>
        $"{Name}: {TrainingCount} training images, {ValidationCount} validation images, {Pixels} pixels, {Classes} classes";

    /// <summary>Returns the name of a source of images, as <see cref="Name"/>.</summary>
    internal static string NameOf(ImageSource source) =>
        source switch
        {
            ImageSource.Folder folder => folder.path,
            ImageSource.Held held => held.name,
            { IsMnist: true } => "mnist",
            _ => throw new UnreachableException(),
        };

    /// <summary>Returns the shape of an image; null if it is known only after reading a folder.</summary>
    internal static TensorShape? ShapeOf(ImageSource source) =>
        source switch
        {
            ImageSource.Folder => null,
            ImageSource.Held held => held.data.Training.Shape,
            { IsMnist: true } => MnistShape,
            _ => throw new UnreachableException(),
        };

    internal static ImageData LoadMnist() => EmbeddedMnist.Value;

    private static ImageData ReadMnist()
    {
        var open = FuncConvert.FromFunc((string name) => ValueTuple.Create(name + ".gz", MnistFiles.Open(name + ".gz")));
        return new ImageData("mnist", ImageSource.Mnist, MnistFormat.read(10, open));
    }
}
