using CuteDl.Core.Data;
using CuteDl.Studies;
using CuteDl.Testing;
using Expecto;
using Microsoft.FSharp.Collections;

namespace CuteDl.Tests;

/// <summary>Initial weights out of a file, of every type that a file may have.</summary>
internal static class InitialWeightsTests
{
    public static Test All { get; } = Spec.List("initial weights",
        Spec.Test("float32 and float64 of the same values begin the same run", async () =>
        {
            // Eighths are exact in both.
            var values = Enumerable.Range(0, 7840).Select(i => (i % 7 - 3) / 8.0).ToArray();
            var single = await Run(Cells.NewF32(Array.ConvertAll(values, value => (float)value)));
            var @double = await Run(Cells.NewF64(values));
            Expect.sequenceEqual(single.History.ValLoss, @double.History.ValLoss, "losses");
            Expect.isTrue(double.IsFinite(single.History.ValLoss[0]), "a loss");
        }),
        Spec.Test("integers are refused", async () =>
        {
            foreach (var cells in new[] { Cells.NewI64(new long[7840]), Cells.NewU8(new byte[7840]) })
            {
                await Refused(cells, "The array 'layers.0.weight' in ");
            }
        }),
        Spec.Test("what is not finite is refused", async () =>
        {
            var values = new float[7840];
            values[11] = float.NaN;
            await Refused(Cells.NewF32(values), "Element 11 of the array 'layers.0.weight' in ");
        }));

    private static async Task<RunResult> Run(Cells weight)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".npz");
        try
        {
            Npz.save(path, new FSharpMap<string, Tensor>(
            [
                Tuple.Create("layers.0.weight", new Tensor(ListModule.OfSeq([784, 10]), weight)),
                Tuple.Create("layers.0.bias", new Tensor(ListModule.OfSeq([10]), Cells.NewF64(new double[10]))),
            ]));
            return await Mnist.Documented().InitialWeights(InitialWeights.FromFile(path)).MaxSteps(2).ValidateEvery(1).RunAsync();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task Refused(Cells weight, string expected)
    {
        try
        {
            await Run(weight);
        }
        catch (InitialWeightsException error)
        {
            Expect.stringContains(error.Message, expected, "message");
            return;
        }

        Expect.isTrue(false, $"nothing was refused ({expected})");
    }
}
