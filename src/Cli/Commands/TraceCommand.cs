using System.CommandLine;
using CuteDl.Core.Data;

namespace CuteDl.Cli;

/// <summary><c>cutedl trace OPTIMIZER</c>: applies an optimizer to recorded gradients.</summary>
internal static class TraceCommand
{
    public static Command Create()
    {
        var optimizer = new Argument<string>("OPTIMIZER") { Description = "An optimizer, such as \"clip_norm(1) | adam(lr=0.001)\"." };
        var initial = Required("--initial", "The parameters before the first step: an .npz file with one array per tensor.");
        var gradients = Required("--gradients", "The gradients: an .npz file with arrays of the same names, with one more dimension in front: the step.");
        var output = Required("--out", "The .npz file to write: the parameters after every step, in the shape of the gradients, as float64.");
        var maxExpansion = DataOptions.MaxExpansion();
        var command = new CommandPage(
            "trace",
            "Applies an optimizer to recorded gradients and writes the parameters after every step, for comparison with another implementation.",
            "cutedl trace adam --initial w.npz --gradients g.npz --out trace.npz")
         { optimizer, initial, gradients, output, maxExpansion };
        command.SetAction(parsed =>
        {
            var parsedOptimizer = Optimizers.Parse(parsed.GetValue(optimizer)!);
            var expansion = TrainingOptions.AtLeast(maxExpansion, parsed.GetValue(maxExpansion), 1);
            OutputPath.checkFile(parsed.GetValue(output)!);
            var steps = OptimizerTrace.Write(parsedOptimizer, parsed.GetValue(initial)!, parsed.GetValue(gradients)!, parsed.GetValue(output)!, expansion);
            Console.WriteLine($"{steps} steps of {parsedOptimizer}: {parsed.GetValue(output)}");
            return ExitCode.Fine;
        });
        return command;
    }

    private static Option<string> Required(string name, string description) =>
        Names.NotEmpty(new Option<string>(name) { HelpName = "FILE.npz", Description = description, Required = true });
}
