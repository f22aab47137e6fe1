using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>Schedules as C# makes them.</summary>
internal static class ScheduleTests
{
    private static readonly (Schedule Built, string Text)[] Examples =
    [
        (Schedules.Constant(0.1), "0.1"),
        (Schedules.Step(0.1, 10, 0.5), "step(0.1, every=10, factor=0.5)"),
        (Schedules.MultiStep(0.1, 0.5, 10, 20), "multi_step(0.1, 10, 20, factor=0.5)"),
        (Schedules.Exponential(0.1, 0.9), "exponential(0.1, factor=0.9)"),
        (Schedules.InverseTime(0.1, 0.01, 0.5), "inverse_time(0.1, rate=0.01, power=0.5)"),
        (Schedules.Linear(0.1, 10, 0.01), "linear(0.1, steps=10, end=0.01)"),
        (Schedules.Polynomial(0.1, 10, power: 2), "polynomial(0.1, steps=10, power=2)"),
        (Schedules.Cosine(0.1, 10), "cosine(0.1, steps=10)"),
        (Schedules.WarmRestarts(0.1, 10, growth: 2, peakFactor: 0.5), "warm_restarts(0.1, steps=10, growth=2, peak_factor=0.5)"),
        (Schedules.OneCycle(0.1, 10, pctStart: 0.4, anneal: Anneal.Linear), "one_cycle(0.1, steps=10, pct_start=0.4, anneal=linear)"),
        (Schedules.Cyclic(0.1, 0.5, 4), "cyclic(0.1, max=0.5, up=4)"),
        (Schedules.Cyclic(0.1, 0.5, 4, 2, CyclicMode.ExponentialRange, 0.9), "cyclic(0.1, max=0.5, up=4, down=2, mode=exp_range, gamma=0.9)"),
        (Schedules.Cyclic(0.1, 0.5, 4, mode: CyclicMode.Triangular2), "cyclic(0.1, max=0.5, up=4, mode=triangular2)"),
        (Schedules.Wsd(0.1, 5, 10, 5, 0.01), "wsd(0.1, warmup=5, stable=10, decay=5, end=0.01)"),
        (Schedules.LinearToZero(0.1, 10, 2), "linear_to_zero(0.1, steps=10, warmup=2)"),
        (Schedules.InverseSqrt(0.1, 10), "inverse_sqrt(0.1, warmup=10)"),
        (Schedules.InverseSqrt(0.1, 10, 25), "inverse_sqrt(0.1, warmup=10, timescale=25)"),
        (Schedules.Rex(0.1, 10), "rex(0.1, steps=10)"),
        (Schedules.Noam(1, 512, 4000), "noam(1, model_size=512, warmup=4000)"),
        (Schedules.Piecewise(1, Interpolation.Cosine, (5, 0.5), (9, 0.1)), "piecewise(1, 5, 0.5, 9, 0.1, interpolation=cosine)"),
        (Schedules.Piecewise(1, Interpolation.Linear, (5, 0.5)), "piecewise(1, 5, 0.5, interpolation=linear)"),
        (Schedules.Cosine(0.1, 10).AfterWarmup(5, 0.01), "warmup(5, cosine(0.1, steps=10), start=0.01)"),
        (Schedules.Constant(1).Then(5, Schedules.Linear(1, 10)), "join(1, 5, linear(1, steps=10))"),
        (Schedules.Constant(2).Times(Schedules.Linear(1, 10)), "product(2, linear(1, steps=10))"),
    ];

    public static Test All { get; } = Spec.List("schedules",
        Spec.List("are what the text form says", Examples.Select(example => Spec.Test(example.Text, () =>
        {
            Expect.equal(example.Built, Schedules.Parse(example.Text), example.Built.ToString());
            Expect.equal(example.Built.ToString(), example.Text, "text");
        }))),
        Spec.Test("every kind can be made", () =>
            Expect.isEmpty(
                Schedules.All.Select(kind => kind.Name).Except(Examples.Select(example => example.Text.Split('(')[0]).Concat(["constant", "plateau"])),
                "kinds that no example makes, beside the plateau of the compositions")),
        Spec.Test("values are those of the step", () =>
        {
            var schedule = Schedules.Linear(1, 4);
            Expect.sequenceEqual(Enumerable.Range(0, 6).Select(t => schedule.At(t)), [1, 0.75, 0.5, 0.25, 0, 0], "values");
            Expect.isNotEmpty(Spec.Throws<ArgumentOutOfRangeException>(() => schedule.At(-1)).Message, "before the first");
        }),
        Spec.Test("a value out of its range is refused by the parameter's name", () =>
        {
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Cosine(-1, 10)).ParamName, "value", "value");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Cosine(1, 0)).ParamName, "steps", "steps");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.OneCycle(1, 10, pctStart: 2)).ParamName, "pctStart", "pctStart");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Cyclic(-1, 2, 3)).ParamName, "baseValue", "baseValue");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Cyclic(1, 2, 3, mode: CyclicMode.ExponentialRange, gamma: 2)).ParamName, "gamma", "gamma");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Constant(double.NaN)).ParamName, "value", "NaN");
            Expect.stringContains(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.OneCycle(1, 10, pctStart: 2)).Message, "[0, 1]", "range");
        }),
        Spec.Test("one of many values is refused by the name of all, and so is one that is missing", () =>
        {
            var one = Schedules.Constant(1);
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.MultiStep(1, 0.1, 5, 3)).ParamName, "milestones", "milestones");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Piecewise(1, Interpolation.Linear, (5, 1), (3, 1))).ParamName, "values", "pieces");
            Expect.equal(Spec.Throws<ArgumentOutOfRangeException>(() => Schedules.Join(one, (5, one), (3, one))).ParamName, "next", "schedules");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => Schedules.MultiStep(1, 0.1, null!)).ParamName, "milestones", "no milestones");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => Schedules.Piecewise(1, Interpolation.Linear, null!)).ParamName, "values", "no pieces");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => Schedules.Join(one, null!)).ParamName, "next", "no schedules");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => Schedules.Join(one, (5, null!))).ParamName, "next", "no schedule");
            Expect.equal(Spec.Throws<ArgumentNullException>(() => Schedules.Product(one, [null!])).ParamName, "others", "no factor");
        }),
        Spec.Test("a wrong text is refused with the place and the nearest name", () =>
            Expect.stringContains(Spec.Throws<Core.Optimizers.ExpressionException>(() => Schedules.Parse("cosin(1, steps=2)")).Message, "Did you mean cosine?", "suggestion")));
}
