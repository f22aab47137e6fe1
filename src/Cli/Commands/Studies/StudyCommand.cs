using System.CommandLine;
using CuteDl.Core.Data;

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
            StudyRunCommand.Create(),
            StudyFolderCommands.CreateReport(),
            StudyFolderCommands.CreateStatus(),
        };
        command.ShowHelp();
        return command;
    }

    /// <summary>The argument for the file of a study.</summary>
    public static Argument<string> FileArgument() =>
        Names.NotEmpty(new Argument<string>("FILE") { Description = "The JSON file of the study. 'cutedl study init' writes one to start from." });

    /// <summary>The argument for the folder of a study.</summary>
    public static Argument<string> FolderArgument() =>
        Names.NotEmpty(new Argument<string>("DIR") { Description = "The folder of a run, a comparison or a study: the DIR of --out, or the default folder under artifacts." });

    /// <summary>Reads the study in a file.</summary>
    /// <exception cref="UsageException">The file does not exist.</exception>
    public static Study Load(string file) => Study.Load(Existing(file));

    public static string Existing(string file) =>
        Directory.Exists(file) ? throw new UsageException($"'{file}' is a folder. Give the path of a study file. To continue the study in this folder, run '{StudySession.Resume(file)}'.")
        : IsMissing(file) ? throw new UsageException($"The file '{file}' does not exist. 'cutedl study init {file}' writes an example.")
        : file;

    // File.Exists is also false for a file without permission to read. Opening it distinguishes the two.
    private static bool IsMissing(string file)
    {
        try
        {
            using var opened = InputFile.openRead(file);
            return false;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
    }

    private static Command CreateInit()
    {
        var file = Names.NotEmpty(new Argument<string>("FILE") { Description = "The file to write.", DefaultValueFactory = _ => DefaultFile });
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new CommandPage("init", "Writes a commented example of a study, to start from. Makes the folder of the file if needed.", "cutedl study init study.json") { file, force };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            OutputPath.checkFile(path);
            if (!parsed.GetValue(force) && Path.Exists(path))
            {
                throw new UsageException($"The file '{path}' exists already. --force overwrites it.");
            }

            OutputPath.makeFolderOf(path);
            File.WriteAllText(path, Study.Example);
            Console.WriteLine($"Wrote {path}. Edit it, then run 'cutedl study check {path}' and 'cutedl study run {path}'.");
            return ExitCode.Fine;
        });
        return command;
    }
}
