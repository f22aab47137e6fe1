using BenchmarkDotNet.Running;
using CuteDl.Bench;

// table [--peer COMMAND]   the table of docs/performance.md; COMMAND prints a peer's times as JSON, "name": microseconds
// pure                     the table of pure steps alone
// telemetry                the table of steps with telemetry alone
// tensors                  the table of steps over tensors alone
// growth FILE.png          how costs grow with batch, width and parameters
// anything else            BenchmarkDotNet's own command line: --filter '*', --list flat, ...
return args switch
{
    ["table", .. var rest] => PerformanceTable.Print(rest is ["--peer", var command] ? Peer.Run(command) : Peer.None),
    ["pure"] => PerformanceTable.PrintPureSteps(),
    ["telemetry"] => PerformanceTable.PrintTelemetry(),
    ["tensors"] => PerformanceTable.PrintTensorSteps(),
    ["growth", var path] => Growth.Draw(path),
    _ => RunSuites(args),
};

static int RunSuites(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(StepBenchmarks).Assembly).Run(args);
    return 0;
}
