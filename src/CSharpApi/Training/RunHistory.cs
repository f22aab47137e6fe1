using CuteDl.Studies;

namespace CuteDl;

/// <summary>The validations of a run, oldest first: arrays of equal length. A metric that does not apply is NaN.</summary>
/// <remarks>
/// Each validation has loss and accuracy for classes, and loss, R² and mean absolute error for numbers. They are the metrics of
/// <see cref="TrainedModel.Evaluate"/> on the validation part, except that <see cref="ValLoss"/> can be a mean over batches.
/// </remarks>
public sealed record RunHistory
{
    /// <summary>The number of steps taken before each validation.</summary>
    public required IReadOnlyList<long> Steps { get; init => field = ValueList.Of(value); }

    /// <summary>The training loss of the last batch before each validation.</summary>
    public required IReadOnlyList<double> Loss { get; init => field = ValueList.Of(value); }

    /// <summary>The validation loss, a mean as <see cref="RunSettings.ValidationMean"/> says.</summary>
    public required IReadOnlyList<double> ValLoss { get; init => field = ValueList.Of(value); }

    /// <summary>The validation accuracy; NaN if the targets are numbers.</summary>
    public required IReadOnlyList<double> ValAccuracy { get; init => field = ValueList.Of(value); }

    /// <summary>R² on the validation part, as in <see cref="Evaluation.RSquared"/>; NaN if the targets are classes.</summary>
    public IReadOnlyList<double> ValRSquared { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>The mean absolute error on the validation part; NaN if the targets are classes.</summary>
    public IReadOnlyList<double> ValMeanAbsoluteError { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>
    /// The loss on all training examples, the same mean as the validation loss; NaN without <see cref="Experiment.TrainingMetrics"/>.
    /// </summary>
    public IReadOnlyList<double> TrainLoss { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>
    /// The accuracy on all training examples; NaN without <see cref="Experiment.TrainingMetrics"/>, or if the targets are numbers.
    /// </summary>
    public IReadOnlyList<double> TrainAccuracy { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>R² on all training examples; NaN without <see cref="Experiment.TrainingMetrics"/>, or if the targets are classes.</summary>
    public IReadOnlyList<double> TrainRSquared { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>
    /// The mean absolute error on all training examples; NaN without <see cref="Experiment.TrainingMetrics"/>, or if the targets are classes.
    /// </summary>
    public IReadOnlyList<double> TrainMeanAbsoluteError { get; init => field = ValueList.Of(value); } = ValueList.Of<double>([]);

    /// <summary>The number of validations.</summary>
    public int Count => Steps.Count;

    /// <summary>One line: <c>12 validations, steps 100 to 1200</c>.</summary>
    public override string ToString() =>
        Count == 0
            ? "no validations"
            : FormattableString.Invariant($"{Count} validation{(Count == 1 ? "" : "s")}, steps {Steps[0]} to {Steps[^1]}");

    internal static RunHistory Of(Curve curve)
    {
        double[] unknown = [.. Enumerable.Repeat(double.NaN, curve.Steps.Length)];
        return new()
        {
            Steps = curve.Steps,
            Loss = curve.TrainingLoss,
            ValLoss = curve.Loss,
            ValAccuracy = curve.Accuracy,
            ValRSquared = curve.RSquared ?? unknown,
            ValMeanAbsoluteError = curve.MeanAbsoluteError ?? unknown,
            TrainLoss = curve.Training?.Loss ?? unknown,
            TrainAccuracy = curve.Training?.Accuracy ?? unknown,
            TrainRSquared = curve.Training?.RSquared ?? unknown,
            TrainMeanAbsoluteError = curve.Training?.MeanAbsoluteError ?? unknown,
        };
    }
}
