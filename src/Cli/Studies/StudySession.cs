using System.Text.Json.Nodes;
using CuteDl.Core.Data;
using CuteDl.Core.Optimizers;
using CuteDl.Reports;
using CuteDl.Studies;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary>Carries out a run, a comparison or a study in a folder: shows progress, writes the report, and prints the results.</summary>
internal static class StudySession
{
    /// <summary>Starts a study in a folder.</summary>
    /// <param name="study">The study.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="options">How.</param>
    /// <param name="isJson">True to print JSON.</param>
    /// <param name="cancellationToken">Ends it, and saves the running trials.</param>
    /// <param name="model">The file for the model of a single run; null for none.</param>
    /// <exception cref="UsageException">The folder holds results already.</exception>
    public static Task<int> RunAsync(Study study, string folder, StudyOptions options, bool isJson, CancellationToken cancellationToken, string? model = null)
    {
        Refuse(folder);
        return CarryOutAsync(
            study, [], [], folder, isJson, progress => study.RunAsync(folder, options, progress, cancellationToken), cancellationToken, model);
    }

    /// <summary>Continues what a folder holds.</summary>
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

    /// <summary>Throws if a folder holds results already.</summary>
    /// <exception cref="UsageException">It does. The message tells how to resume.</exception>
    public static void Refuse(string folder)
    {
        if (HasJournal(folder))
        {
            throw new UsageException($"The folder '{folder}' holds results already. Continue with '{Resume(folder)}', or choose another folder with --out.");
        }
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

    /// <summary>Prints the damage that was found and repaired in a folder.</summary>
    public static void ShowNotices(IEnumerable<string> notices)
    {
        foreach (var notice in notices)
        {
            Console.Error.WriteLine($"cutedl: {notice}");
        }
    }

    /// <summary>Writes the report of a comparison or a study. Returns the path of its first page.</summary>
    public static string WriteReport(StudyResult result) =>
        result.Comparison is { } comparison ? ComparisonReport.Write(comparison, result.Folder!) : StudyReport.Write(result, result.Folder!);

    /// <summary>Prints the table of a comparison or the verdict of a study, and how to continue if it is not complete.</summary>
    public static void Show(StudyResult result, string folder)
    {
        if (result.Comparison is { } comparison)
        {
            Show(new ComparisonSummary(comparison));
        }
        else
        {
            foreach (var sentence in result.Verdict)
            {
                Console.WriteLine(sentence);
            }
        }

        if (!result.IsComplete)
        {
            Console.WriteLine($"{Finished(result)}. To continue, run: {Resume(folder)}");
        }
    }

    /// <summary>Returns <c>4 of 108 trials are finished</c>. The total can grow while tuning extends a space.</summary>
    public static string Finished(StudyResult result) => $"{result.Trials.Count} of {result.Planned} trials are finished";

    /// <summary>Returns the command that continues what a folder holds.</summary>
    public static string Resume(string folder) => $"cutedl resume {(folder.Contains(' ', StringComparison.Ordinal) ? $"\"{folder}\"" : folder)}";

    private static void Show(ComparisonSummary summary)
    {
        if (summary.Rows.Count > 0)
        {
            Terminal.Write(AnsiConsole.Console, summary.MainTable);
        }

        foreach (var note in summary.HasSeveralSeeds ? [] : summary.Notes)
        {
            Console.WriteLine(MessageText.Of(note));
        }

        foreach (var failure in summary.Failures)
        {
            Invocation.Fail(failure);
        }
    }

    private static async Task<int> CarryOutAsync(
        Study study,
        IReadOnlyList<TrialResult> earlier,
        IReadOnlyList<string> shown,
        string folder,
        bool isJson,
        Func<IProgress<StudyProgress>, Task<StudyResult>> carryOut,
        CancellationToken cancellationToken,
        string? model = null)
    {
        var json = isJson ? new JsonLines(Console.Out) : null;
        StudyResult result;
        try
        {
            result = await ShowProgressAsync(study, earlier, json, carryOut, cancellationToken).ConfigureAwait(false);
        }
        catch (StudyException error) when (error.InnerException is null)
        {
            throw new UsageException(error.Message);
        }
        catch (StudyException error)
        {
            Invocation.Fail(Refusal.sentence(error));
            Console.Error.WriteLine(HasJournal(folder) ? $"Finished trials are saved. To continue, run: {Resume(folder)}" : Gone(folder));
            return ExitCode.RunFailed;
        }

        ShowNotices(result.Notices.Except(shown));
        if (!HasJournal(folder))
        {
            Invocation.Fail(Gone(folder));
            return ExitCode.RunFailed;
        }

        return Finish(result, folder, json, model);
    }

    private static string Gone(string folder) => $"The results are lost: the journal in '{folder}' was removed while trials were running. Start again in a new folder.";

    // Somebody may remove the folder while the trials run.
    private static bool HasJournal(string folder) => File.Exists(new StudyFolder(folder).Journal);

    private static async Task<StudyResult> ShowProgressAsync(
        Study study,
        IReadOnlyList<TrialResult> earlier,
        JsonLines? json,
        Func<IProgress<StudyProgress>, Task<StudyResult>> carryOut,
        CancellationToken cancellationToken)
    {
        var terminal = Terminal.Error.Profile;
        var board = terminal.Out.IsTerminal && terminal.Capabilities.Ansi ? new StudyBoard(Terminal.Error, study, earlier, cancellationToken) : null;
        IProgress<StudyProgress> shown = board ?? (IProgress<StudyProgress>)new StudyLines(Console.Error, study);
        var work = carryOut(new Observers(json is null ? [shown] : [shown, new StudyJsonLines(json, study)]));
        if (board is not null)
        {
            await board.ShowAsync(work).ConfigureAwait(false);
        }

        return await work.ConfigureAwait(false);
    }

    // Without its report a study is still whole: its results are in the journal.
    private static int Finish(StudyResult result, string folder, JsonLines? json, string? model)
    {
        var hasFailed = result.Comparison is { } comparison && comparison.Runs.Any(run => run.Stop is StopReason.Diverged or StopReason.Failed);
        var exitCode = hasFailed ? ExitCode.RunFailed : ExitCode.Fine;
        string? report = null;
        try
        {
            report = WriteReport(result);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Invocation.Fail($"The report cannot be written. {Refusal.sentence(error)}");
            exitCode = ExitCode.RunFailed;
        }

        if (model is not null && !Save(result, model))
        {
            exitCode = ExitCode.RunFailed;
            model = null;
        }

        if (json is not null)
        {
            json.Write("summary", Summarized(result, report, model));
            return exitCode;
        }

        Show(result, folder);
        if (model is not null)
        {
            Console.WriteLine($"Model: {model}");
        }

        if (report is not null)
        {
            Console.WriteLine($"Report: {report}");
        }

        return exitCode;
    }

    // The model of a finished run is in its folder, too.
    private static bool Save(StudyResult result, string path)
    {
        if (result.Comparison is not { Runs: [{ Stop: not StopReason.Cancelled, Model: { } model }] })
        {
            Invocation.Fail($"The run has not ended with a model, so '{path}' is not written.");
            return false;
        }

        try
        {
            OutputPath.makeFolderOf(path);
            model.Save(path);
            return true;
        }
        catch (IOException error)
        {
            Invocation.Fail($"The model cannot be written. {Refusal.sentence(error)}");
            return false;
        }
    }

    private static JsonObject Summarized(StudyResult result, string? report, string? model)
    {
        var content = result.Comparison is { } comparison
            ? JsonNode.Parse(new ComparisonSummary(comparison).ToJson())!.AsObject()
            : new JsonObject { ["verdict"] = Texts(result.Verdict) };
        content["study"] = result.Study.Name;
        content["complete"] = result.IsComplete;
        content["finished"] = result.Trials.Count;
        content["planned"] = result.Planned;
        content["folder"] = result.Folder;
        content["notices"] = Texts(result.Notices);
        content["report"] = report;
        if (model is not null)
        {
            content["model"] = model;
        }

        return content;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

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
