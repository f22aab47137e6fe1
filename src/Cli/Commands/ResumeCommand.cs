using System.CommandLine;

namespace CuteDl.Cli;

/// <summary><c>cutedl resume DIR</c>: continues what a folder holds.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var folder = Names.NotEmpty(new Argument<string>("DIR") { Description = "The folder of 'cutedl run', 'cutedl compare' or 'cutedl study run', as given to its --out." });
        var parallel = new Parallelism();
        var json = OutputOptions.Json();
        var command = new CommandPage(
            "resume",
            "Continues an interrupted run, comparison or study, and writes its report again. Finished trials are not run again.",
            "cutedl resume artifacts/compare-1")
         { folder, json };
        parallel.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
            StudySession.ResumeAsync(parsed.GetValue(folder)!, parallel.Read(parsed), parsed.GetValue(json), cancellationToken));
        return command;
    }
}
