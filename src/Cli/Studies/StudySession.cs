using System.Text.Json.Nodes;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using CuteDl.Reports;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>Runs a study: shows progress, writes the report, and prints the verdict.</summary>
internal static class StudySession
{
    /// <summary>Starts a study in a folder.</summary>
    public static Task<int> RunAsync(Study study, string folder, StudyOptions options, bool isJson, CancellationToken cancellationToken) =>
        CarryOutAsync(study, [], [], folder, isJson, progress => study.RunAsync(folder, options, progress, cancellationToken), cancellationToken);

    /// <summary>Continues the study in a folder.</summary>
    public static Task<int> ResumeAsync(string folder, StudyOptions options, bool isJson, CancellationToken cancellationToken)
    {
        if (Load(folder) is not { } begun)
        {
            return Task.FromResult(ExitCode.RunFailed);
        }

        ShowNotices(begun.Notices);
        return CarryOutAsync(
            begun.Study, begun.Trials, begun.Notices, folder, isJson, progress => Study.ResumeAsync(folder, null, options, progress, cancellationToken: cancellationToken), cancellationToken);
    }

    /// <summary>Returns the results so far of the study in a folder. Prints an error and returns null if its journal is damaged.</summary>
    /// <exception cref="UsageException">The folder has no study.</exception>
    public static StudyResult? Load(string folder)
    {
        try
        {
            return StudyResult.Load(folder);
        }
        catch (StudyException error)
        {
            throw new UsageException(error.Message);
        }
        catch (DataFormatException error)
        {
            Invocation.Fail(error.Message);
            return null;
        }
    }

    /// <summary>Prints the damage that was found and repaired in a study's folder.</summary>
    public static void ShowNotices(IEnumerable<string> notices)
    {
        foreach (var notice in notices)
        {
            Console.Error.WriteLine($"cutedl: {notice}");
        }
    }

    /// <summary>Prints the verdict, one sentence per line, and how to continue a study that is not complete.</summary>
    public static void ShowVerdict(StudyResult result, string folder)
    {
        foreach (var sentence in result.Verdict)
        {
            Console.WriteLine(sentence);
        }

        if (!result.IsComplete)
        {
            Console.WriteLine($"{Finished(result)}. To continue, run: cutedl study resume {folder}");
        }
    }

    /// <summary>Returns <c>4 of 108 trials are finished</c>. The total can grow while tuning extends a space.</summary>
    public static string Finished(StudyResult result) => $"{result.Trials.Count} of {result.Planned} trials are finished";

    private static async Task<int> CarryOutAsync(
        Study study,
        IReadOnlyList<TrialResult> earlier,
        IReadOnlyList<string> shown,
        string folder,
        bool isJson,
        Func<IProgress<StudyProgress>, Task<StudyResult>> carryOut,
        CancellationToken cancellationToken)
    {
        var json = isJson ? new JsonProgress(Console.Out) : null;
        StudyResult result;
        try
        {
            result = await ShowAsync(study, earlier, json, carryOut, cancellationToken).ConfigureAwait(false);
        }
        catch (StudyException error) when (error.InnerException is null)
        {
            throw new UsageException(error.Message);
        }
        catch (StudyException error)
        {
            Invocation.Fail(Refusal.sentence(error));
            Console.Error.WriteLine(
                HasJournal(folder)
                    ? $"Finished trials are saved. To continue, run: cutedl study resume {folder}"
                    : Gone(folder));
            return ExitCode.RunFailed;
        }

        ShowNotices(result.Notices.Except(shown));
        if (!HasJournal(folder))
        {
            Invocation.Fail(Gone(folder));
            return ExitCode.RunFailed;
        }

        return Finish(result, folder, json);
    }

    private static string Gone(string folder) => $"The results of the study are gone: '{folder}' has no journal any more.";

    // Somebody may remove the folder while the study runs.
    private static bool HasJournal(string folder) => File.Exists(new StudyFolder(folder).Journal);

    private static async Task<StudyResult> ShowAsync(
        Study study,
        IReadOnlyList<TrialResult> earlier,
        JsonProgress? json,
        Func<IProgress<StudyProgress>, Task<StudyResult>> carryOut,
        CancellationToken cancellationToken)
    {
        var terminal = Terminal.Error.Profile;
        var board = terminal.Out.IsTerminal && terminal.Capabilities.Ansi ? new StudyBoard(Terminal.Error, study.Name, earlier, cancellationToken) : null;
        IProgress<StudyProgress> shown = board ?? (IProgress<StudyProgress>)new StudyLines(Console.Error);
        var work = carryOut(new Observers(json is null ? [shown] : [shown, new StudyJsonLines(json)]));
        if (board is not null)
        {
            await board.ShowAsync(work).ConfigureAwait(false);
        }

        return await work.ConfigureAwait(false);
    }

    // Without its report the study is still whole: its results are in the journal.
    private static int Finish(StudyResult result, string folder, JsonProgress? json)
    {
        var exitCode = ExitCode.Fine;
        string? report = null;
        try
        {
            report = StudyReport.Write(result, result.Folder!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Invocation.Fail($"The report cannot be written. {Refusal.sentence(error)}");
            exitCode = ExitCode.RunFailed;
        }

        if (json is not null)
        {
            json.Write("summary", new JsonObject
            {
                ["study"] = result.Study.Name,
                ["complete"] = result.IsComplete,
                ["finished"] = result.Trials.Count,
                ["planned"] = result.Planned,
                ["verdict"] = new JsonArray([.. result.Verdict.Select(sentence => JsonValue.Create(sentence))]),
                ["folder"] = result.Folder,
                ["notices"] = new JsonArray([.. result.Notices.Select(notice => JsonValue.Create(notice))]),
                ["report"] = report,
            });
            return exitCode;
        }

        ShowVerdict(result, folder);
        if (report is not null)
        {
            Console.WriteLine($"Report: {report}");
        }

        return exitCode;
    }

    private sealed class Observers(IReadOnlyList<IProgress<StudyProgress>> all) : IProgress<StudyProgress>
    {
        public void Report(StudyProgress value)
        {
            foreach (var one in all)
            {
                one.Report(value);
            }
        }
    }
}
