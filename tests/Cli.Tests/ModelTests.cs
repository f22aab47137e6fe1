using System.Text.Json;
using CuteDl.Core.Data;
using CuteDl.Testing;
using Expecto;
using Microsoft.FSharp.Collections;
using SkiaSharp;

namespace CuteDl.Tests;

/// <summary>Saved models: <c>run --save</c>, <c>predict</c>, and <c>evaluate</c> on images.</summary>
internal static class ModelTests
{
    private const int Images = 12;
    private const int Side = 3;

    // Trains on small images, and saves the model.
    private static readonly string[] Train =
        ["run", "adam(lr=0.01)", "--data", "data", "--classes", "4", "--output", "linear", "--batch", "5", "--max-epochs", "4", "--out", "here", "--save", "sub/m.safetensors"];

    public static Test All { get; } = Spec.List("models",
        Spec.Test("run --save writes the model beside the result, and predict and evaluate read it", () =>
        {
            using var tool = Trained();
            var model = TrainedModel.Load(tool.PathOf("sub", "m.safetensors"));
            Expect.sequenceEqual(File.ReadAllBytes(tool.PathOf("sub", "m.safetensors")), File.ReadAllBytes(Directory.GetFiles(tool.PathOf("here"), "*.safetensors", SearchOption.AllDirectories).Single()), "the same file");

            var evaluated = tool.Run("evaluate", "sub/m.safetensors", "--data", "data", "--out", "there");
            Expect.equal((evaluated.ExitCode, evaluated.Error), (0, ""), evaluated.Error);
            var evaluation = model.Evaluate(DataSet.FromFolder(tool.PathOf("data"), 4));
            Expect.sequenceEqual(evaluated.Lines, [evaluation.ToString(), .. evaluation.Confusion!.ToString().Split('\n'), $"Picture: {tool.PathOf("there", "confusion.png")}"], "text");
            using var picture = SKBitmap.Decode(tool.PathOf("there", "confusion.png"));
            Expect.equal(picture.Width, 1760, "picture");
        }),
        Spec.Test("predict reads a picture and arrays, and prints classes with probabilities", () =>
        {
            using var tool = Trained();
            var model = TrainedModel.Load(tool.PathOf("sub", "m.safetensors"));
            byte[] image = [0, 37, 74, 111, 148, 185, 222, 3, 40];
            Save(tool.PathOf("one.png"), image, Side, Side);
            var probabilities = model.Probabilities(image);
            var label = model.Classify(image).Single();
            var one = tool.Run("predict", "sub/m.safetensors", "one.png");
            Expect.equal((one.ExitCode, one.Output), (0, FormattableString.Invariant($"0: class {label}, probability {probabilities[label]:0.0000}\n")), one.Error);

            Npz.save(tool.PathOf("two.npz"), MapModule.OfSeq([Tuple.Create("x", new Tensor(ListModule.OfSeq([2, 9]), Cells.NewU8([.. image, .. image])))]));
            var two = tool.Run("predict", "sub/m.safetensors", "two.npz", "--json");
            var objects = two.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToArray();
            Expect.equal(objects.Length, 2, two.Error);
            Expect.equal(objects[1].GetProperty("class").GetInt32(), label, "class");
            Expect.sequenceEqual(objects[1].GetProperty("probabilities").EnumerateArray().Select(value => value.GetDouble()), probabilities, "probabilities");
            Expect.sequenceEqual(objects[1].GetProperty("outputs").EnumerateArray().Select(value => value.GetDouble()), model.Predict(image), "outputs");
        }),
        Spec.Test("what does not fit is refused", () =>
        {
            using var tool = Trained();
            Save(tool.PathOf("wide.png"), new byte[10], 5, 2);
            Save(tool.PathOf("clear.png"), new byte[9], Side, Side, alpha: 7);
            File.WriteAllText(tool.PathOf("text.png"), "no picture");
            Npz.save(tool.PathOf("long.npz"), MapModule.OfSeq([Tuple.Create("x", new Tensor(ListModule.OfSeq([10]), Cells.NewU8(new byte[10])))]));
            Npz.save(tool.PathOf("none.npz"), MapModule.OfSeq<string, Tensor>([]));
            foreach (var (file, expected) in new[]
            {
                ("wide.png", "'wide.png' has 5 × 2 pixels, but the model takes 9 values. Pictures are not resized"),
                ("clear.png", "'clear.png' has transparent pixels."),
                ("text.png", "'text.png' is not a picture that can be read."),
                ("no.png", "The file 'no.png' does not exist."),
                ("long.npz", "'long.npz' cannot be used: The array 'x' has 10 values. The model takes 9 for each example."),
                ("none.npz", "'none.npz' cannot be used: The file has 0 arrays, and none is called 'inputs'."),
            })
            {
                var outcome = tool.Run("predict", "sub/m.safetensors", file);
                Expect.equal(outcome.ExitCode, 2, outcome.Output);
                Expect.stringContains(outcome.Error, expected, "error");
            }

            var other = tool.Run("evaluate", "long.npz");
            Expect.equal(other.ExitCode, 2, other.Output);
            var large = tool.Run("evaluate", "sub/m.safetensors");
            Expect.equal(large.ExitCode, 2, large.Output);
            Expect.stringContains(large.Error, "have 784 values each, but the model takes 9", "MNIST's images");
        }),
        Spec.Test("a run without a model saves none", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("run", "fixed(lr=1e38)", "--output", "linear", "--max-steps", "60", "--validate-every", "30", "--out", "here", "--save", "m.safetensors");
            Expect.equal(outcome.ExitCode, 1, outcome.Output);
            Expect.stringContains(outcome.Error, "The run has not ended with a model, so 'm.safetensors' is not written.", "error");
            Expect.isFalse(File.Exists(tool.PathOf("m.safetensors")), "file");
        }),
        Spec.Test("a picture's shades stay, and its colours become shades of grey", () =>
        {
            using var tool = Trained();
            var model = TrainedModel.Load(tool.PathOf("sub", "m.safetensors"));
            byte[] shades = [0, 1, 2, 100, 127, 128, 200, 254, 255];
            Save(tool.PathOf("grey.png"), shades, Side, Side);
            Expect.sequenceEqual(Reports.PictureInput.Read(tool.PathOf("grey.png"), model), shades, "shades");
            using var bitmap = new SKBitmap(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque));
            bitmap.Erase(new SKColor(10, 200, 90));
            Encode(bitmap, tool.PathOf("green.png"));
            Expect.sequenceEqual(Reports.PictureInput.Read(tool.PathOf("green.png"), model), Enumerable.Repeat((byte)131, 9), "0.299 · 10 + 0.587 · 200 + 0.114 · 90 = 130.65");
        }));

    private static Tool Trained()
    {
        var tool = new Tool();
        SmallData.Write(tool.PathOf("data"), Images, Side, 4);
        var outcome = tool.Run(Train);
        Expect.equal(outcome.ExitCode, 0, outcome.Error);
        Expect.contains(outcome.Lines, "Model: sub/m.safetensors", "the file is named");
        return tool;
    }

    private static void Save(string path, byte[] shades, int width, int height, byte alpha = byte.MaxValue)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var i = 0; i < shades.Length; i++)
        {
            bitmap.SetPixel(i % width, i / width, new SKColor(shades[i], shades[i], shades[i], alpha));
        }

        Encode(bitmap, path);
    }

    private static void Encode(SKBitmap bitmap, string path)
    {
        using var file = File.Create(path);
        Expect.isTrue(bitmap.Encode(file, SKEncodedImageFormat.Png, 100), path);
    }
}
