using System.CommandLine;
using CuteDl.Core.Data;

namespace CuteDl.Cli;

/// <summary><c>cutedl run RUN</c>: trains one model under one optimizer.</summary>
internal static class RunCommand
{
    public const string Help = "A documented run (one of eight runs from the tutorial for another framework, cute-dl), such as momentum; or an optimizer, such as \"adam(lr=0.001)\" or \"clip_norm(1) | lion(lr=0.0003)\". 'cutedl list' shows all names.";

    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = Help };
        var training = new TrainingOptions();
        var save = Names.NotEmpty(new Option<string?>("--save")
        {
            HelpName = "FILE",
            Description = "File for the trained model, such as model.safetensors, which 'predict' and 'evaluate' read. An existing file is replaced.",
        });
        var parallel = new Parallelism();
        var output = OutputOptions.Resumable();
        var command = new CommandPage(
            "run",
            "Trains one model under one optimizer. After an interruption, continue with 'cutedl resume DIR'.",
            "cutedl run \"adam(lr=0.001)\" --hidden 128 --output linear --max-epochs 2",
            "cutedl run adam --max-epochs 2 --save model.safetensors")
         { run };
        training.AddTo(command);
        command.Options.Add(save);
        parallel.AddThreadsTo(command);
        output.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var named = Mnist.ParseRun(parsed.GetValue(run)!);
            var path = parsed.GetValue(save);
            if (path is not null)
            {
                OutputPath.checkFile(path);
            }

            var comparison = training.Read(parsed, training.HasSeed(parsed)).Compare([named]);
            return output.Read(parsed, "run").CarryOutAsync(comparison.ToStudy(), parallel.Read(parsed), cancellationToken, path);
        });
        return command;
    }
}
