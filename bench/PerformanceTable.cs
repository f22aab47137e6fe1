using System.Globalization;
using CuteDl.Core.Networks;
using CuteDl.Core.Optimizers;
using MathNet.Numerics.LinearAlgebra;
using Microsoft.FSharp.Collections;

namespace CuteDl.Bench;

/// <summary>The table of <c>docs/performance.md</c>, measured now, in Markdown on standard output.</summary>
internal static class PerformanceTable
{
    private static readonly (int Hidden, int Batch, string Name)[] Shapes = [(0, 64, "784-10"), (128, 64, "784-128-10"), (512, 128, "784-512-10")];
    private static readonly string[] Optimizers = ["fixed", "momentum", "adam"];

    public static int Print(Peer peer)
    {
        var environment = RunEnvironment.Current;
        Console.WriteLine($"{environment.Cpu}, {environment.Cores} cores, {environment.Os}, {environment.Runtime}; peer: {peer.Name}.");
        Console.WriteLine("Times are medians in microseconds, on one thread unless said; factors are the peer's time over ours.");
        // The first one measured would find the compiler's tiers unsettled.
        foreach (var input in new[] { Input.Mnist, Input.Random })
        {
            _ = Measure.Microseconds(new TrainingStep<float>(0, 64, "fixed", input).Run);
        }

        Steps(peer);
        Precisions();
        Updates(peer);
        PureSteps();
        TensorSteps();
        Telemetry();
        Rules(peer);
        Products(peer);
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

    private static void Steps(Peer peer)
    {
        Heading("A training step, single precision", "step", "MNIST", "random input", "bytes allocated", "peer", "factor MNIST", "factor random");
        foreach (var (hidden, batch, name) in Shapes)
        {
            foreach (var optimizer in Optimizers)
            {
                var step = new TrainingStep<float>(hidden, batch, optimizer, Input.Mnist);
                var mnist = Measure.Microseconds(step.Run);
                var random = Measure.Microseconds(new TrainingStep<float>(hidden, batch, optimizer, Input.Random).Run);
                var other = peer.Time($"step {name} batch {batch} {(optimizer == "fixed" ? "sgd" : optimizer)}");
                Row($"{name}, batch {batch}, {optimizer}", Text(mnist), Text(random), Text(Measure.Allocation(step.Run), "0"), Text(other), Factor(other, mnist), Factor(other, random));
            }
        }
    }

    /// <summary>A pure step returns a new state and Δ. The least it can do is to copy the state and take a step in place.</summary>
    private static void PureSteps()
    {
        // As above: what is measured first would find the compiler's tiers unsettled.
        var first = new PureStep(4);
        _ = Measure.Microseconds(first.Run);
        _ = Measure.Microseconds(first.RunInPlace);
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
        // What is measured first would find the compiler's tiers unsettled.
        var first = new MeasuredStep("adam", 1_000);
        _ = Measure.Microseconds(first.RunAlone);
        _ = Measure.Microseconds(first.Run);
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

    private static void Updates(Peer peer)
    {
        Heading("An update alone, adam, single precision", "parameters", "time", "GB/s", "streaming loop GB/s", "share", "peer", "factor");
        foreach (var length in new[] { 7_850, 101_770, 10_000_000 })
        {
            var update = new Update<float>("adam", length);
            var arrays = Enumerable.Range(0, 4).Select(_ => new float[length]).ToArray();
            var time = Measure.Microseconds(update.Run);
            var stream = Measure.Microseconds(() => Machine.Stream(arrays[0], arrays[1], arrays[2], arrays[3]));
            var other = peer.Time($"update adam {length}");
            Row(
                length.ToString("#,0", CultureInfo.InvariantCulture),
                Text(time),
                Text(update.Bytes / time / 1e3),
                Text(update.Bytes / stream / 1e3),
                Text(stream / time, "0 %"),
                Text(other),
                Factor(other, time));
        }
    }

    private static void Rules(Peer peer)
    {
        var layers = ListModule.OfSeq<Layer>([new Dense(128, Core.Networks.Activation.ReLU), new Dense(10, Core.Networks.Activation.Linear)]);
        var layout = Layout.Of(ModelModule.parameters(ModelModule.create(784, layers, Core.Networks.Loss.SoftmaxCrossEntropy)));
        Heading(
            "An update alone of every rule and of some chains: the 101,770 parameters of 784-128-10, single precision",
            "optimizer", "time", "GB/s", "bytes allocated", "peer", "factor");
        string[] chains =
        [
            "clip_value(1) | adam",
            "clip_global_norm(1) | adam",
            "l2(0.01) | momentum | lookahead",
            "clip_global_norm(1) | adamw | ema",
            "{ \"*.bias\": sgd(lr=0.1), \"*\": adamw }",
        ];
        foreach (var text in Core.Optimizers.Rules.all.Select(kind => kind.Name == "muon" ? "{ \"*.weight\": muon, \"*\": adam }" : kind.Name).Concat(chains))
        {
            var update = new Update<float>(text, layout);
            var time = Measure.Microseconds(update.Run);
            var other = peer.Time($"update {text} {layout.Length}");
            Row(text.Replace("|", "\\|", StringComparison.Ordinal), Text(time), Text(update.Bytes / time / 1e3), Text(Measure.Allocation(update.Run), "0"), Text(other), Factor(other, time));
        }
    }

    private static void Products(Peer peer)
    {
        var peak = Machine.FlopsOfMultiplyAdds / Measure.Microseconds(() => Machine.MultiplyAdds()) / 1e3;
        Heading(
            $"A matrix product, single precision (peak of multiply-adds: {Text(peak)} GFLOP/s)",
            "product", "time", "GFLOP/s", "share of the peak", "by definition", "MathNet.Numerics", "peer", "factor");
        foreach (var (rows, depth, columns) in new[] { (64, 784, 10), (64, 784, 128), (128, 784, 512) })
        {
            var product = new Product<float>(rows, depth, columns);
            var time = Measure.Microseconds(product.Run);
            var rate = product.Flops / time / 1e3;
            var (a, b) = (Matrix<float>.Build.Random(rows, depth, 1), Matrix<float>.Build.Random(depth, columns, 2));
            var other = peer.Time($"matmul {rows}x{depth}x{columns}");
            Row(
                $"{rows} × {depth} × {columns}",
                Text(time),
                Text(rate),
                Text(rate / peak, "0 %"),
                Text(Measure.Microseconds(product.RunNaive)),
                Text(Measure.Microseconds(() => a.Multiply(b))),
                Text(other),
                Factor(other, time));
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

    private static void Heading(string title, params string[] columns)
    {
        Console.WriteLine($"\n### {title}\n");
        Row(columns);
        Console.WriteLine("|" + string.Concat(columns.Select((_, i) => i == 0 ? "---|" : "---:|")));
    }

    private static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");

    private static string Text(double? value, string format = "0.0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";

    private static string Factor(double? peer, double time) => peer is { } other ? (other / time).ToString("0.0", CultureInfo.InvariantCulture) + " ×" : "–";
}
