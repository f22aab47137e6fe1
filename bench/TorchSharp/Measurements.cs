using System.Runtime.Intrinsics;
using CuteDl.TorchSharp;
using static TorchSharp.torch;

namespace CuteDl.Bench;

/// <summary>
/// Steps of adam on the parameters of modules, by turns with TorchSharp's own Adam, on one thread. Times are processor times, so that other
/// programs disturb them less.
/// </summary>
internal static class Measurements
{
    private const int Rounds = 15;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(50);

    public static int Print()
    {
        set_num_threads(1);
        Console.WriteLine($"512-bit vectors: {Vector512.IsHardwareAccelerated}");
        Console.WriteLine("| module | parameters | CuteDl | bytes allocated | TorchSharp | bytes allocated | factor |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        Row("784-10", () => nn.Sequential(nn.Linear(784, 10)));
        Row("784-128-10", () => nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)));
        Row("3162-3162", () => nn.Sequential(nn.Linear(3162, 3162)));
        return 0;
    }

    private static void Row(string name, Func<nn.Module<Tensor, Tensor>> create)
    {
        using var ours = create();
        using var theirs = create();
        using var optimizer = ours.Optimize(Optimizers.Adam(0.001, 0.9, 0.999));
        using var adam = optim.Adam(theirs.parameters(), 0.001);
        foreach (var parameter in ours.parameters().Concat(theirs.parameters()))
        {
            parameter.grad = rand_like(parameter);
        }

        var count = ours.parameters().Sum(parameter => parameter.numel());
        var calls = (Ours: Calls(() => optimizer.step()), Theirs: Calls(() => adam.step()));
        var times = Enumerable.Range(0, Rounds).Select(_ => (Ours: Time(() => optimizer.step(), calls.Ours), Theirs: Time(() => adam.step(), calls.Theirs))).ToArray();
        var factor = Median(times.Select(time => time.Theirs / time.Ours));
        Console.WriteLine(
            $"| {name} | {count:N0} | {Median(times.Select(time => time.Ours)):0.0} | {Bytes(() => optimizer.step()):N0} "
            + $"| {Median(times.Select(time => time.Theirs)):0.0} | {Bytes(() => adam.step()):N0} | {factor:0.0} × |");
    }

    // The number of calls in a round, after warm-up.
    private static int Calls(Action step)
    {
        // The JIT optimizes in the background, which takes long on a busy machine.
        for (var round = 0; round < 4; round++)
        {
            Time(step, (int)Math.Clamp(250_000 / Time(step, 1), 40, 20_000));
            Thread.Sleep(500);
        }

        return (int)Math.Clamp(RoundTime.TotalMicroseconds / Time(step, 10), 1, 100_000);
    }

    private static double Time(Action step, int calls)
    {
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < calls; i++)
        {
            step();
        }

        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / calls;
    }

    private static long Bytes(Action step)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            step();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
