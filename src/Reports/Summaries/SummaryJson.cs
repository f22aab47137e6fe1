using System.Text.Json;
using System.Text.Json.Serialization;

namespace CuteDl.Reports;

/// <summary>The content of <c>summary.json</c>.</summary>
internal sealed record SummaryFile
{
    public string Schema { get; init; } = "cutedl/summary/2";

    public required string? Model { get; init; }

    public required RunSettings? Settings { get; init; }

    public required RunEnvironment Environment { get; init; }

    public required int Planned { get; init; }

    public required IReadOnlyList<SummaryRow> Runs { get; init; }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SummaryFile))]
internal sealed partial class SummaryFormats : JsonSerializerContext;

internal static class SummaryJson
{
    public static string Write(ComparisonResult comparison, IReadOnlyList<SummaryRow> rows)
    {
        var first = comparison.Runs.FirstOrDefault();
        var file = new SummaryFile
        {
            Model = first?.ModelText,
            Settings = first?.Settings,
            Environment = RunEnvironment.Current,
            Planned = comparison.Planned,
            Runs = rows,
        };
        return JsonSerializer.Serialize(file, SummaryFormats.Default.SummaryFile);
    }
}
