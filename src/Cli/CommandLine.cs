using System.CommandLine;
using System.CommandLine.Help;

namespace CuteDl.Cli;

/// <summary>The whole command line: every command with its options.</summary>
internal static class CommandLine
{
    /// <summary>Creates the command <c>cutedl</c>. A root command would take its name from the file, CuteDl.Cli.</summary>
    public static Command Create() =>
        new("cutedl", "Trains one model under different optimizers on MNIST and says what each one does.")
        {
            CompareCommand.Create(),
            RunCommand.Create(),
            ListCommand.Create(),
            TraceCommand.Create(),
            LawsCommand.Create(),
            StudyCommand.Create(),
            SchemaCommand.Create(),
            LearningRateCommand.Create(),
            ReplayCommand.Create(),
            new HelpOption { Recursive = true },
            new VersionOption(),
        };
}
