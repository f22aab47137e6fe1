using ScottPlot;

namespace CuteDl.Reports;

/// <summary>Colours for everything except data.</summary>
internal static class Ink
{
    public static Color Text { get; } = Color.FromHex("#1A1A1A");

    public static Color Quiet { get; } = Color.FromHex("#595959");

    public static Color Warning { get; } = Color.FromHex("#A33B00");

    public static Color Frame { get; } = Color.FromHex("#4D4D4D");

    public static Color Grid { get; } = Color.FromHex("#E3E3E3");

    public static Color MinorGrid { get; } = Color.FromHex("#F2F2F2");
}
