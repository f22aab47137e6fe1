// A problem of your own in C#: a line through noisy points. A step sees eight of the points, a validation all of them.
using CuteDl;

var random = new Random(1);
var points = Enumerable.Range(0, 200).Select(i => (X: i / 200.0, Y: 3 * i / 200.0 - 1 + 0.1 * random.NextDouble())).ToArray();

var line = Problem.From(
    "line",
    new ParameterLayout(("slope", [1]), ("offset", [1])),
    initial: seed => [0, 0],
    evaluate: (w, step) => SquaredError(step.Random().GetItems(points, 8), w),
    validate: w => SquaredError(points, w).Loss);

// Compares the gradient with differences of the loss, and throws if an element is wrong.
line.CheckGradient().ThrowIfWrong();

var study = Study.Named("Which one finds the line?")
    .Task("line", line, steps: 400, loss: 0.002, validateEvery: 1)
    .Optimizer(Optimizers.Momentum(), space => space.LogUniform("lr", 1e-3, 1))
    .Optimizer(Optimizers.Adam(), space => space.LogUniform("lr", 1e-3, 1))
    .Confirmation(seeds: 12, defaults: false);
foreach (var sentence in (await study.RunAsync()).Verdict)
{
    Console.WriteLine(sentence);
}

// A study file names the problem. A registry that has the problem reads the file.
Console.WriteLine(Study.Parse(study.ToJson(), KindRegistry.Standard.Add(line)));

static (double Loss, double[] Gradient) SquaredError((double X, double Y)[] points, double[] w)
{
    var errors = points.Select(point => w[0] * point.X + w[1] - point.Y).ToArray();
    var slope = points.Zip(errors, (point, error) => 2 * error * point.X).Average();
    return (errors.Average(error => error * error), [slope, 2 * errors.Average()]);
}
