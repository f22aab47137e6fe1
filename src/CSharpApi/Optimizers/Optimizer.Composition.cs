using CuteDl.Core.Optimizers;
using CuteDl.Options;

namespace CuteDl;

// Composes optimizers. Parts before the rule are in the order of the calls, and so are parts after the rule.
public sealed partial class Optimizer
{
    /// <summary>
    /// Returns a chain: what this one would take away is the gradient of the next. Parameters that either freezes are frozen in both.
    /// </summary>
    /// <param name="next">The next.</param>
    public Optimizer Then(Optimizer next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new Optimizer(Freezing.append(next.Core, Core));
    }

    /// <summary>
    /// Before the rule: multiplies gradients by a factor. A rule that divides by the size of gradients, such as Adam, takes the
    /// same steps; <see cref="Scale"/> multiplies the steps.
    /// </summary>
    /// <param name="factor">The factor, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer ScaleGradient(double factor) => InFront(Optimizers.Scale(factor));

    /// <summary>
    /// Changes a hyper-parameter in every part that has it. States continue with the changed optimizer. The value replaces a schedule.
    /// </summary>
    /// <param name="name">The name in the text form, such as <c>lr</c>; or <c>ema.beta</c> for the argument of one kind.</param>
    /// <param name="value">The value; 0 or 1 for a flag.</param>
    /// <exception cref="ArgumentException">No part has such an argument, or the name has several meanings. The message lists names.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public Optimizer With(string name, double value)
    {
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            return new Optimizer(OptimizerModule.set(name, value, Core));
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new ArgumentOutOfRangeException(nameof(value), error.ActualValue, Refusal.sentence(error));
        }
    }

    /// <summary>
    /// The same optimizer with the hyper-parameters of every part of a kind changed:
    /// <c>optimizer.With((AdamWOptions adam) => adam with { LearningRate = 0.01 })</c>. Its states go on with the new ones. What follows a
    /// schedule goes on following it.
    /// </summary>
    /// <typeparam name="TOptions">The kind's record.</typeparam>
    /// <param name="change">From the hyper-parameters to others.</param>
    /// <exception cref="ArgumentException">No part is of that kind.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Optimizer With<TOptions>(Func<TOptions, TOptions> change)
        where TOptions : IRuleOptions<TOptions>
    {
        ArgumentNullException.ThrowIfNull(change);
        return new Optimizer(TOptions.Change(Core, change));
    }

    /// <summary>
    /// Lets a hyper-parameter follow a schedule in every part that has it. A schedule is a function of the number of steps that the part has
    /// taken.
    /// </summary>
    /// <param name="name">The name in the text form, such as <c>lr</c>; or <c>ema.beta</c> for the argument of one kind.</param>
    /// <param name="schedule">The schedule, made by <see cref="CuteDl.Schedules"/>.</param>
    /// <exception cref="ArgumentException">
    /// No part has such an argument, the name has several meanings, or the argument is a flag or a count.
    /// </exception>
    public Optimizer Schedule(string name, Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(schedule);
        return new Optimizer(OptimizerModule.schedule(name, schedule.Core, Core));
    }

    /// <summary>Lets a hyper-parameter follow a plateau in every part that has it: it is reduced when the validation loss stops falling.</summary>
    /// <param name="name">The name in the text form, such as <c>lr</c>; or <c>ema.beta</c> for the argument of one kind.</param>
    /// <param name="plateau">The plateau.</param>
    /// <exception cref="ArgumentException">
    /// No part has such an argument, the name has several meanings, or the argument is a flag or a count; or a value of the plateau is out of
    /// range.
    /// </exception>
    public Optimizer Schedule(string name, Plateau plateau)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(plateau);
        return new Optimizer(OptimizerModule.follow(name, Setting.NewPlateau(plateau.Core), Core));
    }
}
