using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>States that are carried to a changed model, from C#.</summary>
internal static class CarryTests
{
    private static readonly ParameterLayout Old = new(("body", [2]), ("head", [2, 2]));

    public static Test All { get; } = Spec.List("carry",
        Spec.Test("a new head starts, a renamed body continues, and the report says so", () =>
        {
            var optimizer = Optimizers.Momentum(0.1, 0.5).For("*head", Optimizers.Adam());
            var state = Stepped(optimizer);
            var changed = new ParameterLayout(("model.head", [2, 3]), ("model.body", [2]));
            var (carried, report) = state.Carry(changed, name => "model." + name);
            Expect.equal(carried.Layout, changed, "the layout");
            Expect.equal(carried.Step, 2L, "the step");
            Expect.sequenceEqual(carried["*.velocity"].ToArray(), state["*.velocity"].ToArray(), "the body");
            Expect.sequenceEqual(carried["*head.average"].ToArray(), new double[6], "the head");
            Expect.sequenceEqual(report.Kept, [new KeptTensor(Old.Tensors[0], changed.Tensors[1])], "kept");
            Expect.sequenceEqual(report.Dropped, [new UnmatchedTensor(Old.Tensors[1], [2, 3])], "dropped");
            Expect.sequenceEqual(report.Added, [new UnmatchedTensor(changed.Tensors[0], [2, 2])], "added");
            Expect.equal(report.Restarted.Count, 0, "nothing starts anew");
        }),
        Spec.Test("without a function, names stay; a tensor without a counterpart has no other shape", () =>
        {
            var (carried, report) = Stepped(Optimizers.Momentum()).Carry(new ParameterLayout(("body", [2])));
            Expect.equal(carried.Length, 2, "the length");
            Expect.sequenceEqual(report.Dropped, [new UnmatchedTensor(Old.Tensors[1], null)], "dropped");
            Expect.equal(report.Restarted.Count, 0, "nothing starts anew");
        }),
        Spec.Test("parts that start anew have their reason", () =>
        {
            var changed = new ParameterLayout(("body", [2]), ("head", [5]));
            var restarted = Stepped(Optimizers.Adam().Ema(0.9)).Carry(changed).Report.Restarted;
            Expect.sequenceEqual(
                restarted, [new RestartedPart("2.ema", "ema", ["body"], RestartReason.NewTensors, ["head"])], "new tensors");
            var moved = Stepped(Optimizers.Adam().For("last", Optimizers.Momentum(), optional: true))
                .Carry(new ParameterLayout(("body", [2]), ("last", [2, 2])), name => name == "head" ? "last" : name);
            Expect.sequenceEqual(
                moved.Report.Restarted, [new RestartedPart("last", "momentum", ["last"], RestartReason.OtherPart, [])], "another part");
        }),
        Spec.Test("two tensors of one name are refused", () =>
        {
            var error = Spec.Throws<ArgumentException>(() => Stepped(Optimizers.Adam()).Carry(Old, _ => "same"));
            Expect.stringContains(error.Message, "'body' and 'head' would both be renamed to 'same'", "message");
        }));

    private static OptimizerState<double> Stepped(Optimizer optimizer)
    {
        var state = optimizer.Init<double>(Old);
        for (var step = 1; step <= 2; step++)
        {
            optimizer.StepInPlace(state, new double[6], [1, 2, 3, 4, 5, step]);
        }

        return state;
    }
}
