using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>States that are exchanged with PyTorch, from C#.</summary>
internal static class PyTorchStateTests
{
    private static readonly ParameterLayout Layout = new(("0.weight", [2, 3]), ("0.bias", [3]));

    public static Test All { get; } = Spec.List("PyTorch's states",
        Spec.Test("a state that is saved and read continues with the same steps", () => TemporaryFolder.Use(folder =>
        {
            var optimizer = Optimizers.AdamW(0.01).ClipNorm(1);
            var state = optimizer.Init<double>(Layout);
            double[] gradient = [1, 2, 3, -4, 5, 6, 7, 8, 0.5];
            optimizer.StepInPlace(state, new double[9], gradient);
            foreach (var name in new[] { "a.npz", "a.safetensors" })
            {
                var path = Path.Combine(folder, name);
                PyTorchState.Save(path, state);
                var read = PyTorchState.Read<double>(path, optimizer, Layout);
                Expect.equal(read.Step, 1L, "the step");
                var parameters = new double[9];
                Expect.sequenceEqual(
                    optimizer.StepAt(read, parameters, gradient).Delta, optimizer.StepAt(state, parameters, gradient).Delta, name);
            }
        })),
        Spec.Test("a transposed weight and an optimizer without a counterpart are refused", () => TemporaryFolder.Use(folder =>
        {
            var path = Path.Combine(folder, "a.npz");
            var optimizer = Optimizers.Sgd(0.1, momentum: 0.9);
            var state = optimizer.Init<float>(Layout);
            optimizer.StepInPlace(state, new float[9], new float[9]);
            PyTorchState.Save(path, state);
            var transposed = new ParameterLayout(("0.weight", [3, 2]), ("0.bias", [3]));
            var error = Spec.Throws<Core.Data.DataFormatException>(() => PyTorchState.Read<float>(path, optimizer, transposed));
            Expect.isTrue(error is FormatException, "as documented");
            Expect.stringContains(error.Message, "transpose the array", "advice");
            var refused = Spec.Throws<ArgumentException>(() => PyTorchState.Read<float>(path, Optimizers.Lion(), Layout));
            Expect.stringContains(refused.Message, "sgd, adam, amsgrad, adamw, rmsprop, adagrad", "the rules");
        })));
}
