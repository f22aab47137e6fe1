// A rule of your own in C#. Averaged.cs has its formula and its record; here it does what the rules of the library do.
using CuteDl;
using CuteDl.Laws;
using CuteDl.Samples;

var optimizer = Optimizers.Of(new Averaged(LearningRate: 0.5));

// The laws: properties that every optimizer must have.
var report = LawChecker.Check(optimizer);
report.ThrowIfBroken();
Console.WriteLine(report.Summary);

// An epoch of MNIST, with a schedule.
var run = await Mnist.Experiment()
    .Dense(10)
    .Optimizer(optimizer.Schedule("lr", Schedules.Cosine(0.5, steps: 938)))
    .Epochs(1)
    .RunAsync();
Console.WriteLine($"{run.Optimizer}: {run.History.ValAccuracy[^1]:P1} of the validation images after one epoch");

// A study tunes both arguments, and compares the rule with momentum.
var study = Study.Named("Averaged or momentum?")
    .Quadratic("bowl", steps: 200, loss: 1e-3, condition: 20)
    .Optimizer(Optimizers.Of(new Averaged()), space => space.LogUniform("lr", 0.01, 1).Uniform("decay", 0, 0.95))
    .Optimizer(Optimizers.Momentum(), space => space.LogUniform("lr", 0.001, 0.1).Uniform("decay", 0, 0.95))
    .Tuning(trials: 8, search: StudySearch.Sobol)
    .Confirmation(seeds: 6, defaults: false);
var result = await study.RunAsync();
foreach (var selection in result.Selections)
{
    Console.WriteLine($"the best setting: {selection.Settings[selection.Best].Optimizer}");
}

foreach (var sentence in result.Verdict)
{
    Console.WriteLine(sentence);
}

// A registry with the rule reads its text form. Files of studies and checkpoints need it too.
var registry = KindRegistry.Standard.Add<Averaged>();
var text = $"{optimizer.ClipNorm(1)}";
Console.WriteLine($"{text} is read back: {Optimizers.Parse(text, registry) == optimizer.ClipNorm(1)}");
