using System.CommandLine;

namespace CuteDl.Cli;

/// <summary>The option for the number of trials that train at the same time.</summary>
internal sealed class Parallelism
{
    private readonly Option<int?> _parallel = new("--parallel")
    {
        HelpName = "N",
        Description = "Number of trials that train at the same time, at least 1. Results do not depend on it. Default: one per processor.",
        CustomParser = Numbers.WholeOrNone<int>,
    };

    public Option Option => _parallel;

    public StudyOptions Read(ParseResult parsed) =>
        new() { Parallel = TrainingOptions.AtLeast(_parallel, parsed.GetValue(_parallel) ?? Environment.ProcessorCount, 1) };
}
