using BenchmarkDotNet.Running;
using CuteDl.Bench;

// table [--peer COMMAND]... the tables of docs/performance.md but the following three; COMMAND prints a peer's times as JSON, "name": microseconds
// updates [--peer COMMAND]... the tables of updates alone, which are among those
// pure                     the table of pure steps alone
// telemetry                the table of steps with telemetry alone
// tensors                  the table of steps over tensors alone
// threads                  the table of steps on several threads alone
// growth FILE.png          how costs grow with batch, width and parameters
// anything else            BenchmarkDotNet's own command line: --filter '*', --list flat, ...
return args switch
{
    ["table", .. var rest] when Peers(rest) is { } commands => PerformanceTable.Print([.. commands.Select(Peer.Run)]),
    ["updates", .. var rest] when Peers(rest) is { } commands => UpdateTables.Print([.. commands.Select(Peer.Run)]),
    ["pure"] => PerformanceTable.PrintPureSteps(),
    ["telemetry"] => PerformanceTable.PrintTelemetry(),
    ["tensors"] => PerformanceTable.PrintTensorSteps(),
    ["threads"] => PerformanceTable.PrintThreads(),
    ["growth", var path] => Growth.Draw(path),
    _ => RunSuites(args),
};

static int RunSuites(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(StepBenchmarks).Assembly).Run(args);
    return 0;
}

// The commands behind --peer; null if there is anything else.
static string[]? Peers(string[] rest) =>
    rest.Length % 2 == 0 && rest.Where((_, i) => i % 2 == 0).All(word => word == "--peer") ? [.. rest.Where((_, i) => i % 2 == 1)] : null;
