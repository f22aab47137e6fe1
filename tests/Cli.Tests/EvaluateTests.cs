using System.Text.Json;
using CuteDl.Core.Data;
using CuteDl.Testing;
using Expecto;
using Microsoft.FSharp.Collections;
using SkiaSharp;

namespace CuteDl.Tests;

/// <summary><c>cutedl evaluate</c> on the arrays of .npz files.</summary>
internal static class EvaluateTests
{
    private const int Count = 7;
    private const int Width = 3;

    private static readonly double[] Inputs = [.. Enumerable.Range(0, Count * Width).Select(i => Math.Sin(i))];
    private static readonly int[] Labels = [3, 0, 1, 2, 3, 3, 1];
    private static readonly double[] Numbers = [.. Enumerable.Range(0, Count * 2).Select(i => Math.Cos(i))];

    public static Test All { get; } = Spec.List("evaluate on arrays",
        Spec.Test("classes have the confusion matrix as text and picture", () =>
        {
            using var tool = new Tool();
            var model = Saved(tool, Classes);
            Write(tool, ("inputs", Doubles(Inputs, Count, Width)), ("targets", Whole(Labels)));
            var outcome = Succeed(tool.Run("evaluate", "m.safetensors", "--data", "d.npz", "--out", "there"));
            var evaluation = model.Evaluate(Classes);
            Expect.sequenceEqual(outcome.Lines, [evaluation.ToString(), .. evaluation.Confusion!.ToString().Split('\n'), $"Picture: {tool.PathOf("there", "confusion.png")}"], "text");
            using var picture = SKBitmap.Decode(tool.PathOf("there", "confusion.png"));
            Expect.isGreaterThan(picture.Width, 500, "picture");
        }),
        Spec.Test("images and labels are bytes, too, and a class of the model can be missing", () =>
        {
            using var tool = new Tool();
            byte[] pixels = [0, 128, 255, 7, 200, 31];
            byte[] labels = [2, 0];
            var model = Saved(tool, Classes);
            Write(tool, ("inputs", new([2, 1, 3], Cells.NewU8(pixels))), ("targets", new([2], Cells.NewU8(labels))));
            var printed = Json(tool.Run("evaluate", "m.safetensors", "--data", "d.npz", "--json", "--out", "there"));
            var evaluation = model.Evaluate(DataSet.From(DataInputs.Of(pixels, 3), DataTargets.Classes([2, 0], 4)));
            Expect.equal(printed.GetProperty("loss").GetDouble(), evaluation.Loss, "loss");
            Expect.equal(printed.GetProperty("accuracy").GetDouble(), evaluation.Accuracy, "accuracy");
            Expect.equal(printed.GetProperty("confusion").GetArrayLength(), 4, "all classes of the model");
            Expect.equal(printed.GetProperty("recall")[1].GetString(), "NaN", "the recall of a class without examples");
            Expect.isTrue(File.Exists(printed.GetProperty("picture").GetString()), "picture");
        }),
        Spec.Test("numbers have R² and the mean absolute error, and no picture", () =>
        {
            using var tool = new Tool();
            var data = DataSet.From(DataInputs.Of(Inputs, Width), DataTargets.Values(Numbers, 2));
            var model = Saved(tool, data);
            Write(tool, ("targets", Doubles(Numbers, Count, 2)), ("inputs", Doubles(Inputs, Count, Width)));
            var evaluation = model.Evaluate(data);
            Expect.equal(Succeed(tool.Run("evaluate", "m.safetensors", "--data", "d.npz")).Output, $"{evaluation}\n", "text");
            Expect.isFalse(Directory.Exists(tool.PathOf("artifacts")), "no folder");
            var printed = Json(tool.Run("evaluate", "m.safetensors", "--data", "d.npz", "--json"));
            var names = printed.EnumerateObject().Select(member => member.Name);
            Expect.sequenceEqual(names.Skip(1), ["examples", "loss", "r_squared", "mean_absolute_error"], "names");
            Expect.equal(printed.GetProperty("r_squared").GetDouble(), evaluation.RSquared, "R²");
            Expect.equal(printed.GetProperty("mean_absolute_error").GetDouble(), evaluation.MeanAbsoluteError, "mean absolute error");
        }),
        Spec.Test("whole numbers are no classes for a model with one output", () =>
        {
            using var tool = new Tool();
            var data = DataSet.From(DataInputs.Of(Inputs, Width), Labels.Select(label => (double)label).ToArray());
            var model = Saved(tool, data);
            Write(tool, ("inputs", Doubles(Inputs, Count, Width)), ("targets", Whole(Labels)));
            Expect.equal(Succeed(tool.Run("evaluate", "m.safetensors", "--data", "d.npz")).Output, $"{model.Evaluate(data)}\n", "text");

            SmallData.Write(tool.PathOf("data"), images: 4, side: 2);
            Refuse(tool, "data", "The images in a folder have classes, but the model has 1 output. Give an .npz file whose array 'targets' has numbers.");
        }),
        Spec.Test("predict reads the inputs of the same file", () =>
        {
            using var tool = new Tool();
            var model = Saved(tool, Classes);
            Write(tool, ("inputs", Doubles(Inputs, Count, Width)), ("targets", Whole(Labels)));
            var classes = Succeed(tool.Run("predict", "m.safetensors", "d.npz", "--json")).Lines
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("class").GetInt32());
            Expect.sequenceEqual(classes, model.Classify<double>(Inputs), "classes");
            Write(tool, ("x", Doubles(Inputs, Count, Width)), ("y", Whole(Labels)));
            var outcome = tool.Run("predict", "m.safetensors", "d.npz");
            Expect.equal(outcome.ExitCode, 2, outcome.Output);
            Expect.stringContains(outcome.Error, "'d.npz' cannot be used: The file has 2 arrays, and none is called 'inputs'. Give the array of examples this name.", "two arrays");
        }),
        Spec.Test("arrays that do not fit are refused with the reason", () =>
        {
            using var tool = new Tool();
            Saved(tool, Classes);
            var inputs = ("inputs", Doubles(Inputs, Count, Width));
            foreach (var (expected, arrays) in new (string, (string, Tensor)[])[]
            {
                ("'d.npz' cannot be used: The file has no array 'targets'. Did you mean target?", [inputs, ("target", Whole(Labels))]),
                ("'d.npz' cannot be used: The file has no array 'inputs'. Known names are targets, x.", [("x", inputs.Item2), ("targets", Whole(Labels))]),
                ("'d.npz' cannot be used: There are 7 examples, but 6 targets. Each example needs one target.", [inputs, ("targets", Whole(Labels[1..]))]),
                ("'d.npz' cannot be used: The label in row 4 is 4. It must be from 0 to 3. (Rows count from 0.)", [inputs, ("targets", Whole([3, 0, 1, 2, 4, 3, 1]))]),
                ("'d.npz' cannot be used: The label in row 1 is -1. It must be from 0 to 3. (Rows count from 0.)", [inputs, ("targets", Whole([3, -1, 1, 2, 3, 3, 1]))]),
                ("'d.npz' cannot be used: The label in row 2 is 9. It must be from 0 to 3. (Rows count from 0.)", [inputs, ("targets", new([Count], Cells.NewU8([0, 0, 9, 0, 0, 0, 0])))]),
                ("'d.npz' cannot be used: The input in row 1, column 0 is NaN. It must be a finite number.", [("inputs", Doubles([1, 2, 3, double.NaN, 5, 6], 2, Width)), ("targets", Whole([0, 1]))]),
                ("'d.npz' cannot be used: The array 'targets' is a single number. Its first dimension must count the examples.", [inputs, ("targets", Doubles([1]))]),
                ("'d.npz' cannot be used: The array 'inputs' has the sizes 0 × 3, so it is empty. Give at least 1 example.", [("inputs", Doubles([], 0, 3)), ("targets", Whole([]))]),
                ("'d.npz' cannot be used: The shape of an example has 4 sizes.", [("inputs", Doubles(Inputs, Count, 1, 1, 1, Width)), ("targets", Whole(Labels))]),
                ("The array 'inputs' in 'd.npz' has 1 value for each example. The model takes 3.", [("inputs", Doubles(Inputs, Inputs.Length)), ("targets", Whole([.. Labels, .. Labels, .. Labels]))]),
                ("The array 'targets' in 'd.npz' has 1 value for each example, but the model has 4 outputs. Give a number for each output, or classes as whole numbers in one dimension.", [inputs, ("targets", Doubles([3, 0, 1, 2, 3, 3, 1], Count))]),
            })
            {
                Write(tool, arrays);
                Refuse(tool, "d.npz", expected);
            }

            File.WriteAllText(tool.PathOf("d.npz"), "no archive");
            Refuse(tool, "d.npz", "The file is not a readable .npz archive");
            Refuse(tool, "no.npz", "The file 'no.npz' does not exist.");
            Refuse(tool, "nowhere", "nowhere");
            Refuse(tool, " ", "--data is empty. Give the name of a file or folder.");
        }));

    private static DataSet Classes => DataSet.From(DataInputs.Of(Inputs, Width), DataTargets.Classes(Labels, 4));

    // Trains a model of the size of the data, and saves it as m.safetensors.
    private static TrainedModel Saved(Tool tool, DataSet data)
    {
        var experiment = Experiment.On(data).Dense(Math.Max(data.Classes, data.TargetValues)).Batch(2).Epochs(3);
        var model = experiment.RunAsync().GetAwaiter().GetResult().Model!;
        model.Save(tool.PathOf("m.safetensors"));
        return model;
    }

    private static void Write(Tool tool, params (string Name, Tensor Array)[] arrays) =>
        Npz.save(tool.PathOf("d.npz"), MapModule.OfSeq(arrays.Select(array => Tuple.Create(array.Name, array.Array))));

    private static Tensor Doubles(double[] values, params int[] shape) => new(ListModule.OfSeq(shape), Cells.NewF64(values));

    private static Tensor Whole(int[] labels) => new(ListModule.OfSeq([labels.Length]), Cells.NewI64([.. labels]));

    private static Outcome Succeed(Outcome outcome)
    {
        Expect.equal((outcome.ExitCode, outcome.Error), (0, ""), outcome.Error);
        return outcome;
    }

    private static JsonElement Json(Outcome outcome) => JsonDocument.Parse(Succeed(outcome).Lines.Single()).RootElement;

    private static void Refuse(Tool tool, string data, string expected)
    {
        var outcome = tool.Run("evaluate", "m.safetensors", "--data", data);
        Expect.equal(outcome.ExitCode, 2, outcome.Output);
        Expect.stringContains(outcome.Error, expected, "error");
        Expect.isFalse(Directory.Exists(tool.PathOf("artifacts")), "no folder");
    }
}
