using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using CuteDl.Core.Optimizers;
using CoreSchedule = CuteDl.Core.Optimizers.Schedule;

namespace CuteDl;

/// <summary>
/// A value for each step t = 0, 1, 2, ...: a pure function of t alone, as an immutable value. Made by <see cref="Schedules"/>. Two schedules
/// are equal if all their numbers, and the names of schedules of one's own, are equal.
/// </summary>
[JsonConverter(typeof(TextFormJsonConverter<Schedule>))]
[TypeConverter(typeof(TextFormTypeConverter<Schedule>))]
public sealed class Schedule : IEquatable<Schedule>, IParsable<Schedule>
{
    internal Schedule(CoreSchedule core) => Core = core;

    internal CoreSchedule Core { get; }

    /// <summary>The value at a step.</summary>
    /// <param name="step">t, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative.</exception>
    /// <exception cref="ArgumentException">The value depends on the length of the run: see <see cref="ForRun"/>.</exception>
    public double At(long step) => ScheduleModule.at(Core, step);

    /// <summary>True if a number of steps in the schedule is a share of the run.</summary>
    public bool DependsOnRun => ScheduleModule.dependsOnRun(Core);

    /// <summary>
    /// Replaces the shares of the run by numbers of steps. Each is rounded to the nearest number, halves upwards, and is at least the smallest
    /// number that is allowed.
    /// </summary>
    /// <param name="steps">The number of steps of the run, from 1 to 2⁵³.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of steps is out of range.</exception>
    /// <exception cref="ArgumentException">In a run of this length, numbers and shares of the schedule do not fit each other.</exception>
    public Schedule ForRun(long steps) => new(ScheduleModule.forRun(steps, Core));

    /// <summary>A straight line from <paramref name="start"/> at step 0 up to where this schedule starts, and then this schedule.</summary>
    /// <param name="steps">How many steps the line has, at least 0.</param>
    /// <param name="start">At least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public Schedule AfterWarmup(StepCount steps, double start = 0) => Schedules.Warmup(steps, this, start);

    /// <summary>This schedule until a step, and from there on another, which counts from its own beginning.</summary>
    /// <param name="step">Where the other begins, at least 1.</param>
    /// <param name="next">The other.</param>
    /// <exception cref="ArgumentOutOfRangeException">The step is out of its range.</exception>
    public Schedule Then(StepCount step, Schedule next) => Schedules.Join(this, (step, next));

    /// <summary>This schedule times another, each at the same step.</summary>
    /// <param name="other">The other.</param>
    public Schedule Times(Schedule other) => Schedules.Product(this, other);

    /// <summary>Reads a text form: the same as <see cref="Schedules.Parse"/>.</summary>
    /// <param name="s">The text form; a number alone is a constant.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <exception cref="FormatException">The text is not a schedule. The message names the character and the nearest known name.</exception>
    public static Schedule Parse(string s, IFormatProvider? provider = null) => Schedules.Parse(s);

    /// <summary>Reads a text form; returns false if the text is not a schedule.</summary>
    /// <param name="s">The text form; a number alone is a constant.</param>
    /// <param name="result">The schedule.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, [MaybeNullWhen(false)] out Schedule result) => TryParse(s, null, out result);

    /// <summary>Reads a text form; returns false if the text is not a schedule.</summary>
    /// <param name="s">The text form; a number alone is a constant.</param>
    /// <param name="provider">Has no effect: text forms are the same in every culture.</param>
    /// <param name="result">The schedule.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out Schedule result) =>
        TextForm.TryParse(s, out result);

    /// <summary>The text form: <c>cosine(0.1, steps=50, end=0.001)</c>; a constant is its number.</summary>
    public override string ToString() => Core.ToString();

    /// <inheritdoc/>
    public bool Equals(Schedule? other) => other is not null && Core.Equals(other.Core);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Schedule);

    /// <inheritdoc/>
    public override int GetHashCode() => Core.GetHashCode();

    /// <summary>Whether two schedules are equal.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Schedule? left, Schedule? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two schedules differ.</summary>
    /// <param name="left">The one.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Schedule? left, Schedule? right) => !(left == right);
}

/// <summary>A kind of schedule, without values for its arguments.</summary>
public sealed class ScheduleInfo
{
    internal ScheduleInfo(ScheduleKind core)
    {
        Name = core.Name;
        Summary = core.Summary;
        Source = core.Source;
        Usage = core.Usage;
        Arguments = [.. core.Arguments.Select(argument => new ScheduleArgumentInfo(
            argument.Name,
            argument.Summary,
            argument.Form.ToString(),
            argument.DefaultText.IsSome ? argument.DefaultText.Value : null))];
    }

    /// <summary>The name in the text form: <c>one_cycle</c>.</summary>
    public string Name { get; }

    /// <summary>One line: what the schedule does.</summary>
    public string Summary { get; }

    /// <summary>The paper that it comes from, or the frameworks that have it.</summary>
    public string Source { get; }

    /// <summary>How the text form is written: <c>cosine(value, steps=..., end=0)</c>.</summary>
    public string Usage { get; }

    /// <summary>The arguments in the order of the text form.</summary>
    public IReadOnlyList<ScheduleArgumentInfo> Arguments { get; }

    /// <summary>The same as <see cref="Usage"/>.</summary>
    public override string ToString() => Usage;
}

/// <summary>An argument of a schedule.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Allowed">What it may be: an interval, words, or a schedule.</param>
/// <param name="Default">What it is where it is left out, as the text form writes it; null where it may not be.</param>
public sealed record ScheduleArgumentInfo(string Name, string Summary, string Allowed, string? Default);
