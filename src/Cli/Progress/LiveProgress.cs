using System.Globalization;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Shows progress as a table, redrawn a few times per second: the running and the last finished runs.</summary>
internal sealed class LiveProgress(IAnsiConsole console, int runs, CancellationToken cancellationToken) : IProgress<RunProgress>
{
    // As many finished runs as fit a small terminal below the running ones.
    private const int FinishedShown = 12;

    private static readonly string[] Headers = ["run", "seed", "epoch", "step", "val. loss", "accuracy", "seconds", "state"];

    // The columns in the order in which a narrow table drops them: seconds, val. loss, epoch, seed, step.
    private static readonly int[] Expendable = [6, 4, 2, 1, 3];

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Run, int Seed), RunProgress> _running = [];
    private readonly List<RunProgress> _finished = [];

    public void Report(RunProgress value)
    {
        lock (_lock)
        {
            if (value.Result is null)
            {
                _running[(value.Run, value.Seed)] = value;
            }
            else
            {
                _running.Remove((value.Run, value.Seed));
                _finished.Add(value);
            }
        }
    }

    /// <summary>Draws until the work is done.</summary>
    public async Task ShowAsync(Task work)
    {
        await console.Live(Draw()).AutoClear(true).StartAsync(async live =>
        {
            while (!work.IsCompleted)
            {
                live.UpdateTarget(Draw());
                await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(250))).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    private Spectre.Console.Table Draw()
    {
        lock (_lock)
        {
            string[][] finished = [.. _finished.TakeLast(FinishedShown).Select(progress => Cells(progress, progress.Result!.Stop.InWords()))];
            string[][] running = [.. _running.Values.Select(progress => Cells(progress, "running"))];
            var table = Terminal.Draw(
                new Reports.Table(Headers, [.. finished, .. running]) { Expendable = Expendable },
                console.Profile.Width,
                row => row < finished.Length ? "grey" : "default");
            var hint = cancellationToken.IsCancellationRequested
                ? "Interrupted. Saving finished work; press Ctrl+C again to stop now."
                : "press Ctrl+C to end and keep the results so far";
            table.Caption($"{_finished.Count} of {runs} finished; {hint}");
            return table;
        }
    }

    private static string[] Cells(RunProgress progress, string state) =>
        [
            progress.Run,
            Number(progress.Seed, "0"),
            Number(progress.Epoch, "0.0"),
            Number(progress.Step, "0"),
            Number(progress.ValLoss, "0.0000"),
            Number(progress.ValAccuracy, "0.0000"),
            Number(progress.Elapsed.TotalSeconds, "0.0"),
            state,
        ];

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
