using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace CuteDl;

// Names and forms are attributes of the records, so that every serializer writes the same.
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

    public static RunResult ReadRun(string json) => Read(json, JsonFormats.Default.RunResult);

    public static ComparisonResult ReadComparison(string json) => Read(json, JsonFormats.Default.ComparisonResult);

    public static LearningRateSweep ReadSweep(string json) => Read(json, JsonFormats.Default.LearningRateSweep);

    private static T Read<T>(string json, JsonTypeInfo<T> type)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(json);
        return JsonSerializer.Deserialize(json, type) ?? throw new JsonException($"The text is null, not a {typeof(T).Name}.");
    }
}
