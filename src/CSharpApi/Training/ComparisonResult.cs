using CuteDl.Studies;

namespace CuteDl;

/// <summary>The results of a <see cref="Comparison"/>, complete or so far.</summary>
public sealed record ComparisonResult
{
    /// <summary>The results, ordered by run and then seed. Failed and cancelled runs are among them.</summary>
    public required IReadOnlyList<RunResult> Runs { get; init => field = ValueList.Of(value); }

    /// <summary>The number of runs, seeds counted: those with a result, and the <see cref="Missing"/> ones.</summary>
    public int Planned { get; init; }

    /// <summary>
    /// The runs without a result, ordered by run and then seed; empty if the comparison is complete. If it was cancelled, they had not begun.
    /// In a folder that <see cref="StudyResult.Load"/> reads, they are not finished. <see cref="Comparison.ResumeAsync"/> trains them.
    /// </summary>
    public IReadOnlyList<PlannedRun> Missing { get; init => field = ValueList.Of(value); } = ValueList.Of<PlannedRun>([]);

    /// <summary>The absolute path of the folder; null if the comparison was carried out in memory.</summary>
    public string? Folder { get; init; }

    /// <summary>Repaired damage of the folder, in sentences.</summary>
    public IReadOnlyList<string> Notices { get; init => field = ValueList.Of(value); } = ValueList.Of<string>([]);

    /// <summary>One line: <c>8 of 8 runs: fixed-0.01, momentum, ...</c>, and the missing runs, if there are any.</summary>
    public override string ToString()
    {
        var runs = Runs.Count == 0 ? "" : $": {Short.List(Runs.Select(run => run.Run).Distinct())}";
        var missing = Missing.Count == 0 ? "" : $"; missing: {Short.List(Missing.Select(run => $"{run}"))}";
        return $"{Runs.Count} of {Math.Max(Planned, Runs.Count)} runs{runs}{missing}";
    }

    /// <summary>
    /// Returns the runs of a study; null if it is not a comparison. A comparison has one task with images, and a protocol without tuning,
    /// frontier and verdict.
    /// </summary>
    internal static ComparisonResult? Of(StudyOutcome outcome, string? folder)
    {
        var study = outcome.Study;
        if (study is not { Protocol: { Kind.ComparesPairs: false, Tuning: null, Frontier: null } protocol, Tasks: { Length: 1, Head: { Problem: DataSetProblem problem } task } })
        {
            return null;
        }

        var names = study.Contenders.Select(contender => contender.Name).ToList();
        var seeds = protocol.Confirmation.Seeds.ToList();
        var trials = outcome.Results.Concat(outcome.Interrupted)
            .OrderBy(result => names.IndexOf(result.Trial.Contender))
            .ThenBy(result => seeds.IndexOf(result.Trial.Seed))
            .ToList();
        var known = trials.Select(result => (result.Trial.Contender, result.Trial.Seed)).ToHashSet();
        var settings = RunSettings.Of(task, problem, protocol.StopRules);
        return new()
        {
            Runs = [.. trials.Select(result => RunResult.Of(study.Contenders[names.IndexOf(result.Trial.Contender)].Label, result, task, problem, settings, outcome.Header.Version, outcome.Models, outcome.Exceptions.GetValueOrDefault(result.Trial.Id)))],
            Planned = outcome.Planned,
            Missing = [.. study.Contenders.SelectMany(
                contender => seeds.Where(seed => !known.Contains((contender.Name, seed))),
                (contender, seed) => new PlannedRun(contender.Label, seed))],
            Folder = folder,
            Notices = outcome.Notices,
        };
    }
}
