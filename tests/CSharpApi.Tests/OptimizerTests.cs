using System.Reflection;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Optimizers as C# sees them.</summary>
internal static class OptimizerTests
{
    // Every method that makes an optimizer from nothing but defaults.
    private static readonly MethodInfo[] Makers =
    [
        .. typeof(Optimizers).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(Optimizer) && Array.TrueForAll(method.GetParameters(), parameter => parameter.HasDefaultValue)),
    ];

    private static readonly Optimizer[] Rules = [.. Optimizers.Rules.Select(rule => Optimizers.Parse(rule.Name))];

    public static Test All { get; } = Spec.List("optimizers",
        Spec.Test("the hyper-parameters in force are read by name", () =>
        {
            var optimizer = Optimizers.Momentum(decay: 0.8).Schedule("lr", Schedules.Linear(0.1, 10)).ClipNorm(2);
            var state = optimizer.Init<double>(1);
            Expect.equal(optimizer.Current(state)["2.momentum.lr"], 0.1, "at the start");
            state = optimizer.Step(state, [1.0]).Next;
            var current = optimizer.Current(state);
            Expect.equal((current["1.clip_norm.limit"], current["2.momentum.decay"]), (2.0, 0.8), "constants");
            Expect.isTrue(Math.Abs(current["2.momentum.lr"] - 0.09) < 1e-15, "after a step");
        }),
        Spec.Test("there is a maker for every rule and transformation, and its defaults are the rule's", () =>
        {
            var made = Makers.Select(Make).ToDictionary(optimizer => optimizer.Rule.Name);
            var known = Optimizers.Rules.Concat(Optimizers.Transformations).ToArray();
            Expect.sequenceEqual(made.Keys.Order(), known.Select(rule => rule.Name).Order(), "names");
            foreach (var (name, optimizer) in made)
            {
                Expect.equal(optimizer, Optimizers.Parse(name), optimizer.ToString());

                // As bits: NaN is a default too.
                Expect.sequenceEqual(
                    optimizer.Arguments.Select(argument => BitConverter.DoubleToInt64Bits(argument.Value)),
                    optimizer.Rule.Arguments.Select(argument => BitConverter.DoubleToInt64Bits(argument.Default)),
                    optimizer.ToString());
            }
        }),
        Spec.List("every parameter of a maker is the argument at its place, and is called by its name in errors", Makers.Select(maker => Spec.Test(maker.Name, () =>
        {
            var parameters = maker.GetParameters();
            var rule = Make(maker).Rule;
            Expect.equal(parameters.Length, rule.Arguments.Count, "as many");
            for (var i = 0; i < parameters.Length; i++)
            {
                if (rule.Arguments[i].Form == ArgumentForm.Flag)
                {
                    Expect.equal(Nullable.GetUnderlyingType(parameters[i].ParameterType) ?? parameters[i].ParameterType, typeof(bool), parameters[i].Name!);
                    continue;
                }

                var values = parameters.Select(parameter => parameter.DefaultValue).ToArray();
                values[i] = parameters[i].ParameterType == typeof(long) ? (object)-1L : -1.0;
                var thrown = Spec.Throws<TargetInvocationException>(() => maker.Invoke(null, values)).InnerException;
                var error = (ArgumentOutOfRangeException)thrown!;
                Expect.equal(error.ParamName, parameters[i].Name, "name");
                Expect.equal(error.ActualValue, -1.0, "value");
                Expect.stringContains(error.Message, $"{rule.Arguments[i].Name} of ", "the argument as texts have it");
                Expect.stringContains(error.Message, rule.Arguments[i].Allowed, "range");
            }
        }))),
        Spec.Test("a rule tells all that is known of it", () =>
        {
            var sgd = Optimizers.Sgd().Rule;
            Expect.equal((sgd.Role, Optimizers.Ema().Rule.Role), (RuleRole.Rule, RuleRole.Transformation), "roles");
            Expect.stringContains(sgd.Formula, "μ v", "formula");
            Expect.stringContains(sgd.Reproduces, "torch.optim.SGD", "reproduces");
            Expect.contains(sgd.Exemptions.Select(exemption => exemption.Law), "P22", "exemptions");
            Expect.equal((sgd.Conventions!.Rate, sgd.Conventions.Epsilon, sgd.Conventions.WeightDecay), ("outside the slots", "none", "none"), "conventions");
            Expect.sequenceEqual(sgd.Conventions.InitialState, [new InitialValue("velocity", "0")], "initial state");
            Expect.stringContains(sgd.Conventions.BiasCorrection, "first gradient", "correction");
            Expect.isNull(Optimizers.Ema().Rule.Conventions, "a transformation has none");
            Expect.equal(sgd.Arguments[3].DefaultText, "false", "a flag");
            Expect.equal(Optimizers.Prodigy().Rule.Arguments[3].DefaultText, "", "a default that depends on another argument");
            Expect.isTrue(Optimizers.Rules.All(rule => rule.Formula.Length > 0 && rule.Source.Length > 0), "nothing is left out");
        }),
        Spec.Test("the documented call site works: arguments by name, a pure step, a state read by name", () =>
        {
            var adam = Optimizers.Adam(learningRate: 1e-4, beta1: 0.9, beta2: 0.99);
            var state = adam.Init<double>(2);
            double[] gradient = [1, -2];
            var (next, delta) = adam.Step(state, gradient);
            Expect.isTrue(Math.Abs(delta[0] - 1e-4) < 1e-11, "the first step of Adam is the rate");
            Expect.isTrue(Math.Abs(delta[1] + 1e-4) < 1e-11, "with the gradient's sign");
            Expect.equal(next.Step, 1L, "one step");
            Expect.equal(state.Step, 0L, "the state given is not touched");
            Expect.sequenceEqual(next["average"].ToArray(), [(1 - 0.9) * 1, (1 - 0.9) * -2], "the slot");
            Expect.sequenceEqual(gradient, [1, -2], "nor is the gradient");
        }),
        Spec.Property<int, float[]>("in place equals pure, bit for bit", (which, gradient) =>
        {
            var optimizer = Rules[(int)((uint)which % Rules.Length)];
            var parameters = gradient.Select(g => g / 3 + 1).ToArray();
            var state = optimizer.Init<float>(new ParameterLayout(("layers.0.weight", [1, gradient.Length])));
            var (next, delta) = optimizer.StepAt(state, parameters, gradient);
            var expected = parameters.Zip(delta, (w, d) => BitConverter.SingleToInt32Bits(w - d)).ToArray();
            optimizer.StepInPlace(state, parameters, gradient);
            return state.Step == next.Step && expected.SequenceEqual(parameters.Select(BitConverter.SingleToInt32Bits));
        }),
        Spec.Test("tensors can have their own memory, and be without a gradient", () =>
        {
            var adam = Optimizers.Adam(0.1);
            var layout = new ParameterLayout(("w", [2, 2]), ("b", [2]));
            var (flat, state) = (adam.Init<float>(layout), adam.Init<float>(layout));
            float[] parameters = [1, 2, 3, 4, 5, 6], gradient = [1, -1, 2, -2, 0.5f, 0];
            float[] weight = [1, 2, 3, 4], bias = [5, 6];
            StepTensor<float>[] tensors = [new("b", bias, gradient.AsMemory(4)), new("w", weight, gradient.AsMemory(0, 4))];
            var step = adam.StepTensors(state, tensors);
            adam.StepInPlace(flat, parameters, gradient);
            adam.StepTensorsInPlace(state, tensors);
            Expect.sequenceEqual(weight.Concat(bias), parameters, "in place");
            Expect.sequenceEqual(step.Deltas.Keys.Order(), ["b", "w"], "names");
            Expect.equal(6 - step.Deltas["b"][1], bias[1], "pure");
            Expect.sequenceEqual(step.Next["average"].ToArray(), flat["average"].ToArray(), "the slots");

            adam.StepTensorsInPlace(state, [new("w", weight, null), new("b", bias, gradient.AsMemory(4))]);
            Expect.sequenceEqual(weight, parameters[..4], "left alone");
            Expect.notEqual(bias[0], parameters[4], "the other");
            Expect.equal(new StepTensor<float>("w", weight, null).ToString(), "w, 4 elements without a gradient", "text");
            float[]? none = null;
            Expect.equal(new StepTensor<float>("w", weight, none), new StepTensor<float>("w", weight, null), "an array that is null is no gradient");
            Expect.isTrue(new StepTensor<float>("w", weight, Array.Empty<float>()).Gradient is not null, "an empty one is");
            var error = Spec.Throws<ArgumentException>(() => Optimizers.Prodigy().StepTensorsInPlace(Optimizers.Prodigy().Init<float>(layout), tensors[..1]));
            Expect.stringContains(error.Message, "write prodigy inside each group", "refused");
        }),
        Spec.Test("a step returns telemetry by tensor", () =>
        {
            var optimizer = Optimizers.Fixed(0.5).ClipNorm(1).Freeze("b");
            var layout = new ParameterLayout(("w", [2, 1]), ("b", [1]));
            var state = optimizer.Init<double>(layout);
            double[] parameters = [3, 4, 1], gradient = [6, 8, 1];
            var step = optimizer.StepAt(state, parameters, gradient, out var pure);
            optimizer.StepInPlace(state, parameters, gradient, out var telemetry);
            Expect.sequenceEqual(parameters, [3 - step.Delta[0], 4 - step.Delta[1], 1], "the step");
            var (w, b) = (telemetry["w"], telemetry.Tensors[1]);
            Expect.equal((w.Name, w.Length, w.Outcome), ("w", 2, StepOutcome.Stepped), "w");
            Expect.equal((w.GradientNorm, w.ParameterNorm, w.ClippedShare, w.NonFiniteShare), (10.0, 5.0, 1.0, 0.0), "measured");
            Expect.isTrue(Math.Abs(w.RuleGradientNorm - 1) < 1e-15 && Math.Abs(w.UpdateNorm - 0.5) < 1e-15, "clipped");
            Expect.isTrue(Math.Abs(w.UpdateRatio - 0.1) < 1e-15, "ratio");
            Expect.equal((b.Name, b.Outcome, b.GradientNorm), ("b", StepOutcome.Frozen, 0.0), "b");
            Expect.equal((telemetry.GradientNorm, telemetry.ParameterNorm), (10.0, 5.0), "of all");
            Expect.equal(telemetry.ToString(), "‖g‖ 10, 1 at the rule, ‖Δ‖ 0.5, ‖w‖ 5, clipped 66.67 %, not finite 0 %", "text");
            Expect.sequenceEqual(pure.Tensors, telemetry.Tensors, "equal values");

            var apart = optimizer.Init<double>(layout);
            double[] weight = [3, 4], bias = [1];
            optimizer.StepTensorsInPlace(apart, [new("w", weight, gradient.AsMemory(0, 2)), new("b", bias, null)], out var tensors);
            Expect.sequenceEqual(weight, parameters[..2], "over tensors");
            Expect.sequenceEqual(tensors.Tensors, telemetry.Tensors, "equal values over tensors");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => _ = telemetry["v"]).Message, "'v'", "an unknown name");
        }),
        Spec.Test("a copied state goes its own way", () =>
        {
            var momentum = Optimizers.Momentum(0.1, 0.5);
            var state = momentum.Init<float>(1);
            var copy = state.Copy();
            momentum.StepInPlace(state, new float[1], [1f]);
            Expect.equal((state.Step, copy.Step), (1L, 0L), "steps");
            Expect.equal(copy["velocity"].Span[0], 0f, "the copy's slot");
        }),
        Spec.Test("a value out of its range is refused with name, value and range", () =>
        {
            var error = Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Momentum(0.1, decay: 1));
            Expect.equal(error.ParamName, "decay", "name");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Adam(-1)).ParamName, "learningRate", "as C# calls it");
            Expect.equal(error.ActualValue, 1.0, "value");
            Expect.stringContains(error.Message, "[0, 1)", "range");
        }),
        Spec.Test("a wrong text is refused with the place and the nearest name", () =>
        {
            var error = Spec.Throws<Core.Optimizers.ExpressionException>(() => Optimizers.Parse("adma(lr=1)"));
            Expect.stringContains(error.Message, "Did you mean adam?", "suggestion");
            Expect.isTrue(error is FormatException, "as documented");
        }),
        Spec.Test("a slot that is not there is refused with those that are", () =>
        {
            var error = Spec.Throws<ArgumentException>(() => _ = Optimizers.Momentum().Init<double>(1)["speed"]);
            Expect.stringContains(error.Message, "velocity", "known slots");
        }),
        Spec.Test("other number types are refused", () =>
            Expect.stringContains(Spec.Throws<NotSupportedException>(() => Optimizers.Fixed().Init<Half>(1)).Message, "Half", "type")),
        Spec.Test("values with equal texts are equal, others are not", () =>
        {
            Expect.equal(Optimizers.Adam(1e-3), Optimizers.Parse("adam(lr=0.001)"), "equal");
            Expect.notEqual(Optimizers.Adam(1e-3), Optimizers.Adam(1e-4), "not equal");
            Expect.equal(Optimizers.Adam(1e-3).GetHashCode(), Optimizers.Parse("adam(lr=0.001)").GetHashCode(), "hash codes");
        }));

    private static Optimizer Make(MethodInfo maker) =>
        (Optimizer)maker.Invoke(null, [.. maker.GetParameters().Select(parameter => parameter.DefaultValue)])!;
}
