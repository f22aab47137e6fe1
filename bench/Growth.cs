using CuteDl.Reports;
using SkiaSharp;

namespace CuteDl.Bench;

/// <summary>How costs grow, as a picture: with the batch, the width, the number of parameters, and the threads.</summary>
internal static class Growth
{
    private const int Width = 880;
    private const float PanelHeight = 210;
    private const float Top = 40;

    private static readonly int[] Batches = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
    private static readonly int[] Widths = [16, 32, 64, 128, 256, 512, 1024, 2048];
    private static readonly int[] Lengths = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    private static readonly int[] Threads = [.. Enumerable.Range(1, Environment.ProcessorCount)];

    private sealed record Series(string Name, int Style, IReadOnlyList<CurvePoint> Points);

    private sealed record Part(string Values, string Steps, IReadOnlyList<Series> Series);

    public static int Draw(string path)
    {
        Part[] parts =
        [
            new("µs an image", "images a batch, MNIST, adam", [
                new("784-10", 0, Measured(Batches, batch => Step(0, batch) / batch)),
                new("784-128-10", 1, Measured(Batches, batch => Step(128, batch) / batch)),
            ]),
            new("µs a step", "hidden units, batches of 64, adam", [
                new("MNIST", 0, Measured(Widths, width => Step(width, 64))),
                new("random input", 1, Measured(Widths, width => Measure.Microseconds(new TrainingStep<float>(width, 64, "adam", Input.Random).Run))),
            ]),
            new("GB/s", "parameters of an update, single precision", [
                new("fixed", 0, Measured(Lengths, length => Bandwidth("fixed", length))),
                new("momentum", 1, Measured(Lengths, length => Bandwidth("momentum", length))),
                new("adam", 2, Measured(Lengths, length => Bandwidth("adam", length))),
            ]),
            new("epochs a second", "threads, independent runs of the documented adam", [
                new("784-10", 0, Measured(Threads, Throughput.EpochsPerSecond)),
            ]),
        ];
        PictureFile.Save(path, Width, (int)(Top + (parts.Length * (PanelHeight + 90))), canvas => Draw(canvas, parts));
        return 0;
    }

    private static void Draw(SKCanvas canvas, Part[] parts)
    {
        var environment = RunEnvironment.Current;
        new TextStyle(13, Ink.Quiet).Draw(canvas, $"{environment.Cpu}, {environment.Cores} cores, {environment.Runtime}", 18, 24);
        var top = Top;
        foreach (var part in parts)
        {
            var points = part.Series.SelectMany(series => series.Points).ToArray();
            var panel = new Panel(Scale.Logarithmic, AxisLimits.Steps(points.Select(point => point.Step), Scale.Logarithmic), Scale.Logarithmic, part.Values, part.Steps);
            var key = new Key();
            foreach (var series in part.Series)
            {
                var style = new RunStyle(series.Style);
                panel.Line(new Curve([.. series.Points.Select(point => point.Step)], [.. series.Points.Select(point => point.Value)]), style.Line);
                panel.Marks(series.Points, style.Mark);
                key.Add(series.Name, style.Line);
            }

            key.Draw(canvas, Panel.LeftMargin, top, Width - Panel.LeftMargin - 18);
            panel.Draw(canvas, new SKRect(Panel.LeftMargin, top + 24, Width - 18, top + 24 + PanelHeight));
            top += PanelHeight + 90;
        }
    }

    private static List<CurvePoint> Measured(int[] sizes, Func<int, double> measure) =>
        [.. sizes.Select(size =>
        {
            var value = measure(size);
            Console.Error.WriteLine($"{size}: {value:0.###}");
            return new CurvePoint(size, value);
        })];

    private static double Step(int hidden, int batch) => Measure.Microseconds(new TrainingStep<float>(hidden, batch, "adam", Input.Mnist).Run);

    private static double Bandwidth(string optimizer, int length)
    {
        var update = new Update<float>(optimizer, length);
        return update.Bytes / Measure.Microseconds(update.Run) / 1e3;
    }
}
