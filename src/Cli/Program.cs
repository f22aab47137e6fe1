using CuteDl.Cli;

// This check comes first, before further assemblies are loaded.
if (!OpenFiles.AreEnough())
{
    return ExitCode.RunFailed;
}

// Before the commands are built, so that an interruption during the start has its exit code, too.
using var interruption = new Interruption(TimeProvider.System);
return StandardStreams.Prepare() ? await Invocation.RunAsync(args, interruption) : ExitCode.WrongUsage;
