/// <summary>
/// Times to a target (steps, examples, seconds), where infinite means: never within the budget. The measure of AlgoPerf (Dahl et al. 2023):
/// how good a training is at any one moment is hostage to that moment, how soon it is good enough is not.
/// </summary>
module CuteDl.Studies.Statistics.TimeToTarget

open System

/// <summary>The first of these times whose value meets the target; infinite if none does.</summary>
/// <param name="meets">Whether a value meets it; a NaN never should.</param>
/// <param name="times">Ascending.</param>
/// <param name="values">As many as times.</param>
let first (meets: float -> bool) (times: float array) (values: float array) : float =
    Guard.equalLength "times" times "values" values
    let place = Array.FindIndex(values, (fun value -> meets value))
    if place < 0 then infinity else times[place]

/// <summary>How many arrived.</summary>
let reached (times: float array) : int = times |> Array.sumBy (fun time -> if Double.IsFinite time then 1 else 0)

/// <summary>
/// Returns the latest time up to which all of these runs are known: the earliest end of one that was stopped before it arrived, or the budget.
/// Nothing is known of such a run after its end, so no statistic of several runs may look beyond.
/// </summary>
/// <param name="budget">The time after which every run ends.</param>
/// <param name="ends">For each run: infinite if it arrived, or failed for good, so that its time is known; else the time it was stopped.</param>
let horizon (budget: float) (ends: float array) : float =
    Guard.notNaN "ends" ends
    Array.fold min budget ends

/// <summary>
/// Returns the earliest whole step at which a run can have met its target, if a validation every so many steps first saw it at this one: the step
/// after the validation before. Infinite for a run that never arrived.
/// </summary>
/// <param name="every">Steps between two validations, at least 1.</param>
/// <param name="seen">The step of the validation that saw it, at least 1.</param>
let earliest (every: int) (seen: float) : float =
    Guard.atLeast "every" 1 every

    if Double.IsFinite seen then (ceil (seen / float every) - 1.0) * float every + 1.0 else seen

/// <summary>min(T, τ): a run that never arrived, or later, counts as if it had just then. τ is above 0.</summary>
let restrict (horizon: float) (times: float array) : float array =
    if not (horizon > 0.0 && Double.IsFinite horizon) then
        raise (ArgumentOutOfRangeException("horizon", horizon, "The horizon must be finite and above 0."))

    Guard.notNaN "times" times
    times |> Array.map (min horizon)
