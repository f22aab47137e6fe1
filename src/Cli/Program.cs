using CuteDl.Cli;

Console.SetError(new UnfailingWriter(Console.Error));

return await Invocation.RunAsync(CommandLine.Create(), args);
