#:project ../src/CSharpApi/CSharpApi.csproj
#:property NuGetLockFilePath=obj/study.lock.json
#:property RestoreLockedMode=false

// A study in one file: dotnet run -c Release samples/study.cs
using CuteDl;
using CuteDl.Studies;

var study = Study.Named("Which of three on a valley?")
    .Rosenbrock("valley", steps: 2000, loss: 0.01, validateEvery: 10)
    .Optimizer(Optimizers.Fixed(), space => space.LogUniform("lr", 1e-4, 0.01))
    .Optimizer(Optimizers.Momentum(decay: 0.9), space => space.LogUniform("lr", 1e-5, 0.001))
    .Optimizer(Optimizers.Adam(), space => space.LogUniform("lr", 0.001, 1))
    .Tuning(trials: 6)
    .Confirmation(seeds: 8, defaults: false);

foreach (var finding in study.Check())
{
    Console.WriteLine(finding);
}

// A study in a folder can be interrupted or killed, and continued later. Here the loop stops at the first confirmation trial.
var folder = Directory.CreateTempSubdirectory("study-").FullName;
using (var source = new CancellationTokenSource())
{
    await foreach (var trial in study.StreamAsync(folder, cancellationToken: source.Token))
    {
        Console.WriteLine($"{trial.Trial}: {trial.StepsToTarget} steps to the target");
        if (trial.Trial.Phase == Phase.Confirmation)
        {
            break;
        }
    }
}

var result = await Study.ResumeAsync(folder, study);
Console.WriteLine($"{result.Trials.Count} trials, and what they say:");
foreach (var sentence in result.Verdict)
{
    Console.WriteLine(sentence);
}

// Every trial can be repeated, and gives the same bits.
var file = Path.Combine(folder, "trials", "confirmation", "valley", "adam", "0", "1.json");
Console.WriteLine($"adam's first seed again: {((await Replays.TrialAsync(file)).IsBitEqual ? "bit-equal" : "different")}");
Directory.Delete(folder, recursive: true);
