/// <summary>
/// Quantiles of samples that can have infinite values: the times of runs that never reached the target. Uses definition 7 of Hyndman and
/// Fan (1996), the default of R and NumPy: linear interpolation at position (n − 1) q of the sorted sample. MathNet's quantile is NaN
/// between two infinities.
/// </summary>
module CuteDl.Studies.Statistics.Quantile

open System

/// <summary>
/// Returns the quantile of a sample in ascending order. It is infinite if the position is strictly between a finite and an infinite value.
/// </summary>
/// <param name="q">The share, in [0, 1].</param>
/// <param name="sorted">The sample, ascending, with at least 1 value.</param>
/// <exception cref="T:System.ArgumentException">The sample is empty, or q is outside [0, 1].</exception>
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

/// <summary>Returns the quantile of a sample in any order.</summary>
/// <exception cref="T:System.ArgumentException">The sample is empty or has a NaN, or q is outside [0, 1].</exception>
let at (q: float) (values: float array) : float =
    Guard.notNaN "values" values
    ofSorted q (Array.sort values)

/// <summary>
/// Returns the median: the middle value, or the mean of the two middle values. It is infinite if a middle value is: if at least half of the
/// runs never reached the target.
/// </summary>
/// <exception cref="T:System.ArgumentException">The sample is empty or has a NaN.</exception>
let median (values: float array) : float = at 0.5 values
