/// <summary>
/// Quantiles of samples that may hold infinities: times of runs that never arrived. Definition 7 of Hyndman and Fan (1996), the usual one:
/// the value at (n − 1) q of the sorted sample, in a straight line between neighbours. MathNet's gives NaN between two infinities.
/// </summary>
module CuteDl.Studies.Statistics.Quantile

open System

/// <summary>
/// The quantile of a sample in ascending order; strictly between a finite value and an infinite one it is infinite. A share q in [0, 1].
/// </summary>
/// <exception cref="T:System.ArgumentException">No values, or a q outside [0, 1].</exception>
let ofSorted (q: float) (sorted: float array) : float =
    Guard.notEmpty "sorted" sorted

    if not (q >= 0.0 && q <= 1.0) then
        raise (ArgumentOutOfRangeException("q", q, "A quantile must be between 0 and 1, both included."))

    let place = q * float (sorted.Length - 1)
    let below = int place
    let share = place - float below

    if share = 0.0 || sorted[below] = sorted[below + 1] then sorted[below]
    elif Double.IsInfinity sorted[below] then sorted[below]
    else sorted[below] + share * (sorted[below + 1] - sorted[below])

/// <summary>The quantile of a sample in any order.</summary>
/// <exception cref="T:System.ArgumentException">No values, a NaN, or a q outside [0, 1].</exception>
let at (q: float) (values: float array) : float =
    Guard.notNaN "values" values
    ofSorted q (Array.sort values)

/// <summary>
/// The median: the middle value, or the mean of the two in the middle; infinite if one of them is. Infinite as soon as half of the
/// runs never arrived, and finite otherwise.
/// </summary>
/// <exception cref="T:System.ArgumentException">No values, or a NaN.</exception>
let median (values: float array) : float = at 0.5 values
