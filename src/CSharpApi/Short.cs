namespace CuteDl;

/// <summary>Lists in one line, for ToString and debuggers.</summary>
internal static class Short
{
    private const int MostShown = 4;

    /// <summary>The first few items; the rest is counted.</summary>
    public static string List<T>(IEnumerable<T> items)
    {
        var all = items.ToArray();
        var shown = string.Join(", ", all.Take(MostShown));
        return all.Length <= MostShown ? shown : $"{shown} and {all.Length - MostShown} more";
    }
}
