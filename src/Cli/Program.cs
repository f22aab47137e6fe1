using System.CommandLine;
using System.CommandLine.Help;
using CuteDl.Cli;

Console.SetError(new UnfailingWriter(Console.Error));

// A root command would take its name from the file, CuteDl.Cli.
var command = new Command("cutedl", "Trains one model under different optimizers on MNIST and says what each one does.")
{
    CompareCommand.Create(),
    RunCommand.Create(),
    ListCommand.Create(),
    TraceCommand.Create(),
    LawsCommand.Create(),
    StudyCommand.Create(),
    LearningRateCommand.Create(),
    ReplayCommand.Create(),
    new HelpOption { Recursive = true },
    new VersionOption(),
};

return await Invocation.RunAsync(command, args);
