/// <summary>
/// Times to a target, in steps, examples or seconds. A time is infinite if the target was not reached within the budget. AlgoPerf uses the
/// same measure (Dahl et al. 2023). A score depends on the moment at which training ends; the time to a target does not.
/// </summary>
module CuteDl.Studies.Statistics.TimeToTarget

open System

/// <summary>Returns the first time whose value meets the target; infinite if none does.</summary>
/// <param name="meets">True if a value meets the target. Must be false for NaN.</param>
/// <param name="times">The times, ascending.</param>
/// <param name="values">The value at each time.</param>
let first (meets: float -> bool) (times: float array) (values: float array) : float =
    Guard.equalLength "times" times "values" values
    let place = Array.FindIndex(values, (fun value -> meets value))
    if place < 0 then infinity else times[place]

/// <summary>Returns the number of finite times: runs that reached the target.</summary>
let reached (times: float array) : int = times |> Array.sumBy (fun time -> if Double.IsFinite time then 1 else 0)

/// <summary>
/// Returns the latest time up to which all runs are known: the earliest end of a run that was stopped before it reached the target, or the
/// budget. Statistics over several runs must not use later times, because the stopped run is unknown there.
/// </summary>
/// <param name="budget">The time after which every run ends.</param>
/// <param name="ends">For each run, the time at which it was stopped; infinite if its time is known, because it reached the target or
/// failed for good.</param>
let horizon (budget: float) (ends: float array) : float =
    Guard.notNaN "ends" ends
    Array.fold min budget ends

/// <summary>
/// Returns the earliest whole step at which a run can have met its target: the step after the last validation that did not meet it. Returns
/// infinity for a run that never reached the target.
/// </summary>
/// <param name="every">The number of steps between two validations, at least 1.</param>
/// <param name="seen">The step of the first validation that met the target, at least 1.</param>
let earliest (every: int) (seen: float) : float =
    Guard.atLeast "every" 1 every

    if Double.IsFinite seen then (ceil (seen / float every) - 1.0) * float every + 1.0 else seen

/// <summary>
/// Returns min(T, τ) of each time, for a horizon τ above 0. A run that reached the target later than τ, or never, counts as τ.
/// </summary>
let restrict (horizon: float) (times: float array) : float array =
    if not (horizon > 0.0 && Double.IsFinite horizon) then
        raise (ArgumentOutOfRangeException("horizon", horizon, "The horizon must be finite and above 0."))

    Guard.notNaN "times" times
    times |> Array.map (min horizon)
