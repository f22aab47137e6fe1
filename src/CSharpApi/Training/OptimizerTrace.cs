using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;

namespace CuteDl;

/// <summary>Applies an optimizer to recorded gradients, to compare it with another implementation of the same rule.</summary>
public static class OptimizerTrace
{
    /// <summary>
    /// Takes a step for each recorded gradient, in double precision, and writes the parameters after every step. Tensors lie in the
    /// order of their names. Shares of the run in schedules are of the number of recorded gradients.
    /// </summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="initialPath">An .npz archive with the parameters before the first step, an array of floats for each tensor.</param>
    /// <param name="gradientsPath">An .npz archive with the gradients: under each tensor's name, steps × the tensor's shape.</param>
    /// <param name="outputPath">Where the parameters go, in the form of the gradients, as float64; written whole or not at all. Its folder is made if needed.</param>
    /// <param name="maxExpansion">The most bytes that each byte of an archive may expand to, at least 1.</param>
    /// <returns>How many steps were taken.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxExpansion"/> is below 1.</exception>
    /// <exception cref="FormatException">
    /// An archive is damaged, a tensor is in one archive alone, a shape does not fit, or numbers of steps differ; the message names the tensor.
    /// </exception>
    /// <exception cref="ArgumentException">The optimizer's groups do not fit the tensors.</exception>
    /// <exception cref="NonFiniteException">Gradients or the optimizer's state are not finite; nothing is written.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static long Write(Optimizer optimizer, string initialPath, string gradientsPath, string outputPath, int maxExpansion = Growing.DefaultExpansion)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentException.ThrowIfNullOrEmpty(initialPath);
        ArgumentException.ThrowIfNullOrEmpty(gradientsPath);
        ArgumentException.ThrowIfNullOrEmpty(outputPath);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxExpansion, 1);
        var initial = Npz.readWithin(maxExpansion, initialPath).ToDictionary(array => array.Key, array => array.Value);
        var gradients = Npz.readWithin(maxExpansion, gradientsPath).ToDictionary(array => array.Key, array => array.Value);
        var names = initial.Keys.Order(StringComparer.Ordinal).ToArray();
        var steps = Check(names, initial, gradients, initialPath, gradientsPath);

        var layout = Layout.OfShapes(names.Select(name => Tuple.Create(name, initial[name].Shape)));
        var tensors = layout.Parameters;
        double[] parameters = [.. names.SelectMany(name => Values(name, initial[name], initialPath))];
        var recorded = names.Select(name => Values(name, gradients[name], gradientsPath)).ToArray();
        var after = tensors.Select(tensor => new double[(long)steps * tensor.Length]).ToArray();
        var core = steps > 0 ? OptimizerModule.forRun(steps, optimizer.Core) : optimizer.Core;
        var state = OptimizerModule.initFor<double>(core, layout);
        var gradient = new double[layout.Length];
        for (var t = 0; t < steps; t++)
        {
            for (var k = 0; k < tensors.Count; k++)
            {
                recorded[k].AsSpan(t * tensors[k].Length, tensors[k].Length).CopyTo(gradient.AsSpan(tensors[k].Offset));
            }

            OptimizerModule.stepInPlace(core, state, parameters, gradient);
            for (var k = 0; k < tensors.Count; k++)
            {
                parameters.AsSpan(tensors[k].Offset, tensors[k].Length).CopyTo(after[k].AsSpan(t * tensors[k].Length));
            }
        }

        OutputPath.makeFolderOf(outputPath);
        Npz.save(outputPath, MapModule.OfSeq(names.Select((name, k) =>
            Tuple.Create(name, new Tensor(gradients[name].Shape, Cells.NewF64(after[k]))))));
        return steps;
    }

    // Returns the number of steps. Throws if the files do not fit each other.
    private static int Check(
        string[] names, Dictionary<string, Tensor> initial, Dictionary<string, Tensor> gradients, string initialPath, string gradientsPath)
    {
        if (names.Length == 0)
        {
            throw new FormatException($"{initialPath} has no tensors. At least one is needed.");
        }

        if (gradients.Keys.Except(names).FirstOrDefault() is { } unknown)
        {
            throw new FormatException($"{gradientsPath} has gradients of '{unknown}', but {initialPath} has no tensor of this name. Its tensors are {Quoted(names)}.");
        }

        int? steps = null;
        foreach (var name in names)
        {
            if (!gradients.TryGetValue(name, out var gradient))
            {
                throw new FormatException($"{gradientsPath} has no gradients of '{name}'. It has gradients of {Quoted(gradients.Keys)}.");
            }

            if (!gradient.Shape.Skip(1).SequenceEqual(initial[name].Shape) || gradient.Shape.IsEmpty)
            {
                var expected = string.Join(" × ", initial[name].Shape.Select(size => $"{size}").Prepend("steps"));
                throw new FormatException($"The gradients of '{name}' in {gradientsPath} have the shape {Shape(gradient)}; the shape must be {expected}.");
            }

            if (steps is { } others && others != gradient.Shape.Head)
            {
                throw new FormatException($"{gradientsPath} has {gradient.Shape.Head} gradients of '{name}' but {others} of '{names[0]}'. Every tensor needs the same number.");
            }

            steps = gradient.Shape.Head;
        }

        return steps!.Value;
    }

    private static double[] Values(string name, Tensor tensor, string path) =>
        tensor.Cells switch
        {
            Cells.F64 cells => cells.Item,
            Cells.F32 cells => Array.ConvertAll(cells.Item, value => (double)value),
            _ => throw new FormatException($"'{name}' in {path} holds integers. It must hold floating-point numbers."),
        };

    private static string Shape(Tensor tensor) => tensor.Shape.IsEmpty ? "of a single number" : string.Join(" × ", tensor.Shape);

    private static string Quoted(IEnumerable<string> names) => Quotation.list(names.Order(StringComparer.Ordinal).Select(Quotation.quote));
}
