using System.Text.Json.Nodes;

namespace CuteDl.Cli;

/// <summary>Writes one JSON object per line. Thread-safe.</summary>
internal sealed class JsonLines(TextWriter writer)
{
    private readonly Lock _lock = new();

    /// <summary>Writes one object. Its first property is its kind.</summary>
    public void Write(string kind, JsonObject content)
    {
        var line = new JsonObject { ["event"] = kind };
        foreach (var (name, value) in content)
        {
            line[name] = value?.DeepClone();
        }

        lock (_lock)
        {
            writer.WriteLine(line.ToJsonString());
            writer.Flush();
        }
    }

    // JSON has no NaN. As in result files, such numbers are written by name.
    public static JsonNode Number(double number) =>
        double.IsFinite(number) ? JsonValue.Create(number)
        : double.IsNaN(number) ? JsonValue.Create("NaN")
        : JsonValue.Create(number > 0 ? "Infinity" : "-Infinity");
}
