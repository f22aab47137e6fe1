using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Optimizers for groups of parameters, freezing and thawing.</summary>
internal static class ParameterGroupTests
{
    private static readonly ParameterLayout Layout = new(("layers.0.weight", [2, 2]), ("layers.0.bias", [2]), ("layers.1.weight", [2, 1]), ("layers.1.bias", [1]));

    private static readonly (Optimizer Built, string Text)[] Examples =
    [
        (Optimizers.AdamW().For("*.bias", Optimizers.Sgd()), "{ \"*.bias\": sgd, \"*\": adamw }"),
        (Optimizers.Adam().For("*.bias", Optimizers.Sgd()).For("layers.1.*", Optimizers.Lion()), "{ \"layers.1.*\": lion, \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.AdamW().Schedule("lr", Schedules.Cosine(0.01, 9)).For("*.bias", o => o.With("weight_decay", 0)),
            "{ \"*.bias\": adamw(lr=cosine(0.01, steps=9), weight_decay=0), \"*\": adamw(lr=cosine(0.01, steps=9)) }"),
        (Optimizers.AdamW().For("*.bias", o => o.With("weight_decay", 0), optional: true).Ema(0.9).ClipGlobalNorm().Schedule("lr", Schedules.Cosine(0.01, 9)),
            "clip_global_norm | { \"*.bias\"?: adamw(lr=cosine(0.01, steps=9), weight_decay=0), \"*\": adamw(lr=cosine(0.01, steps=9)) } | ema(0.9)"),
        (Optimizers.Adam().L2(0.1).Ema().LearningRateFactor("layers.0.*", 0.1).LearningRateFactor("layers.1.*", 0.5).With("lr", 0.2),
            "l2(0.1) | adam(lr=0.2) | { \"layers.0.*\": scale(0.1), \"layers.1.*\": scale(0.5), \"*\": identity } | ema"),
        (Optimizers.Adam().LearningRateFactor("layers.0.*", 0.1).For("*.bias", Optimizers.Sgd()),
            "{ \"layers.0.*\": adam | scale(0.1), \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.Adam().For("*.bias", Optimizers.Sgd()).LearningRateFactor("layers.0.*", 0.1),
            "{ \"layers.0.*\": adam | scale(0.1), \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.Adam().Freeze("a").For("*.bias", o => o.With("lr", 1)), "{ \"a\": freeze | { \"*.bias\": adam(lr=1), \"*\": adam }, \"*\": { \"*.bias\": adam(lr=1), \"*\": adam } }"),
        (Optimizers.Adam().ClipGlobalNorm().For("*.bias", Optimizers.Sgd()), "clip_global_norm | { \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.Adam().For("*.bias", Optimizers.Sgd()).ClipGlobalNorm(), "clip_global_norm | { \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.Adam().L2(0.1).For("*.bias", Optimizers.Sgd()), "{ \"*.bias\": sgd, \"*\": l2(0.1) | adam }"),
        (Optimizers.Adam().ClipValue().ClipGlobalNorm().L2(0.1).DecoupledDecay(0.2).Ema().Scale(2).For("*.bias", Optimizers.Sgd()),
            "clip_value | clip_global_norm | { \"*.bias\": sgd, \"*\": l2(0.1) | adam | decoupled(0.2) } | ema | scale(2)"),
        (Optimizers.Sgd().Accumulate(2).Maximize().Lookahead().For("*.bias", Optimizers.Adam()),
            "maximize | accumulate(2) | { \"*.bias\": adam, \"*\": sgd } | lookahead"),
        (Optimizers.Sgd().TrustRatio().Outer().For("*.bias", Optimizers.Adam()), "{ \"*.bias\": adam, \"*\": sgd | trust_ratio } | outer"),
        (Optimizers.Parse("{ \"a\": adam }").For("b", Optimizers.Sgd()), "{ \"a\": adam, \"b\": sgd }"),
        (Optimizers.Adam().Freeze("layers.0.*"), "{ \"layers.0.*\": freeze | adam, \"*\": adam }"),
        (Optimizers.Adam().Freeze("layers.0.*").Thaw("layers.0.*"), "{ \"layers.0.*\": freeze(on=false) | adam, \"*\": adam }"),
        (Optimizers.Adam().Freeze("a").Thaw("a").Freeze("a"), "{ \"a\": freeze | adam, \"*\": adam }"),
        (Optimizers.Adam().Freeze("a").Freeze("b"), "{ \"a\": freeze | adam, \"b\": freeze | adam, \"*\": adam }"),
        (Optimizers.Adam().For("*.bias", Optimizers.Sgd()).Freeze("a"), "{ \"a\": freeze | { \"*.bias\": sgd, \"*\": adam }, \"*\": { \"*.bias\": sgd, \"*\": adam } }"),
        (Optimizers.Adam().ClipGlobalNorm().Freeze("a"),
            "clip_global_norm | { \"a\": freeze | adam, \"*\": adam }"),
        (Optimizers.Adam().Freeze("a").Ema().Scale(2), "{ \"a\": freeze | adam | ema | scale(2), \"*\": adam | ema | scale(2) }"),
        (Optimizers.Adam().Ema().Freeze("a"), "{ \"a\": freeze | adam | ema, \"*\": adam | ema }"),
    ];

    private static readonly (string Name, Func<Optimizer, Optimizer> Add)[] Additions =
    [
        ("ClipValue", o => o.ClipValue()), ("ClipNorm", o => o.ClipNorm()), ("ClipGlobalNorm", o => o.ClipGlobalNorm()), ("ClipAdaptive", o => o.ClipAdaptive()),
        ("Centralize", o => o.Centralize()), ("AddNoise", o => o.Noise()), ("L1", o => o.L1(0.1)), ("L2", o => o.L2(0.1)), ("ScaleGradient", o => o.ScaleGradient(2)),
        ("Accumulate", o => o.Accumulate(2)), ("SkipNonFinite", o => o.SkipNonFinite()), ("Maximize", o => o.Maximize()), ("DecoupledDecay", o => o.DecoupledDecay(0.1)),
        ("Normalize", o => o.Normalize()), ("Cautious", o => o.Cautious()), ("Outer", o => o.Outer()), ("Scale", o => o.Scale(2)), ("Lookahead", o => o.Lookahead()), ("Ema", o => o.Ema()), ("Swa", o => o.Swa()), ("Then", o => o.Then(Optimizers.Swa())),
        ("For", o => o.For("layers.1.weight", Optimizers.Lion())),
    ];

    public static Test All { get; } = Spec.List("groups of parameters",
        Spec.List("are what the text form says", Examples.Select((example, i) => Spec.Test($"{i + 1}) {example.Text}", () =>
            Expect.equal(example.Built, Optimizers.Parse(example.Text), example.Built.ToString())))),
        Spec.List("freezing before a group is freezing behind it:", new[]
            {
                "adam", "clip_value(1) | adam | ema", "clip_global_norm | l2(0.1) | adam", "accumulate(2) | clip_norm(1) | adam | lookahead",
                "skip_non_finite | accumulate(2) | lion", "{ \"layers.1.bias\": sgd, \"*\": adam }", "clip_global_norm | { \"*.bias\": sgd, \"*\": lion } | swa",
            }
            .Select(text => Spec.Test(text, () =>
        {
            // Patterns of groups and of what is frozen overlap, are the same, or have nothing in common.
            foreach (var pattern in new[] { "layers.0.*", "layers.1.*", "*.weight", "layers.0.bias" })
            {
                var start = Optimizers.Parse(text);
                var group = Optimizers.Sgd(0.5).L2(0.1);
                var behind = start.For(pattern, group).Freeze("layers.0.*").Freeze("layers.1.weight");
                Expect.equal(start.Freeze("layers.0.*").For(pattern, group).Freeze("layers.1.weight"), behind, $"{pattern} between");
                Expect.equal(start.Freeze("layers.0.*").Freeze("layers.1.weight").For(pattern, group), behind, $"{pattern} behind");
                var thawed = start.For(pattern, group).Freeze("layers.0.*").Thaw("layers.0.*");
                Expect.equal(start.Freeze("layers.0.*").Thaw("layers.0.*").For(pattern, group), thawed, $"{pattern} thawed");
                Expect.equal(thawed.Init<double>(Layout).Length, Layout.Length, "it fits");
            }
        }))),
        Spec.List("freezing before a part is added is freezing behind it:", Additions.Select(addition => Spec.Test(addition.Name, () =>
        {
            foreach (var text in new[] { "adam", "clip_global_norm | adam", "skip_non_finite | accumulate(2) | clip_global_norm | lion | ema", "{ \"*.bias\": sgd, \"*\": adam }", "dog" })
            {
                var start = Optimizers.Parse(text);
                var behind = addition.Add(start).Freeze("layers.0.*").Freeze("*.bias");
                Expect.equal(addition.Add(start.Freeze("layers.0.*")).Freeze("*.bias"), behind, $"{text}, between");
                Expect.equal(addition.Add(start.Freeze("layers.0.*").Freeze("*.bias")), behind, $"{text}, behind");
                Expect.equal(addition.Add(start.Freeze("layers.0.*").Thaw("layers.0.*")), addition.Add(start).Freeze("layers.0.*").Thaw("layers.0.*"), $"{text}, thawed");
                Expect.equal(behind.Init<double>(Layout).Length, Layout.Length, "it fits");
            }
        }))),
        Spec.Test("a frozen gradient is in no norm, whenever the norm was added", () =>
        {
            var layout = new ParameterLayout(("layers.0.weight", [2]), ("layers.1.weight", [2]));
            foreach (var optimizer in new[]
                {
                    Optimizers.Sgd(1).Freeze("layers.0.*").ClipGlobalNorm(1), Optimizers.Sgd(1).ClipGlobalNorm(1).Freeze("layers.0.*"),
                    Optimizers.Sgd(1).Freeze("layers.0.*").Then(Optimizers.ClipGlobalNorm(1)), Optimizers.Sgd(1).Then(Optimizers.ClipGlobalNorm(1).Freeze("layers.0.*")),
                })
            {
                double[] parameters = [1, 1, 1, 1];
                optimizer.StepInPlace(optimizer.Init<double>(layout), parameters, [300, 400, 0.3, 0.4]);
                Expect.sequenceEqual(parameters, [1, 1, 0.7, 0.6], optimizer.ToString());
            }
        }),
        Spec.Test("an optional group may have no tensor, and so may the last one of all others", () =>
        {
            var weights = new ParameterLayout(("layers.0.weight", [2, 2]));
            var optional = Optimizers.Fixed(1).For("*.bias", Optimizers.Fixed(10), optional: true);
            Expect.equal(optional, Optimizers.Parse("{ \"*.bias\"?: fixed(lr=10), \"*\": fixed(lr=1) }"), "the text form");
            Expect.isTrue(optional.Groups[0].IsOptional && !optional.Groups[1].IsOptional, "groups");
            Expect.equal(optional.Init<double>(weights).Length, 4, "without biases");
            Expect.equal(Optimizers.Fixed(1).For("*.weight", Optimizers.Adam()).Init<double>(weights).Length, 4, "without others");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Fixed(1).For("*.bias", Optimizers.Fixed(10)).Init<double>(weights)).Message, "optional", "not optional");
        }),
        Spec.Test("a layout lays tensors one after another", () =>
        {
            Expect.sequenceEqual(Layout.Tensors.Select(tensor => (tensor.Name, tensor.Offset, tensor.Length)),
                [("layers.0.weight", 0, 4), ("layers.0.bias", 4, 2), ("layers.1.weight", 6, 2), ("layers.1.bias", 8, 1)], "tensors");
            Expect.equal((Layout.Length, Layout.Tensors[2].Shape[0], Layout.Tensors[2].Shape[1]), (9, 2, 1), "length and shape");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => new ParameterLayout(("a", [1]), ("a", [2]))).Message, "'a'", "a name twice");
            Expect.isNotEmpty(Spec.Throws<ArgumentException>(() => new ParameterLayout(("a", [-1]))).Message, "a negative size");
        }),
        Spec.Test("each tensor takes the steps of its group", () =>
        {
            var optimizer = Optimizers.Fixed(1).For("*.bias", Optimizers.Fixed(10));
            Expect.sequenceEqual(Steps(optimizer, 1), [1, 1, 1, 1, 10, 10, 1, 1, 10], "deltas");
        }),
        Spec.Test("a norm in front of the groups is that of all tensors", () =>
        {
            var optimizer = Optimizers.Fixed(1).ClipGlobalNorm(3).For("*.bias", Optimizers.Fixed(10));
            var deltas = Steps(optimizer, 2);
            Expect.isTrue(deltas.Zip([1, 1, 1, 1, 10, 10, 1, 1, 10], (a, b) => Math.Abs(a - b)).All(error => error < 1e-12), string.Join(", ", deltas));
        }),
        Spec.Test("a layout that cannot be is refused", () =>
        {
            Expect.stringContains(Spec.Throws<ArgumentException>(() => new ParameterLayout(("a", [3, -1]))).Message, "'a' has a size of -1", "negative");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => new ParameterLayout(("a", [65536, 65536]))).Message, "4294967296 elements", "too many");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => new ParameterLayout(("a", null!))).ParamName, "tensors", "no shape");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => new ParameterLayout((null!, [1]))).ParamName, "tensors", "no name");
        }),
        Spec.Test("frozen parameters stay, and the norm does not see them", () =>
        {
            var optimizer = Optimizers.Fixed(1).ClipGlobalNorm(1).Freeze("layers.0.*").Freeze("*.bias");
            var deltas = Steps(optimizer, 1);
            var expected = Math.Sqrt(0.5);
            Expect.isTrue(deltas.Zip([0, 0, 0, 0, 0, 0, expected, expected, 0], (a, b) => Math.Abs(a - b)).All(error => error < 1e-12), string.Join(", ", deltas));
        }),
        Spec.List("what is thawed goes on as if the frozen steps had not been:", new[] { "adam", "adam | lookahead(2)", "adamw | ema", "rprop", "schedule_free_sgd", "clip_global_norm | adam", "sgd(momentum=0.9) | swa" }
            .Select(text => Spec.Test(text, () =>
        {
            var thawed = Optimizers.Parse(text).Freeze("a").Thaw("a");
            var frozen = thawed.Freeze("a");
            var layout = new ParameterLayout(("a", [1]), ("b", [1]));
            double[] w = [1, 1];
            var state = thawed.Init<double>(layout);
            double[] expected = [1, 1];
            var alone = thawed.Init<double>(layout);
            for (var t = 0; t < 12; t++)
            {
                // a stands still in every step but the 3rd, 7th and 8th; its gradients are 1, 2, 3.
                var moves = t is 3 or 7 or 8;
                var g = t == 3 ? 1.0 : t == 7 ? 2.0 : 3.0;
                (moves ? thawed : frozen).StepInPlace(state, w, [g, 0.0]);
                if (moves)
                {
                    thawed.StepInPlace(alone, expected, [g, 0.0]);
                }
                else
                {
                    Expect.equal(w[0], expected[0], $"frozen in step {t}");
                }
            }

            Expect.equal(w[0], expected[0], "parameters");
            Expect.equal(thawed.Averaged(state, w)[0], thawed.Averaged(alone, expected)[0], "averages");
        }))),
        Spec.Test("within a group a pattern may be left with nothing, unless no name matches it", () =>
        {
            var frozen = Optimizers.Fixed(1).For("*.bias", Optimizers.Fixed(10)).Freeze("layers.0.weight");
            Expect.sequenceEqual(Steps(frozen, 1), [0, 0, 0, 0, 10, 10, 1, 1, 10], "deltas");
            var mistaken = Optimizers.Fixed(1).For("*.biases", Optimizers.Fixed(10)).Freeze("layers.0.weight");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => mistaken.Init<double>(Layout)).Message, "*.biases", "a mistake");
        }),
        Spec.Test("a rule for matrices refuses other tensors with the layout", () =>
        {
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Muon().Init<double>(Layout)).Message, "'layers.0.bias' has the shape [2]", "a bias");
            Expect.equal(Optimizers.Muon().For("*.bias", Optimizers.Sgd()).Init<double>(Layout).Length, 9, "in groups");
        }),
        Spec.Test("what cannot be is refused", () =>
        {
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().Thaw("a")).Message, "\"a\"", "nothing to thaw");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().For("a", Optimizers.Sgd()).For("a", Optimizers.Sgd())).Message, "twice", "twice");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().For("a", Optimizers.Sgd().ClipGlobalNorm())).Message, "before the groups", "a norm over all");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().For("a", o => o.ClipGlobalNorm())).Message, "before the groups", "a change with a norm over all");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().For("a", _ => null!)).Message, "returned null", "no optimizer");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Adam().LearningRateFactor("a", -1)).ActualValue, -1.0, "a negative factor");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().For("*.weights", Optimizers.Sgd()).Init<double>(Layout)).Message, "layers.0.weight", "no tensor");
        }));

    private static double[] Steps(Optimizer optimizer, double gradient)
    {
        var state = optimizer.Init<double>(Layout);
        return optimizer.Step(state, Enumerable.Repeat(gradient, Layout.Length).ToArray()).Delta;
    }
}
