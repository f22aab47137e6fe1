using CuteDl.Studies;

namespace CuteDl;

/// <summary>The validations of a run, oldest first: arrays of equal length.</summary>
public sealed record RunHistory
{
    /// <summary>The number of steps taken before each validation.</summary>
    public required IReadOnlyList<long> Steps { get; init => field = ValueList.Of(value); }

    /// <summary>The training loss of the last batch before each validation.</summary>
    public required IReadOnlyList<double> Loss { get; init => field = ValueList.Of(value); }

    /// <summary>The validation loss, a mean as <see cref="RunSettings.ValidationMean"/> says.</summary>
    public required IReadOnlyList<double> ValLoss { get; init => field = ValueList.Of(value); }

    /// <summary>The validation accuracy.</summary>
    public required IReadOnlyList<double> ValAccuracy { get; init => field = ValueList.Of(value); }

    /// <summary>The number of validations.</summary>
    public int Count => Steps.Count;

    /// <summary>One line: <c>12 validations, steps 100 to 1200</c>.</summary>
    public override string ToString() =>
        Count == 0
            ? "no validations"
            : FormattableString.Invariant($"{Count} validation{(Count == 1 ? "" : "s")}, steps {Steps[0]} to {Steps[^1]}");

    internal static RunHistory Of(Curve curve) =>
        new() { Steps = curve.Steps, Loss = curve.TrainingLoss, ValLoss = curve.Loss, ValAccuracy = curve.Accuracy };
}
