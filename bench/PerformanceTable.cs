using System.Globalization;
using CuteDl.Core.Numerics;
using MathNet.Numerics.LinearAlgebra;
using static CuteDl.Bench.Markdown;

namespace CuteDl.Bench;

/// <summary>The table of <c>docs/performance.md</c>, measured now, in Markdown on standard output.</summary>
internal static class PerformanceTable
{
    private static readonly (int Hidden, int Batch, string Name)[] Shapes = [(0, 64, "784-10"), (128, 64, "784-128-10"), (512, 128, "784-512-10")];
    private static readonly string[] Optimizers = ["fixed", "momentum", "adam"];

    // Threads that share work sleep between rounds. The time to wake them is not that of a step in a training.
    private const int Repetitions = 10;

    // Rows, depth and columns: the products of dense layers, forward and backward, and square ones.
    private static readonly (int Rows, int Depth, int Columns)[] ProductShapes =
    [
        (64, 784, 10), (64, 784, 128), (128, 784, 512), (784, 64, 128), (784, 128, 512), (64, 128, 784),
        (256, 256, 256), (512, 512, 512), (1024, 1024, 1024),
    ];

    public static int Print(Peer[] peers)
    {
        var environment = RunEnvironment.Current;
        Console.WriteLine($"{environment.Cpu}, {environment.Cores} cores, {environment.Os}, {environment.Runtime}, registers of {Bounds.Widest.Bits} bits.");
        Console.WriteLine("Times are medians in microseconds, on one thread unless said. Factors are a peer's time over ours.");
        Console.WriteLine($"Peers: {(peers.Length == 0 ? "none" : string.Join("; ", peers.Select(peer => peer.Name)))}.");
        Steps(peers);
        Threads();
        Precisions();
        UpdateTables.Print(peers);
        Products(peers);
        Throughputs();
        return 0;
    }

    public static int PrintTelemetry()
    {
        Telemetry();
        return 0;
    }

    public static int PrintPureSteps()
    {
        PureSteps();
        return 0;
    }

    public static int PrintTensorSteps()
    {
        TensorSteps();
        return 0;
    }

    public static int PrintThreads()
    {
        Threads();
        return 0;
    }

    private static void Steps(Peer[] peers)
    {
        Heading(
            "A training step, single precision",
            ["step", "MNIST", "random input", "bytes allocated", .. PeerColumns(peers, "step", "factor MNIST", "factor random")]);
        foreach (var (hidden, batch, name) in Shapes)
        {
            foreach (var optimizer in Optimizers)
            {
                StepRow(
                    peers, $"{name}, batch {batch}, {optimizer}", $"{name} batch {batch} {(optimizer == "fixed" ? "sgd" : optimizer)}",
                    input => new TrainingStep<float>(hidden, batch, optimizer, input));
            }
        }

        StepRow(peers, "2c2d, batch 64, adam", "2c2d batch 64 adam", input => new TrainingStep<float>(Models.Convolutional, 64, "adam", input));
    }

    private static void StepRow(Peer[] peers, string title, string name, Func<Input, TrainingStep<float>> make)
    {
        var step = make(Input.Mnist);
        var mnist = Measure.Microseconds(step.Run);
        var random = Measure.Microseconds(make(Input.Random).Run);
        Row([title, Text(mnist), Text(random), Text(Measure.Allocation(step.Run), "0"), .. PeerCells(peers, "step", name, mnist, random)]);
    }

    /// <summary>One training on one thread and on all cores. Peers with their own threads are measured by the command behind --peer.</summary>
    private static void Threads()
    {
        var cores = Environment.ProcessorCount;
        Heading("A training step on several threads, adam, single precision", "step", "input", "1 thread", $"{cores} threads", "1 thread / all", "bytes allocated");
        var models = Shapes.Select(shape => ($"{shape.Name}, batch {shape.Batch}", (Func<Input, TrainingStep<float>>)(input => new(shape.Hidden, shape.Batch, "adam", input))));
        foreach (var (name, make) in models.Append(("2c2d, batch 64", input => new(Models.Convolutional, 64, "adam", input))))
        {
            foreach (var input in new[] { Input.Mnist, Input.Random })
            {
                var step = make(input);
                var (one, all) = Measure.Shortest(() => Repeat(step.Run), () => WithThreads(cores, () => Repeat(step.Run)));
                using var budget = ThreadBudget.Enter(cores);
                Row(name, input == Input.Mnist ? "MNIST" : "random", Text(one / Repetitions), Text(all / Repetitions), Text(one / all, "0.00"), Text(Measure.Allocation(step.Run), "0"));
            }
        }
    }

    private static void Repeat(Action action)
    {
        for (var i = 0; i < Repetitions; i++)
        {
            action();
        }
    }

    private static void WithThreads(int threads, Action action)
    {
        using var budget = ThreadBudget.Enter(threads);
        action();
    }

    /// <summary>A pure step returns a new state and Δ. The least it can do is to copy the state and take a step in place.</summary>
    private static void PureSteps()
    {
        Heading("A pure step, adam, double precision", "parameters", "time", "bytes allocated", "copy and step in place", "pure / copy and in place");
        foreach (var length in new[] { 4, 7_850, 100_000 })
        {
            var step = new PureStep(length);
            // Both allocate, so the collector's pauses fall on either by chance: the shortest times are compared.
            var (pure, inPlace) = Measure.Shortest(step.Run, step.RunInPlace);
            Row(
                length.ToString("#,0", CultureInfo.InvariantCulture),
                Text(pure, length < 1_000 ? "0.000" : "0.0"),
                Text(Measure.Allocation(step.Run), "#,0"),
                Text(inPlace, length < 1_000 ? "0.000" : "0.0"),
                Text(pure / inPlace, "0.00"));
        }
    }

    /// <summary>An in-place step over tensors with their own memory, and the same step over one flat array.</summary>
    private static void TensorSteps()
    {
        Heading("A step over tensors with their own memory, single precision", "step", "flat", "tensors", "tensors / flat", "bytes allocated");
        foreach (var (optimizer, count, length) in new[] { ("adam", 4, 25_000), ("adam", 100, 1_000), ("clip_global_norm(1) | adam", 100, 1_000), ("lamb", 100, 1_000) })
        {
            var step = new TensorStep(optimizer, count, length);
            var (flat, tensors) = Measure.Shortest(step.RunFlat, step.Run);
            Row(
                $"{optimizer.Replace("|", "\\|", StringComparison.Ordinal)}, {count} × {length.ToString("#,0", CultureInfo.InvariantCulture)}",
                Text(flat),
                Text(tensors),
                Text(tensors / flat, "0.00"),
                Text(Measure.Allocation(step.Run), "0"));
        }
    }

    /// <summary>An in-place step with telemetry, without it, and with the same norms from passes of their own.</summary>
    private static void Telemetry()
    {
        Heading(
            "A step with telemetry, single precision",
            "optimizer and parameters", "step", "with telemetry", "ratio", "step and own passes", "ratio", "bytes allocated");
        foreach (var optimizer in new[] { "fixed", "adam", "clip_global_norm(1) | adam" })
        {
            foreach (var length in new[] { 101_770, 10_000_000 })
            {
                var step = new MeasuredStep(optimizer, length);
                var alone = Measure.Microseconds(step.RunAlone);
                var measured = Measure.Microseconds(step.Run);
                var passes = Measure.Microseconds(step.RunPasses);
                Row(
                    $"{optimizer.Replace("|", "\\|", StringComparison.Ordinal)}, {length.ToString("#,0", CultureInfo.InvariantCulture)}",
                    Text(alone),
                    Text(measured),
                    Text(measured / alone, "0.00"),
                    Text(passes),
                    Text(passes / alone, "0.00"),
                    Text(Measure.Allocation(step.Run), "0"));
            }
        }
    }

    private static void Precisions()
    {
        Heading("Double against single precision, adam on MNIST", "step", "single", "double", "double / single");
        foreach (var (hidden, batch, name) in Shapes)
        {
            var single = Measure.Microseconds(new TrainingStep<float>(hidden, batch, "adam", Input.Mnist).Run);
            var twice = Measure.Microseconds(new TrainingStep<double>(hidden, batch, "adam", Input.Mnist).Run);
            Row($"{name}, batch {batch}", Text(single), Text(twice), Text(twice / single, "0.00"));
        }
    }

    private static void Products(Peer[] peers)
    {
        var peak = Bounds.Widest.Peak;
        Heading(
            $"A matrix product, single precision (peak of multiply-adds: {Text(peak)} GFLOP/s)",
            ["product", "time", "GFLOP/s", "share of the peak", .. PeerColumns(peers, "matmul", "factor")]);
        foreach (var (rows, depth, columns) in ProductShapes)
        {
            var product = new Product<float>(rows, depth, columns);
            var time = Measure.Microseconds(product.Run);
            var rate = product.Flops / time / 1e3;
            Row(
            [
                $"{rows} × {depth} × {columns}",
                Text(time),
                Text(rate),
                Text(rate / peak, "0 %"),
                .. PeerCells(peers, "matmul", $"{rows}x{depth}x{columns}", time),
            ]);
        }

        Heading("The same product by its definition, and by MathNet.Numerics", "product", "time", "by definition", "MathNet.Numerics");
        {
            var (rows, depth, columns) = ProductShapes[1];
            var product = new Product<float>(rows, depth, columns);
            var (a, b) = (Matrix<float>.Build.Random(rows, depth, 1), Matrix<float>.Build.Random(depth, columns, 2));
            Row(
                $"{rows} × {depth} × {columns}",
                Text(Measure.Microseconds(product.Run)),
                Text(Measure.Microseconds(product.RunNaive)),
                Text(Measure.Microseconds(() => a.Multiply(b))));
        }
    }

    private static void Throughputs()
    {
        Heading("Independent runs: the documented adam", "threads", "epochs a second", "throughput of one");
        var one = Throughput.EpochsPerSecond(1);
        for (var threads = 1; threads <= Environment.ProcessorCount; threads++)
        {
            var rate = threads == 1 ? one : Throughput.EpochsPerSecond(threads);
            Row(Text(threads, "0"), Text(rate), Text(rate / one, "0.00"));
        }
    }
}
