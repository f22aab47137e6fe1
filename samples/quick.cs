#:project ../src/Mnist/Mnist.csproj
#:property NuGetLockFilePath=obj/quick.lock.json
#:property RestoreLockedMode=false

// A program in one file: dotnet run -c Release samples/quick.cs "adam(lr=0.001)"
using CuteDl;
using CuteDl.Studies;

var optimizer = Optimizers.Parse(args.FirstOrDefault() ?? "adam(lr=0.001)");
var progress = new Progress<StudyProgress>(now => Console.Error.WriteLine($"step {now.Step}, {now.Elapsed.TotalSeconds:0.0} s"));

var result = await Mnist.Experiment()
    .Dense(128, Activation.ReLU)
    .Dense(10)
    .Optimizer(optimizer)
    .Seed(1)
    .Epochs(2)
    .RunAsync(progress: progress);

Console.WriteLine($"{result.Optimizer}: {result.History.ValAccuracy.LastOrDefault():P1} of the validation images are right after {result.Steps} steps");
