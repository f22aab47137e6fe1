using System.CommandLine;
using CuteDl.Studies;
using Spectre.Console;

namespace CuteDl.Cli;

/// <summary><c>cutedl study report DIR</c> and <c>cutedl study status DIR</c>, for finished, interrupted and running studies.</summary>
internal static class StudyFolderCommands
{
    public static Command CreateReport()
    {
        var folder = StudyCommand.FolderArgument();
        var command = new CommandPage(
            "report",
            "Writes the report of a run, a comparison or a study again, from the trials that are finished so far. Other processes can still be training in the folder.",
            "cutedl study report artifacts/study-first")
         { folder };
        command.SetAction(parsed =>
        {
            if (StudySession.Load(parsed.GetValue(folder)!) is not { } result)
            {
                return ExitCode.RunFailed;
            }

            StudySession.ShowNotices(result.Notices);
            var report = StudySession.WriteReport(result);
            StudySession.Show(result, parsed.GetValue(folder)!);
            Console.WriteLine($"Report: {report}");
            return ExitCode.Fine;
        });
        return command;
    }

    public static Command CreateStatus()
    {
        var folder = StudyCommand.FolderArgument();
        var command = new CommandPage(
            "status",
            "Shows the number of finished trials, the decisions so far (extended search spaces, selected settings, interim looks), and whether the study is running.",
            "cutedl study status artifacts/study-first")
         { folder };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(folder)!;
            if (StudySession.Load(path) is not { } result)
            {
                return ExitCode.RunFailed;
            }

            StudySession.ShowNotices(result.Notices);
            Console.WriteLine($"{MessageText.Of(result.Study.Name)}: {StudySession.Finished(result)}{(result.IsComplete ? ", the study is complete" : "")}.");
            Console.WriteLine();
            Terminal.Write(AnsiConsole.Console, Counts(result));
            foreach (var decision in result.Decisions.Where(decision => decision.Kind is DecisionKind.Extended or DecisionKind.Selected or DecisionKind.Looked))
            {
                Console.WriteLine($"{decision.Kind.ToString().ToLowerInvariant()} {decision.About}: {decision.Reason}");
            }

            if (!result.IsComplete)
            {
                Console.WriteLine(FolderLock.IsTaken(new StudyFolder(path)) ? "The study is running." : $"To continue, run: {StudySession.Resume(path)}");
            }

            return ExitCode.Fine;
        });
        return command;
    }

    private static Reports.Table Counts(StudyResult result)
    {
        Phase[] phases = [.. Enum.GetValues<Phase>().Where(phase => result.Trials.Any(trial => trial.Trial.Phase == phase))];
        return new(
            ["optimizer", .. phases.Select(phase => phase.ToString().ToLowerInvariant()), "diverged or failed"],
            [.. result.Study.OptimizerNames.Select(name => (IReadOnlyList<string>)
            [
                result.Study.LabelOf(name),
                .. phases.Select(phase => Count(trial => trial.Trial.Contender == name && trial.Trial.Phase == phase)),
                Count(trial => trial.Trial.Contender == name && trial.HasFailed),
            ])]);

        string Count(Func<TrialResult, bool> isCounted) => $"{result.Trials.Count(isCounted)}";
    }
}
