namespace CuteDl;

/// <summary>Where a run is: told after every validation, about four times a second in between, and once at its end.</summary>
public sealed record RunProgress
{
    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>The run's seed.</summary>
    public required int Seed { get; init; }

    /// <summary>The steps taken.</summary>
    public required long Step { get; init; }

    /// <summary>The epochs gone through, with the share of the one under way.</summary>
    public required double Epoch { get; init; }

    /// <summary>How many validations there were.</summary>
    public required int Validations { get; init; }

    /// <summary>The newest validation loss; none before the first validation.</summary>
    public required double? ValLoss { get; init; }

    /// <summary>The newest validation accuracy; none before the first validation.</summary>
    public required double? ValAccuracy { get; init; }

    /// <summary>Since the run began.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The result, at the end; none before.</summary>
    public RunResult? Result { get; init; }
}
