using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl trace OPTIMIZER</c>: an optimizer over recorded gradients.</summary>
internal static class TraceCommand
{
    public static Command Create()
    {
        var optimizer = new Argument<string>("OPTIMIZER") { Description = "The text form of an optimizer, such as \"clip_norm(1) | adam(lr=0.001)\"." };
        var initial = Required("--initial", "The parameters before the first step: an .npz archive with an array for each tensor.");
        var gradients = Required("--gradients", "The gradients: an .npz archive with an array of steps x shape under each tensor's name.");
        var output = Required("--out", "Where the parameters after every step go, as the gradients came: steps x shape under each name, float64.");
        var command = new Command("trace", "Applies an optimizer to recorded gradients and writes the parameters after every step.") { optimizer, initial, gradients, output };
        command.SetAction(parsed =>
        {
            var parsedOptimizer = Optimizers.Parse(parsed.GetValue(optimizer)!);
            var steps = OptimizerTrace.Write(parsedOptimizer, File(initial), File(gradients), parsed.GetValue(output)!);
            Console.WriteLine($"{steps} steps of {parsedOptimizer}: {parsed.GetValue(output)}");
            return ExitCode.Fine;

            string File(Option<string> option) =>
                System.IO.File.Exists(parsed.GetValue(option))
                    ? parsed.GetValue(option)!
                    : throw new UsageException($"{option.Name} {parsed.GetValue(option)}: there is no such file.");
        });
        return command;
    }

    private static Option<string> Required(string name, string description) => new(name) { HelpName = "FILE.npz", Description = description, Required = true };
}
