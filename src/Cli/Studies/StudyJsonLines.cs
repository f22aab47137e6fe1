using System.Text.Json.Nodes;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>Writes one JSON object per finished trial. The curve is left out, because the study's folder has it.</summary>
internal sealed class StudyJsonLines(JsonProgress lines) : IProgress<StudyProgress>
{
    private static readonly string[] Left = ["curve", "fingerprint", "fingerprint_every"];

    public void Report(StudyProgress value)
    {
        if (value.Result is not { } result)
        {
            return;
        }

        var content = JsonNode.Parse(TrialJson.write(result))!.AsObject();
        foreach (var name in Left)
        {
            content.Remove(name);
        }

        lines.Write("trial", new JsonObject
        {
            ["finished"] = value.Finished,
            ["planned"] = value.Planned,
            ["share"] = Math.Round(value.Share, 4),
            ["seconds"] = Math.Round(value.Elapsed.TotalSeconds, 3),
            ["seconds_left"] = value.Left is { } left ? Math.Round(left.TotalSeconds, 1) : null,
            ["result"] = content,
        });
    }
}
