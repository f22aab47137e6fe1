using System.Globalization;
using System.Text.RegularExpressions;
using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.Statistics;

namespace CuteDl.Tests;

/// <summary>Figures as data: their axes, and the curves of several seeds.</summary>
internal static partial class FigureTests
{
    // The largest share of an axis without a label, if at least four labels fit.
    private const double LongestGap = 0.55;

    private static readonly double[] Special = [0, -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e305];

    // The ends of an axis as decimal logarithms, and the number of labels that fit.
    private static readonly Gen<(double Low, double High, double Room)> Ranges =
        from low in Gen.Choose(-12_000, 12_000)
        from length in Gen.OneOf(Gen.Choose(20, 3_000), Gen.Choose(3_000, 30_000))
        from room in Gen.Choose(20, 200)
        select (low / 1000.0, (low + length) / 1000.0, room / 10.0);

    private static readonly Gen<double> Value =
        Gen.Frequency((8, from power in Gen.Choose(-3000, 3000) select Math.Pow(10, power / 1000.0)), (1, Gen.Elements(Special)));

    private static readonly Gen<(Axis Axis, double[] Values)> Axes =
        from kind in Gen.Elements(AxisKind.Linear, AxisKind.Logarithmic)
        from format in Gen.Elements(AxisFormat.Steps, AxisFormat.Value)
        from hasNever in Gen.Elements(true, false)
        from values in Value.ArrayOf()
        select (new Axis("", kind, format) { HasNever = hasNever }, values);

    private static readonly Gen<SeedCurve> Seed =
        from steps in (from step in Gen.Choose(1, 12) select (double)step).ArrayOf()
        let distinct = steps.Distinct().Order().ToArray()
        from losses in Value.ArrayOf(distinct.Length)
        select new SeedCurve(0, distinct, losses, losses);

    private static readonly Gen<SeedCurve[]> Seeds = from count in Gen.Choose(1, 6) from seeds in Seed.ArrayOf(count) select seeds;

    public static Test All { get; } = Spec.List("figures",
        Spec.Property("a logarithmic axis has labels all along it, which fit", Prop.ForAll(Ranges.ToArbitrary(), range =>
        {
            var (low, high, room) = range;
            double[] places = [.. AxisTicks.Logarithmic(low, high, room).Select(Math.Log10)];
            double[] Gaps(double[] ends) => [.. ends.Skip(1).Zip(ends, (next, place) => next - place)];
            Expect.isTrue(places.Length > 0 && places.All(place => place >= low - 1e-9 && place <= high + 1e-9), "within the axis");
            Expect.isTrue(Gaps(places).All(gap => gap >= ((high - low) / room) - 1e-9), "apart");
            Expect.isTrue(room < 4 || Gaps([low, .. places, high]).Max() <= LongestGap * (high - low), $"{string.Join(", ", places)}: the longest part without a label");
        })),
        Spec.Test("the ratios of close optimizers have labels on both sides of 1", () =>
        {
            foreach (var (low, high) in new[] { (0.53, 1.97), (0.79, 1.45), (0.75, 1.9) })
            {
                var labels = AxisTicks.Logarithmic(Math.Log10(low), Math.Log10(high), 6);
                Expect.isTrue(labels.Contains(1) && labels[0] < 1 && labels[^1] > 1, $"{low} to {high}: {string.Join(", ", labels)}");
            }
        }),
        Spec.Property("a scale keeps the order of values: 0 below all others on a logarithmic axis, infinity above, and all within the limits", Prop.ForAll(Axes.ToArbitrary(), example =>
        {
            var scale = new AxisScale(example.Axis, example.Values, 0.05);
            var shown = example.Values.Where(value => double.IsFinite(scale.Position(value))).Distinct().Order().ToArray();
            Expect.sequenceEqual(shown.Select(scale.Position).Order(), shown.Select(scale.Position), "the order of values");
            Expect.equal(shown.Select(scale.Position).Distinct().Count(), shown.Length, "a position of its own for each value");
            Expect.isTrue(shown.All(value => scale.Limits.Low <= scale.Position(value) && scale.Position(value) <= scale.Limits.High), "within the limits");
            bool IsShown(double value) =>
                double.IsPositiveInfinity(value) ? example.Axis.HasNever : Math.Abs(value) < 1e300 && (value >= 0 || example.Axis.Kind == AxisKind.Linear);
            Expect.sequenceEqual(shown, example.Values.Where(IsShown).Distinct().Order(), "every value that has a place");
            Expect.isTrue(example.Axis is not { Kind: AxisKind.Linear, Format: AxisFormat.Steps } || shown.Any(value => value < 0) || scale.Limits.Low >= 0, "steps begin at 0");
            Expect.equal(scale.IsEmpty, shown.Length == 0 && !example.Axis.HasNever, "nothing to show");
        })),
        Spec.Property("the bold line is the median of the finite values, where at least half of the seeds have one", Prop.ForAll(Seeds.ToArbitrary(), seeds =>
        {
            var pane = CurvePanes.Losses([new SeedCurves(0, "adam", seeds)], hasBands: true);
            var median = pane.Series.Single(series => series.Look == Look.Curve);
            Expect.equal(pane.Series.Count(series => series.Look == Look.Faint), seeds.Length > 1 ? seeds.Length : 0, "faint lines");
            double[] At(double step) => [.. seeds.Where(seed => seed.Steps.Contains(step)).Select(seed => seed.Losses[seed.Steps.ToList().IndexOf(step)])];
            Expect.sequenceEqual(median.X, seeds.SelectMany(seed => seed.Steps).Distinct().Order().Where(step => 2 * At(step).Length >= seeds.Length), "steps");
            foreach (var (step, value) in median.X.Zip(median.Y))
            {
                var finite = At(step).Where(double.IsFinite).ToArray();
                var expected = 2 * finite.Length >= seeds.Length ? finite.Median() : double.NaN;
                Expect.isTrue(double.IsNaN(value) ? double.IsNaN(expected) : Math.Abs(value - expected) <= 1e-12 * Math.Abs(expected), $"step {step}: {value}, not {expected}");
            }

            Expect.equal(median.Low.Count, seeds.Length > 1 ? median.X.Count : 0, "a band");
        })),
        Spec.Property("marks of different groups on the same curve do not overlap, and each group has some all along it", Prop.ForAll(Gen.Choose(0, 11).Two().ToArbitrary(), groups =>
        {
            double[] places = [.. Enumerable.Range(0, 1000).Select(i => i / 999.0)];
            int[] Marks(int group) => [.. LineDrawing.Sparse(places, (0, 1), group)];
            var (one, other) = (Marks(groups.Item1), Marks(groups.Item2));
            Expect.isTrue(one.Length is 6 or 7 && one.Zip(one.Skip(1)).All(next => next.Second - next.First is > 100 and < 200), string.Join(", ", one));
            Expect.isTrue(groups.Item1 == groups.Item2 || !one.Any(mark => other.Any(near => Math.Abs(mark - near) < 3)), "two marks at one place");
        })),
        Spec.Test("losses above a hundred times the usual first loss do not extend the axis, and the picture names their run", () =>
        {
            RunResult[] runs = [ReportTests.Result("adam", 0, [2, 1]), ReportTests.Result("wild", 0, [3, 1e9]), ReportTests.Result("calm", 0, [2.5, 2])];
            var figure = ComparisonFigure.Of(new ComparisonResult { Runs = runs });
            Expect.equal(figure.Panes.OfType<LinePane>().First().Y.Ceiling, 250, "the ceiling");
            Expect.isTrue(figure.Remarks.Contains(new Remark(Tone.Warning, "Losses above the loss panel: wild.")), string.Join(" ", figure.Remarks));
            Expect.equal(figure.Panes.OfType<TablePane>().Single().Rows.Count, 3, "rows of the table");
        }),
        Spec.Test("pictures keep their sizes, whatever they say", () =>
        {
            using var folder = new TemporaryFolder();
            (int Width, int Height) Size(string name)
            {
                using var file = File.OpenRead(folder.Within(name));
                var head = new byte[24];
                file.ReadExactly(head);
                int Number(int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(at));
                return (Number(16), Number(20));
            }

            foreach (var name in new[] { "a", new string('x', 400) })
            {
                var run = ReportTests.Result(name, 0, [2, double.NaN]) with { DeadLogits = [1], AccuracyCeiling = 0.9 };
                run.SavePlot(folder.Within("run.svg"));
                foreach (Match text in Places().Matches(File.ReadAllText(folder.Within("run.svg"))))
                {
                    Expect.isTrue(double.Parse(text.Groups[1].Value, CultureInfo.InvariantCulture) is > 0 and < 620, $"a text within the picture: {text.Value}");
                }

                run.SavePlot(folder.Within("run.png"));
                Expect.equal(Size("run.png"), (1520, 1240), "run");
                new ComparisonResult { Runs = [run] }.SavePlot(folder.Within("comparison.png"));
                Expect.equal(Size("comparison.png").Width, 1760, "comparison");
                var sweep = new LearningRateSweep { Optimizer = name, Argument = "lr", ModelText = "10-10", Seed = 0, Steepest = 0.1, TenthOfLeast = null, End = LearningRateSweepEnd.Swept, Points = [new(0.1, 2, 2), new(1, 1, 1.5)] };
                sweep.SavePlot(folder.Within("sweep.png"));
                Expect.equal(Size("sweep.png"), (1520, 880), "sweep");
            }
        }));

    [GeneratedRegex("transform=\"translate\\(\\S+ (\\S+)\\)")]
    private static partial Regex Places();
}
