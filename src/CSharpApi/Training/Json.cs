using System.Text.Json;
using System.Text.Json.Serialization;

namespace CuteDl;

// The records say their names and forms themselves, so that any serializer writes the same.
[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(ComparisonResult))]
[JsonSerializable(typeof(LearningRateSweep))]
internal sealed partial class JsonFormats : JsonSerializerContext;

internal static class Json
{
    public static string Write(RunResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.RunResult);

    public static string Write(ComparisonResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.ComparisonResult);

    public static string Write(LearningRateSweep sweep) => JsonSerializer.Serialize(sweep, JsonFormats.Default.LearningRateSweep);

    public static RunResult Read(string json) =>
        JsonSerializer.Deserialize(json, JsonFormats.Default.RunResult) ?? throw new JsonException("the text is null, not a result.");
}
