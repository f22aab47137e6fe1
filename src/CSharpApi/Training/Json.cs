using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CuteDl.Studies;

namespace CuteDl;

// Names and formats are attributes of the records, so that every serializer writes the same. A number such as 1e999, which .NET reads as
// infinity, is an error: infinity must be a string.
[JsonSourceGenerationOptions(WriteIndented = true, RespectNullableAnnotations = true, Converters = [typeof(NumberConverter)])]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(ComparisonResult))]
[JsonSerializable(typeof(LearningRateSweep))]
internal sealed partial class JsonFormats : JsonSerializerContext;

internal static class Json
{
    public static string Write(RunResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.RunResult);

    public static string Write(ComparisonResult result) => JsonSerializer.Serialize(result, JsonFormats.Default.ComparisonResult);

    public static string Write(LearningRateSweep sweep) => JsonSerializer.Serialize(sweep, JsonFormats.Default.LearningRateSweep);

    public static RunResult ReadRun(string json) => Checked(Read(json, JsonFormats.Default.RunResult));

    public static ComparisonResult ReadComparison(string json)
    {
        var comparison = Read(json, JsonFormats.Default.ComparisonResult);
        RefuseNull(comparison.Failures, "failures");
        RefuseNull(comparison.Runs, "runs");
        return comparison with { Runs = [.. comparison.Runs.Select(Checked)] };
    }

    public static LearningRateSweep ReadSweep(string json) => Read(json, JsonFormats.Default.LearningRateSweep);

    // The serializer checks members for null, but not the elements of lists. It sets a missing member that is not required to null.
    private static void RefuseNull<T>(IReadOnlyList<T>? list, string name)
    {
        if (list is null)
        {
            throw new JsonException($"'{name}' is missing. A list is expected.");
        }

        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is null)
            {
                throw new JsonException($"'{name}[{i}]' is null. An object is expected.", $"$.{name}[{i}]", null, null);
            }
        }
    }

    // Checks what the types do not express.
    private static RunResult Checked(RunResult result)
    {
        var history = result.History;
        if (history.Loss.Count != history.Count || history.ValLoss.Count != history.Count || history.ValAccuracy.Count != history.Count)
        {
            throw new JsonException(
                $"The columns of the history have {history.Count}, {history.Loss.Count}, {history.ValLoss.Count} and {history.ValAccuracy.Count} entries. They must be equally long.");
        }

        foreach (var (name, value) in new[] { ("min_gain", result.Settings.MinGain), ("target", result.Settings.Target) })
        {
            if (!double.IsFinite(value))
            {
                throw new JsonException(string.Create(CultureInfo.InvariantCulture, $"'{name}' is {value}. A finite number is expected."));
            }
        }

        return result;
    }

    private static T Read<T>(string json, JsonTypeInfo<T> type)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(json);
        return JsonRecord.read(type, json);
    }
}
