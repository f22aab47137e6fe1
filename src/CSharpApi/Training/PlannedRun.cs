namespace CuteDl;

/// <summary>A run of a comparison, without its result.</summary>
/// <param name="Run">The name of the run.</param>
/// <param name="Seed">The seed.</param>
public readonly record struct PlannedRun(string Run, int Seed)
{
    /// <summary>Returns <c>adam, seed 0</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Run}, seed {Seed}");
}
