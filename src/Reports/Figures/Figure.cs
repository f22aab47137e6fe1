using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>The content of a figure, for picture files and for pages.</summary>
/// <param name="Id">The figure's anchor in a page, and the name of its files.</param>
/// <param name="Title">The heading.</param>
/// <param name="Caption">Explains the figure.</param>
/// <param name="Panes">The panes, top to bottom.</param>
internal sealed record Figure(string Id, string Title, [property: JsonIgnore] string Caption, IReadOnlyList<Pane> Panes)
{
    /// <summary>The names of the groups of its series. A group is a colour, a line pattern and a mark.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The lines below the heading.</summary>
    [JsonIgnore]
    public IReadOnlyList<Remark> Remarks { get; init; } = [];

    /// <summary>The line below the panes.</summary>
    [JsonIgnore]
    public string Footer { get; init; } = "";

    /// <summary>The picture files, relative to the folder of the report.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Files { get; init; } = [$"figures/{Id}.png", $"figures/{Id}.svg"];

    /// <summary>The width of the pictures.</summary>
    [JsonIgnore]
    public int Width { get; init; } = 880;

    /// <summary>The height of the pictures; null if it follows from the content.</summary>
    [JsonIgnore]
    public int? Height { get; init; }
}

/// <summary>A line below a heading.</summary>
/// <param name="Tone">Its importance.</param>
/// <param name="Text">The text.</param>
internal sealed record Remark(Tone Tone, string Text);

/// <summary>The importance of a remark.</summary>
internal enum Tone
{
    Quiet,
    Plain,
    Warning,
}
