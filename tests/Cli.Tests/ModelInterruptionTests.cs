using System.Diagnostics;
using CuteDl.Core.Data;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Programs that are killed, or run out of disk, while they write a model: the file is the old one or the new one.</summary>
internal static class ModelInterruptionTests
{
    /// <summary>The argument that makes the program of the tests save two models over one file, in turn, until it is killed.</summary>
    public const string SaveForever = "--save-models-forever";

    private const int Kills = 20;

    // Some megabytes, so that most of a program's time goes into writing the file.
    private static readonly string[] Large = ["--layers", "flatten | dense(1500, activation=relu) | dense(1000, activation=relu) | dense(4)"];

    public static Test All { get; } = Spec.List("models interrupted",
        Spec.Long("killed while it saves, a program leaves one of the models", "It kills twenty processes.", () =>
        {
            using var tool = new Tool();
            var (first, second) = (Saved(tool, "a", seed: 1), Saved(tool, "b", seed: 2));
            var target = tool.PathOf("models", "m.safetensors");
            Directory.CreateDirectory(tool.PathOf("models"));
            var random = new Random(3);
            var unfinished = 0;
            for (var i = 0; i < Kills; i++)
            {
                using var child = StartSaving(tool.PathOf("a.safetensors"), tool.PathOf("b.safetensors"), target);
                Expect.equal(child.StandardOutput.ReadLine(), "saved", "a file that an earlier process left does not keep it from saving");
                Thread.Sleep(random.Next(100));
                child.Kill();
                child.WaitForExit();
                var found = File.ReadAllBytes(target);
                Expect.isTrue(found.AsSpan().SequenceEqual(first) || found.AsSpan().SequenceEqual(second), "one of the two models");
                var left = Directory.GetFiles(tool.PathOf("models")).Select(path => Path.GetFileName(path)!).Where(name => name != "m.safetensors").ToArray();
                Expect.isTrue(Array.TrueForAll(left, AtomicFile.isUnfinished), "only temporary files");
                unfinished = left.Length;
            }

            Expect.isGreaterThan(unfinished, 0, "processes were killed in the middle of a file");
        }),
        Spec.Long("killed while run --save writes, it leaves the old model or the new one, and the next run saves", "It trains four large models.", () =>
        {
            using var tool = new Tool();
            var old = Saved(tool, "sub/m", seed: 1);
            var other = Saved(tool, "other", seed: 2);
            for (var i = 0; i < 2; i++)
            {
                using var process = tool.Start(Training("sub/m", seed: 2, folder: $"killed-{i}"));
                KillAtFirstUnfinished(process, tool.PathOf("sub"), known: i);
                var found = File.ReadAllBytes(tool.PathOf("sub", "m.safetensors"));
                Expect.isTrue(found.AsSpan().SequenceEqual(old) || found.AsSpan().SequenceEqual(other), "one of the two models");
            }

            Expect.isTrue(Saved(tool, "sub/m", seed: 2).AsSpan().SequenceEqual(other), "the next run");
        }),
        Spec.Long("on a full disk, run --save keeps the old model and says why", "It trains two models, and mounts a disk.", () =>
        {
            using var tool = new Tool();
            using var disk = Disk.Mount(tool.PathOf("disk"), "300k");
            if (disk is null)
            {
                return;
            }

            SmallData.Write(tool.PathOf("data"), images: 8, side: 3, classes: 4);
            string[] small = ["run", "adam", "--data", "data", "--classes", "4", "--max-steps", "2", "--save", "disk/m.safetensors"];
            Expect.equal(tool.Run([.. small, "--out", "small"]).ExitCode, 0, "a small model");
            var old = File.ReadAllBytes(tool.PathOf("disk", "m.safetensors"));
            var outcome = tool.Run([.. small, .. Large, "--out", "large"]);
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringContains(outcome.Error, $"The model cannot be written. Cannot write '{tool.PathOf("disk", "m.safetensors")}': No space left on device", "why");
            Expect.isTrue(File.ReadAllBytes(tool.PathOf("disk", "m.safetensors")).AsSpan().SequenceEqual(old), "the old model");
            Expect.equal(Directory.GetFiles(tool.PathOf("disk")).Length, 1, "no temporary file");
            Expect.equal(Directory.GetFiles(tool.PathOf("large"), "*.safetensors", SearchOption.AllDirectories).Length, 1, "the model is in the run's folder");
        }));

    /// <summary>Saves two models over one file, in turn, until the process is killed.</summary>
    public static void SaveInTurn(string first, string second, string target)
    {
        TrainedModel[] models = [TrainedModel.Load(first), TrainedModel.Load(second)];
        for (var i = 0; ; i++)
        {
            models[i % 2].Save(target);
            Console.Out.WriteLine("saved");
        }
    }

    private static string[] Training(string name, int seed, string folder) =>
        ["run", "adam", "--data", "data", "--classes", "4", .. Large, "--max-steps", "2", "--seed", $"{seed}", "--out", folder, "--save", $"{name}.safetensors"];

    // Trains a model, and returns the bytes of its file.
    private static byte[] Saved(Tool tool, string name, int seed)
    {
        SmallData.Write(tool.PathOf("data"), images: 8, side: 3, classes: 4);
        Directory.CreateDirectory(tool.PathOf("sub"));
        var outcome = tool.Run(Training(name, seed, Path.GetRandomFileName()));
        Expect.equal(outcome.ExitCode, 0, outcome.Error);
        return File.ReadAllBytes(tool.PathOf($"{name}.safetensors"));
    }

    private static Process StartSaving(params string[] paths)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(ModelInterruptionTests).Assembly.Location, SaveForever, .. paths])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    // Kills a tool as soon as it has begun to write a file.
    private static void KillAtFirstUnfinished(Process process, string folder, int known)
    {
        var clock = Stopwatch.StartNew();
        while (Directory.GetFiles(folder, ".*.tmp").Length == known && !process.HasExited)
        {
            Expect.isLessThan(clock.Elapsed, TimeSpan.FromMinutes(2), "time");
        }

        Expect.isFalse(process.HasExited, "killed in the middle of a file");
        process.Kill();
        process.WaitForExit();
    }
}
