using System.Text.Json;
using System.Text.Json.Serialization;
using CuteDl.Studies;

namespace CuteDl;

// Names and formats are attributes of the records, so that every serializer writes the same. A number such as 1e999, which .NET reads as
// infinity, is an error: infinity must be a string.
[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, Converters = [typeof(NumberConverter)])]
[JsonSerializable(typeof(LearningRateSweep))]
internal sealed partial class JsonFormats : JsonSerializerContext;

internal static class Json
{
    public static string Write(LearningRateSweep sweep) => JsonSerializer.Serialize(sweep, JsonFormats.Default.LearningRateSweep);

    public static LearningRateSweep ReadSweep(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return JsonRecord.read(JsonFormats.Default.LearningRateSweep, json);
    }
}
