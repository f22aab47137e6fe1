using System.Text.Json.Nodes;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>
/// Writes one JSON object per validation and per finished trial. The curve of a finished trial is left out, because its validations have been
/// written.
/// </summary>
internal sealed class StudyJsonLines(JsonLines lines, Study study) : IProgress<StudyProgress>
{
    private static readonly string[] Left = ["curve", "fingerprint", "fingerprint_every"];

    public void Report(StudyProgress value)
    {
        if (value.Result is { } result)
        {
            lines.Write("trial", Trial(value, result));
        }
        else if (value.Event == TrialEvent.Validated && value.Newest is { } newest)
        {
            lines.Write("validation", new JsonObject
            {
                ["trial"] = value.Trial.Id,
                ["optimizer"] = study.LabelOf(value.Trial.Contender),
                ["seed"] = value.Trial.Seed,
                ["step"] = newest.Step,
                ["val_loss"] = JsonLines.Number(newest.Loss),
                ["val_accuracy"] = JsonLines.Number(newest.Accuracy),
                ["seconds"] = Math.Round(value.Elapsed.TotalSeconds, 3),
            });
        }
    }

    private static JsonObject Trial(StudyProgress value, TrialResult result)
    {
        var content = JsonNode.Parse(TrialJson.write(result))!.AsObject();
        foreach (var name in Left)
        {
            content.Remove(name);
        }

        return new JsonObject
        {
            ["finished"] = value.Finished,
            ["planned"] = value.Planned,
            ["share"] = Math.Round(value.Share, 4),
            ["seconds"] = Math.Round(value.Elapsed.TotalSeconds, 3),
            ["seconds_left"] = value.Left is { } left ? Math.Round(left.TotalSeconds, 1) : null,
            ["result"] = content,
        };
    }
}
