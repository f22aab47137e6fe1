// Trains one model under three optimizers with small learning rates, and draws the curves.
// Mnist.Documented() has the model, the rules and the eight runs of the source document.
using CuteDl;
using CuteDl.Reports;

var comparison = await Mnist.Experiment()
    .Dense(10, Activation.ReLU)
    .Batch(64)
    .Epochs(2)
    .Compare(Optimizers.Fixed(0.01), Optimizers.Momentum(0.002, decay: 0.9), Optimizers.Adam(1e-4))
    .RunAsync();

foreach (var run in comparison.Runs)
{
    Console.WriteLine($"{run.Optimizer}: validation accuracy {run.History.ValAccuracy.LastOrDefault():0.0000} after {run.Steps} steps");
}

comparison.SavePlots(Path.Combine("artifacts", "sample"));

// An optimizer is a value, and a step is a pure function: (state, gradient) -> (state', delta).
var momentum = Optimizers.Parse("momentum(lr=0.1, decay=0.5)");
double[] parameters = [1, 2];
var state = momentum.Init<double>(parameters.Length);
for (var step = 1; step <= 3; step++)
{
    var (next, delta) = momentum.Step(state, gradient: [1, -1]);
    parameters = [.. parameters.Zip(delta, (w, d) => w - d)];
    state = next;
}

Console.WriteLine($"after {state.Step} steps of {momentum}: w = [{string.Join(", ", parameters)}], v = [{string.Join(", ", state["velocity"].ToArray())}]");
