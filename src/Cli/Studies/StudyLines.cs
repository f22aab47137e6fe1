using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>Prints one line per finished trial, for files and pipes.</summary>
internal sealed class StudyLines(TextWriter writer) : IProgress<StudyProgress>
{
    private readonly Lock _lock = new();

    public void Report(StudyProgress value)
    {
        if (value.Result is { } result)
        {
            lock (_lock)
            {
                writer.WriteLine($"[{value.Finished}/{value.Planned}] {TrialText.Name(value.Trial)}: {TrialText.Outcome(result)}");
            }
        }
    }
}
