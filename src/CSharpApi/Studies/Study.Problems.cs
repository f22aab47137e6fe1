using CuteDl.Studies;

namespace CuteDl;

public sealed partial class Study
{
    /// <summary>Adds a task with a problem of one's own. Give one target: a loss or an accuracy.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="problem">The problem.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest validation loss that meets it, above 0.</param>
    /// <param name="accuracy">The target: the smallest validation accuracy that meets it, in (0, 1]. The problem must have classes.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="precision">The floating-point precision.</param>
    /// <exception cref="ArgumentException">There are no or two targets, or the problem has no classes and the target is an accuracy.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Task(
        string name,
        Problem problem,
        long steps,
        double? loss = null,
        double? accuracy = null,
        int? validateEvery = null,
        Precision precision = Precision.Single)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return Add(name, problem.Core, precision, steps, validateEvery, OneTarget(name, loss, accuracy));
    }

    /// <summary>Adds a task over a trainer of one's own. Give one target: a loss or an accuracy.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="trainer">The trainer.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest validation loss that meets it, above 0.</param>
    /// <param name="accuracy">The target: the smallest validation accuracy that meets it, in (0, 1]. The trainer must have classes.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <exception cref="ArgumentException">There are no or two targets, or the trainer has no classes and the target is an accuracy.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Over(string name, Trainer trainer, long steps, double? loss = null, double? accuracy = null, int? validateEvery = null)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return Add(name, trainer.Core, Precision.Single, steps, validateEvery, OneTarget(name, loss, accuracy));
    }

    /// <summary>Adds a task: minimize a function of the library.</summary>
    /// <param name="name">The name in results: letters, digits, '.', '-', '_' and '+'.</param>
    /// <param name="function">The function, such as <c>new NoisyQuadratic(dimensions: 10, condition: 100, batch: 8)</c>.</param>
    /// <param name="steps">The budget of a trial, at least 1.</param>
    /// <param name="loss">The target: the largest loss that meets it, above 0.</param>
    /// <param name="validateEvery">
    /// The number of steps between validations, at least 1. More than the budget counts as the budget. Default: a hundredth of the budget.
    /// </param>
    /// <param name="precision">The floating-point precision.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Study Function(
        string name, FunctionProblem function, long steps, double loss, int? validateEvery = null, Precision precision = Precision.Single)
    {
        ArgumentNullException.ThrowIfNull(function);
        return Add(name, function, precision, steps, validateEvery, Target.NewLoss(loss));
    }

    private static Target OneTarget(string name, double? loss, double? accuracy) =>
        (loss, accuracy) switch
        {
            ({ } most, null) => Target.NewLoss(most),
            (null, { } least) => Target.NewAccuracy(least),
            (null, null) => throw new ArgumentException($"The task '{name}' has no target. Give it a loss or an accuracy.", nameof(loss)),
            _ => throw new ArgumentException($"The task '{name}' has two targets, a loss and an accuracy. Give it one.", nameof(loss)),
        };
}
