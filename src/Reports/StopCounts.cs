namespace CuteDl.Reports;

/// <summary>Counts the stop reasons of several runs.</summary>
internal static class StopCounts
{
    /// <summary>Returns the number of runs for each stop reason, the most frequent first: "9 target held, 1 too slow".</summary>
    public static string InWords(IEnumerable<StopReason> stops) =>
        string.Join(
            ", ",
            stops.GroupBy(stop => stop)
                .OrderByDescending(same => same.Count())
                .ThenBy(same => same.Key)
                .Select(same => $"{same.Count()} {same.Key.InWords()}"));
}
