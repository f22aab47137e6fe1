using System.CommandLine;
using System.Text.Json.Nodes;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary><c>cutedl study check FILE</c>: reports mistakes in a study before anything is trained.</summary>
internal static class StudyCheckCommand
{
    public static Command Create()
    {
        var file = StudyCommand.FileArgument();
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new CommandPage(
            "check",
            "Reports mistakes in a study before anything is trained. The exit code is 1 if the study's conclusions would be invalid, and 2 if the file is not a valid study file.",
            "cutedl study check study.json")
         { file, json };
        command.SetAction(parsed => Check(parsed.GetValue(file)!, parsed.GetValue(json)));
        return command;
    }

    public static string Line(Finding finding) => finding.ToString();

    private static int Check(string file, bool isJson)
    {
        try
        {
            var study = StudyCommand.Load(file);
            var findings = study.Check();
            Show(file, [], findings, study.Power(), isJson);
            return findings.Any(finding => finding.Severity == Severity.Error) ? ExitCode.RunFailed : ExitCode.Fine;
        }
        catch (StudyFileException error) when (isJson)
        {
            Show(file, error.Errors, [], "", isJson);
            return ExitCode.WrongUsage;
        }
    }

    private static void Show(string file, StudyFileError[] errors, IReadOnlyList<Finding> findings, string power, bool isJson)
    {
        if (isJson)
        {
            Console.WriteLine(ToJson(file, errors, findings, power).ToJsonString());
            return;
        }

        foreach (var finding in findings)
        {
            Console.WriteLine(Line(finding));
        }

        if (power.Length > 0)
        {
            Console.WriteLine(power);
        }

        Console.WriteLine(findings.Count == 0 ? $"{file}: no mistakes found." : $"{file}: {Counts(findings)}.");
    }

    private static string Counts(IReadOnlyList<Finding> findings) =>
        string.Join(", ", findings.CountBy(finding => finding.Severity).OrderByDescending(count => count.Key).Select(count =>
            $"{count.Value} {count.Key.ToString().ToLowerInvariant()}{(count.Value == 1 ? "" : "s")}"));

    private static JsonObject ToJson(string file, StudyFileError[] errors, IReadOnlyList<Finding> findings, string power) => new()
    {
        ["file"] = file,
        ["is_study"] = errors.Length == 0,
        ["power"] = power,
        ["errors"] = new JsonArray([.. errors.Select(error => new JsonObject
        {
            ["path"] = error.Path,
            ["line"] = error.Line,
            ["column"] = error.Column,
            ["problem"] = error.Problem,
        })]),
        ["findings"] = new JsonArray([.. findings.Select(finding => new JsonObject
        {
            ["code"] = finding.Code,
            ["severity"] = finding.Severity.ToString().ToLowerInvariant(),
            ["path"] = finding.Path,
            ["message"] = finding.Message,
            ["advice"] = finding.Advice,
        })]),
    };
}
