using System.Numerics;
using System.Numerics.Tensors;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Steps over every kind of memory that a gradient can have.</summary>
internal static class MemoryTests
{
    private static readonly Optimizer[] Optimizers =
        [CuteDl.Optimizers.Adam(0.1), CuteDl.Optimizers.AdamW(0.1).ClipGlobalNorm(1).Ema(0.9), CuteDl.Optimizers.Lion(0.1)];

    public static Test All { get; } = Spec.List("memory and tensors",
        Spec.Property<byte, int>("steps have the same bits as over arrays, single precision", (length, seed) => AllKinds<float>(length, seed)),
        Spec.Property<byte, int>("steps have the same bits as over arrays, double precision", (length, seed) => AllKinds<double>(length, seed)),
        Spec.Test("steps in place allocate nothing", () =>
        {
            var optimizer = CuteDl.Optimizers.Adam();
            var state = optimizer.Init<float>(6);
            var (parameters, gradient) = (new float[6], new float[6]);
            void Step()
            {
                optimizer.StepInPlace(state, parameters.AsMemory(), gradient.AsMemory());
                optimizer.StepInPlace(state, new TensorSpan<float>(parameters, [2, 3]), new ReadOnlyTensorSpan<float>(gradient, [2, 3]));
            }

            for (var i = 0; i < 3; i++)
            {
                Step();
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            Step();
            Expect.equal(GC.GetAllocatedBytesForCurrentThread() - before, 0L, "bytes");
        }),
        Spec.Test("tensors with gaps are refused, and name the parameter", () =>
        {
            var optimizer = CuteDl.Optimizers.AdamW();
            var state = optimizer.Init<double>(2);
            var columns = Tensor.Create(new double[] { 1, 2, 3, 4 }, [2, 2]);
            var error = Spec.Throws<ArgumentException>(() => optimizer.StepInPlace(state, new double[2].AsTensorSpan(), columns.AsReadOnlyTensorSpan()[0..2, 0..1]));
            Expect.stringContains(error.Message, "The elements of gradient are not contiguous.", "the gradient");
            error = Spec.Throws<ArgumentException>(() => optimizer.StepInPlace(state, columns.AsTensorSpan()[0..2, 0..1], new double[2].AsTensorSpan()));
            Expect.stringContains(error.Message, "The elements of parameters are not contiguous.", "the parameters");
            error = Spec.Throws<ArgumentException>(() => optimizer.StepAt(state, new ReadOnlyTensorSpan<double>(new double[3]), new ReadOnlyTensorSpan<double>(new double[2])));
            Expect.stringContains(error.Message, "There are 3 elements in parameters, but the state has 2.", "the length");
        }),
        Spec.Test("a part of a tensor without gaps is taken", () =>
        {
            var optimizer = CuteDl.Optimizers.Fixed(1);
            var rows = Tensor.Create(new double[] { 1, 2, 3, 4 }, [2, 2]);
            Expect.sequenceEqual(optimizer.Step(optimizer.Init<double>(2), rows.AsReadOnlyTensorSpan()[1..2, 0..2]).Delta, [3.0, 4.0], "the second row");
        }));

    private static bool AllKinds<T>(int length, int seed)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        T[] Drawn() => [.. Enumerable.Range(0, length).Select(_ => T.CreateTruncating(random.NextDouble() - 0.5))];
        nint[] shape = length % 2 == 0 ? [2, length / 2] : [1, length, 1];
        foreach (var optimizer in Optimizers)
        {
            var start = Drawn();
            var (array, memory, tensor) = (optimizer.Init<T>(length), optimizer.Init<T>(length), optimizer.Init<T>(length));
            var (arrayParameters, memoryParameters, tensorParameters) = (start.ToArray(), start.ToArray(), start.ToArray());
            for (var step = 0; step < 3; step++)
            {
                var gradient = Drawn();
                var expected = optimizer.StepAt(array, arrayParameters, gradient).Delta;
                Expect.sequenceEqual(optimizer.StepAt(memory, memoryParameters.AsMemory(), gradient.AsMemory()).Delta, expected, "Δ, memory");
                Expect.sequenceEqual(
                    optimizer.StepAt(tensor, new ReadOnlyTensorSpan<T>(tensorParameters, shape), new ReadOnlyTensorSpan<T>(gradient, shape)).Delta, expected, "Δ, tensors");
                if (optimizer == Optimizers[0])
                {
                    Expect.sequenceEqual(optimizer.Step(memory, gradient.AsMemory()).Delta, optimizer.Step(array, gradient).Delta, "Δ without parameters, memory");
                    Expect.sequenceEqual(optimizer.Step(tensor, new ReadOnlyTensorSpan<T>(gradient, shape)).Delta, optimizer.Step(array, gradient).Delta, "Δ without parameters, tensors");
                }

                optimizer.StepInPlace(array, arrayParameters, gradient);
                if (step == 1)
                {
                    optimizer.StepInPlace(memory, memoryParameters.AsMemory(), gradient.AsMemory(), out var telemetry);
                    Expect.equal(telemetry.Tensors.Count, 1, "telemetry");
                }
                else
                {
                    optimizer.StepInPlace(memory, memoryParameters.AsMemory(), gradient.AsMemory());
                }

                optimizer.StepInPlace(tensor, new TensorSpan<T>(tensorParameters, shape), new ReadOnlyTensorSpan<T>(gradient, shape));
                Expect.sequenceEqual(memoryParameters, arrayParameters, "parameters, memory");
                Expect.sequenceEqual(tensorParameters, arrayParameters, "parameters, tensors");
                var averages = optimizer.Averaged(array, arrayParameters);
                Expect.sequenceEqual(optimizer.Averaged(memory, memoryParameters.AsMemory()), averages, "averages, memory");
                Expect.sequenceEqual(optimizer.Averaged(tensor, new ReadOnlyTensorSpan<T>(tensorParameters, shape)), averages, "averages, tensors");
            }
        }

        return true;
    }
}
