namespace CuteDl.Reports;

/// <summary>A line, or several points.</summary>
/// <param name="Group">The index of its group, which determines colour, dashes and mark; -1 for none.</param>
/// <param name="Name">The name of this series.</param>
/// <param name="X">The positions on the lower axis.</param>
/// <param name="Y">The values; NaN is a gap.</param>
/// <param name="Look">The drawing style.</param>
internal sealed record Series(int Group, string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, Look Look)
{
    /// <summary>The lower edge of the band; empty for no band.</summary>
    public IReadOnlyList<double> Low { get; init; } = [];

    /// <summary>The upper edge of the band; empty for no band.</summary>
    public IReadOnlyList<double> High { get; init; } = [];

    /// <summary>A description of each point; empty for no descriptions.</summary>
    public IReadOnlyList<string> Descriptions { get; init; } = [];

    /// <summary>For each point, true if runs diverged; empty if none did.</summary>
    public IReadOnlyList<bool> Diverged { get; init; } = [];
}

/// <summary>The drawing style of a series.</summary>
internal enum Look
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line with a mark at its end, and smaller ones at intervals.</summary>
    Curve,

    /// <summary>A line with a mark at each point.</summary>
    Marked,

    /// <summary>A thin line, for noisy values.</summary>
    Thin,

    /// <summary>A thin, faint line for one of several runs.</summary>
    Faint,

    /// <summary>A step line.</summary>
    Stairs,
}
