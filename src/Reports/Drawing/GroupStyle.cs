using ScottPlot;

namespace CuteDl.Reports;

/// <summary>
/// The style in which a group of lines is drawn, such as the runs of one optimizer. The colours are those of Okabe and Ito, which are
/// distinguishable with colour blindness; grey replaces yellow, which is invisible on white. The mark alone distinguishes twelve groups, also
/// in black and white. With 8 colours, 5 patterns and 12 marks, 120 groups look different.
/// </summary>
/// <param name="Index">The index of the group.</param>
internal readonly record struct GroupStyle(int Index)
{
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

    /// <summary>The line of a curve, or of the median over seeds.</summary>
    public Stroke Line => new(1.8f, Color, Patterns[Index % Patterns.Length]);

    /// <summary>Returns the line of a series.</summary>
    /// <param name="group">The index of the group; -1 for none.</param>
    /// <param name="look">The drawing style.</param>
    /// <param name="seeds">The number of seeds. For more seeds, each faint line is fainter.</param>
    public static Stroke Stroke(int group, Look look, int seeds)
    {
        var style = new GroupStyle(Math.Max(0, group));
        return look switch
        {
            Look.Faint => new(1, group < 0 ? Ink.Quiet.WithAlpha(0.55) : style.Color.WithAlpha(Math.Clamp(1.1 / Math.Sqrt(seeds), 0.2, 0.5))),
            Look.Thin => new(1.2f, style.Color),
            _ => style.Line,
        };
    }

    /// <summary>The colour of the band around the curve.</summary>
    public Color Band => Color.WithAlpha(0.14);

    /// <summary>The mark at intervals along the curve.</summary>
    public MarkerStyle Mark => Marker(7);

    /// <summary>The mark at the end of the curve.</summary>
    public MarkerStyle End => Marker(11);

    /// <summary>The mark of a run that diverged.</summary>
    public MarkerStyle Cross => new(MarkerShape.Eks, 10, Color) { LineWidth = 2.4f };

    /// <summary>The mark of a point of a line with few points.</summary>
    public MarkerStyle Point => new(MarkerShape.FilledSquare, 5, Color);

    /// <summary>Returns the mark at the end of the curve of one of several seeds.</summary>
    public MarkerStyle SeedEnd(int seeds) => new(MarkerShape.FilledCircle, 4, Stroke(Index, Look.Faint, seeds).Color) { OutlineWidth = 0 };

    /// <summary>Returns the mark of a single point. An open mark is large, and shows a full one within.</summary>
    public MarkerStyle Spot(bool isOpen) =>
        isOpen
            ? new(MarkerShape.FilledDiamond, 13) { FillColor = ScottPlot.Colors.White, OutlineColor = Color, OutlineWidth = 1.8f }
            : new(MarkerShape.FilledCircle, 6.5f) { FillColor = Color, OutlineWidth = 0 };

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
