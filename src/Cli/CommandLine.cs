using System.CommandLine;
using System.CommandLine.Help;

namespace CuteDl.Cli;

/// <summary>The whole command line: every command with its options.</summary>
internal static class CommandLine
{
    /// <summary>Creates the command <c>cutedl</c>. A root command would take its name from the assembly file, CuteDl.Cli.</summary>
    public static Command Create()
    {
        var command = new CommandPage(
            "cutedl",
            "Trains one model on MNIST under different optimizers and compares them, in tables and pictures.",
            "cutedl compare fixed-0.01 momentum adam --max-epochs 1",
            "cutedl run \"clip_norm(1) | adamw(lr=0.001)\" --max-steps 2000",
            "cutedl list adam")
        {
            CompareCommand.Create(),
            RunCommand.Create(),
            PredictCommand.Create(),
            EvaluateCommand.Create(),
            ListCommand.Create(),
            LearningRateCommand.Create(),
            StudyCommand.Create(),
            ResumeCommand.Create(),
            LawsCommand.Create(),
            TraceCommand.Create(),
            ReplayCommand.Create(),
            SchemaCommand.Create(),
            new HelpOption { Recursive = true, Action = new HelpPageAction(clearsParseErrors: true) },
            new VersionOption(),
        };
        command.Notes = "Exit codes: 0 success; 1 a run failed or diverged, or a check failed; 2 the command line, a file or the data are wrong. An interruption by Ctrl+C, SIGTERM or SIGHUP gives 130, 143 or 129.";
        command.ShowHelp();
        return command;
    }
}
