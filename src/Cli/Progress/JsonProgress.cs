using System.Text.Json.Nodes;

namespace CuteDl.Cli;

/// <summary>Writes one JSON object per line: each validation, each finished run, and the summary.</summary>
internal sealed class JsonProgress(TextWriter writer) : IProgress<RunProgress>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Run, int Seed), int> _validations = [];

    public void Report(RunProgress value)
    {
        lock (_lock)
        {
            var key = (value.Run, value.Seed);
            if (value.Result is { } result)
            {
                Write("result", JsonNode.Parse(result.ToJson())!.AsObject());
            }
            else if (value.Validations > _validations.GetValueOrDefault(key))
            {
                _validations[key] = value.Validations;
                Write("validation", new JsonObject
                {
                    ["run"] = value.Run,
                    ["seed"] = value.Seed,
                    ["step"] = value.Step,
                    ["val_loss"] = Number(value.ValLoss),
                    ["val_accuracy"] = Number(value.ValAccuracy),
                    ["seconds"] = Math.Round(value.Elapsed.TotalSeconds, 3),
                });
            }
        }
    }

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
    private static JsonNode? Number(double? value) =>
        value is not { } number ? null : double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(JsonNamedNumber(number));

    private static string JsonNamedNumber(double number) => double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
}
