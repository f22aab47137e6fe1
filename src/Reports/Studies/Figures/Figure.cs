using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>The content of a figure, for picture files and for the page.</summary>
/// <param name="Id">The name of its file, and its place in the page.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Caption">Explains the figure.</param>
/// <param name="Panes">One below the other.</param>
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
    /// <summary>Lines across: targets.</summary>
    public IReadOnlyList<double> Levels { get; init; } = [];
}

/// <summary>A value with its interval in each row.</summary>
/// <param name="X">The lower axis.</param>
/// <param name="Rows">Top to bottom.</param>
internal sealed record IntervalPane(Axis X, IReadOnlyList<IntervalRow> Rows) : Pane
{
    /// <summary>The value of no difference; null if there is none.</summary>
    public double? Zero { get; init; }
}

/// <summary>A value and its interval.</summary>
/// <param name="Group">The index of the contender; -1 for none.</param>
/// <param name="Label">The label.</param>
/// <param name="Value">The value.</param>
/// <param name="Low">The interval's lower end; not finite if it is unbounded.</param>
/// <param name="High">Its upper end; the same.</param>
/// <param name="Text">The value in words.</param>
internal sealed record IntervalRow(int Group, string Label, double Value, double Low, double High, string Text)
{
    /// <summary>The equivalence interval; null if there is none.</summary>
    public (double Low, double High)? Equal { get; init; }

    /// <summary>True if the mark is filled: for decided pairs and tuned settings.</summary>
    public bool IsFull { get; init; } = true;
}

/// <summary>A colour for each row and column.</summary>
/// <param name="XTitle">The title of the columns.</param>
/// <param name="Columns">Their names.</param>
/// <param name="Rows">The rows' names.</param>
/// <param name="Cells">The cells, row by row; null if nothing was tried.</param>
internal sealed record HeatPane(string XTitle, IReadOnlyList<string> Columns, IReadOnlyList<string> Rows, IReadOnlyList<IReadOnlyList<HeatCell?>> Cells) : Pane;

/// <summary>A cell of a heat map.</summary>
/// <param name="Shade">From 0, the best, to 1; NaN if it was never reached.</param>
/// <param name="Text">The upper text of the cell.</param>
/// <param name="Small">... and below.</param>
/// <param name="IsDiverged">True if most of its runs diverged.</param>
/// <param name="Words">The cell in words.</param>
internal sealed record HeatCell(double Shade, string Text, string Small, bool IsDiverged, string Words);

/// <summary>An axis.</summary>
/// <param name="Title">The title of the axis.</param>
/// <param name="Kind">How.</param>
/// <param name="Format">The format of its values.</param>
internal sealed record Axis(string Title, AxisKind Kind, AxisFormat Format)
{
    /// <summary>The names at 0, 1, 2, ...</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>True if infinite values have their own position, beyond all others.</summary>
    public bool HasNever { get; init; }

    /// <summary>Values beyond have no say in how far it reaches.</summary>
    public double Floor { get; init; } = double.NegativeInfinity;

    /// <summary>Values beyond have no say in how far it reaches.</summary>
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
    /// <summary>500, 20k.</summary>
    Steps,

    /// <summary>0.25, 1e-7.</summary>
    Value,

    /// <summary>85 %.</summary>
    Percent,
}

/// <summary>The data of one contender.</summary>
/// <param name="Group">The contender's number, which decides colour, dashes and mark.</param>
/// <param name="Name">Its name.</param>
/// <param name="X">Where.</param>
/// <param name="Y">Values: NaN is a gap.</param>
/// <param name="Look">How.</param>
internal sealed record Series(int Group, string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, Look Look)
{
    /// <summary>The lower edge of a band; none without one.</summary>
    public IReadOnlyList<double> Low { get; init; } = [];

    /// <summary>The upper edge.</summary>
    public IReadOnlyList<double> High { get; init; } = [];

    /// <summary>Each point in words, beyond its coordinates; none without any.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>For each point, true if runs diverged; null if none did.</summary>
    public IReadOnlyList<bool> Diverged { get; init; } = [];
}

/// <summary>The drawing style of a series.</summary>
internal enum Look
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A line with a mark at each point.</summary>
    Marked,

    /// <summary>A thin faint line: one of several.</summary>
    Faint,

    /// <summary>A step line.</summary>
    Stairs,
}
