// Trains a convolutional network of TorchSharp on MNIST with three optimizers of this library.
using System.IO.Compression;
using CuteDl;
using CuteDl.Data;
using CuteDl.TorchSharp;
using static TorchSharp.torch;

const int Steps = 600;
var (train, test) = (Load("train"), Load("t10k"));
var clipped = Optimizers.AdamW().ClipGlobalNorm(1).Schedule("lr", Schedules.Cosine(0.002, Steps));
foreach (var given in new[] { Optimizers.Lion(3e-4), clipped, Optimizers.AdamW(0.001).For("hidden.weight", Optimizers.Muon(0.02)) })
{
    random.manual_seed(1);
    using var model = nn.Sequential(
        ("conv", nn.Conv2d(1, 16, 5)), ("relu", nn.ReLU()), ("pool", nn.MaxPool2d(4)), ("flatten", nn.Flatten()),
        ("hidden", nn.Linear(576, 64)), ("relu2", nn.ReLU()), ("logits", nn.Linear(64, 10)));
    using var optimizer = model.Optimize(given);
    for (var step = 0; step < Steps; step++)
    {
        using var scope = NewDisposeScope();
        var batch = randint(0, 60_000, 64);
        optimizer.zero_grad();
        nn.functional.cross_entropy(model.call(train.Images[batch]), train.Labels[batch]).backward();
        optimizer.step();
    }

    using var isRight = model.call(test.Images).argmax(1).eq(test.Labels).@double().mean();
    Console.WriteLine($"{isRight.item<double>():P1} of the test images are right: {optimizer}");
}

static (Tensor Images, Tensor Labels) Load(string part) =>
    (Read($"{part}-images-idx3-ubyte.gz", header: 16).view(-1, 1, 28, 28) / 255f, Read($"{part}-labels-idx1-ubyte.gz", header: 8).@long());

static Tensor Read(string name, int header)
{
    using var content = new MemoryStream();
    new GZipStream(MnistFiles.Open(name), CompressionMode.Decompress).CopyTo(content);
    return tensor(content.ToArray()[header..]);
}
