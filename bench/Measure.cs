using System.Diagnostics;

namespace CuteDl.Bench;

/// <summary>Times in microseconds: the median of rounds, each of as many calls as take a few milliseconds.</summary>
internal static class Measure
{
    private const int Rounds = 15;
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(20);

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
        var calls = 3;
        for (var i = 0; i < 3; i++)
        {
            // About 100 µs a round, so that reading the clock counts for little.
            calls = Math.Max(3, WarmUp(first) / 200);
            WarmUp(second);
        }

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

    // Long enough for the compiler's last tier; then as many calls as fill a round.
    private static int WarmUp(Action action)
    {
        var clock = Stopwatch.StartNew();
        var calls = 0;
        while (calls < 60 || clock.ElapsedMilliseconds < 300)
        {
            action();
            calls++;
            if (calls >= 3 && clock.ElapsedMilliseconds > 2000)
            {
                break;
            }
        }

        return (int)Math.Clamp(Round.TotalMicroseconds / Time(action, 3) * 3, 3, 100_000);
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
