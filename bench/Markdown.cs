using System.Globalization;

namespace CuteDl.Bench;

/// <summary>Tables in Markdown on standard output.</summary>
internal static class Markdown
{
    public static void Heading(string title, params string[] columns)
    {
        Console.WriteLine($"\n### {title}\n");
        Row(columns);
        Console.WriteLine("|" + string.Concat(columns.Select((_, i) => i == 0 ? "---|" : "---:|")));
    }

    public static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");

    public static string Text(double? value, string format = "0.0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";

    /// <summary>Columns for each peer that has times of this kind: its time, and our factors.</summary>
    /// <param name="peers">All peers.</param>
    /// <param name="kind">The first word of the names of its times.</param>
    /// <param name="factors">The headings of the factors.</param>
    public static IEnumerable<string> PeerColumns(Peer[] peers, string kind, params string[] factors) =>
        peers.Where(peer => peer.Has(kind)).SelectMany(peer => factors.Prepend(peer.ShortName));

    /// <summary>The cells of <see cref="PeerColumns"/>.</summary>
    /// <param name="peers">All peers.</param>
    /// <param name="kind">The first word of the name.</param>
    /// <param name="name">The rest of the name of the peer's time.</param>
    /// <param name="times">Our times.</param>
    public static IEnumerable<string> PeerCells(Peer[] peers, string kind, string name, params double[] times) =>
        peers.Where(peer => peer.Has(kind))
            .Select(peer => peer.Time(kind, name))
            .SelectMany(other => times.Select(time => Factor(other, time)).Prepend(Text(other)));

    private static string Factor(double? peer, double time) => peer is { } other ? (other / time).ToString("0.0", CultureInfo.InvariantCulture) + " ×" : "–";
}
