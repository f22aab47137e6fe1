using CuteDl.Options;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Chains, adjusting and averages, as C# writes them.</summary>
internal static class CompositionTests
{
    private static readonly (Optimizer Built, string Text)[] Examples =
    [
        (Optimizers.Lion(3e-4).ClipNorm(1), "clip_norm(1) | lion(lr=0.0003)"),
        (Optimizers.ClipNorm(1).Then(Optimizers.Lion(3e-4)), "clip_norm(1) | lion(lr=0.0003)"),
        (Optimizers.Chain(Optimizers.L2(0.1), Optimizers.Chain(Optimizers.Fixed(), Optimizers.Scale(2))), "l2(0.1) | fixed | scale(2)"),
        (Optimizers.Adam().ClipValue(2).L2(0.1), "clip_value(2) | l2(0.1) | adam"),
        (Optimizers.Adam().Ema(0.9).ClipGlobalNorm().Lookahead(6, 0.7), "clip_global_norm | adam | ema(0.9) | lookahead(6, alpha=0.7)"),
        (Optimizers.Adam().Swa(5, 2).Centralize().Noise(0.1, 3).L1(0.2), "centralize | noise(0.1, seed=3) | l1(0.2) | adam | swa(5, every=2)"),
        (Optimizers.Sgd().Accumulate(4).SkipNonFinite(3).ClipAdaptive(0.02), "accumulate(4) | skip_non_finite(3) | clip_adaptive(0.02) | sgd"),
        (Optimizers.Sgd().L2(0.1).Maximize(), "maximize | l2(0.1) | sgd"),
        (Optimizers.Sgd().DecoupledDecay(0.1).Scale(0.5).ScaleGradient(3), "scale(3) | sgd | decoupled(0.1) | scale(0.5)"),
        (Optimizers.Adam().Cautious().DecoupledDecay(0.1, ratePower: 1), "adam | cautious | decoupled(0.1, rate_power=1)"),
        (Optimizers.Sgd().TrustRatio().ClipUpdateRms(2).ScheduleFree(0.8).Normalize(all: true), "normalize(all=true) | sgd | trust_ratio | clip_update_rms(2) | schedule_free(0.8)"),
        (Optimizers.Sgd().Outer(7, 0.5), "sgd | outer(7, lr=0.5)"),
        (Optimizers.ClipValue().L2(0.1).Ema(), "clip_value | l2(0.1) | ema"),
        (Optimizers.Chain(), "identity"),
        (Optimizers.Groups(("*.bias", Optimizers.Sgd()), ("*", Optimizers.Adam())).ClipGlobalNorm(), "clip_global_norm | { \"*.bias\": sgd, \"*\": adam }"),
        (Optimizers.AdamW().Schedule("lr", Schedules.Cosine(0.01, 100)), "adamw(lr=cosine(0.01, steps=100))"),
        (Optimizers.AdamW().With("lr", 0.1), "adamw(lr=0.1)"),
        (Optimizers.Sgd().Schedule("lr", new Plateau(0.1, Patience: 3, ThresholdMode: ThresholdMode.Absolute)), "sgd(lr=plateau(0.1, patience=3, threshold_mode=absolute))"),
        (Optimizers.AdamW().Schedule("lr", Schedules.Constant(1)).With("lr", 0.1), "adamw(lr=0.1)"),
        (Optimizers.AdamW().Ema().With((AdamWOptions adam) => adam with { LearningRate = 0.1, WeightDecay = 0 }), "adamw(lr=0.1, weight_decay=0) | ema"),
        (Optimizers.AdamW(weightDecay: 0.05).Schedule("lr", Schedules.OneCycle(0.01, steps: 5000)).For("*.bias", Optimizers.AdamW(weightDecay: 0)).ClipGlobalNorm(1).Ema(0.99),
            "clip_global_norm(1) | { \"*.bias\": adamw(weight_decay=0), \"*\": adamw(lr=one_cycle(0.01, steps=5000), weight_decay=0.05) } | ema(0.99)"),
        (Optimizers.Prodigy().With((ProdigyOptions h) => h with { Coefficient = 2 }), "prodigy(coefficient=2)"),
    ];

    public static Test All { get; } = Spec.List("composition",
        Spec.List("is what the text form says", Examples.Select((example, i) => Spec.Test($"{i + 1}) {example.Text}", () =>
        {
            Expect.equal(example.Built, Optimizers.Parse(example.Text), example.Built.ToString());
            Expect.equal(Optimizers.Parse(example.Built.ToString()), example.Built, "and back");
        }))),
        Spec.Test("nothing that is composed or adjusted is changed itself", () =>
        {
            var adam = Optimizers.Adam();
            var text = adam.ToString();
            _ = adam.ClipNorm().Ema().For("*.bias", Optimizers.Sgd()).Freeze("a").With("lr", 1).Schedule("lr", Schedules.Constant(1));
            Expect.equal(adam.ToString(), text, "the text");
        }),
        Spec.Test("parts, groups and schedules can be read", () =>
        {
            var optimizer = Optimizers.Parse("clip_norm(1) | { \"*.bias\": sgd, \"*\": adam(lr=linear(1, steps=10)) }");
            Expect.sequenceEqual(optimizer.Parts.Select(part => part.Rule.Name), ["clip_norm", "groups"], "parts");
            Expect.sequenceEqual(optimizer.Parts[1].Groups.Select(group => group.Pattern), ["*.bias", "*"], "groups");
            var (name, schedule) = optimizer.Parts[1].Groups[1].Optimizer.Schedules.Single();
            Expect.equal((name, schedule), ("lr", Schedules.Linear(1, 10)), "schedule");
        }),
        Spec.Test("a clipped step is the step of the clipped gradient", () =>
        {
            var clipped = Optimizers.Fixed(1).ClipNorm(1);
            var (_, delta) = clipped.Step(clipped.Init<double>(2), new double[] { 3, 4 });
            Expect.isTrue(Math.Abs(delta[0] - 0.6) < 1e-15 && Math.Abs(delta[1] - 0.8) < 1e-15, $"{delta[0]}, {delta[1]}");
        }),
        Spec.Test("maximizing leaves decay alone: it still shrinks", () =>
        {
            var climbing = Optimizers.Fixed(1).L2(0.5).Maximize();
            var (_, delta) = climbing.StepAt(climbing.Init<double>(1), [2.0], [0.25]);
            Expect.equal(delta[0], -0.25 + (0.5 * 2), "Δ");
        }),
        Spec.Test("a state goes on with an adjusted optimizer", () =>
        {
            var slow = Optimizers.Momentum(0.1, 0.5);
            var (state, _) = slow.Step(slow.Init<double>(1), new double[] { 1 });
            var (_, delta) = slow.With((MomentumOptions h) => h with { LearningRate = 1 }).Step(state, new double[] { 1 });
            Expect.equal(delta[0], (0.5 * 0.1) + 1, "the velocity is kept, the rate is new");
        }),
        Spec.Test("a schedule is followed from step 0", () =>
        {
            var optimizer = Optimizers.Fixed().Schedule("lr", Schedules.Piecewise(1, Interpolation.Constant, (2, 0.5)));
            var state = optimizer.Init<double>(1);
            var deltas = new List<double>();
            for (var t = 0; t < 4; t++)
            {
                var (next, delta) = optimizer.Step(state, new double[] { 1 });
                state = next;
                deltas.Add(delta[0]);
            }

            Expect.sequenceEqual(deltas, [1, 1, 0.5, 0.5], "rates");
        }),
        Spec.Test("a plateau is told the losses, in place and purely", () =>
        {
            var plateau = new Plateau(1, Factor: 0.5, Patience: 0);
            var optimizer = Optimizers.Fixed().Schedule("lr", plateau);
            Expect.equal(optimizer.Plateaus.Single(), KeyValuePair.Create("lr", plateau), "can be read");
            Expect.isEmpty(optimizer.Schedules, "no function of the step");
            var state = optimizer.Observe(optimizer.Init<double>(1), 1);
            optimizer.ObserveInPlace(state, 1);
            Expect.equal(optimizer.Step(state, new double[] { 1 }).Delta[0], 0.5, "reduced once");
        }),
        Spec.Test("averages are read beside the parameters; without any, they are the parameters", () =>
        {
            var optimizer = Optimizers.Fixed(1).Swa();
            var state = optimizer.Init<double>(1);
            double[] w = [0];
            optimizer.StepInPlace(state, w, [-1]);
            optimizer.StepInPlace(state, w, [-2]);
            Expect.sequenceEqual(w, [3], "parameters");
            Expect.sequenceEqual(optimizer.Averaged(state, w), [2], "their mean");
            Expect.sequenceEqual(Optimizers.Fixed().Averaged(Optimizers.Fixed().Init<double>(1), w), [3], "none");
        }),
        Spec.Test("a state tells slots of chains by their place, and numbers by their names", () =>
        {
            var optimizer = Optimizers.Prodigy().ClipNorm();
            var state = optimizer.Init<double>(2);
            Expect.isTrue(state.SlotNames.All(name => name.StartsWith("2.prodigy.", StringComparison.Ordinal)), string.Join(", ", state.SlotNames));
            optimizer.StepInPlace(state, new double[2], [1.0, 2]);
            Expect.isNonEmpty(state.Numbers, "numbers");
            Expect.isTrue(state.Numbers.Keys.All(name => name.StartsWith("2.prodigy.", StringComparison.Ordinal)), "their names");
        }),
        Spec.Test("fluent methods have the parameters of the makers that they put in a chain", () =>
        {
            var makers = typeof(Optimizers).GetMethods().Where(method =>
                method.ReturnType == typeof(Optimizer) && !method.GetParameters().Any(parameter => parameter.ParameterType.Namespace == "CuteDl.Options")).ToLookup(method => method.Name);
            var pairs = typeof(Optimizer).GetMethods()
                .Where(method => method.ReturnType == typeof(Optimizer))
                .Select(method => (Fluent: method, Maker: method.Name == "ScaleGradient" ? "Scale" : method.Name))
                .Where(pair => makers[pair.Maker].Any() && pair.Maker is not ("Freeze" or "Parse"))
                .ToArray();
            Expect.isGreaterThanOrEqual(pairs.Length, 16, "pairs");
            foreach (var (fluent, maker) in pairs)
            {
                Expect.sequenceEqual(
                    fluent.GetParameters().Select(parameter => parameter.Name!),
                    makers[maker].Single().GetParameters().Select(parameter => parameter.Name!),
                    fluent.Name);
            }

            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Adam().Lookahead(5, share: 2)).ParamName, "share", "in errors too");
        }),
        Spec.Test("equal optimizers are equal by operators too", () =>
        {
            var (one, same, other) = (Optimizers.Adam().ClipNorm(2), Optimizers.Parse("clip_norm(2) | adam"), Optimizers.Adam());
            Expect.equal((one == same, one != same, one == other, one != other), (true, false, false, true), "optimizers");
            Expect.equal((one == null, null == one, (Optimizer?)null == null), (false, false, true), "nulls");
            var (linear, sameLine) = (Schedules.Linear(1, 2), Schedules.Parse("linear(1, steps=2)"));
            Expect.equal((linear == sameLine, linear != sameLine, linear == Schedules.Linear(1, 3), linear == null), (true, false, false, false), "schedules");
        }),
        Spec.Test("what cannot be adjusted is refused, with what can", () =>
        {
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Sgd().With("rate", 1)).Message, "lr", "known names");
            var clipped = Optimizers.Sgd().ClipValue().ClipNorm(2);
            Expect.stringContains(Spec.Throws<ArgumentException>(() => clipped.With("limit", 3)).Message, "clip_value.limit, clip_norm.limit", "several meanings");
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => clipped.Schedule("limit", Schedules.Cosine(3, 9))).Message,
                "clip_value.limit, clip_norm.limit",
                "a schedule of several meanings");
            Expect.equal(clipped.With("clip_norm.limit", 3), Optimizers.Sgd().ClipValue().ClipNorm(3), "a qualified name");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Sgd().With("momentum", 1)).ActualValue, 1.0, "value");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Sgd().With("momentum", 1)).ParamName, "value", "the parameter");
            Expect.isNull(Spec.Throws<ArgumentException>(() => Optimizers.Sgd(nesterov: true)).ParamName, "values that do not fit together");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Adam().With((AdamOptions _) => null!)).Message, "returned null", "no hyper-parameters");
            Expect.equal(
                Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Adam().Schedule("lr", new Plateau(1, ThresholdMode: (ThresholdMode)7))).ParamName,
                "ThresholdMode",
                "no such mode");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Sgd().With((AdamOptions h) => h)).Message, "adam", "kind");
            var error = Spec.Throws<ArgumentOutOfRangeException>(() => Optimizers.Adam().With((AdamOptions h) => h with { LearningRate = -1 }));
            Expect.equal(error.ParamName, "learningRate", "as C# calls it");
            Expect.stringContains(Spec.Throws<ArgumentException>(() => Optimizers.Sgd().Schedule("nesterov", Schedules.Constant(1))).Message, "schedule", "a flag");
        }),
        Spec.Test("a rule that looks at the parameters says how to give them", () =>
            Expect.stringContains(
                Spec.Throws<ArgumentException>(() => Optimizers.AdamW().Step(Optimizers.AdamW().Init<double>(1), new double[] { 1 })).Message,
                "StepAt",
                "message")));
}
