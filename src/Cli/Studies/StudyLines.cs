using System.Globalization;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>
/// Prints progress as lines, for files and pipes: one line per finished trial, and one about a running trial if nothing was printed for some
/// seconds.
/// </summary>
internal sealed class StudyLines(TextWriter writer, Study study) : IProgress<StudyProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private TimeSpan? _printed;

    public void Report(StudyProgress value)
    {
        lock (_lock)
        {
            if (value.Result is { } result)
            {
                Print(value, $"[{value.Finished}/{value.Planned}] {TrialText.Name(value.Trial, study)}: {TrialText.Outcome(result)}");
            }
            else if (_printed is not { } printed || value.Elapsed - printed >= Interval)
            {
                var score = value.Newest is { } newest ? $", {TrialText.Score(newest)}" : "";
                Print(value, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{TrialText.Name(value.Trial, study)}: step {value.Step} of {value.Budget}{score}; {value.Share:0%} done after {TrialText.Time(value.Elapsed)}"));
            }
        }
    }

    private void Print(StudyProgress value, string line)
    {
        _printed = value.Elapsed;
        writer.WriteLine(line);
    }
}
