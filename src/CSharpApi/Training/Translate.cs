using CuteDl.Studies;
using CoreActivation = CuteDl.Core.Networks.Activation;
using CoreOrder = CuteDl.Core.Data.Order;
using CoreStepOutcome = CuteDl.Core.Optimizers.StepOutcome;
using CoreValidationMean = CuteDl.Core.Training.ValidationMean;

namespace CuteDl;

/// <summary>Converts between the core's unions and the facade's enumerations.</summary>
internal static class Translate
{
    public static CoreActivation Activation(Activation activation) =>
        activation switch
        {
            CuteDl.Activation.Linear => CoreActivation.Linear,
            CuteDl.Activation.ReLU => CoreActivation.ReLU,
            CuteDl.Activation.LeakyReLU => CoreActivation.LeakyReLU,
            CuteDl.Activation.GELU => CoreActivation.GELU,
            CuteDl.Activation.SiLU => CoreActivation.SiLU,
            CuteDl.Activation.Softplus => CoreActivation.Softplus,
            CuteDl.Activation.Sigmoid => CoreActivation.Sigmoid,
            CuteDl.Activation.Tanh => CoreActivation.Tanh,
            _ => throw Unknown(nameof(activation), activation),
        };

    public static CoreOrder Order(Order order) =>
        order switch
        {
            CuteDl.Order.File => CoreOrder.FileOrder,
            CuteDl.Order.Shuffle => CoreOrder.Shuffled,
            _ => throw Unknown(nameof(order), order),
        };

    public static CoreValidationMean ValidationMean(ValidationMean mean) =>
        mean switch
        {
            CuteDl.ValidationMean.Examples => CoreValidationMean.OverExamples,
            CuteDl.ValidationMean.Batches => CoreValidationMean.OverBatches,
            _ => throw Unknown(nameof(mean), mean),
        };

    public static Order Order(CoreOrder order) => order.IsShuffled ? CuteDl.Order.Shuffle : CuteDl.Order.File;

    public static ValidationMean ValidationMean(CoreValidationMean mean) =>
        mean.IsOverBatches ? CuteDl.ValidationMean.Batches : CuteDl.ValidationMean.Examples;

    public static Objective Objective(StudyObjective objective) =>
        objective switch
        {
            StudyObjective.TimeToTarget => CuteDl.Studies.Objective.TimeToTarget,
            StudyObjective.FinalScore => CuteDl.Studies.Objective.FinalScore,
            _ => throw Unknown(nameof(objective), objective),
        };

    public static Precision Precision(TaskPrecision precision) =>
        precision switch
        {
            TaskPrecision.Single => CuteDl.Precision.Single,
            TaskPrecision.Double => CuteDl.Precision.Double,
            _ => throw Unknown(nameof(precision), precision),
        };

    public static TaskPrecision Precision(Precision precision) =>
        precision switch
        {
            CuteDl.Precision.Single => TaskPrecision.Single,
            CuteDl.Precision.Double => TaskPrecision.Double,
            _ => throw Unknown(nameof(precision), precision),
        };

    /// <summary>Returns the reason for readers of a comparison, whose runs are never pruned.</summary>
    public static StopReason StopReason(Ending ending) =>
        ending switch
        {
            Ending.Completed => CuteDl.StopReason.Completed,
            Ending.Diverged => CuteDl.StopReason.Diverged,
            Ending.NoImprovement => CuteDl.StopReason.NoImprovement,
            Ending.TooSlow => CuteDl.StopReason.TooSlow,
            Ending.TargetHeld => CuteDl.StopReason.TargetHeld,
            Ending.Failed => CuteDl.StopReason.Failed,
            Ending.Cancelled => CuteDl.StopReason.Cancelled,
            _ => throw Unknown(nameof(ending), ending),
        };

    public static StepOutcome Outcome(CoreStepOutcome outcome) =>
        outcome.Tag switch
        {
            CoreStepOutcome.Tags.Stepped => StepOutcome.Stepped,
            CoreStepOutcome.Tags.Skipped => StepOutcome.Skipped,
            CoreStepOutcome.Tags.Frozen => StepOutcome.Frozen,
            CoreStepOutcome.Tags.NoGradient => StepOutcome.NoGradient,
            _ => throw Unknown(nameof(outcome), outcome),
        };

    private static ArgumentOutOfRangeException Unknown(string name, object value) => new(name, value, $"The {name} must be a member of its enumeration.");
}
