#:project ../src/Mnist/Mnist.csproj
#:project ../src/Reports/Reports.csproj
#:property NuGetLockFilePath=obj/model.lock.json
#:property RestoreLockedMode=false

// Trains a model, saves it, reads it again, and classifies one image: dotnet run -c Release samples/model.cs
using System.IO.Compression;
using CuteDl;
using CuteDl.Data;
using CuteDl.Reports;

var folder = args.FirstOrDefault() ?? Path.Combine("artifacts", "model");
Directory.CreateDirectory(folder);

var result = await Mnist.Experiment()
    .Dense(128, Activation.ReLU)
    .Dense(64, Activation.ReLU)
    .Dense(10)
    .Epochs(3)
    .RunAsync();
result.Model!.Save(Path.Combine(folder, "mnist.safetensors"));
result.Model.ExportOnnx(Path.Combine(folder, "mnist.onnx"));

var model = TrainedModel.Load(Path.Combine(folder, "mnist.safetensors"));
var evaluation = model.Evaluate(Mnist.Load());
evaluation.Confusion!.SavePlot(Path.Combine(folder, "confusion.png"));
Console.WriteLine(evaluation);
Console.WriteLine(evaluation.Confusion);

// The first test image, behind the 16 bytes of the file's header.
using var file = new GZipStream(MnistFiles.Open("t10k-images-idx3-ubyte.gz"), CompressionMode.Decompress);
var image = new byte[16 + model.Inputs];
file.ReadExactly(image);
Console.WriteLine($"The first test image is a {model.Classify(image.AsSpan(16))[0]}.");
