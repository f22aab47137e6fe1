/// <summary>
/// The mean of the middle half: a quarter of the values is left out at each end. It is nearly as robust to outliers as the median, and
/// varies less. rliable recommends it for few runs (Agarwal et al. 2021, §4.3).
/// </summary>
module CuteDl.Studies.Statistics.InterquartileMean

/// <summary>
/// Returns the mean of the sorted sample between positions n/4 and 3n/4, where each value has width 1. If n is not a multiple of 4, the
/// outermost values count in part. (Other implementations trim whole values only: of 7 values, they keep 5 instead of 3.5.)
/// </summary>
/// <exception cref="T:System.ArgumentException">There are no values, or a value is NaN.</exception>
let ofValues (values: float array) : float =
    Guard.notEmpty "values" values
    Guard.notNaN "values" values
    let sorted = Array.sort values
    let low = float sorted.Length / 4.0
    let high = 3.0 * low
    let mutable sum = 0.0

    for i in 0 .. sorted.Length - 1 do
        let weight = min high (float (i + 1)) - max low (float i)
        // An infinite value outside the middle half must not count; 0 · ∞ would be NaN.
        if weight > 0.0 then
            sum <- sum + weight * sorted[i]

    sum / (high - low)
