using BenchmarkDotNet.Running;
using CuteDl.Bench;
using CuteDl.Reports;

// table [--peer COMMAND]   the table of docs/performance.md; COMMAND prints a peer's times as JSON, "name": microseconds
// growth FILE.png          how costs grow with batch, width and parameters
// optimizers FILE.md       the page of all optimizers, docs/optimizers.md
// anything else            BenchmarkDotNet's own command line: --filter '*', --list flat, ...
return args switch
{
    ["table", .. var rest] => PerformanceTable.Print(rest is ["--peer", var command] ? Peer.Run(command) : Peer.None),
    ["growth", var path] => Growth.Draw(path),
    ["optimizers", var path] => WriteReference(path),
    _ => RunSuites(args),
};

static int RunSuites(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(StepBenchmarks).Assembly).Run(args);
    return 0;
}

static int WriteReference(string path)
{
    File.WriteAllText(path, OptimizerReference.ToMarkdown());
    return 0;
}
