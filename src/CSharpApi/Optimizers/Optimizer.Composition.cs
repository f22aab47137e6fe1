using CuteDl.Core.Optimizers;

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

    /// <summary>In front of the rule: every element of the gradient is kept within ±limit.</summary>
    /// <param name="limit">The limit, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public Optimizer ClipValue(double limit = 1) => InFront(Optimizers.ClipValue(limit));

    /// <summary>In front of the rule: each tensor's gradient is shortened to the limit.</summary>
    /// <param name="limit">The largest norm, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public Optimizer ClipNorm(double limit = 1) => InFront(Optimizers.ClipNorm(limit));

    /// <summary>In front of the rule: the gradient of all tensors together is shortened to the limit.</summary>
    /// <param name="limit">The largest norm, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public Optimizer ClipGlobalNorm(double limit = 1) => InFront(Optimizers.ClipGlobalNorm(limit));

    /// <summary>In front of the rule: each unit's gradient is kept within a share of the unit's norm (Brock et al. 2021).</summary>
    /// <param name="ratio">The largest ‖g‖ / ‖w‖ of a unit, above 0.</param>
    /// <param name="epsilon">The least norm that a unit is taken to have, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Optimizer ClipAdaptive(double ratio = 0.01, double epsilon = 1e-3) => InFront(Optimizers.ClipAdaptive(ratio, epsilon));

    /// <summary>In front of the rule: from each unit's gradient its mean is taken away (Yong et al. 2020).</summary>
    public Optimizer Centralize() => InFront(Optimizers.Centralize());

    /// <summary>In front of the rule: normal noise is added to the gradients (Neelakantan et al. 2015).</summary>
    /// <param name="deviation">σ, at least 0.</param>
    /// <param name="seed">Which noise, from 0 to 2147483647.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Optimizer AddNoise(double deviation = 0.01, long seed = 0) => InFront(Optimizers.Noise(deviation, seed));

    /// <summary>In front of the rule: λ w is added to the gradient.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer L2(double factor) => InFront(Optimizers.L2(factor));

    /// <summary>In front of the rule: λ sign w is added to the gradient.</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer L1(double factor) => InFront(Optimizers.L1(factor));

    /// <summary>
    /// In front of the rule: gradients are multiplied by the factor. A rule that divides by the size of gradients, such as Adam, does not
    /// notice; <see cref="Scale"/> is for its steps.
    /// </summary>
    /// <param name="factor">The factor, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer ScaleGradient(double factor) => InFront(Optimizers.Scale(factor));

    /// <summary>In front of the rule: the mean of k gradients, at every k-th step; at the others everything behind rests, and nothing changes.</summary>
    /// <param name="steps">k, how many gradients make one, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of its range.</exception>
    public Optimizer Accumulate(long steps) => InFront(Optimizers.Accumulate(steps));

    /// <summary>In front of the rule: steps whose gradient is not finite are left out.</summary>
    /// <param name="limit">After more such steps in a row, an <see cref="ArithmeticException"/>; 0 is never.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public Optimizer SkipNonFinite(long limit = 0) => InFront(Optimizers.SkipNonFinite(limit));

    /// <summary>In front of the rule: the gradient is turned round, so that the rule climbs. What stands in front stays as it is, decay too.</summary>
    public Optimizer Maximize() => Optimizers.Maximize().Then(this);

    /// <summary>Behind the rule: λ w is added to its step, decoupled weight decay without the rate (Loshchilov and Hutter 2019).</summary>
    /// <param name="factor">λ, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer DecoupledDecay(double factor) => Behind(Optimizers.DecoupledDecay(factor));

    /// <summary>Behind the rule: its steps are multiplied by the factor, which may follow a schedule.</summary>
    /// <param name="factor">The factor, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The factor is out of its range.</exception>
    public Optimizer Scale(double factor) => Behind(Optimizers.Scale(factor));

    /// <summary>Behind the rule: slow weights that go a share of the way to the fast ones every k steps (Zhang et al. 2019).</summary>
    /// <param name="steps">k, the steps between, at least 1.</param>
    /// <param name="share">α, the share of the way, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Optimizer Lookahead(long steps = 5, double share = 0.5) => Behind(Optimizers.Lookahead(steps, share));

    /// <summary>Behind the rule: the exponential moving average of the parameters, for <see cref="Averaged{T}(OptimizerState{T}, T[])"/>.</summary>
    /// <param name="decay">β, in [0, 1).</param>
    /// <param name="debiased">Whether it is corrected for its start at zero; otherwise it starts at the first parameters.</param>
    /// <exception cref="ArgumentOutOfRangeException">The decay is out of its range.</exception>
    public Optimizer Ema(double decay = 0.999, bool debiased = true) => Behind(Optimizers.Ema(decay, debiased));

    /// <summary>Behind the rule: the mean of the parameters from a step on, for <see cref="Averaged{T}(OptimizerState{T}, T[])"/>.</summary>
    /// <param name="start">The first step that counts, at least 1.</param>
    /// <param name="every">Every how many steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Optimizer Swa(long start = 1, long every = 1) => Behind(Optimizers.Swa(start, every));

    /// <summary>The same optimizer with a hyper-parameter changed, in every part that has it; its states go on with the new one. A schedule of it ends.</summary>
    /// <param name="name">The argument's name in the text form: <c>lr</c>.</param>
    /// <param name="value">The value; 0 or 1 for a flag.</param>
    /// <exception cref="ArgumentException">No part has such an argument; the message lists those there are.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of its range.</exception>
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
    /// The same optimizer with a hyper-parameter that follows a schedule, in every part that has it: a function of how many steps the
    /// part has taken.
    /// </summary>
    /// <param name="name">The argument's name in the text form: <c>lr</c>.</param>
    /// <param name="schedule">The schedule, made by <see cref="CuteDl.Schedules"/>.</param>
    /// <exception cref="ArgumentException">No part has such an argument, or it is a flag or a count.</exception>
    public Optimizer Schedule(string name, Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(schedule);
        return new Optimizer(OptimizerModule.schedule(name, schedule.Core, Core));
    }

    /// <summary>
    /// The same optimizer with a hyper-parameter that is reduced when the validation loss stops falling, in every part that has it.
    /// </summary>
    /// <param name="name">The argument's name in the text form: <c>lr</c>.</param>
    /// <param name="plateau">How.</param>
    /// <exception cref="ArgumentException">No part has such an argument, or it is a flag or a count; or a value of the plateau is out of its range.</exception>
    public Optimizer Schedule(string name, Plateau plateau)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(plateau);
        return new Optimizer(OptimizerModule.follow(name, Setting.NewPlateau(plateau.Core), Core));
    }
}
