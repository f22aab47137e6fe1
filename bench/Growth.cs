using CuteDl.Reports;

namespace CuteDl.Bench;

/// <summary>How costs grow, as a picture: with the batch, the width, the number of parameters, and the threads.</summary>
internal static class Growth
{
    private static readonly int[] Batches = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    private static readonly int[] Widths = [16, 32, 64, 128, 256, 512, 1024, 2048];
    private static readonly int[] Lengths = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    private static readonly int[] Threads = [.. Enumerable.Range(1, Environment.ProcessorCount)];

    private static readonly string[] Groups = ["784-10", "784-128-10", "MNIST", "random input", "fixed", "momentum", "adam"];

    public static int Draw(string path)
    {
        Pane[] panes =
        [
            Pane("µs an image", "images a batch, MNIST, adam", [
                Measured("784-10", Batches, batch => Step(0, batch) / batch),
                Measured("784-128-10", Batches, batch => Step(128, batch) / batch),
            ]),
            Pane("µs a step", "hidden units, batches of 64, adam", [
                Measured("MNIST", Widths, width => Step(width, 64)),
                Measured("random input", Widths, width => Measure.Microseconds(new TrainingStep<float>(width, 64, "adam", Input.Random).Run)),
            ]),
            Pane("GB/s", "parameters of an update, single precision", [
                .. new[] { "fixed", "momentum", "adam" }.Select(optimizer => Measured(optimizer, Lengths, length => Bandwidth(optimizer, length))),
            ]),
            Pane("epochs a second", "threads, independent runs of the documented adam", [
                Measured("784-10", Threads, Throughput.EpochsPerSecond),
            ]),
        ];
        var environment = RunEnvironment.Current;
        FigurePicture.SaveAs(new Figure("growth", "How costs grow", $"{environment.Cpu}, {environment.Cores} cores, {environment.Runtime}", panes) { Groups = Groups }, path);
        return 0;
    }

    private static LinePane Pane(string values, string sizes, Series[] series) =>
        new(new Axis(sizes, AxisKind.Logarithmic, AxisFormat.Steps), new Axis(values, AxisKind.Logarithmic, AxisFormat.Value), series);

    private static Series Measured(string name, int[] sizes, Func<int, double> measure) =>
        new(
            Array.IndexOf(Groups, name),
            name,
            [.. sizes.Select(size => (double)size)],
            [.. sizes.Select(size =>
            {
                var value = measure(size);
                Console.Error.WriteLine($"{size}: {value:0.###}");
                return value;
            })],
            Look.Marked);

    private static double Step(int hidden, int batch) => Measure.Microseconds(new TrainingStep<float>(hidden, batch, "adam", Input.Mnist).Run);

    private static double Bandwidth(string optimizer, int length)
    {
        var update = new Update<float>(optimizer, length);
        return update.Cost!.Bytes * length / Measure.Microseconds(update.Run) / 1e3;
    }
}
