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

/// <summary>min(T, τ): a run that never arrived, or later, counts as if it had just then. τ is above 0.</summary>
let restrict (horizon: float) (times: float array) : float array =
    if not (horizon > 0.0 && Double.IsFinite horizon) then
        raise (ArgumentOutOfRangeException("horizon", horizon, "The horizon is finite and above 0."))

    Guard.notNaN "times" times
    times |> Array.map (min horizon)
