using System.Numerics;
using CuteDl.Core.Data;
using CuteDl.Core.Networks;
using CuteDl.Core.Numerics;
using CuteDl.Core.Optimizers;
using CuteDl.Data;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace CuteDl.Bench;

/// <summary>What a training step reads.</summary>
public enum Input
{
    /// <summary>Batches of MNIST, one after another, loading included.</summary>
    Mnist,

    /// <summary>One batch of random numbers without zeros.</summary>
    Random,
}

/// <summary>MNIST, read once.</summary>
internal static class Data
{
    private static readonly Lazy<DataParts> Loaded = new(() =>
        MnistFormat.read(10, FuncConvert.FromFunc((string name) => ValueTuple.Create(name, MnistFiles.Open(name + ".gz")))));

    public static DataParts Mnist => Loaded.Value;
}

/// <summary>Models that are measured.</summary>
internal static class Models
{
    /// <summary>The test problem 2c2d of DeepOBS (Schneider et al. 2019) on images of 28 × 28.</summary>
    public static Model Convolutional { get; } = ModelModule.ofShape(
        TensorShape.NewPlanes(1, 28, 28),
        ModelText.parseLayers(
            LayerKinds.all,
            "conv(32, size=5, padding=2, activation=relu) | max_pool(2) | conv(64, size=5, padding=2, activation=relu) | max_pool(2)"
            + " | flatten | dense(1024, activation=relu) | dense(10)"),
        Core.Networks.Loss.SoftmaxCrossEntropy);
}

/// <summary>One training step: batch, forward, loss, backward, update.</summary>
internal sealed class TrainingStep<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Core.Optimizers.Optimizer _optimizer;
    private readonly State<T> _state;
    private readonly int[] _order = [.. Enumerable.Range(0, Data.Mnist.Training.Count)];
    private readonly int _batch;
    private readonly Input _input;
    private int _next;

    public TrainingStep(int hidden, int batch, string optimizer, Input input)
        : this(Dense(hidden), batch, optimizer, input)
    {
    }

    public TrainingStep(Model model, int batch, string optimizer, Input input)
    {
        _network = new Network<T>(model, batch);
        ModelModule.initialParameters<T>(model, Initialization.NewNormal(0.05), 1).CopyTo(_network.Parameters);
        _optimizer = Expression.parse(optimizer);
        _state = OptimizerModule.init<T>(_optimizer, _network.Parameters.Length);
        (_batch, _input) = (batch, input);
        Load();
        if (input == Input.Random)
        {
            _network.Batch.ReadInputs();
            var random = new System.Random(1);
            foreach (ref var value in _network.Inputs.AsSpan())
            {
                value = T.CreateTruncating(1 - random.NextDouble());
            }
        }
    }

    public void Run()
    {
        if (_input == Input.Mnist)
        {
            Load();
        }

        _network.Train(_batch, 0);
        OptimizerModule.stepInPlace(_optimizer, _state, _network.Parameters, _network.Gradient);
    }

    private static Model Dense(int hidden)
    {
        Layer[] layers = hidden == 0
            ? [new Dense(10, Core.Networks.Activation.ReLU)]
            : [new Dense(hidden, Core.Networks.Activation.ReLU), new Dense(10, Core.Networks.Activation.Linear)];
        return ModelModule.create(784, ListModule.OfSeq(layers), Core.Networks.Loss.SoftmaxCrossEntropy);
    }

    private void Load()
    {
        Batches.load(null, Data.Mnist.Training, _order.AsSpan(_next, _batch), _network.Batch);
        _next = _next + (2 * _batch) <= _order.Length ? _next + _batch : 0;
    }
}

/// <summary>One in-place step of an optimizer alone.</summary>
internal sealed class Update<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Core.Optimizers.Optimizer _optimizer;
    private readonly State<T> _state;
    private readonly T[] _parameters;
    private readonly T[] _gradient;

    public Update(string optimizer, int length)
        : this(optimizer, Layout.Flat(length))
    {
    }

    public Update(string optimizer, Layout layout)
    {
        _optimizer = Expression.parse(optimizer);
        _state = OptimizerModule.initFor<T>(_optimizer, layout);
        var length = layout.Length;
        var random = new System.Random(1);
        _parameters = [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating(random.NextDouble() - 0.5))];
        _gradient = [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating(random.NextDouble() - 0.5))];
    }

    /// <summary>What the update must do at least; null if a part of it does not work element by element.</summary>
    public UpdateCost? Cost => UpdateCost.Of(_state);

    public void Run() => OptimizerModule.stepInPlace<T>(_optimizer, _state, _parameters, _gradient);
}

/// <summary>One in-place step over tensors of equal lengths: with their own memory, or in a flat array.</summary>
internal sealed class TensorStep
{
    private readonly Core.Optimizers.Optimizer _optimizer;
    private readonly State<float> _state;
    private readonly State<float> _flatState;
    private readonly Core.Optimizers.StepTensor<float>[] _tensors;
    private readonly float[] _parameters;
    private readonly float[] _gradient;

    public TensorStep(string optimizer, int count, int length)
    {
        _optimizer = Expression.parse(optimizer);
        var layout = Layout.OfShapes(Enumerable.Range(0, count).Select(i => Tuple.Create($"layers.{i}", ListModule.OfSeq([length]))));
        _state = OptimizerModule.initFor<float>(_optimizer, layout);
        _flatState = OptimizerModule.initFor<float>(_optimizer, layout);
        _parameters = Random(count * length, 1);
        _gradient = Random(count * length, 2);
        _tensors = [.. layout.Parameters.Select((tensor, i) => Core.Optimizers.StepTensor<float>.Of(tensor.Name, Random(length, 3 + i), Random(length, 1_000 + i)))];
    }

    public void Run() => OptimizerModule.stepTensorsInPlace(_optimizer, _state, _tensors);

    public void RunFlat() => OptimizerModule.stepInPlace<float>(_optimizer, _flatState, _parameters, _gradient);

    private static float[] Random(int length, int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}

/// <summary>One in-place step whose norms are measured: by telemetry, or by passes over the arrays before and after it.</summary>
internal sealed class MeasuredStep
{
    private readonly Core.Optimizers.Optimizer _optimizer;
    private readonly State<float> _state;
    private readonly float[] _parameters;
    private readonly float[] _before;
    private readonly float[] _gradient;

    public MeasuredStep(string optimizer, int length)
    {
        _optimizer = Expression.parse(optimizer);
        _state = OptimizerModule.init<float>(_optimizer, length);
        var random = new System.Random(1);
        _parameters = [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
        _gradient = [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
        _before = new float[length];
    }

    /// <summary>The norms of gradient, parameters and update, so that nothing is left out.</summary>
    public double Norms { get; private set; }

    public void RunAlone() => OptimizerModule.stepInPlace<float>(_optimizer, _state, _parameters, _gradient);

    public void Run() => Norms = Core.Optimizers.Telemetry.stepInPlace<float>(_optimizer, _state, _parameters, _gradient).UpdateNorm;

    public void RunPasses()
    {
        Norms = Math.Sqrt(Squares(_gradient)) + Math.Sqrt(Squares(_parameters));
        _parameters.CopyTo(_before, 0);
        RunAlone();
        Norms += Math.Sqrt(SquaresOfDifferences(_before, _parameters));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static double Squares(float[] x)
    {
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(x, i), out var a, out var b);
            low += a * a;
            high += b * b;
        }

        var sum = Vector.Sum(low + high);
        for (; i < x.Length; i++)
        {
            sum += (double)x[i] * x[i];
        }

        return sum;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static double SquaresOfDifferences(float[] x, float[] y)
    {
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(x, i) - new Vector<float>(y, i), out var a, out var b);
            low += a * a;
            high += b * b;
        }

        var sum = Vector.Sum(low + high);
        for (; i < x.Length; i++)
        {
            sum += Math.Pow((double)x[i] - y[i], 2);
        }

        return sum;
    }
}

/// <summary>One matrix product of random matrices, by the kernel or by its definition.</summary>
internal sealed class Product<T>(int rows, int depth, int columns)
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T[] _a = Filled(rows * depth);
    private readonly T[] _b = Filled(depth * columns);
    private readonly T[] _c = new T[rows * columns];

    public double Flops => 2.0 * rows * depth * columns;

    public void Run() => MatrixProduct.multiply<T>(_a, MatrixProduct.rowMajor(depth), _b, MatrixProduct.rowMajor(columns), _c, rows, depth, columns);

    public void RunNaive() => MatrixProduct.naive<T>(_a, MatrixProduct.rowMajor(depth), _b, MatrixProduct.rowMajor(columns), _c, rows, depth, columns);

    private static T[] Filled(int length)
    {
        var random = new System.Random(length);
        return [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating(random.NextDouble()))];
    }
}

/// <summary>A pure step of adam, and what it must at least do: copy the state and the parameters, and take a step in place.</summary>
internal sealed class PureStep
{
    private readonly Core.Optimizers.Optimizer _optimizer = Expression.parse("adam");
    private readonly double[] _gradient;
    private State<double> _state;

    public PureStep(int length)
    {
        var random = new System.Random(1);
        _gradient = [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5)];
        _state = OptimizerModule.init<double>(_optimizer, length);
    }

    public void Run() => _state = OptimizerModule.step(_optimizer, _state, _gradient).Item1;

    public void RunInPlace()
    {
        var next = _state.Copy();
        var parameters = GC.AllocateUninitializedArray<double>(_gradient.Length);
        _gradient.CopyTo(parameters, 0);
        OptimizerModule.stepInPlace<double>(_optimizer, next, parameters, _gradient);
        _state = next;
    }
}
