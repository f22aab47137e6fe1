using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl compare [RUN...]</c>: trains one model under several optimizers.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Arity = ArgumentArity.ZeroOrMore, Description = $"{RunCommand.Help} Default: the eight documented runs." };
        var parallel = new Option<int?>("--parallel")
        {
            HelpName = "N",
            Description = "Number of runs that train at the same time, at least 1. Results do not depend on it. Default: one per processor.",
            CustomParser = Numbers.WholeOrNone<int>,
        };
        var seeds = new Option<int?>("--seeds")
        {
            HelpName = "N",
            Description = "Repeat each run with the seeds 0 to N - 1; N is at least 1. Default: one run of each, with the seed of --seed.",
            CustomParser = Numbers.WholeOrNone<int>,
        };
        var training = new TrainingOptions();
        var output = new OutputOptions();
        var command = new CommandPage(
            "compare",
            "Trains one model under several optimizers and compares the results, in a table and a picture.",
            "cutedl compare momentum \"adam(lr=0.001)\" --seeds 3 --max-epochs 2")
         { runs, parallel, seeds };
        training.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var named = parsed.GetValue(runs) is { Length: > 0 } words ? [.. words.Select(Mnist.ParseRun)] : Mnist.DocumentedRuns.ToArray<NamedRun>();
            if (parsed.GetValue(seeds) is not null && training.HasSeed(parsed))
            {
                throw new UsageException("--seed and --seeds cannot be given together. Use one of them.");
            }

            var isSeeded = parsed.GetValue(seeds) is not null || training.HasSeed(parsed);
            var comparison = training.Read(parsed, isSeeded).Compare(named).Parallel(TrainingOptions.AtLeast(parallel, parsed.GetValue(parallel) ?? Environment.ProcessorCount, 1));
            if (parsed.GetValue(seeds) is { } count)
            {
                comparison = comparison.Seeds(TrainingOptions.AtLeast(seeds, count, 1));
            }

            return await TrainingSession.RunAsync(comparison, output.Read(parsed, "compare"), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }
}
