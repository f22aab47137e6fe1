using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>The options for the number of trials that train at the same time, and of their threads.</summary>
internal sealed class Parallelism
{
    private readonly Option<int?> _parallel = new("--parallel")
    {
        HelpName = "N",
        Description = "Number of trials that train at the same time, at least 1. Results do not depend on it. Default: one per processor.",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    private readonly Option<int?> _threads = new("--threads")
    {
        HelpName = "N",
        Description = "Largest number of threads, at least 1. A large model trains on several, if fewer trials train at the same time. Each trial has at least one. Results do not depend on it. Default: one per processor.",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    /// <summary>Adds the option for threads to a command with one trial.</summary>
    public void AddThreadsTo(Command command) => command.Options.Add(_threads);

    /// <summary>Adds both options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_parallel);
        command.Options.Add(_threads);
    }

    public StudyOptions Read(ParseResult parsed) => new()
    {
        Parallel = TrainingOptions.AtLeast(_parallel, parsed.GetValue(_parallel) ?? Environment.ProcessorCount, 1),
        Threads = TrainingOptions.AtLeast(_threads, parsed.GetValue(_threads) ?? Environment.ProcessorCount, 1),
    };
}
