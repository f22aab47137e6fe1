using System.Text.Json.Nodes;
using CuteDl.Core.Optimizers;
using CuteDl.Reports;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Runs a comparison: shows progress, writes each result when it arrives, and ends with the summary and the exit code.</summary>
internal sealed class TrainingSession
{
    private readonly ResultFolder _folder;
    private readonly Lock _lock = new();
    private readonly List<string> _failures = [];

    private TrainingSession(ResultFolder folder) => _folder = folder;

    public static async Task<int> RunAsync(Comparison comparison, Output output, CancellationToken cancellationToken)
    {
        // Data that cannot be read, and a folder that cannot be written, are reported before the first step.
        comparison = comparison.Prepare();
        var session = new TrainingSession(ResultFolder.Create(output.MakeFolder(), comparison.RunNames));
        var json = output.IsJson ? new JsonProgress(Console.Out) : null;
        var result = await session.TrainAsync(comparison, json, cancellationToken).ConfigureAwait(false);
        var summary = new Summary(result);
        session._failures.AddRange(result.Failures.Select(failure => $"{failure.Run}, seed {failure.Seed}, failed: {failure.Message}"));
        session.Attempt(() => session._folder.WriteComparison(result));
        session.Show(summary, json);
        return session._failures.Count > 0 || result.Runs.Any(run => run.Stop == StopReason.Diverged) ? ExitCode.RunFailed : ExitCode.Fine;
    }

    private async Task<ComparisonResult> TrainAsync(Comparison comparison, JsonProgress? json, CancellationToken cancellationToken)
    {
        var live = Terminal.Error.Profile.Out.IsTerminal && Terminal.Error.Profile.Capabilities.Ansi ? new LiveProgress(Terminal.Error, comparison.RunCount, cancellationToken) : null;
        IProgress<RunProgress> shown = live ?? (IProgress<RunProgress>)new PlainProgress(Console.Error, comparison.RunCount);
        var work = comparison.RunAsync(new Observer(this, json is null ? [shown] : [shown, json]), cancellationToken);
        if (live is not null)
        {
            await live.ShowAsync(work).ConfigureAwait(false);
        }

        return await work.ConfigureAwait(false);
    }

    private void Show(Summary summary, JsonProgress? json)
    {
        foreach (var failure in _failures)
        {
            Console.Error.WriteLine($"cutedl: {failure}");
        }

        if (json is not null)
        {
            var content = JsonNode.Parse(summary.ToJson())!.AsObject();
            content["folder"] = _folder.Path;
            json.Write("summary", content);
            return;
        }

        if (summary.Rows.Count > 0)
        {
            Terminal.Write(AnsiConsole.Console, summary.MainTable);
        }

        foreach (var note in summary.HasSeveralSeeds ? [] : summary.Notes)
        {
            Console.WriteLine(note);
        }

        Console.WriteLine($"Results and pictures: {_folder.Path}");
    }

    // A full disk, or a picture that cannot be drawn, must not stop the runs. The error is printed at the end and sets the exit code.
    private void Attempt(Action write)
    {
        try
        {
            write();
        }
#pragma warning disable CA1031
        catch (Exception error)
#pragma warning restore CA1031
        {
            lock (_lock)
            {
                _failures.Add(Refusal.sentence(error));
            }
        }
    }

    private sealed class Observer(TrainingSession session, IReadOnlyList<IProgress<RunProgress>> others) : IProgress<RunProgress>
    {
        public void Report(RunProgress value)
        {
            if (value.Result is { } result)
            {
                session.Attempt(() => session._folder.Write(result));
            }

            foreach (var other in others)
            {
                other.Report(value);
            }
        }
    }
}
