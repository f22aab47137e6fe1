using System.Text.RegularExpressions;
using CuteDl.Core.Optimizers;
using Microsoft.FSharp.Collections;
using CoreAnneal = CuteDl.Core.Optimizers.Anneal;
using CoreSchedule = CuteDl.Core.Optimizers.Schedule;
using CoreSchedules = CuteDl.Core.Optimizers.Schedules;
using CoreStepCount = CuteDl.Core.Optimizers.StepCount;

namespace CuteDl;

/// <summary>How a value goes from one to another.</summary>
public enum Anneal
{
    /// <summary>Half a wave: slow at both ends.</summary>
    Cosine,

    /// <summary>A straight line.</summary>
    Linear,
}

/// <summary>How a piecewise schedule goes from value to value.</summary>
public enum Interpolation
{
    /// <summary>It stays until the step of the next.</summary>
    Constant,

    /// <summary>In a straight line.</summary>
    Linear,

    /// <summary>In half a wave.</summary>
    Cosine,
}

/// <summary>What becomes of the peaks of a cyclic schedule.</summary>
public enum CyclicMode
{
    /// <summary>They stay.</summary>
    Triangular,

    /// <summary>Their height above the base halves at each cycle.</summary>
    Triangular2,

    /// <summary>The height above the base is multiplied by gamma at each step.</summary>
    ExponentialRange,
}

/// <summary>
/// Makes schedules, for <see cref="Optimizer.Schedule(string, Schedule)"/>. t = 0, 1, ... is the step. Values, ends, peaks, bases and starts are
/// at least 0 and finite. Numbers of steps are at least 1 unless stated otherwise, or shares of the run: <c>StepCount.Percent(10)</c>.
/// </summary>
public static partial class Schedules
{
    /// <summary>All kinds of schedules; the last one, <see cref="Plateau"/>, is no function of the step.</summary>
    public static IReadOnlyList<ScheduleInfo> All { get; } = [.. CoreSchedules.all.Append(CoreSchedules.plateau).Select(kind => new ScheduleInfo(kind))];

    /// <summary>The same value at every step.</summary>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Constant(double value) => Make(CoreSchedule.NewConstant(value));

    /// <summary>value · factor^⌊t / every⌋, as PyTorch's StepLR.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="every">How many steps a value stays.</param>
    /// <param name="factor">Above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Step(double value, StepCount every, double factor) => Make(CoreSchedule.NewStep(value, every.Core, factor));

    /// <summary>value · factor^(how many milestones are at most t), as PyTorch's MultiStepLR.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="factor">Above 0.</param>
    /// <param name="milestones">Steps, ascending.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule MultiStep(double value, double factor, params StepCount[] milestones)
    {
        ArgumentNullException.ThrowIfNull(milestones);
        return Make(CoreSchedule.NewMultiStep(value, ListModule.OfSeq(milestones.Select(milestone => milestone.Core)), factor), each: ("milestone", nameof(milestones)));
    }

    /// <summary>value · factor^(t / every), as PyTorch's ExponentialLR.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="factor">Above 0.</param>
    /// <param name="every">The number of steps for one factor. Default: 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Exponential(double value, double factor, StepCount? every = null) => Make(CoreSchedule.NewExponential(value, factor, (every ?? 1).Core));

    /// <summary>value / (1 + rate · t)^power (Robbins and Monro 1951).</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="rate">How much time a step takes, at least 0.</param>
    /// <param name="power">At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule InverseTime(double value, double rate, double power = 1) => Make(CoreSchedule.NewInverseTime(value, rate, power));

    /// <summary>A straight line to the end at <paramref name="steps"/>; it stays there.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="steps">The number of steps until the end. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="end">The value from there on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Linear(double value, StepCount? steps = null, double end = 0) =>
        Make(CoreSchedule.NewLinear(value, UntilEnd(steps), end));

    /// <summary>end + (value − end) · (1 − t / steps)^power; from <paramref name="steps"/> on the end.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="steps">The number of steps until the end. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="end">The value from there on.</param>
    /// <param name="power">Above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Polynomial(double value, StepCount? steps = null, double end = 0, double power = 1) =>
        Make(CoreSchedule.NewPolynomial(value, UntilEnd(steps), end, power));

    /// <summary>
    /// end + (value − end) · (1 + cos(π t / steps)) / 2; from <paramref name="steps"/> on the end (Loshchilov and Hutter 2017), as in Optax
    /// and Keras.
    /// </summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="steps">The number of steps until the end. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="end">The value from there on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Cosine(double value, StepCount? steps = null, double end = 0) =>
        Make(CoreSchedule.NewCosine(value, UntilEnd(steps), end));

    /// <summary>The cosine again and again, each cycle <paramref name="growth"/> times as long as the one before (Loshchilov and Hutter 2017).</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="steps">The length of the first cycle.</param>
    /// <param name="end">What each cycle falls to.</param>
    /// <param name="growth">At least 1.</param>
    /// <param name="peakFactor">What the height above the end is multiplied by at each restart, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule WarmRestarts(double value, StepCount steps, double end = 0, long growth = 1, double peakFactor = 1) =>
        Make(CoreSchedule.NewWarmRestarts(value, steps.Core, end, growth, peakFactor));

    /// <summary>Up to the peak, then down to nearly nothing (Smith and Topin 2019), as PyTorch's OneCycleLR.</summary>
    /// <param name="peak">The greatest value.</param>
    /// <param name="steps">The number of steps of the cycle. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="pctStart">The share of the steps on the way up, in [0, 1].</param>
    /// <param name="divFactor">The peak over the value at step 0, above 0.</param>
    /// <param name="finalDivFactor">The value at step 0 over the last, above 0.</param>
    /// <param name="anneal">The shape of both ways.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule OneCycle(
        double peak, StepCount? steps = null, double pctStart = 0.3, double divFactor = 25, double finalDivFactor = 1e4, Anneal anneal = Anneal.Cosine) =>
        Make(CoreSchedule.NewOneCycle(peak, UntilEnd(steps), pctStart, divFactor, finalDivFactor, Shape(anneal)));

    /// <summary>Straight lines from the base to max and back, again and again (Smith 2017).</summary>
    /// <param name="baseValue">The value at the start of each cycle.</param>
    /// <param name="max">The value at its peak.</param>
    /// <param name="up">How many steps the way up has.</param>
    /// <param name="down">How many steps the way down has; null for as many.</param>
    /// <param name="mode">What becomes of the peaks.</param>
    /// <param name="gamma">With <see cref="CyclicMode.ExponentialRange"/>: what the height is multiplied by at each step, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Cyclic(
        double baseValue, double max, StepCount up, StepCount? down = null, CyclicMode mode = CyclicMode.Triangular, double gamma = 1) =>
        Make(CoreSchedule.NewCyclic(baseValue, max, up.Core, (down ?? up).Core, mode switch
        {
            CyclicMode.Triangular => Core.Optimizers.CyclicMode.Triangular,
            CyclicMode.Triangular2 => Core.Optimizers.CyclicMode.Triangular2,
            CyclicMode.ExponentialRange => Core.Optimizers.CyclicMode.NewExponentialRange(gamma),
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode must be a member of CyclicMode."),
        }));

    /// <summary>Warm-up, stable, decay: a line up, a constant, and a line down (Hu et al. 2024).</summary>
    /// <param name="value">The value between the two lines.</param>
    /// <param name="warmup">The number of steps of the line up, at least 0.</param>
    /// <param name="stable">The number of steps with the value, at least 0.</param>
    /// <param name="decay">The number of steps of the line down.</param>
    /// <param name="end">The value from the last step on.</param>
    /// <param name="start">The value at step 0, if there is a warm-up.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Wsd(double value, StepCount warmup, StepCount stable, StepCount decay, double end = 0, double start = 0) =>
        Make(CoreSchedule.NewWsd(value, warmup.Core, stable.Core, decay.Core, end, start));

    /// <summary>A line to 0 at <paramref name="steps"/>, with an optional warm-up (Bergsma et al. 2025).</summary>
    /// <param name="value">The largest value.</param>
    /// <param name="steps">The step at which the value is 0. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="warmup">
    /// The number of steps of a line up from 0. It is smaller than <paramref name="steps"/>, which counts them too. Default: 0.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule LinearToZero(double value, StepCount? steps = null, StepCount? warmup = null) =>
        Make(CoreSchedule.NewLinearToZero(value, UntilEnd(steps), (warmup ?? 0).Core));

    /// <summary>A line from 0 to the value, then value / √(1 + (t − warmup) / timescale), as Hugging Face's get_inverse_sqrt_schedule.</summary>
    /// <param name="value">The largest value.</param>
    /// <param name="warmup">The number of steps of the line up.</param>
    /// <param name="timescale">The number of steps after which the square of the value has halved; null for the number of warm-up steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule InverseSqrt(double value, StepCount warmup, StepCount? timescale = null) =>
        Make(CoreSchedule.NewInverseSqrt(value, warmup.Core, (timescale ?? warmup).Core));

    /// <summary>end + (value − end) · (1 − p) / (½ + ½ (1 − p)) where p = t / steps (Chen, Wolfe and Kyrillidis 2021).</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="steps">The number of steps until the end. Default: <see cref="StepCount.WholeRun"/>.</param>
    /// <param name="end">The value from there on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Rex(double value, StepCount? steps = null, double end = 0) =>
        Make(CoreSchedule.NewRex(value, UntilEnd(steps), end));

    /// <summary>scale · modelSize^−½ · min(n^−½, n · warmup^−1½) where n = t + 1 (Vaswani et al. 2017).</summary>
    /// <param name="scale">What all is multiplied by; 1 in the paper.</param>
    /// <param name="modelSize">The width of the model, at least 1.</param>
    /// <param name="warmup">The step, counted from 1, at which the line ends.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Noam(double scale, long modelSize, StepCount warmup) => Make(CoreSchedule.NewNoam(scale, modelSize, warmup.Core));

    /// <summary>A value from each of some steps on.</summary>
    /// <param name="value">The value at step 0.</param>
    /// <param name="interpolation">How it goes from value to value.</param>
    /// <param name="values">Steps, ascending, and the values that are reached there.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Piecewise(double value, Interpolation interpolation, params (StepCount Step, double Value)[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var pieces = ListModule.OfSeq(values.Select(next => Tuple.Create(next.Step.Core, next.Value)));
        return Make(
            CoreSchedule.NewPiecewise(value, pieces, interpolation switch
            {
                Interpolation.Constant => Core.Optimizers.Interpolation.Constant,
                Interpolation.Linear => Core.Optimizers.Interpolation.NewAnneal(CoreAnneal.Linear),
                Interpolation.Cosine => Core.Optimizers.Interpolation.NewAnneal(CoreAnneal.Cosine),
                _ => throw new ArgumentOutOfRangeException(nameof(interpolation), interpolation, "The interpolation must be a member of Interpolation."),
            }),
            each: ("step", nameof(values)));
    }

    /// <summary>A straight line up to where a schedule starts, then the schedule, counting from the line's end (Goyal et al. 2017).</summary>
    /// <param name="steps">How many steps the line has, at least 0.</param>
    /// <param name="schedule">What follows.</param>
    /// <param name="start">The value at step 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Warmup(StepCount steps, Schedule schedule, double start = 0)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return Make(CoreSchedule.NewWarmup(steps.Core, schedule.Core, start));
    }

    /// <summary>One schedule until the step at which the next begins, each counting from its own beginning.</summary>
    /// <param name="first">The first.</param>
    /// <param name="next">Steps, ascending, and what begins there.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static Schedule Join(Schedule first, params (StepCount Step, Schedule Schedule)[] next)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(next);
        foreach (var (_, schedule) in next)
        {
            ArgumentNullException.ThrowIfNull(schedule, nameof(next));
        }

        return Make(CoreSchedule.NewJoin(first.Core, ListModule.OfSeq(next.Select(part => Tuple.Create(part.Step.Core, part.Schedule.Core)))), each: ("step", nameof(next)));
    }

    /// <summary>Schedules multiplied, each at the same step.</summary>
    /// <param name="first">The first.</param>
    /// <param name="others">The others.</param>
    public static Schedule Product(Schedule first, params Schedule[] others)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(others);
        foreach (var other in others)
        {
            ArgumentNullException.ThrowIfNull(other, nameof(others));
        }

        return Make(CoreSchedule.NewProduct(first.Core, ListModule.OfSeq(others.Select(other => other.Core))));
    }

    /// <summary>
    /// Makes a schedule of one's own from any function of the step. Two of them are equal if their names are equal. A
    /// <see cref="KindRegistry"/> that has the schedule reads its text form, which is its name.
    /// </summary>
    /// <param name="name">The name: small letters, digits and underscores.</param>
    /// <param name="value">
    /// Returns the value at a step t = 0, 1, 2, ... It must depend only on the step, so that a run can resume at any step. A value that the
    /// scheduled argument does not allow is an error at its step.
    /// </param>
    /// <exception cref="ArgumentException">The name is not valid, or belongs to a schedule of the library.</exception>
    public static Schedule Of(string name, Func<long, double> value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        return new Schedule(CoreSchedule.NewOwn(new OwnSchedule(name, value)));
    }

    /// <summary>The schedule that a text form names: <c>cosine(0.1, steps=50)</c>. <c>Parse(schedule.ToString())</c> equals the schedule.</summary>
    /// <param name="text">The text form.</param>
    /// <param name="registry">The schedules of one's own that the text can name. Default: <see cref="KindRegistry.Standard"/>, which has none.</param>
    /// <exception cref="FormatException">The message points at the character, says what is known, and the nearest match.</exception>
    public static Schedule Parse(string text, KindRegistry? registry = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Schedule(ScheduleModule.parseWith(KindRegistry.CoreOf(registry).Schedules, text));
    }

    private static CoreStepCount UntilEnd(StepCount? steps) => (steps ?? StepCount.WholeRun).Core;

    private static CoreAnneal Shape(Anneal anneal) =>
        anneal switch
        {
            Anneal.Cosine => CoreAnneal.Cosine,
            Anneal.Linear => CoreAnneal.Linear,
            _ => throw new ArgumentOutOfRangeException(nameof(anneal), anneal, "The shape must be Cosine or Linear."),
        };

    // The core gives the argument name of the text form. C# callers know the parameter name. A name that the text form repeats belongs to
    // one collection parameter.
    private static Schedule Make(CoreSchedule schedule, (string Word, string Parameter)? each = null)
    {
        try
        {
            return new Schedule(ScheduleModule.validated(schedule));
        }
        catch (ArgumentOutOfRangeException error)
        {
            var word = error.ParamName!;
            var name = word == each?.Word ? each.Value.Parameter : word == "base" ? "baseValue" : UnderscoreLetter().Replace(word, match => match.Value[1..].ToUpperInvariant());
            throw new ArgumentOutOfRangeException(name, error.ActualValue, Refusal.sentence(error));
        }
    }

    [GeneratedRegex("_[a-z]")]
    private static partial Regex UnderscoreLetter();
}
