using System.CommandLine;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary><c>cutedl study run FILE</c> and <c>cutedl study resume DIR</c>.</summary>
internal static class StudyRunCommands
{
    private const int LongestName = 60;

    public static Command CreateRun()
    {
        var file = StudyCommand.FileArgument();
        var folder = new Option<string?>("--out")
        {
            HelpName = "DIR",
            Description = "The study's folder, in which nothing is lost (default: artifacts/study-<its name>).",
        };
        var quick = new Option<bool>("--quick") { Description = "A smaller form: a quarter of the steps, four settings each, at most ten seeds, no defaults." };
        var until = new Option<string?>("--until") { HelpName = "decided", Description = "Add seeds, at the looks that the study declares, until the question is decided." };
        until.AcceptOnlyFromAmong("decided");
        var parallel = Parallel();
        var json = Json();
        var command = new Command("run", "Carries a study out.") { file, folder, quick, until, parallel, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var study = StudyCommand.Load(parsed.GetValue(file)!);
            study = parsed.GetValue(quick) ? study.Quick() : study;
            var options = Options(parsed, parallel) with { UntilDecided = parsed.GetValue(until) is not null };
            var path = parsed.GetValue(folder) is { } given ? TrainingOptions.NotEmpty(folder, given) : Path.Combine("artifacts", $"study-{FileName(study.Name)}");
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
        var command = new Command("resume", "Goes on with a study that was interrupted, however; what is finished is not run again.") { folder, parallel, json };
        command.SetAction((parsed, cancellationToken) =>
            StudySession.ResumeAsync(parsed.GetValue(folder)!, Options(parsed, parallel), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static Option<int> Parallel() =>
        new("--parallel")
        {
            HelpName = "N",
            Description = "Trials at the same time (default: one for each processor). No result depends on it.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
            CustomParser = Numbers.Whole<int>,
        };

    private static Option<bool> Json() =>
        new("--json") { Description = "Write one JSON object a line to standard output; everything else goes to standard error." };

    private static StudyOptions Options(ParseResult parsed, Option<int> parallel) =>
        new() { Parallel = TrainingOptions.AtLeast(parallel, parsed.GetValue(parallel), 1) };

    private static void Refuse(string folder)
    {
        if (File.Exists(Path.Combine(folder, "journal")))
        {
            throw new UsageException($"'{folder}' holds a study that was begun before: go on with 'cutedl study resume {folder}', or choose another folder with --out.");
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
            throw new UsageException($"'{file}' is not carried out, because its results would be wrong.");
        }
    }

    // Letters and digits of any language; what a shell or a file system may take for something else becomes a dash.
    private static string FileName(string name)
    {
        var letters = name.ToLowerInvariant().Select(letter => char.IsLetterOrDigit(letter) ? letter : '-').ToArray();
        var words = string.Join('-', new string(letters).Split('-', StringSplitOptions.RemoveEmptyEntries));
        return words.Length <= LongestName ? words : $"{words[..LongestName].TrimEnd('-')}{(words.EndsWith("-quick", StringComparison.Ordinal) ? "-quick" : "")}";
    }
}
