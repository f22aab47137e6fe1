using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl study ...</c>: comparisons that say how sure they are.</summary>
internal static class StudyCommand
{
    private const string DefaultFile = "study.json";

    public static Command Create() =>
        new("study", "Compares optimizers with equal tuning budgets over fresh seeds, and says how sure the verdict is.")
        {
            CreateInit(),
            StudyCheckCommand.Create(),
            StudyRunCommands.CreateRun(),
            StudyRunCommands.CreateResume(),
            StudyFolderCommands.CreateReport(),
            StudyFolderCommands.CreateStatus(),
        };

    /// <summary>The file of a study, which must be there.</summary>
    public static Argument<string> FileArgument() => new("FILE") { Description = "A study: see 'cutedl study init' and docs/study.schema.json." };

    /// <summary>The folder of a study that was begun.</summary>
    public static Argument<string> FolderArgument() => new("DIR") { Description = "The folder of a study that was begun." };

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
        var force = new Option<bool>("--force") { Description = "Replace a file of that name." };
        var command = new Command("init", "Writes a commented study to begin with.") { file, force };
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
