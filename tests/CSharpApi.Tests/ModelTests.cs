using System.IO.Compression;
using CuteDl.Core.Data;
using CuteDl.Data;
using CuteDl.Reports;
using CuteDl.Testing;
using Expecto;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Tensor = CuteDl.Core.Data.Tensor;

namespace CuteDl.Tests;

/// <summary>Trained models as C# sees them, on MNIST.</summary>
internal static class ModelTests
{
    private static readonly Experiment Short = Mnist.Documented(model => model.Dense(16, Activation.Tanh).Dense(10))
        .InitialWeights(InitialWeights.He).Optimizer(Optimizers.Adam(0.01)).EarlyStopping(5).MaxSteps(60).ValidateEvery(30);

    public static Test All { get; } = Spec.List("trained models",
        Spec.Test("a run's model has the loss and the accuracy of its best validation, and keeps them in a file", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await Short.RunAsync();
            var model = result.Model!;
            var best = result.History.ValLoss.Index().MinBy(loss => loss.Item).Index;
            var evaluation = model.Evaluate(Mnist.Load());
            Expect.equal((evaluation.Loss, evaluation.Accuracy), (result.History.ValLoss[best], result.History.ValAccuracy[best]), "evaluation");
            Expect.equal(evaluation.Confusion!.Accuracy, evaluation.Accuracy, "confusion matrix");
            model.Save(folder.Within("m.safetensors"));
            var again = TrainedModel.Load(folder.Within("m.safetensors"));
            Expect.equal((again.Text, again.Precision, again.Version), (model.Text, model.Precision, model.Version), "what it is");
            Expect.equal(again.Notes["cutedl.trial.optimizer"], result.Optimizer, "notes");
            Expect.equal(again.Evaluate(Mnist.Load()).Loss, evaluation.Loss, "the same bits");
        }),
        Spec.Test("numbers of both precisions and bytes are examples", async () =>
        {
            var model = (await Short.RunAsync()).Model!;
            byte[] image = [.. Enumerable.Range(0, 784).Select(i => (byte)(i * 7))];
            float[] single = [.. image.Select(value => value / 255f)];
            double[] wide = [.. image.Select(value => value / 255.0)];
            var outputs = new float[10];
            model.Predict(single, outputs);
            Expect.sequenceEqual(model.Predict<float>(single), outputs, "into a span");
            Expect.sequenceEqual(model.Predict(image), model.Predict<double>(wide), "bytes");
            Expect.sequenceEqual(model.Predict(image).Select(value => (float)value), outputs, "doubles");
            Expect.sequenceEqual(model.Classify(image), [Array.IndexOf(outputs, outputs.Max())], "class");
            Expect.isTrue(Math.Abs(model.Probabilities(image).Sum() - 1) < 1e-12, "probabilities");
            Spec.Throws<ArgumentException>(() => model.Predict<float>(single.AsSpan(1)));
        }),
        Spec.Test("a model of numbers is evaluated on each part of its data, or on data without parts", async () =>
        {
            float[,] inputs = new float[40, 2];
            var targets = new double[40];
            for (var i = 0; i < 40; i++)
            {
                (inputs[i, 0], inputs[i, 1]) = (i % 7, i % 5);
                targets[i] = (3 * (i % 7)) - (i % 5) + 2;
            }

            var all = DataSet.From(inputs, targets);
            var data = all.Split(0.6, 0.2, 0.2).Standardize();
            var result = await Experiment.On(data).Dense(1).Optimizer(Optimizers.Adam(0.1)).Epochs(400).RunAsync();
            var model = result.Model!;
            Expect.isTrue(model.IsStandardized, "standardised");
            Expect.isTrue(Math.Abs(model.Predict<double>([4, 1])[0] - 13) < 0.1, "a prediction from inputs as they are in the data");
            foreach (var (part, count) in new[] { (DataPart.Training, 24), (DataPart.Validation, 8), (DataPart.Test, 8) })
            {
                var evaluation = model.Evaluate(data, part);
                Expect.equal((evaluation.Examples, evaluation.Confusion), (count, null), "examples");
                Expect.isTrue(evaluation.RSquared > 0.999 && evaluation.MeanAbsoluteError < 0.1, evaluation.ToString());
            }

            Expect.equal(model.Evaluate(data, DataPart.Validation).Loss, result.History.ValLoss[^1], "the loss of the last validation");
            Expect.equal(model.Evaluate(data).Examples, 8, "the test part by default");
            Expect.equal(model.Evaluate(all).Examples, 40, "all examples of data without parts");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => model.Evaluate(all, DataPart.Test)).Message, "has no test part", "message");
        }),
        Spec.Test("tensors are found by name", async () =>
        {
            var model = (await Short.RunAsync()).Model!;
            Expect.sequenceEqual(model.TensorNames, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"], "names");
            Expect.equal(model["layers.1.weight"].ToString(), "layers.1.weight, 16 × 10", "shape");
            Expect.equal(model["layers.1.weight"].Values.Length, 160, "values");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => _ = model["layers.1.wieght"]).Message, "Did you mean layers.1.weight?", "message");
        }),
        Spec.Test("a comparison in a folder has its models again after loading", async () =>
        {
            using var folder = new TemporaryFolder();
            var comparison = Short.Compare(Optimizers.Adam(0.01), Optimizers.Fixed(1e38));
            var result = await comparison.RunAsync(folder.Within("here"));
            Expect.isNull(result.Runs[1].Model, "a diverged run");
            var again = await Comparison.ResumeAsync(folder.Within("here"));
            Expect.equal(again.Runs[0].Model!.Evaluate(Mnist.Load()).Loss, result.Runs[0].Model!.Evaluate(Mnist.Load()).Loss, "loss");
        }),
        Spec.Test("a study keeps models if it is asked to", async () =>
        {
            using var folder = new TemporaryFolder();
            var study = Study.Named("small").Task("small", TinyStudies.Experiment(folder.Path), epochs: 1, accuracy: 0.5, validation: 20)
                .Protocol(StudyProtocol.AsGiven)
                .Optimizer(Optimizers.Fixed(0.1), name: "fixed")
                .Confirmation(seeds: 2);
            foreach (var keeps in new[] { false, true })
            {
                var result = await study.RunAsync(options: new StudyOptions { KeepModels = keeps });
                Expect.equal(result.ModelOf(result.Trials[0].Trial) is not null, keeps, $"{keeps}");
            }
        }),
        Spec.Test("the figure of a confusion matrix has a cell for each count, and recall and precision", async () =>
        {
            using var folder = new TemporaryFolder();
            var matrix = (await Short.RunAsync()).Model!.Evaluate(Mnist.Load()).Confusion!;
            var pane = (HeatPane)ConfusionFigure.Of(matrix).Panes.Single();
            for (var truth = 0; truth < 10; truth++)
            {
                for (var answer = 0; answer < 10; answer++)
                {
                    Expect.equal(pane.Cells[truth][answer]?.Text ?? "0", $"{matrix[truth, answer]}", "count");
                }

                Expect.equal(pane.Cells[truth][10]!.Text, FormattableString.Invariant($"{matrix.Recall(truth):0.0 %}"), "recall");
            }

            Expect.equal(pane.Cells[10][10]!.Text, FormattableString.Invariant($"{matrix.Accuracy:0.0 %}"), "accuracy");
            matrix.SavePlot(folder.Within("confusion.svg"));
            Expect.stringContains(File.ReadAllText(folder.Within("confusion.svg")), "<svg", "picture");
        }),
        Spec.Long("the README's model has its picture, and the same outputs in ONNX Runtime", "It trains for three epochs.", async () =>
        {
            using var folder = new TemporaryFolder();
            var result = await Mnist.Experiment()
                .Dense(128, Activation.ReLU)
                .Dense(64, Activation.ReLU)
                .Dense(10)
                .Epochs(3)
                .RunAsync();
            var model = result.Model!;
            model.Evaluate(Mnist.Load()).Confusion!.SavePlot(folder.Within("confusion.png"));
            Expect.sequenceEqual(await File.ReadAllBytesAsync(folder.Within("confusion.png")), await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "docs", "confusion.png")), "docs/confusion.png is out of date: run samples/model.cs");
            model.ExportOnnx(folder.Within("mnist.onnx"));
            var images = TestImages(1000);
            using var session = new InferenceSession(folder.Within("mnist.onnx"));
            using var results = session.Run([NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(images, [images.Length / 784, 784]))]);
            float[] found = [.. results.Single().AsTensor<float>()];
            var own = model.Predict<float>(images);
            for (var row = 0; row < images.Length / 784; row++)
            {
                var bound = RoundingBound(model, images.AsSpan(row * 784, 784));
                for (var j = 0; j < 10; j++)
                {
                    var difference = Math.Abs(found[(row * 10) + j] - own[(row * 10) + j]);
                    Expect.isTrue(difference <= 2 * bound[j], $"image {row}, class {j}: {difference}, bound {2 * bound[j]}");
                }
            }
        }),
        Spec.Test("a file of somebody else is refused", () =>
        {
            using var folder = new TemporaryFolder();
            var content = new Safetensors(Microsoft.FSharp.Collections.MapModule.OfSeq<string, string>([]), Microsoft.FSharp.Collections.MapModule.OfSeq<string, Tensor>([]));
            SafetensorsModule.save(folder.Within("other.safetensors"), content);
            var error = Spec.Throws<DataFormatException>(() => TrainedModel.Load(folder.Within("other.safetensors")));
            Expect.stringContains(error.Message, "not a model of this library", "message");
            Spec.Throws<FileNotFoundException>(() => TrainedModel.Load(folder.Within("none.safetensors")));
        }));

    private static float[] TestImages(int count)
    {
        using var file = new GZipStream(MnistFiles.Open("t10k-images-idx3-ubyte.gz"), CompressionMode.Decompress);
        var bytes = new byte[16 + (count * 784)];
        file.ReadExactly(bytes);
        return [.. bytes.Skip(16).Select(value => (float)(value / 255.0))];
    }

    // The largest error of each output in single precision, for any order of sums, along layers with relu (Higham 2002, section 3.1).
    private static double[] RoundingBound(TrainedModel model, ReadOnlySpan<float> image)
    {
        double[] values = [.. image];
        var errors = new double[values.Length];
        for (var layer = 0; layer < 3; layer++)
        {
            var (weight, bias) = (model[$"layers.{layer}.weight"], model[$"layers.{layer}.bias"]);
            var units = bias.Values.Length;
            double[] sums = [.. bias.Values];
            double[] sizes = [.. sums.Select(Math.Abs)];
            var carried = new double[units];
            for (var i = 0; i < values.Length; i++)
            {
                for (var j = 0; j < units; j++)
                {
                    var w = weight.Values[(i * units) + j];
                    sums[j] += values[i] * w;
                    sizes[j] += (Math.Abs(values[i]) + errors[i]) * Math.Abs(w);
                    carried[j] += errors[i] * Math.Abs(w);
                }
            }

            var roundings = (values.Length + 1) * Math.ScaleB(1, -24);
            errors = [.. carried.Zip(sizes, (error, size) => error + (roundings / (1 - roundings) * size))];
            values = layer == 2 ? sums : [.. sums.Select(sum => Math.Max(sum, 0))];
        }

        return errors;
    }
}
