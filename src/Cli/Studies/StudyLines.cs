using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>A study's progress as lines, for files and pipes: one for each finished trial.</summary>
internal sealed class StudyLines(TextWriter writer) : IProgress<StudyProgress>
{
    private readonly Lock _lock = new();

    public void Report(StudyProgress value)
    {
        if (value.Result is { } result)
        {
            lock (_lock)
            {
                writer.WriteLine($"[{value.Finished}/{value.Planned}] {StudyWords.Name(value.Trial)}: {StudyWords.Outcome(result)}");
            }
        }
    }
}
