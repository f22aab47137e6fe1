// Your own optimizer in C#: the formula is a struct, and the rule is a record. All kinds of execution then work.
using CuteDl.Core.Numerics;
using CuteDl.Core.Optimizers;
using CuteDl.Laws;
using CuteDl.Samples;

var rule = new Averaged(LearningRate: 0.5, Decay: 0.5);
var optimizer = rule.ToOptimizer();
double[] gradient = [1, -2, 3, -4, 5];

// The pure step.
var state = OptimizerModule.init<double>(optimizer, gradient.Length);
var (next, delta) = OptimizerModule.step<double>(optimizer, state, gradient);
Console.WriteLine($"pure:      Δ = [{string.Join(", ", delta)}], average = [{string.Join(", ", next["average"].ToArray())}]");

// The in-place step in vector registers gives the same bits.
var parameters = new double[gradient.Length];
OptimizerModule.stepInPlace<double>(optimizer, state, parameters, gradient);
Console.WriteLine($"in place:  w = [{string.Join(", ", parameters)}]");

// Exact fractions: constant gradients of 1 are summed without rounding.
var average = new[] { Rational.Of(0) };
for (var step = 1; step <= 4; step++)
{
    Console.WriteLine($"fractions: Δ = {OptimizerModule.stepElements(rule, step, [Rational.Of(1)], average)[0]} at step {step}");
}

// Test the laws. The function that changes the learning rate allows the laws about the rate to be tested too.
var options = LawChecker.DefaultOptions
    .WithValue("lr", rule.LearningRate)
    .WithRemake((_, value) => (rule with { LearningRate = value }).ToOptimizer());
var report = LawChecker.Check(optimizer, options);
Console.WriteLine();
Console.Write(report);
report.ThrowIfBroken();
