using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>The content of a figure, for picture files and for the report page.</summary>
/// <param name="Id">The name of its files, and its anchor in the page.</param>
/// <param name="Title">The heading.</param>
/// <param name="Caption">Explains the figure.</param>
/// <param name="Panes">The panes, top to bottom.</param>
internal sealed record Figure(string Id, string Title, string Caption, IReadOnlyList<Pane> Panes);

/// <summary>A pair of axes, or a heat map.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(LinePane), "lines")]
[JsonDerivedType(typeof(IntervalPane), "intervals")]
[JsonDerivedType(typeof(HeatPane), "heat")]
internal abstract record Pane
{
    /// <summary>Distinguishes the pane from the figure's other panes; empty for a single pane.</summary>
    public string Title { get; init; } = "";
}

/// <summary>Lines, bands and marks.</summary>
/// <param name="X">The lower axis.</param>
/// <param name="Y">The left axis.</param>
/// <param name="Series">The series, in drawing order.</param>
internal sealed record LinePane(Axis X, Axis Y, IReadOnlyList<Series> Series) : Pane
{
    /// <summary>Horizontal lines at targets.</summary>
    public IReadOnlyList<double> Levels { get; init; } = [];
}

/// <summary>One value with its interval per row.</summary>
/// <param name="X">The lower axis.</param>
/// <param name="Rows">The rows, top to bottom.</param>
internal sealed record IntervalPane(Axis X, IReadOnlyList<IntervalRow> Rows) : Pane
{
    /// <summary>The value that means no difference; null if there is none.</summary>
    public double? Zero { get; init; }
}

/// <summary>A value and its interval.</summary>
/// <param name="Group">The index of the contender; -1 for none.</param>
/// <param name="Label">The label.</param>
/// <param name="Value">The value.</param>
/// <param name="Low">The lower end of the interval; not finite if it has no lower bound.</param>
/// <param name="High">The upper end of the interval; not finite if it has no upper bound.</param>
/// <param name="Text">The value as text.</param>
internal sealed record IntervalRow(int Group, string Label, double Value, double Low, double High, string Text)
{
    /// <summary>The equivalence interval; null if there is none.</summary>
    public (double Low, double High)? Equal { get; init; }

    /// <summary>True if the mark is filled: for decided pairs and tuned settings.</summary>
    public bool IsFull { get; init; } = true;
}

/// <summary>A heat map: one colour per row and column.</summary>
/// <param name="XTitle">The title of the columns.</param>
/// <param name="Columns">The names of the columns.</param>
/// <param name="Rows">The names of the rows.</param>
/// <param name="Cells">The cells, row by row; null for combinations that were not tried.</param>
internal sealed record HeatPane(string XTitle, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows, IReadOnlyList<IReadOnlyList<HeatCell?>> Cells) : Pane;

/// <summary>A cell of a heat map.</summary>
/// <param name="Shade">The shade, from 0 for the best to 1; NaN if the target was never reached.</param>
/// <param name="Text">The upper text of the cell.</param>
/// <param name="Small">The lower text of the cell.</param>
/// <param name="IsDiverged">True if most of its runs diverged.</param>
/// <param name="Description">A description of the cell.</param>
internal sealed record HeatCell(double Shade, string Text, string Small, bool IsDiverged, string Description);

/// <summary>An axis.</summary>
/// <param name="Title">The title of the axis.</param>
/// <param name="Kind">The scale.</param>
/// <param name="Format">The format of its values.</param>
internal sealed record Axis(string Title, AxisKind Kind, AxisFormat Format)
{
    /// <summary>The names at positions 0, 1, 2, ...</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>True if infinite values have a separate position after all others.</summary>
    public bool HasNever { get; init; }

    /// <summary>Values below it do not extend the axis.</summary>
    public double Floor { get; init; } = double.NegativeInfinity;

    /// <summary>Values above it do not extend the axis.</summary>
    public double Ceiling { get; init; } = double.PositiveInfinity;

    /// <summary>Values that the axis always includes.</summary>
    public IReadOnlyList<double> Reach { get; init; } = [];
}

/// <summary>The scale of an axis.</summary>
internal enum AxisKind
{
    Linear,
    Logarithmic,
    Names,
}

/// <summary>The number format of an axis.</summary>
internal enum AxisFormat
{
    /// <summary>Steps: 500, 20k.</summary>
    Steps,

    /// <summary>Values: 0.25, 1e-7.</summary>
    Value,

    /// <summary>Percentages: 85 %.</summary>
    Percent,
}

/// <summary>The data of one contender.</summary>
/// <param name="Group">The index of the contender, which determines colour, dashes and mark.</param>
/// <param name="Name">The name of the contender.</param>
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

    /// <summary>A line with a mark at each point.</summary>
    Marked,

    /// <summary>A thin, faint line for one of several runs.</summary>
    Faint,

    /// <summary>A step line.</summary>
    Stairs,
}
