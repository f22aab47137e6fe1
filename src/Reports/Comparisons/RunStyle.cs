using ScottPlot;

namespace CuteDl.Reports;

/// <summary>
/// The style in which a run of a comparison is drawn. The colours are those of Okabe and Ito, which are distinguishable with colour
/// blindness; grey replaces yellow, which is invisible on white. The mark alone distinguishes twelve runs, also in black and white. With 8
/// colours, 5 patterns and 12 marks, 120 runs look different.
/// </summary>
/// <param name="Index">The index of the run in the comparison.</param>
internal readonly record struct RunStyle(int Index)
{
    private const float Thin = 1;

    private static readonly Color[] Colors =
        [.. new[] { "#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A" }.Select(Color.FromHex)];

    private static readonly float[][] Patterns = [[], [9, 3], [3, 2.5f], [11, 3, 2.5f, 3], [7, 3, 2.5f, 3, 2.5f, 3]];

    private static readonly (MarkerShape Shape, bool IsFull)[] Shapes =
    [
        (MarkerShape.FilledCircle, true), (MarkerShape.FilledSquare, false), (MarkerShape.FilledTriangleUp, true),
        (MarkerShape.FilledDiamond, false), (MarkerShape.FilledTriangleDown, true), (MarkerShape.FilledCircle, false),
        (MarkerShape.FilledSquare, true), (MarkerShape.FilledTriangleUp, false), (MarkerShape.FilledDiamond, true),
        (MarkerShape.FilledTriangleDown, false), (MarkerShape.Eks, true), (MarkerShape.Cross, true),
    ];

    /// <summary>The colour.</summary>
    public Color Color => Colors[Index % Colors.Length];

    /// <summary>The lengths of dashes and gaps, in turn; empty for a solid line.</summary>
    public IReadOnlyList<float> Dashes => Patterns[Index % Patterns.Length];

    /// <summary>The shape of the mark, and whether it is filled.</summary>
    public (MarkerShape Shape, bool IsFull) Shape => Shapes[Index % Shapes.Length];

    public static int ColorCount => Colors.Length;

    /// <summary>The line of the run's curve, or of the median of its seeds.</summary>
    public Stroke Line => new(1.8f, Color, Patterns[Index % Patterns.Length]);

    /// <summary>Returns the line for one of several seeds. It is thinner and fainter for more seeds.</summary>
    public Stroke SeedLine(int seeds) => new(Thin, Color.WithAlpha(Math.Clamp(1.1 / Math.Sqrt(seeds), 0.2, 0.5)));

    /// <summary>The colour of the band around the curve.</summary>
    public Color Band => Color.WithAlpha(0.14);

    /// <summary>The mark at intervals along the curve.</summary>
    public MarkerStyle Mark => Marker(7);

    /// <summary>The mark at the end of the curve.</summary>
    public MarkerStyle End => Marker(11);

    /// <summary>Returns the mark at the end of the curve of one of several seeds.</summary>
    public MarkerStyle SeedEnd(int seeds) => new(MarkerShape.FilledCircle, 4, SeedLine(seeds).Color) { OutlineWidth = 0 };

    private MarkerStyle Marker(float size)
    {
        var (shape, isFull) = Shapes[Index % Shapes.Length];
        return new MarkerStyle(shape, size, Color)
        {
            LineWidth = 2,
            FillColor = isFull ? Color : ScottPlot.Colors.White,
            OutlineColor = isFull ? ScottPlot.Colors.White : Color,
            OutlineWidth = isFull ? 0.6f : 1.5f,
        };
    }
}
