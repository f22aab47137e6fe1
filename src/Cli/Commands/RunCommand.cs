using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl run RUN</c>: a comparison of one.</summary>
internal static class RunCommand
{
    public const string Help = "A documented run (see 'cutedl list') or an optimizer such as \"adam(lr=0.001)\" or \"clip_norm(1) | lion(lr=0.0003)\".";

    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = Help };
        var training = new TrainingOptions();
        var output = new OutputOptions();
        var command = new Command("run", "Trains the model under one optimizer.") { run };
        training.AddTo(command);
        output.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var named = Mnist.ParseRun(parsed.GetValue(run)!);
            var comparison = training.Read(parsed, training.HasSeed(parsed)).Compare([named]);
            return TrainingSession.RunAsync(comparison, output.Read(parsed, "run"), cancellationToken);
        });
        return command;
    }
}
