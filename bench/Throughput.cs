using System.Diagnostics;

namespace CuteDl.Bench;

/// <summary>What several threads do with independent runs.</summary>
internal static class Throughput
{
    private const int Epochs = 10;
    private const int Rounds = 3;

    /// <summary>
    /// Epochs a second of the documented adam, validations included, over all threads together: two runs for each of the machine's
    /// cores, so that any number of threads has the same work; the best of three.
    /// </summary>
    public static double EpochsPerSecond(int threads)
    {
        var adam = CuteDl.Optimizers.Adam();
        var runs = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(i => new NamedRun($"run {i}", adam)).ToArray();
        var best = double.PositiveInfinity;
        for (var round = 0; round < Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            _ = Mnist.Documented().Epochs(Epochs).Compare(runs).RunAsync(options: new() { Parallel = threads }).GetAwaiter().GetResult();
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }

        return runs.Length * Epochs / best;
    }
}
