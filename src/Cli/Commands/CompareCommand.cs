using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl compare [RUN...]</c>: trains one model under several optimizers.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var runs = new Argument<string[]>("RUN") { Arity = ArgumentArity.ZeroOrMore, Description = $"{RunCommand.Help} Default: the eight documented runs." };
        var parallel = new Parallelism();
        var seeds = new Option<int?>("--seeds")
        {
            HelpName = "N",
            Description = "Repeat each run with the seeds 0 to N - 1; N is at least 1. Default: one run of each, with the seed of --seed.",
            CustomParser = Numbers.WholeOrNone<int>,
        };
        var training = new TrainingOptions();
        var output = OutputOptions.Resumable();
        var command = new CommandPage(
            "compare",
            "Trains one model under several optimizers and compares the results, in a table and a picture. After an interruption, continue with 'cutedl resume DIR'.",
            "cutedl compare momentum \"adam(lr=0.001)\" --seeds 3 --max-epochs 2")
         { runs, seeds };
        parallel.AddTo(command);
        training.AddTo(command);
        output.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var named = parsed.GetValue(runs) is { Length: > 0 } words ? [.. words.Select(Mnist.ParseRun)] : Mnist.DocumentedRuns.ToArray<NamedRun>();
            if (parsed.GetValue(seeds) is not null && training.HasSeed(parsed))
            {
                throw new UsageException("--seed and --seeds cannot be given together. Use one of them.");
            }

            var options = parallel.Read(parsed);
            var isSeeded = parsed.GetValue(seeds) is not null || training.HasSeed(parsed);
            var comparison = training.Read(parsed, isSeeded).Compare(named);
            if (parsed.GetValue(seeds) is { } count)
            {
                comparison = comparison.Seeds(TrainingOptions.AtLeast(seeds, count, 1));
            }

            return output.Read(parsed, "compare").CarryOutAsync(comparison.ToStudy(), options, cancellationToken);
        });
        return command;
    }
}
