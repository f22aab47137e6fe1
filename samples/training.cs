#:project ../src/CSharpApi/CSharpApi.csproj
#:property NuGetLockFilePath=obj/training.lock.json
#:property RestoreLockedMode=false

// Own training code in C#, from the guide: dotnet run -c Release samples/training.cs

using CuteDl;

// A network with two layers that learns sin(x): 1 input, 16 hidden units with tanh, 1 output.
const int Hidden = 16, Batch = 32;
var layout = new ParameterLayout(("hidden.weight", [1, Hidden]), ("hidden.bias", [Hidden]), ("output.weight", [Hidden, 1]), ("output.bias", [1]));
var random = new Random(1);
var parameters = new double[layout.Length];
var gradient = new double[layout.Length];
foreach (ref var weight in parameters.AsSpan())
{
    weight = random.NextDouble() - 0.5;
}

var optimizer = Optimizers.Adam(0.01).ClipGlobalNorm(1).For("*.bias", o => o.With("lr", 0.02));
var state = optimizer.Init<double>(layout);
for (var step = 1; step <= 2000; step++)
{
    Array.Clear(gradient);
    var loss = 0.0;
    for (var i = 0; i < Batch; i++)
    {
        var x = 6 * random.NextDouble() - 3;
        loss += AddGradient(x, Math.Sin(x)) / Batch;
    }

    optimizer.StepInPlace(state, parameters, gradient);
    if (step % 500 == 0)
    {
        Console.WriteLine($"step {step}: loss {loss:0.0000}, learning rate {optimizer.Current(state)["2.*.lr"]}");
    }
}

// Everything that the next steps need.
new Checkpoint<double>(optimizer, state, parameters).Save("sine.safetensors");

// Adds the gradient of (output - target)² / batch size, and returns the square.
double AddGradient(double input, double target)
{
    var (w1, b1, w2) = (0, layout.Tensors[1].Offset, layout.Tensors[2].Offset);
    var output = parameters[^1];
    Span<double> hidden = stackalloc double[Hidden];
    for (var k = 0; k < Hidden; k++)
    {
        hidden[k] = Math.Tanh(input * parameters[w1 + k] + parameters[b1 + k]);
        output += hidden[k] * parameters[w2 + k];
    }

    var error = output - target;
    var slope = 2 * error / Batch;
    gradient[^1] += slope;
    for (var k = 0; k < Hidden; k++)
    {
        var before = slope * parameters[w2 + k] * (1 - hidden[k] * hidden[k]);
        gradient[w2 + k] += slope * hidden[k];
        gradient[b1 + k] += before;
        gradient[w1 + k] += before * input;
    }

    return error * error;
}
