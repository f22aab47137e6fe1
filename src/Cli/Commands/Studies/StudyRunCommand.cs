using System.CommandLine;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary><c>cutedl study run FILE</c>: carries out a study in a folder.</summary>
internal static class StudyRunCommand
{
    public static Command Create()
    {
        var file = StudyCommand.FileArgument();
        var folder = new Option<string?>("--out")
        {
            HelpName = "DIR",
            Description = "Folder for the study; it must be new, or empty except for this study's study.json. Every finished trial is saved in it. Default: artifacts/study-NAME, with the name of the study.",
        };
        var quick = new Option<bool>("--quick") { Description = "Run a smaller form of the study: about a quarter of the steps, at most ten seeds, usually at most four settings for each optimizer, and no trials with default settings. In protocols with stop rules, the steps are unchanged." };
        var until = new Option<string?>("--until")
        {
            HelpName = "decided",
            CustomParser = result => Choices.Word(result, "decided"),
            Description = "Test the results at each number of seeds in the study file's \"looks\" (interim looks). Add seeds until the study is decided or the last look is done. The metrics are steps to the target and final accuracy. The study is decided if, for each task and metric, one optimizer beats or equals every other. This optimizer can differ between tasks and metrics.",
        };
        var parallel = new Parallelism();
        var json = OutputOptions.Json();
        var command = new CommandPage(
            "run",
            "Runs a study in a folder. After an interruption, continue with 'cutedl resume DIR'.",
            "cutedl study run study.json --out my-study")
         { file, folder, quick, until, json };
        parallel.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var study = StudyCommand.Load(parsed.GetValue(file)!);
            study = parsed.GetValue(quick) ? study.Quick() : study;
            var options = parallel.Read(parsed) with { UntilDecided = parsed.GetValue(until) is not null };
            var path = parsed.GetValue(folder) is { } given ? Names.Folder(folder, given) : Path.Combine("artifacts", FileNames.Safe($"study-{study.Name.ToLowerInvariant()}"));
            StudySession.Refuse(path);
            Lint(study, parsed.GetValue(file)!);
            return StudySession.RunAsync(study, path, options, parsed.GetValue(json), cancellationToken);
        });
        return command;
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
