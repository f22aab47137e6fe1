using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Optimizers as C# sees them.</summary>
internal static class OptimizerTests
{
    private static readonly Func<Optimizer>[] Makers =
    [
        () => Optimizers.Fixed(), () => Optimizers.Momentum(), () => Optimizers.Adagrad(), () => Optimizers.RmsProp(),
        () => Optimizers.Adadelta(), () => Optimizers.Adam(),
    ];

    public static Test All { get; } = Spec.List("optimizers",
        Spec.Test("there is a maker for every rule, and its defaults are the rule's", () =>
        {
            Expect.sequenceEqual(Makers.Select(make => make().Rule.Name), Optimizers.Rules.Select(rule => rule.Name), "names");
            foreach (var make in Makers)
            {
                var optimizer = make();
                Expect.equal(optimizer, Optimizers.Parse(optimizer.Rule.Name), optimizer.ToString());
                Expect.sequenceEqual(
                    optimizer.Arguments.Select(argument => argument.Value),
                    optimizer.Rule.Arguments.Select(argument => argument.Default),
                    optimizer.ToString());
            }
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
            var optimizer = Makers[(int)((uint)which % Makers.Length)]();
            var parameters = gradient.Select(g => g / 3 + 1).ToArray();
            var state = optimizer.Init<float>(gradient.Length);
            var (next, delta) = optimizer.Step(state, gradient);
            var expected = parameters.Zip(delta, (w, d) => BitConverter.SingleToInt32Bits(w - d)).ToArray();
            optimizer.StepInPlace(state, parameters, gradient);
            return state.Step == next.Step && expected.SequenceEqual(parameters.Select(BitConverter.SingleToInt32Bits));
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
            Expect.stringContains(error.Message, "(0, 1)", "range");
        }),
        Spec.Test("a wrong text is refused with the place and the nearest name", () =>
        {
            var error = Spec.Throws<Core.Optimizers.ExpressionException>(() => Optimizers.Parse("adma(lr=1)"));
            Expect.stringContains(error.Message, "did you mean adam?", "suggestion");
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
}
