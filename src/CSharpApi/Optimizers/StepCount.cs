using CoreStepCount = CuteDl.Core.Optimizers.StepCount;

namespace CuteDl;

/// <summary>
/// A number of steps in a schedule: a whole number, which converts by itself, or a share of the run. A share is of the steps that the schedule
/// has in the run: of all steps; after a warm-up, of the steps that remain; in a join, of the steps until the next schedule.
/// </summary>
/// <remarks>The methods of <see cref="Schedules"/> check the range.</remarks>
public readonly record struct StepCount
{
    private readonly long _steps;
    private readonly double? _percent;

    private StepCount(long steps, double? percent)
    {
        _steps = steps;
        _percent = percent;
    }

    /// <summary>All steps of the run: <c>100%</c>.</summary>
    public static StepCount WholeRun { get; } = Percent(100);

    /// <summary>True if the number depends on the length of the run.</summary>
    public bool IsShare => _percent is not null;

    internal CoreStepCount Core => _percent is { } percent ? CoreStepCount.NewPercent(percent) : CoreStepCount.NewSteps(_steps);

    /// <summary>Returns a share of the run.</summary>
    /// <param name="percent">The share in percent, in (0, 100]; also 0 if there can be 0 steps.</param>
    public static StepCount Percent(double percent) => new(0, percent);

    /// <summary>Returns a whole number of steps.</summary>
    /// <param name="steps">The number.</param>
    public static StepCount FromInt64(long steps) => new(steps, null);

    /// <summary>Converts a whole number of steps.</summary>
    /// <param name="steps">The number.</param>
    public static implicit operator StepCount(long steps) => FromInt64(steps);

    /// <summary>Returns the text form: <c>500</c> or <c>10%</c>.</summary>
    public override string ToString() => Core.ToString();
}
