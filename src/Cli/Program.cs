using CuteDl.Cli;

// First, before anything else is loaded.
if (!OpenFiles.AreEnough())
{
    return ExitCode.RunFailed;
}

Console.SetError(new UnfailingWriter(Console.Error));

return await Invocation.RunAsync(CommandLine.Create(), args);
