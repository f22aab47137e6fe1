using System.Text.Json;
using CuteDl.Laws;
using CuteDl.Testing;
using Expecto;

namespace CuteDl.Tests;

/// <summary>What <c>laws</c> says and returns.</summary>
internal static class LawsTests
{
    public static Test All { get; } = Spec.List("laws",
        Spec.Test("a table of all laws, and exit code 0 if none is broken", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("laws", "adam(lr=0.01)", "--cases", "10", "--seed", "5");
            Expect.equal((outcome.ExitCode, outcome.Error), (0, ""), outcome.Output);
            Expect.stringContains(outcome.Lines[0], "adam(lr=0.01, beta1=0.9, beta2=0.99): ", "summary");
            Expect.stringContains(outcome.Lines[0], " 0 broken", "summary");
            Expect.stringContains(outcome.Lines[0], "(seed 5)", "summary");
            Expect.isTrue(outcome.Lines.Any(line => line.StartsWith("| held    | P10 | opposite gradients ", StringComparison.Ordinal) && line.Contains("10 cases", StringComparison.Ordinal)), outcome.Output);
            Expect.isTrue(outcome.Lines.Any(line => line.Contains("| P22 ", StringComparison.Ordinal) && line.Contains("the bias corrections depend on the number of steps", StringComparison.Ordinal)), outcome.Output);
        }),
        Spec.Test("exit code 1 and a counter-example if one is broken", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("laws", "l2(0.1) | fixed() | maximize()", "--cases", "10");
            Expect.equal(outcome.ExitCode, 1, outcome.Error);
            Expect.isTrue(outcome.Lines.Any(line => line.StartsWith("| broken  | P16 | decay shrinks ", StringComparison.Ordinal) && line.Contains("expected", StringComparison.Ordinal)), outcome.Output);
        }),
        Spec.Test("one JSON object", () =>
        {
            using var tool = new Tool();
            var outcome = tool.Run("laws", "fixed", "--cases", "10", "--json");
            Expect.equal(outcome.ExitCode, 0, outcome.Error);
            using var report = JsonDocument.Parse(outcome.Output);
            Expect.equal(report.RootElement.GetProperty("optimizer").GetString(), "fixed(lr=0.01)", "optimizer");
            Expect.equal(report.RootElement.GetProperty("broken").GetInt32(), 0, "broken");
            var law = report.RootElement.GetProperty("laws").EnumerateArray().First(law => law.GetProperty("id").GetString() == "P7");
            Expect.equal(law.GetProperty("verdict").GetString(), "held", "verdict");
            Expect.equal(law.GetProperty("cases").GetInt32(), 10, "cases");
            Expect.equal(law.GetProperty("counter_example").ValueKind, JsonValueKind.Null, "counter-example");
        }),
        Spec.Test("from C#, optimizers of the facade are held against the laws as they are", () =>
        {
            var options = LawChecker.DefaultOptions.WithCases(10).WithSeed(5);
            var optimizer = Optimizers.Adam(learningRate: 0.01).DecoupledDecay(0.1);
            var report = LawChecker.Check(optimizer, options);
            Expect.equal(report.ToString(), LawChecker.Check(optimizer.ToString(), options).ToString(), "as by the text form");
            Expect.equal(report.Optimizer, optimizer.ToString(), "optimizer");
            Expect.isFalse(LawChecker.Check(Optimizers.Fixed()).IsBroken, "without options");
        }));
}
