/// <summary>
/// The mean of the middle half: a quarter of the runs is left out at each side. Hardly moved by single outliers, as the median, and
/// surer than it, as the mean; what rliable recommends for few runs (Agarwal et al. 2021, §4.3).
/// </summary>
module CuteDl.Studies.Statistics.InterquartileMean

/// <summary>
/// The mean of the sorted sample between n/4 and 3n/4, where each value fills a place of width 1; if n is no multiple of 4,
/// the values at the ends count in part. (Trimming whole values only, as others do, would keep 6 of 7 and say "half".)
/// </summary>
/// <exception cref="T:System.ArgumentException">No values, or a NaN.</exception>
let ofValues (values: float array) : float =
    Guard.notEmpty "values" values
    Guard.notNaN "values" values
    let sorted = Array.sort values
    let low = float sorted.Length / 4.0
    let high = 3.0 * low
    let mutable sum = 0.0

    for i in 0 .. sorted.Length - 1 do
        let weight = min high (float (i + 1)) - max low (float i)
        // An infinity outside of the middle half has no part in it; 0 ∞ would be NaN.
        if weight > 0.0 then
            sum <- sum + weight * sorted[i]

    sum / (high - low)
