using CuteDl.Cli;

// This check comes first, before further assemblies are loaded.
if (!OpenFiles.AreEnough())
{
    return ExitCode.RunFailed;
}

Console.SetError(new UnfailingWriter(Console.Error));

return await Invocation.RunAsync(CommandLine.Create(), args);
