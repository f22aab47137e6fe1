using System.CommandLine;
using CuteDl.Reports;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary><c>cutedl study run FILE</c> and <c>cutedl study resume DIR</c>.</summary>
internal static class StudyRunCommands
{
    public static Command CreateRun()
    {
        var file = StudyCommand.FileArgument();
        var folder = new Option<string?>("--out")
        {
            HelpName = "DIR",
            Description = "Folder for the study; it must be new, or empty except for this study's study.json. Every finished trial is saved in it. Default: artifacts/study-NAME, with the name of the study.",
        };
        var quick = new Option<bool>("--quick") { Description = "Run only a smaller form of the study. The key \"protocol\" of the study file is fair (the default) or document. Protocol fair: about a quarter of the steps, usually at most four settings for each optimizer, and at most ten seeds. It has no trials with default settings. Protocol document: at most ten seeds." };
        var until = new Option<string?>("--until")
        {
            HelpName = "decided",
            CustomParser = result => Choices.Word(result, "decided"),
            Description = "Test the results at each number of seeds in the study file's \"looks\" (interim looks). Add seeds until the study is decided or the last look is done. The metrics are steps to the target and final accuracy. The study is decided if, for each task and metric, one optimizer beats or equals every other. This optimizer can differ between tasks and metrics.",
        };
        var parallel = Parallel();
        var json = Json();
        var command = new CommandPage(
            "run",
            "Runs a study in a folder. After an interruption, 'cutedl study resume' continues it.",
            "cutedl study run study.json --out my-study")
         { file, folder, quick, until, parallel, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var study = StudyCommand.Load(parsed.GetValue(file)!);
            study = parsed.GetValue(quick) ? study.Quick() : study;
            var options = Options(parsed, parallel) with { UntilDecided = parsed.GetValue(until) is not null };
            var path = parsed.GetValue(folder) is { } given ? Names.Folder(folder, given) : Path.Combine("artifacts", FileNames.Safe($"study-{study.Name.ToLowerInvariant()}"));
            Refuse(path);
            Lint(study, parsed.GetValue(file)!);
            return StudySession.RunAsync(study, path, options, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    public static Command CreateResume()
    {
        var folder = StudyCommand.FolderArgument();
        var parallel = Parallel();
        var json = Json();
        var command = new CommandPage(
            "resume",
            "Continues an interrupted study. Finished trials are not run again.",
            "cutedl study resume my-study")
         { folder, parallel, json };
        command.SetAction((parsed, cancellationToken) =>
            StudySession.ResumeAsync(parsed.GetValue(folder)!, Options(parsed, parallel), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static Option<int?> Parallel() =>
        new("--parallel")
        {
            HelpName = "N",
            Description = "Number of trials that train at the same time, at least 1. Results do not depend on it. Default: one per processor.",
            CustomParser = Numbers.WholeOrNone<int>,
        };

    private static Option<bool> Json() =>
        new("--json") { Description = "Print progress and results as one JSON object per line. Other messages go to standard error." };

    private static StudyOptions Options(ParseResult parsed, Option<int?> parallel) =>
        new() { Parallel = TrainingOptions.AtLeast(parallel, parsed.GetValue(parallel) ?? Environment.ProcessorCount, 1) };

    private static void Refuse(string folder)
    {
        if (File.Exists(Path.Combine(folder, "journal")))
        {
            throw new UsageException($"The folder '{folder}' holds a study already. Continue it with 'cutedl study resume {folder}', or choose another folder with --out.");
        }
    }

    private static void Lint(Study study, string file)
    {
        var findings = study.Check();
        foreach (var finding in findings.Where(finding => finding.Severity > Severity.Note))
        {
            Console.Error.WriteLine(StudyCheckCommand.Line(finding));
        }

        if (findings.Any(finding => finding.Severity == Severity.Error))
        {
            throw new UsageException($"'{file}' was not run, because its conclusions would be invalid. Correct the errors above.");
        }
    }
}
