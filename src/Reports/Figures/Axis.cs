using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>An axis.</summary>
/// <param name="Title">The title of the axis.</param>
/// <param name="Kind">The scale.</param>
/// <param name="Format">The format of its values.</param>
internal sealed record Axis(string Title, AxisKind Kind, AxisFormat Format)
{
    /// <summary>The names at positions 0, 1, 2, ...</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>True if pictures have numbers along the axis. False above a pane with the same axis.</summary>
    [JsonIgnore]
    public bool HasLabels { get; init; } = true;

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
