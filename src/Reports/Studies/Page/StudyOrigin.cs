using CuteDl.Studies;

namespace CuteDl.Reports;

/// <summary>What made a study's results, as its folder tells.</summary>
internal static class StudyOrigin
{
    /// <summary>The version that ran it and the hashes of its data: of the first trial of each task.</summary>
    public static IReadOnlyList<(string Name, string Value)> Of(StudyResult result)
    {
        if (result.Folder is null)
        {
            return [("kept", "in memory only")];
        }

        var pairs = new List<(string Name, string Value)>();
        foreach (var trial in result.Trials.DistinctBy(trial => trial.Trial.Task))
        {
            var path = Path.Combine(result.Folder, "trials", trial.Trial.Id + ".json");
            if (File.Exists(path))
            {
                var manifest = TrialManifestModule.read(path, File.ReadAllText(path));
                if (pairs.Count == 0)
                {
                    pairs.Add(("run with version", manifest.Version));
                }

                pairs.Add(($"data of {trial.Trial.Task}", manifest.Data.Length > 0 ? manifest.Data : "none: a function"));
            }
        }

        return pairs;
    }
}
