using System.Globalization;
using CuteDl.Reports;

namespace CuteDl.Cli;

/// <summary>Prints progress as lines, for files and pipes: one per finished run, and one every few seconds per running run.</summary>
internal sealed class PlainProgress(TextWriter writer, int runs) : IProgress<RunProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Run, int Seed), TimeSpan> _told = [];
    private int _finished;

    public void Report(RunProgress value)
    {
        lock (_lock)
        {
            var key = (value.Run, value.Seed);
            if (value.Result is { } result)
            {
                _finished++;
                writer.WriteLine($"[{_finished}/{runs}] {Describe(value)}, {result.Stop.InWords()}{DeadLogits(result)}");
            }
            else if (!_told.TryGetValue(key, out var last) || value.Elapsed - last >= Interval)
            {
                _told[key] = value.Elapsed;
                writer.WriteLine(Describe(value));
            }
        }
    }

    private static string Describe(RunProgress value)
    {
        var figures = value.ValLoss is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", val. loss {value.ValLoss:0.0000}, accuracy {value.ValAccuracy:0.0000}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{VisibleText.Of(value.Run)} seed {value.Seed}: step {value.Step}, epoch {value.Epoch:0.0}{figures}, {value.Elapsed.TotalSeconds:0.0} s");
    }

    private static string DeadLogits(RunResult result) => result.DeadLogitsText.Length > 0 ? $"; {result.DeadLogitsText}" : "";
}
