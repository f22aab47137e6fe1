using BenchmarkDotNet.Attributes;
using MathNet.Numerics.LinearAlgebra;

namespace CuteDl.Bench;

/// <summary>A training step: batch, forward, loss, backward, update.</summary>
[MemoryDiagnoser]
public class StepBenchmarks
{
    private Action _run = () => { };

    [Params("784-10 x 64", "784-128-10 x 64", "784-512-10 x 128")]
    public string Shape { get; set; } = "";

    [Params("fixed", "momentum", "adam")]
    public string Optimizer { get; set; } = "";

    [Params(Input.Mnist, Input.Random)]
    public Input Input { get; set; }

    [Params(Precision.Single, Precision.Double)]
    public Precision Precision { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var (hidden, batch) = Shape switch { "784-10 x 64" => (0, 64), "784-128-10 x 64" => (128, 64), _ => (512, 128) };
        _run = Precision == Precision.Single
            ? new TrainingStep<float>(hidden, batch, Optimizer, Input).Run
            : new TrainingStep<double>(hidden, batch, Optimizer, Input).Run;
    }

    [Benchmark]
    public void Step() => _run();
}

/// <summary>An optimizer's in-place step alone, beside a loop that only streams the same arrays.</summary>
[MemoryDiagnoser]
public class UpdateBenchmarks
{
    private Update<float> _update = null!;
    private Action _stream = null!;

    [Params(7_850, 101_770, 10_000_000)]
    public int Parameters { get; set; }

    [Params("fixed", "momentum", "adagrad", "rmsprop", "adadelta", "adam")]
    public string Optimizer { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _update = new Update<float>(Optimizer, Parameters);
        var cost = _update.Cost!;
        _stream = Bounds.Widest.Loop((int)cost.Read, (int)cost.Updated, Parameters);
    }

    [Benchmark]
    public void Update() => _update.Run();

    [Benchmark(Baseline = true)]
    public void Stream() => _stream();
}

/// <summary>The matrix product beside its definition and MathNet.Numerics'.</summary>
public class ProductBenchmarks
{
    private Product<float> _product = null!;
    private Matrix<float> _a = null!;
    private Matrix<float> _b = null!;

    [Params("64x784x10", "64x784x128", "128x784x512")]
    public string Shape { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var sizes = Array.ConvertAll(Shape.Split('x'), int.Parse);
        _product = new Product<float>(sizes[0], sizes[1], sizes[2]);
        _a = Matrix<float>.Build.Random(sizes[0], sizes[1], 1);
        _b = Matrix<float>.Build.Random(sizes[1], sizes[2], 2);
    }

    [Benchmark]
    public void Kernel() => _product.Run();

    [Benchmark(Baseline = true)]
    public void Definition() => _product.RunNaive();

    [Benchmark]
    public Matrix<float> MathNet() => _a * _b;

    [Benchmark]
    public void PeakMultiplyAdds() => Bounds.Widest.MultiplyAdd();
}

/// <summary>Two epochs of documented runs, validation included, on one and on two threads.</summary>
public class RunBenchmarks
{
    [Params(1, 2)]
    public int Parallel { get; set; }

    [GlobalSetup]
    public void Setup() => _ = Mnist.Load().TrainingCount;

    [Benchmark]
    public ComparisonResult FourRuns() =>
        Mnist.Documented().Epochs(2)
            .Compare(Mnist.DocumentedRuns.Where(run => run.Name is "fixed-0.01" or "momentum" or "rmsprop" or "adam"))
            .RunAsync(options: new() { Parallel = Parallel }).GetAwaiter().GetResult();
}
