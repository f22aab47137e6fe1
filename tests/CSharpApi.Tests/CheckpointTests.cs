using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Checkpoints from C#.</summary>
internal static class CheckpointTests
{
    public static Test All { get; } = Spec.List("checkpoints",
        Spec.Test("a run that is saved and read is, bit for bit, the run that never stopped", () =>
        {
            var folder = Directory.CreateTempSubdirectory("checkpoints");
            try
            {
                foreach (var name in new[] { "a.safetensors", "a.npz" })
                {
                    var path = Path.Combine(folder.FullName, name);
                    var whole = Start();
                    Run(whole, 1, 9);
                    var before = Start();
                    Run(before, 1, 4);
                    before.Save(path);
                    var after = Checkpoint.Read<double>(path);
                    Run(after, 5, 9);
                    Expect.equal(after.Optimizer, whole.Optimizer, "the optimizer");
                    Expect.sequenceEqual(after.Parameters, whole.Parameters, "parameters");
                    Expect.equal(after.State.Step, 9L, "steps");
                }
            }
            finally
            {
                folder.Delete(true);
            }
        }),
        Spec.Test("a damaged file and one of another precision are format errors that name the file", () =>
        {
            var folder = Directory.CreateTempSubdirectory("checkpoints");
            try
            {
                var path = Path.Combine(folder.FullName, "a.safetensors");
                Start().Save(path);
                Refused(() => Checkpoint.Read<float>(path), path);
                var bytes = File.ReadAllBytes(path);
                bytes[^1] ^= 1;
                File.WriteAllBytes(path, bytes);
                Refused(() => Checkpoint.Read<double>(path), path);
                File.WriteAllText(path, "no checkpoint");
                Refused(() => Checkpoint.Read<double>(path), path);
            }
            finally
            {
                folder.Delete(true);
            }
        }));

    private static Checkpoint<double> Start()
    {
        var optimizer = Optimizers.Parse("clip_norm(1) | adamw(lr=cosine(0.01, steps=9)) | ema(0.9)");
        return new Checkpoint<double>(optimizer, optimizer.Init<double>(3), [1, -2, 3]);
    }

    private static void Run(Checkpoint<double> run, int first, int last)
    {
        for (var step = first; step <= last; step++)
        {
            run.Optimizer.StepInPlace<double>(run.State, run.Parameters, [step, 1.0 / step, -step]);
        }
    }

    private static void Refused(Func<Checkpoint<float>> read, string path) => Refused(() => (object)read(), path);

    private static void Refused(Func<Checkpoint<double>> read, string path) => Refused(() => (object)read(), path);

    private static void Refused(Func<object> read, string path)
    {
        try
        {
            read();
        }
        catch (FormatException error)
        {
            Expect.stringContains(error.Message, path, "the file");
            return;
        }

        throw new InvalidOperationException("it was read");
    }
}
