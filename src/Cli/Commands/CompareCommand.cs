using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl compare [RUN...]</c></summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Arity = ArgumentArity.ZeroOrMore, Description = $"{RunCommand.Help} Default: the eight documented runs." };
        var parallel = new Option<int>("--parallel")
        {
            HelpName = "N",
            Description = "Runs at the same time (default: one for each processor).",
            DefaultValueFactory = _ => Environment.ProcessorCount,
            CustomParser = Numbers.Whole<int>,
        };
        var seeds = new Option<int?>("--seeds") { HelpName = "N", Description = "Repeat each run with the seeds 0 to N - 1.", CustomParser = Numbers.WholeOrNone<int> };
        var training = new TrainingOptions();
        var output = new OutputOptions();
        var command = new Command("compare", "Trains the same model under several optimizers and compares them.") { runs, parallel, seeds };
        training.AddTo(command);
        output.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var named = parsed.GetValue(runs) is { Length: > 0 } words ? [.. words.Select(Mnist.ParseRun)] : Mnist.DocumentedRuns.ToArray<NamedRun>();
            if (parsed.GetValue(seeds) is not null && training.HasSeed(parsed))
            {
                throw new UsageException("--seed and --seeds cannot be given together.");
            }

            var isSeeded = parsed.GetValue(seeds) is not null || training.HasSeed(parsed);
            var comparison = training.Read(parsed, isSeeded).Compare(named).Parallel(TrainingOptions.AtLeast(parallel, parsed.GetValue(parallel), 1));
            if (parsed.GetValue(seeds) is { } count)
            {
                comparison = comparison.Seeds(TrainingOptions.AtLeast(seeds, count, 1));
            }

            return await TrainingSession.RunAsync(comparison, output.Read(parsed, "compare"), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }
}
