using System.Buffers.Binary;

namespace CuteDl.Tests;

/// <summary>Studies of a second or less, with all that a report can show.</summary>
internal static class TinyStudies
{
    /// <summary>A name that must not become a part of the page.</summary>
    public const string Name = "A <script>alert('x')</script> & \"quoted\" \u202Estudy";

    /// <summary>Two functions, three optimizers, of which some runs diverge, some never arrive; tuning and a frontier.</summary>
    public static Study Functions { get; } = Study.Named(Name)
        .Quadratic("bowl", steps: 60, loss: 1e-3, dimensions: 4, condition: 10, validateEvery: 5)
        .Rosenbrock("valley", steps: 60, loss: 0.5, validateEvery: 5)
        .Optimizer(Optimizers.Parse("fixed()"), space => space.LogUniform("lr", 1e-3, 10), "fixed")
        .Optimizer(Optimizers.Parse("momentum()"), space => space.LogUniform("lr", 1e-4, 1), "momentum")
        .Optimizer(Optimizers.Parse("adam()"), space => space.LogUniform("lr", 1e-3, 1), "adam")
        .Tuning(trials: 4)
        .Confirmation(seeds: 7)
        .Frontier([1e-4, 1e-2, 1], [2000, 2001]);

    /// <summary>A bowl in whose lowest point one of two optimizers ends after one step: its loss is exactly 0.</summary>
    public static Study Zeros { get; } = Study.Named("Zeros")
        .Quadratic("bowl", steps: 30, loss: 1e-3, dimensions: 2, condition: 1, validateEvery: 1)
        .Optimizer(Optimizers.Fixed(1), name: "at-once")
        .Optimizer(Optimizers.Fixed(0.5), name: "slowly")
        .Confirmation(seeds: 6);

    /// <summary>A classifier of tiny images in the fair protocol.</summary>
    public static Study Images(string folder) => WithImages(folder).Tuning(trials: 3).Confirmation(seeds: 6);

    /// <summary>The same in the document's protocol, with a relu as its last layer, so that logits die.</summary>
    public static Study Document(string folder) => WithImages(folder).Document(6);

    /// <summary>A classifier of tiny images, which are written to a folder.</summary>
    public static Experiment Experiment(string folder)
    {
        WriteImages(folder);
        return Mnist.Documented(model => model.Dense(3, Activation.ReLU)).Data(DataSet.FromFolder(folder, 3)).Batch(10);
    }

    private static Study WithImages(string folder) =>
        Study.Named("Tiny images")
            .Task("tiny", Experiment(folder), epochs: 4, accuracy: 0.8, validation: 30, validateEvery: 3)
            .Optimizer(Optimizers.Parse("fixed(lr=2)"), space => space.LogUniform("lr", 0.1, 10), "fixed-2")
            .Optimizer(Optimizers.Parse("adam(lr=0.01)"), space => space.LogUniform("lr", 0.001, 1), "adam");

    // Three classes, each bright in another third of 9 pixels.
    private static void WriteImages(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, count) in new[] { ("train", 120), ("t10k", 60) })
        {
            var images = new byte[16 + (count * 9)];
            var labels = new byte[8 + count];
            foreach (var (file, header) in new[] { (images, new[] { 0x803, count, 3, 3 }), (labels, [0x801, count]) })
            {
                for (var i = 0; i < header.Length; i++)
                {
                    BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 * i), header[i]);
                }
            }

            for (var image = 0; image < count; image++)
            {
                labels[8 + image] = (byte)(image % 3);
                for (var pixel = 0; pixel < 9; pixel++)
                {
                    images[16 + (image * 9) + pixel] = (byte)(((image * 37) + (pixel * 101) + (count * 13)) % 120 + (pixel / 3 == image % 3 ? 100 : 0));
                }
            }

            File.WriteAllBytes(Path.Combine(folder, $"{name}-images-idx3-ubyte"), images);
            File.WriteAllBytes(Path.Combine(folder, $"{name}-labels-idx1-ubyte"), labels);
        }
    }
}
