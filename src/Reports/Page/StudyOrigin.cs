namespace CuteDl.Reports;

/// <summary>The version and data behind a study's results, from its journal.</summary>
internal static class StudyOrigin
{
    /// <summary>Returns the version that ran the study, and the hash of the data of each task with trials.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(StudyResult result)
    {
        if (result.Folder is null)
        {
            return [("kept", "in memory only")];
        }

        var hashes = result.Header.Data.ToDictionary(data => data.Item1, data => data.Item2);
        var tasks = result.Trials.Select(trial => trial.Trial.Task).Distinct();
        return [("run with version", result.Header.Version), .. tasks.Select(task => ($"data of {task}", hashes.GetValueOrDefault(task, "none: a function")))];
    }
}
