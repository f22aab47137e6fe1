using System.Text.Json.Nodes;
using CuteDl.Studies;

namespace CuteDl.Cli;

/// <summary>A study's progress as one JSON object a line: what came of each trial, without its curve, which is in the study's folder.</summary>
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
