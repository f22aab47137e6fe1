using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl study ...</c>: comparisons with statistics.</summary>
internal static class StudyCommand
{
    private const string DefaultFile = "study.json";

    public static Command Create()
    {
        var command = new CommandPage(
            "study",
            "Compares optimizers with equal tuning budgets and fresh seeds, and reports which differences are statistically significant.",
            "cutedl study init study.json",
            "cutedl study run study.json --quick")
        {
            CreateInit(),
            StudyCheckCommand.Create(),
            StudyRunCommands.CreateRun(),
            StudyRunCommands.CreateResume(),
            StudyFolderCommands.CreateReport(),
            StudyFolderCommands.CreateStatus(),
        };
        command.ShowHelp();
        return command;
    }

    /// <summary>The file of a study, which must be there.</summary>
    public static Argument<string> FileArgument() => new("FILE") { Description = "The JSON file of the study. 'cutedl study init' writes one to start from." };

    /// <summary>The folder of a study that was begun.</summary>
    public static Argument<string> FolderArgument() => new("DIR") { Description = "The folder of a study, as given to --out of 'cutedl study run'." };

    /// <summary>The study in a file.</summary>
    /// <exception cref="UsageException">There is no such file.</exception>
    public static Study Load(string file) => Study.Load(Existing(file));

    public static string Existing(string file) =>
        File.Exists(file) ? file
        : Directory.Exists(file) ? throw new UsageException($"'{file}' is a folder, and a study is a file; one that was begun in a folder goes on with 'cutedl study resume {file}'.")
        : throw new UsageException($"'{file}': there is no such file; 'cutedl study init {file}' writes one to begin with.");

    private static Command CreateInit()
    {
        var file = new Argument<string>("FILE") { Description = "The file to write.", DefaultValueFactory = _ => DefaultFile };
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new CommandPage("init", "Writes a commented example of a study, to start from.", "cutedl study init study.json") { file, force };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            if (!parsed.GetValue(force) && Path.Exists(path))
            {
                throw new UsageException($"'{path}' is there already; --force replaces it.");
            }

            File.WriteAllText(path, Study.Example);
            Console.WriteLine($"{path}: change it, then 'cutedl study check {path}' and 'cutedl study run {path}'.");
            return ExitCode.Fine;
        });
        return command;
    }
}
