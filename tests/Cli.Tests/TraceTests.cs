using System.Text.Json;
using CuteDl.Core.Data;
using CuteDl.Testing;
using Expecto;
using Microsoft.FSharp.Collections;

namespace CuteDl.Tests;

/// <summary><c>trace</c>: against PyTorch's own trajectories, and what is wrong with its files.</summary>
internal static class TraceTests
{
    private static readonly string[] Names = ["matrix", "vector"];

    // PyTorch's configurations, the same ones as the core's tests have.
    private static readonly (string Name, string Text)[] Configurations =
    [
        ("sgd_momentum_dampening", "sgd(lr=0.01, momentum=0.9, dampening=0.3)"),
        ("sgd_weight_decay", "l2(0.05) | sgd(lr=0.01, momentum=0.9)"),
        ("adamw", "{ \"vector\": adamw(lr=0.01, weight_decay=0.03), \"*\": adamw(lr=constant(0.01), weight_decay=0.03) }"),
    ];

    private static readonly (string Name, string Expected, (string, Tensor)[] Initial, (string, Tensor)[] Gradients)[] Mistakes =
    [
        ("a tensor without gradients", "no gradients of 'b'. It has gradients of 'a'.", [("a", Zeros(2)), ("b", Zeros(1))], [("a", Zeros(3, 2))]),
        ("gradients without a tensor", "has no tensor of this name. Its tensors are 'a'.", [("a", Zeros(2))], [("a", Zeros(3, 2)), ("b", Zeros(3, 1))]),
        ("a shape that does not fit", "have the shape 3 × 4; the shape must be steps × 2 × 2.", [("a", Zeros(2, 2))], [("a", Zeros(3, 4))]),
        ("gradients without steps", "have the shape 2; the shape must be steps × 2.", [("a", Zeros(2))], [("a", Zeros(2))]),
        ("different numbers of steps", "4 gradients of 'b' but 3 of 'a'", [("a", Zeros(2)), ("b", Zeros(1))], [("a", Zeros(3, 2)), ("b", Zeros(4, 1))]),
        ("whole numbers", "'a' in initial.npz holds integers", [("a", new Tensor(List(2), Cells.NewI64([1, 2])))], [("a", Zeros(3, 2))]),
        ("no tensors at all", "initial.npz has no tensors", [], []),
        ("groups that do not fit", "\"*.bias\" matches no tensor", [("a", Zeros(2))], [("a", Zeros(3, 2))]),
    ];

    public static Test All { get; } = Spec.List("trace",
        Spec.List("gives PyTorch's parameters to 1e-10:", Configurations.Select(configuration => Spec.Test(configuration.Name, () =>
        {
            using var tool = new Tool();
            using var reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reference", "pytorch.json")));
            var root = reference.RootElement;
            int[][] shapes = [[3, 4], [5]];
            var gradients = root.GetProperty("gradients").EnumerateArray().ToArray();
            Save(tool.PathOf("initial.npz"), [.. Names.Select((name, k) => (name, Float(shapes[k], Floats(root.GetProperty("initial")[k]))))]);
            Save(tool.PathOf("gradients.npz"), [.. Names.Select((name, k) =>
                (name, Float([gradients.Length, .. shapes[k]], [.. gradients.SelectMany(step => Floats(step[k]))])))]);
            var outcome = tool.Run("trace", configuration.Text, "--initial", "initial.npz", "--gradients", "gradients.npz", "--out", "out.npz");
            Expect.equal((outcome.ExitCode, outcome.Error), (0, ""), outcome.Error);

            var traced = Npz.read(tool.PathOf("out.npz"));
            Expect.sequenceEqual(traced.Keys, Names, "names");
            foreach (var after in root.GetProperty("optimizers").GetProperty(configuration.Name).GetProperty("parameters_after").EnumerateObject())
            {
                var step = int.Parse(after.Name, System.Globalization.CultureInfo.InvariantCulture);
                for (var k = 0; k < Names.Length; k++)
                {
                    Expect.sequenceEqual(traced[Names[k]].Shape, [gradients.Length, .. shapes[k]], "shape");
                    var expected = Floats(after.Value[k]);
                    var actual = ((Cells.F64)traced[Names[k]].Cells).Item.AsSpan((step - 1) * expected.Length, expected.Length);
                    for (var i = 0; i < expected.Length; i++)
                    {
                        Expect.isLessThanOrEqual(Math.Abs(actual[i] - expected[i]), 1e-10 * Math.Abs(expected[i]), $"{Names[k]}[{i}] after step {step}");
                    }
                }
            }
        }))),
        Spec.Test("single precision is read, and double written", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("initial.npz"), [("w", new Tensor(List(1), Cells.NewF32([1])))]);
            Save(tool.PathOf("gradients.npz"), [("w", new Tensor(List(2, 1), Cells.NewF32([1, 2])))]);
            Expect.equal(tool.Run("trace", "fixed(lr=0.25)", "--initial", "initial.npz", "--gradients", "gradients.npz", "--out", "out.npz").ExitCode, 0, "exit code");
            Expect.sequenceEqual(((Cells.F64)Npz.read(tool.PathOf("out.npz"))["w"].Cells).Item, [0.75, 0.25], "parameters");
        }),
        Spec.Test("a share of the run is of the recorded gradients", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("initial.npz"), [("w", Float([1], [1]))]);
            Save(tool.PathOf("gradients.npz"), [("w", Float([2, 1], [1, 2]))]);
            Expect.equal(tool.Run("trace", "fixed(lr=linear(0.5))", "--initial", "initial.npz", "--gradients", "gradients.npz", "--out", "out.npz").ExitCode, 0, "exit code");
            Expect.sequenceEqual(((Cells.F64)Npz.read(tool.PathOf("out.npz"))["w"].Cells).Item, [0.5, 0], "parameters");
        }),
        Spec.List("is wrong, and says so in a sentence with exit code 2:", Mistakes.Select(mistake => Spec.Test(mistake.Name, () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("initial.npz"), mistake.Initial);
            Save(tool.PathOf("gradients.npz"), mistake.Gradients);
            var text = mistake.Name.StartsWith("groups", StringComparison.Ordinal) ? "{ \"*.bias\": sgd, \"*\": adam }" : "adam";
            var outcome = tool.Run("trace", text, "--initial", "initial.npz", "--gradients", "gradients.npz", "--out", "out.npz");
            Expect.equal(outcome.ExitCode, 2, outcome.Error);
            Expect.stringContains(outcome.Error, mistake.Expected, "message");
            Expect.isFalse(File.Exists(tool.PathOf("out.npz")), "nothing is left behind");
        }))),
        Spec.Test("a gradient too large to square ends with a message and exit code 1", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("w.npz"), [("w", Zeros(1))]);
            Save(tool.PathOf("g.npz"), [("w", Float([17, 1], [1e200, .. Enumerable.Repeat(1.0, 16)]))]);
            var outcome = tool.Run("trace", "adam", "--initial", "w.npz", "--gradients", "g.npz", "--out", "out.npz");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.stringStarts(outcome.Error, "cutedl: The optimizer's state holds inf in 'square_average', element 0 of 'w'.", "message");
            Expect.equal(outcome.Error.Trim().Split('\n').Length, 1, outcome.Error);
            Expect.isFalse(File.Exists(tool.PathOf("out.npz")), "nothing is left behind");
        }),
        Spec.Test("an archive that expands to more than 1,000 times its size needs --max-expansion", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("w.npz"), [("w", Zeros(1))]);
            using (var file = File.Create(tool.PathOf("g.npz")))
            using (var archive = new System.IO.Compression.ZipArchive(file, System.IO.Compression.ZipArchiveMode.Create))
            using (var stream = archive.CreateEntry("w.npy", System.IO.Compression.CompressionLevel.SmallestSize).Open())
            {
                var header = System.Text.Encoding.ASCII.GetBytes("{'descr': '<f8', 'fortran_order': False, 'shape': (200000, 1), }\n");
                stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0]);
                stream.Write(header);
                stream.Write(new byte[8 * 200_000]);
            }

            string[] command = ["trace", "fixed(lr=1)", "--initial", "w.npz", "--gradients", "g.npz", "--out", "out.npz"];
            var factor = 1_600_000 / (int)new FileInfo(tool.PathOf("g.npz")).Length;
            var refused = tool.Run([.. command, "--max-expansion", $"{factor}"]);
            Expect.equal(refused.ExitCode, 2, refused.Error);
            Expect.stringContains(refused.Error, "and its content would have 16", "message");
            Expect.equal(tool.Run([.. command, "--max-expansion", "2000"]).ExitCode, 0, "allowed");
        }),
        Spec.Test("a file that is missing, damaged, or cannot be written is named", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("w.npz"), [("w", Zeros(1))]);
            Save(tool.PathOf("g.npz"), [("w", Zeros(2, 1))]);
            File.WriteAllText(tool.PathOf("text.npz"), "no archive");
            var missing = tool.Run("trace", "adam", "--initial", "none.npz", "--gradients", "g.npz", "--out", "out.npz");
            Expect.equal(missing.ExitCode, 2, missing.Error);
            Expect.stringContains(missing.Error, "The file 'none.npz' does not exist.", "missing");
            var damaged = tool.Run("trace", "adam", "--initial", "w.npz", "--gradients", "text.npz", "--out", "out.npz");
            Expect.equal(damaged.ExitCode, 2, damaged.Error);
            Expect.stringContains(damaged.Error, "text.npz", "damaged");
            var refused = tool.Run("trace", "adam", "--initial", "w.npz", "--gradients", "g.npz", "--out", Path.Combine("g.npz", "out.npz"));
            Expect.equal(refused.ExitCode, 2, refused.Error);
            Expect.stringContains(refused.Error, "g.npz' is a file. Name a folder.", "no place");
        }),
        Spec.Test("the folder of the output is made", () =>
        {
            using var tool = new Tool();
            Save(tool.PathOf("w.npz"), [("w", Zeros(1))]);
            Save(tool.PathOf("g.npz"), [("w", Zeros(2, 1))]);
            var outcome = tool.Run("trace", "adam", "--initial", "w.npz", "--gradients", "g.npz", "--out", Path.Combine("new", "inner", "out.npz"));
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            Expect.isTrue(File.Exists(tool.PathOf("new", "inner", "out.npz")), "written");
        }));

    private static double[] Floats(JsonElement numbers) => [.. numbers.EnumerateArray().Select(number => number.GetDouble())];

    private static FSharpList<int> List(params int[] sizes) => ListModule.OfSeq(sizes);

    private static Tensor Float(int[] shape, double[] values) => new(List(shape), Cells.NewF64(values));

    private static Tensor Zeros(params int[] shape) => Float(shape, new double[shape.Aggregate(1, (product, size) => product * size)]);

    private static void Save(string path, (string Name, Tensor Tensor)[] arrays) =>
        Npz.save(path, MapModule.OfSeq(arrays.Select(array => Tuple.Create(array.Name, array.Tensor))));
}
