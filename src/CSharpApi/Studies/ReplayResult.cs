namespace CuteDl;

/// <summary>What running something again has shown.</summary>
public sealed record ReplayResult
{
    /// <summary>What was run again: a trial's id, or a run with its seed.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the same came of it, bit for bit.</summary>
    public bool IsBitEqual => Difference is null;

    /// <summary>The first thing that differs; nothing, if all is the same.</summary>
    public required ReplayDifference? Difference { get; init; }

    /// <summary>The steps that are the same.</summary>
    public required long Steps { get; init; }

    /// <summary>The version that made the result.</summary>
    public required string RecordedVersion { get; init; }

    /// <summary>This version.</summary>
    public required string Version { get; init; }
}

/// <summary>Where a replay first differs from what was recorded.</summary>
/// <param name="First">The first step that differs is this one or a later one, from 1.</param>
/// <param name="Last">It is this one or an earlier one; both are the same number where the step is known.</param>
/// <param name="What">What shows it: the training loss, a validation, the parameters, ...</param>
public sealed record ReplayDifference(long First, long Last, string What);
