using System.Text.Json;
using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>Metadata from a study's file that a report needs.</summary>
internal sealed class StudyMetadata
{
    public StudyMetadata(StudyResult result)
    {
        Json = result.Study.ToJson();
        using var document = JsonDocument.Parse(Json);
        var root = document.RootElement;
        HoldsData = root.GetProperty("tasks").EnumerateArray().Any(task => task.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object && data.TryGetProperty("held", out _));
        var protocol = result.Study.Core.Protocol.Kind;
        (ProtocolName, ComparedPhase) = (protocol.Title, protocol.Phase);
        var withClasses = result.Trials.Where(trial => trial.Curve.Accuracy.Any(double.IsFinite)).Select(trial => trial.Trial.Task).ToHashSet();
        Tasks = [.. root.GetProperty("tasks").EnumerateArray().Select(task => Task(task, withClasses))];
        Contenders = [.. result.Study.OptimizerNames];
    }

    /// <summary>The study as JSON, with all defaults.</summary>
    public string Json { get; }

    /// <summary>The protocol, for readers.</summary>
    public string ProtocolName { get; }

    /// <summary>The phase whose trials compare the contenders.</summary>
    public Phase ComparedPhase { get; }

    /// <summary>True if images of a task came from a program, so that the file alone cannot run the study.</summary>
    public bool HoldsData { get; }

    public IReadOnlyList<TaskMetadata> Tasks { get; }

    public IReadOnlyList<string> Contenders { get; }

    /// <summary>Returns the index of a contender.</summary>
    public int Group(string contender)
    {
        for (var i = 0; i < Contenders.Count; i++)
        {
            if (Contenders[i] == contender)
            {
                return i;
            }
        }

        return -1;
    }

    private static TaskMetadata Task(JsonElement task, HashSet<string> withClasses)
    {
        var target = task.GetProperty("target");
        double? Number(string name) => target.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
        var name = task.GetProperty("name").GetString() ?? "";
        return new TaskMetadata(name, Number("accuracy"), Number("loss"), withClasses.Contains(name));
    }
}

/// <summary>Metadata about a task that a report needs.</summary>
/// <param name="Name">The name of the task.</param>
/// <param name="Accuracy">The target, if it is an accuracy.</param>
/// <param name="Loss">The target, if it is a loss.</param>
/// <param name="HasClasses">True if the task has accuracies.</param>
internal sealed record TaskMetadata(string Name, double? Accuracy, double? Loss, bool HasClasses);
