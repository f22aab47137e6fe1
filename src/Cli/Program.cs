using System.CommandLine;
using System.CommandLine.Help;

// A root command would take its name from the file, CuteDl.Cli.
var command = new Command("cutedl", "Compares optimizers on MNIST.") { new HelpOption(), new VersionOption() };
return command.Parse(args).Invoke();
