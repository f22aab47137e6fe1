using System.Numerics;
using CuteDl.TorchSharp;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CuteDl.Bench;

/// <summary>Compares steps on TorchSharp's tensors with the same steps on arrays, bit by bit.</summary>
internal static class Checks
{
    private static readonly string[] Texts =
    [
        "lion",
        "clip_global_norm(1) | adamw | ema(0.9)",
        "{ \"hidden.weight\": muon, \"*.bias\": sgd(lr=0.1, momentum=0.9), \"*\": centralize | adam(lr=cosine(0.01, steps=10)) }",
        "prodigy",
    ];

    private static int _failed;

    public static int Run()
    {
        set_num_threads(1);
        foreach (var text in Texts)
        {
            Check($"single precision, {text}", () => Equal<float>(text, module => module));
            Check($"double precision, {text}", () => Equal<double>(text, module => module.to(ScalarType.Float64)));
        }

        Check("transposed memory is copied", Transposed);
        Check("other types are converted", Converted);
        Check("gradients of other layouts", OtherGradients);
        Check("frozen parameters, and those without a gradient, do not change", Frozen);
        Check("shared parameters take one step", Shared);
        Check("a step by a closure returns its loss", Closure);
        Check("TorchSharp's scheduler sets the learning rates", Scheduler);
        Check("averages, checkpoint", AveragesAndCheckpoint);
        Check("no tensor is leaked", Leaks);
        Console.WriteLine(_failed == 0 ? "All checks passed." : $"{_failed} checks failed.");
        return _failed == 0 ? 0 : 1;
    }

    private static nn.Module<Tensor, Tensor> Module() =>
        nn.Sequential(("conv", nn.Conv2d(1, 3, 3)), ("relu", nn.ReLU()), ("flatten", nn.Flatten()), ("hidden", nn.Linear(108, 7)), ("norm", nn.LayerNorm(7)), ("logits", nn.Linear(7, 4)));

    private static void Backward(nn.Module<Tensor, Tensor> module, ScalarType type)
    {
        using var scope = NewDisposeScope();
        module.call(randn(5, 1, 8, 8, dtype: type)).pow(2).sum().backward();
    }

    private static void Equal<T>(string text, Func<nn.Module<Tensor, Tensor>, nn.Module> prepare)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        using var module = Module();
        prepare(module);
        var parameters = module.named_parameters().ToArray();
        using var optimizer = module.Optimize(Optimizers.Parse(text));
        var layout = new ParameterLayout([.. parameters.Select(p => (p.name, p.parameter.shape.Select(size => (int)size).ToArray()))]).UnitsFirst();
        Require(layout.Equals(optimizer.Layout), $"the layout is {optimizer.Layout}");
        var expected = Optimizers.Parse(text);
        var state = expected.Init<T>(layout);
        var arrays = parameters.ToDictionary(p => p.name, p => Values<T>(p.parameter));
        for (var step = 0; step < 6; step++)
        {
            optimizer.zero_grad();
            Backward(module, parameters[0].parameter.dtype);
            expected.StepTensorsInPlace(state, [.. parameters.Select(p => new StepTensor<T>(p.name, arrays[p.name], Values<T>(p.parameter.grad)))]);
            optimizer.step();
            foreach (var (name, parameter) in parameters)
            {
                Require(Values<T>(parameter).AsSpan().SequenceEqual(arrays[name]), $"{name} differs after step {step + 1}");
            }
        }

        Require(optimizer.StepCount == 6, "the number of steps");
    }

    private static void Transposed()
    {
        var parameter = new Parameter(randn(3, 4).t());
        var copy = Values<float>(parameter);
        using var optimizer = new[] { ("w", parameter) }.Optimize(Optimizers.Fixed(1));
        parameter.grad = ones_like(parameter);
        optimizer.step();
        Require(Values<float>(parameter).SequenceEqual(copy.Select(w => w - 1)), "the values");
        Require(!parameter.is_contiguous(), "the layout stays");
    }

    private static void Converted()
    {
        var half = new Parameter(ones(3, dtype: ScalarType.BFloat16));
        var single = new Parameter(ones(2));
        var wide = new Parameter(ones(2, dtype: ScalarType.Float64));
        using var optimizer = new[] { ("half", half), ("single", single), ("wide", wide) }.Optimize(Optimizers.Fixed(0.25));
        foreach (var parameter in new[] { half, single, wide })
        {
            parameter.grad = ones_like(parameter);
        }

        optimizer.step();
        Require(half.to(ScalarType.Float32).data<float>().All(w => w == 0.75f) && half.dtype == ScalarType.BFloat16, "bfloat16");
        Require(single.data<float>().All(w => w == 0.75f), "single precision");
        Require(wide.data<double>().All(w => w == 0.75), "double precision");
    }

    private static void OtherGradients()
    {
        var parameter = new Parameter(zeros(2, 3));
        using var optimizer = new[] { ("w", parameter) }.Optimize(Optimizers.Fixed(1));
        parameter.grad = tensor(new float[] { 1, 2, 3, 4, 5, 6 }).view(3, 2).t();
        optimizer.step();
        Require(Values<float>(parameter).SequenceEqual([-1f, -3, -5, -2, -4, -6]), "a transposed gradient");

        using var embedding = nn.Embedding(4, 2, sparse: true);
        using var sparse = embedding.Optimize(Optimizers.Fixed(1));
        var before = Values<float>(embedding.weight!);
        embedding.call(tensor(new long[] { 1, 1 })).sum().backward();
        sparse.step();
        Require(Values<float>(embedding.weight!).Zip(before, (now, was) => MathF.Round(now - was)).SequenceEqual([0f, 0, -2, -2, 0, 0, 0, 0]), "a sparse gradient");
    }

    private static void Frozen()
    {
        using var module = Module();
        var all = module.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        all["conv.weight"].requires_grad = false;
        using var optimizer = module.Optimize(Optimizers.AdamW(0.1).For("conv.weight", Optimizers.Sgd(0.1)));
        Require(optimizer.Layout.Tensors.All(tensor => tensor.Name != "conv.weight"), "the frozen tensor has no state");
        var before = all.ToDictionary(p => p.Key, p => Values<float>(p.Value));
        Backward(module, ScalarType.Float32);
        all["hidden.weight"].requires_grad = false;
        all["hidden.bias"].grad = null;
        optimizer.step();
        foreach (var (name, parameter) in all)
        {
            var isStill = name is "conv.weight" or "hidden.weight" or "hidden.bias";
            Require(Values<float>(parameter).SequenceEqual(before[name]) == isStill, name);
        }

        all["conv.weight"].requires_grad = true;
        Backward(module, ScalarType.Float32);
        optimizer.step();
        Require(!Values<float>(all["conv.weight"]).SequenceEqual(before["conv.weight"]), "a thawed parameter joins");
    }

    private static void Shared()
    {
        var parameter = new Parameter(zeros(2));
        using var optimizer = new[] { ("a", parameter), ("b", parameter) }.Optimize(Optimizers.Fixed(1));
        parameter.grad = ones(2);
        optimizer.step();
        Require(Values<float>(parameter).SequenceEqual([-1f, -1]), "one step");
        Require(optimizer.Layout.Tensors.Single().Name == "a", "the first name");
    }

    private static void Closure()
    {
        var parameter = new Parameter(full(1, 3f));
        using var optimizer = new[] { ("w", parameter) }.Optimize(Optimizers.Fixed(0.5));
        using var loss = optimizer.step(() =>
        {
            optimizer.zero_grad();
            var value = parameter.pow(2).sum();
            value.backward();
            return value;
        });
        Require(loss!.item<float>() == 9 && Values<float>(parameter).Single() == 0, "loss and step");
    }

    private static void Scheduler()
    {
        using var module = Module();
        using optim.Optimizer optimizer = module.Optimize(Optimizers.Adam(0.5).For("*.bias", Optimizers.Sgd(0.25)));
        var scheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.1);
        Require(optimizer.ParamGroups.Select(group => group.LearningRate).SequenceEqual([0.25, 0.5]), "at first");
        Backward(module, ScalarType.Float32);
        optimizer.step();
        scheduler.step();
        Require(optimizer.ParamGroups.Select(group => group.LearningRate).SequenceEqual([0.25 * 0.1, 0.5 * 0.1]), "after an epoch");
        Require(((TorchOptimizer)optimizer).StepCount == 1, "the state continues");
    }

    private static void AveragesAndCheckpoint()
    {
        var path = Path.Combine(Path.GetTempPath(), "cutedl-check.safetensors");
        using var module = Module();
        using var optimizer = module.Optimize(Optimizers.Adam(0.1).Ema(0.5));
        for (var i = 0; i < 3; i++)
        {
            optimizer.zero_grad();
            Backward(module, ScalarType.Float32);
            optimizer.step();
        }

        var own = module.parameters().Select(Values<float>).ToArray();
        using (optimizer.UseAverages())
        {
            Require(!Values<float>(module.parameters().First()).SequenceEqual(own[0]), "averages");
        }

        Require(module.parameters().Zip(own, (parameter, values) => Values<float>(parameter).SequenceEqual(values)).All(isSame => isSame), "own parameters");
        optimizer.Save(path);
        using var other = Module();
        using var loaded = other.Optimize(Optimizers.Adam(0.1).Ema(0.5));
        loaded.Load(path);
        foreach (var (parameter, same) in module.parameters().Zip(other.parameters()))
        {
            parameter.grad = randn(parameter.shape);
            same.grad = parameter.grad.clone();
        }

        optimizer.step();
        loaded.step();
        Require(module.parameters().Zip(other.parameters(), (a, b) => Values<float>(a).SequenceEqual(Values<float>(b))).All(isSame => isSame), "the next step");
    }

    private static void Leaks()
    {
        using var module = Module();
        var transposed = new Parameter(randn(3, 4).t());
        using var optimizer = module.named_parameters().Append(("transposed", transposed)).Optimize(Optimizers.Adam());
        transposed.grad = ones_like(transposed);
        Backward(module, ScalarType.Float32);
        optimizer.step();
        var before = Tensor.TotalCount;
        for (var i = 0; i < 10; i++)
        {
            optimizer.step();
            optimizer.zero_grad();
        }

        Require(Tensor.TotalCount == before, $"{Tensor.TotalCount - before} more tensors");
    }

    private static T[] Values<T>(Tensor? tensor)
        where T : unmanaged
    {
        using var scope = NewDisposeScope();
        return tensor!.detach().contiguous().data<T>().ToArray();
    }

    private static void Check(string name, Action body)
    {
        try
        {
            body();
            Console.WriteLine($"ok      {name}");
        }
        catch (Exception error)
        {
            _failed++;
            Console.WriteLine($"FAILED  {name}: {error}");
        }
    }

    private static void Require(bool isTrue, string what)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException(what);
        }
    }
}
