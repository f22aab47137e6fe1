using System.Text.Json;

namespace CuteDl.Reports;

/// <summary>What a report needs to know of a study's file.</summary>
internal sealed class StudyFacts
{
    private readonly Dictionary<string, TaskFacts> _tasks;

    public StudyFacts(Study study)
    {
        Json = study.ToJson();
        using var document = JsonDocument.Parse(Json);
        var root = document.RootElement;
        IsDocument = root.GetProperty("protocol").GetString() == "document";
        _tasks = root.GetProperty("tasks").EnumerateArray().Select(Task).ToDictionary(task => task.Name);
        Contenders = [.. study.OptimizerNames];
    }

    /// <summary>The study, complete.</summary>
    public string Json { get; }

    public bool IsDocument { get; }

    public IReadOnlyCollection<TaskFacts> Tasks => _tasks.Values;

    public IReadOnlyList<string> Contenders { get; }

    /// <summary>A contender's number.</summary>
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

    private static TaskFacts Task(JsonElement task)
    {
        var target = task.GetProperty("target");
        double? Number(string name) => target.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
        return new TaskFacts(task.GetProperty("name").GetString() ?? "", task.GetProperty("steps").GetDouble(), Number("accuracy"), Number("loss"), !task.TryGetProperty("function", out _));
    }
}

/// <summary>What a report needs to know of a task.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Steps">The budget.</param>
/// <param name="Accuracy">The target, if it is an accuracy.</param>
/// <param name="Loss">The target, if it is a loss.</param>
/// <param name="HasClasses">Whether there are accuracies.</param>
internal sealed record TaskFacts(string Name, double Steps, double? Accuracy, double? Loss, bool HasClasses);
