using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>A pair of axes, a heat map or a table.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(LinePane), "lines")]
[JsonDerivedType(typeof(IntervalPane), "intervals")]
[JsonDerivedType(typeof(HeatPane), "heat")]
[JsonDerivedType(typeof(TablePane), "table")]
internal abstract record Pane
{
    /// <summary>Distinguishes the pane from the figure's other panes; empty if its axes do.</summary>
    public string Title { get; init; } = "";
}

/// <summary>Lines, bands and marks.</summary>
/// <param name="X">The lower axis.</param>
/// <param name="Y">The left axis.</param>
/// <param name="Series">The series, in drawing order.</param>
internal sealed record LinePane(Axis X, Axis Y, IReadOnlyList<Series> Series) : Pane
{
    /// <summary>Horizontal lines at targets.</summary>
    public IReadOnlyList<Level> Levels { get; init; } = [];

    /// <summary>Single points with a text in the pane's legend.</summary>
    public IReadOnlyList<Spot> Spots { get; init; } = [];
}

/// <summary>A horizontal line. It does not extend the axis.</summary>
/// <param name="Value">The value.</param>
/// <param name="Text">The text in the legend.</param>
internal sealed record Level(double Value, string Text);

/// <summary>A marked point.</summary>
/// <param name="Group">The group whose colour it has.</param>
/// <param name="Text">The text in the legend.</param>
/// <param name="X">The position on the lower axis.</param>
/// <param name="Y">The value.</param>
/// <param name="IsOpen">True for a large open mark, which shows a full one within.</param>
internal sealed record Spot(int Group, string Text, double X, double Y, bool IsOpen);

/// <summary>A table whose rows name the lines of the other panes: the legend of the figure.</summary>
/// <param name="Columns">The headers.</param>
/// <param name="Rows">The rows, one for each group.</param>
internal sealed record TablePane(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : Pane;

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
