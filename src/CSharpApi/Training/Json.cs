using System.Text.Json;
using System.Text.Json.Serialization;

namespace CuteDl;

// Names in snake_case, values of enumerations in kebab-case. A diverged loss is written "NaN" or "Infinity".
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(StopReasonConverter), typeof(OrderConverter), typeof(PrecisionConverter)])]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(ComparisonResult))]
internal sealed partial class JsonFormats : JsonSerializerContext;

internal sealed class StopReasonConverter() : JsonStringEnumConverter<StopReason>(JsonNamingPolicy.KebabCaseLower);

internal sealed class OrderConverter() : JsonStringEnumConverter<Order>(JsonNamingPolicy.KebabCaseLower);

internal sealed class PrecisionConverter() : JsonStringEnumConverter<Precision>(JsonNamingPolicy.KebabCaseLower);

internal static class Json
{
    public static string Write(RunResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.RunResult);

    public static string Write(ComparisonResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.ComparisonResult);

    public static RunResult Read(string json) =>
        JsonSerializer.Deserialize(json, JsonFormats.Default.RunResult) ?? throw new JsonException("the text is null, not a result.");
}
