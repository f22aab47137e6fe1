using System.Diagnostics;

namespace CuteDl.Bench;

/// <summary>Times in microseconds: the median of rounds, each of as many calls as take a few milliseconds.</summary>
internal static class Measure
{
    private const int Rounds = 15;
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(5);

    public static double Microseconds(Action action)
    {
        var calls = WarmUp(action);
        var times = new double[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            times[round] = Time(action, calls) / calls;
        }

        Array.Sort(times);
        return times[Rounds / 2];
    }

    /// <summary>The shortest times of two actions in microseconds, over short rounds by turns: for factors on a machine that others use.</summary>
    public static (double First, double Second) Shortest(Action first, Action second)
    {
        // About 100 µs a round, so that reading the clock counts for little.
        var calls = Math.Max(3, WarmUp(first) / 200);
        WarmUp(second);

        var (shortest, other) = (double.MaxValue, double.MaxValue);
        for (var clock = Stopwatch.StartNew(); clock.ElapsedMilliseconds < 4_000;)
        {
            shortest = Math.Min(shortest, Time(first, calls) / calls);
            other = Math.Min(other, Time(second, calls) / calls);
        }

        return (shortest, other);
    }

    /// <summary>Bytes allocated on this thread by one call, once warm.</summary>
    public static long Allocation(Action action)
    {
        WarmUp(action);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++)
        {
            action();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
    }

    // Until rounds stop getting faster: code that the runtime has compiled once is compiled again while it runs. The last tier is reached
    // when the shortest round of the last 0.3 s is not 2 % shorter than the shortest before it.
    private static int WarmUp(Action action)
    {
        var clock = Stopwatch.StartNew();
        var (before, shortest) = (double.MaxValue, double.MaxValue);
        var calls = 1;
        do
        {
            before = Math.Min(before, shortest);
            shortest = double.MaxValue;
            for (var end = clock.Elapsed + Settling; clock.Elapsed < end;)
            {
                var time = Time(action, calls) / calls;
                shortest = Math.Min(shortest, time);
                calls = (int)Math.Clamp(Round.TotalMicroseconds / 20 / time, 1, 100_000);
            }
        }
        while (shortest < 0.98 * before && clock.Elapsed < LongestWarmUp);

        return (int)Math.Clamp(Round.TotalMicroseconds / Math.Min(shortest, before), 1, 100_000);
    }

    private static double Time(Action action, int calls)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < calls; i++)
        {
            action();
        }

        return clock.Elapsed.TotalMicroseconds;
    }
}
