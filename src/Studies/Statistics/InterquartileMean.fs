/// <summary>
/// The mean of the middle half: a quarter of the values, rounded down, is left out at each end. It is nearly as robust to outliers as the
/// median, and varies less. It is the interquartile mean of rliable (Agarwal et al. 2021, §4.3), scipy.stats.trim_mean(values, 0.25).
/// </summary>
module CuteDl.Studies.Statistics.InterquartileMean

let private cut (n: int) = n / 4

/// <summary>Returns the mean of the sorted sample without its ⌊n/4⌋ smallest and ⌊n/4⌋ greatest values.</summary>
/// <exception cref="T:System.ArgumentException">There are no values, or a value is NaN.</exception>
let ofValues (values: float array) : float =
    Guard.notEmpty "values" values
    Guard.notNaN "values" values
    let sorted = Array.sort values
    let out = cut sorted.Length
    Array.average sorted[out .. sorted.Length - 1 - out]

/// <summary>
/// Returns the mean with the interval of Tukey and McLaughlin (1963): ± t times a standard error, with h − 1 degrees of freedom for the h
/// values that are left. The standard error is from the variance s² of the winsorized sample, in which each value left out is replaced by
/// the nearest value that is not. It is the greater of two: s / (½ √n), as in scipy.stats.mstats.trimmed_mean_ci, and
/// s √((n − 1) / (h (h − 1))), of Yuen (1974). They differ because a quarter of n need not be a whole number.
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="values">The sample, finite.</param>
let interval (level: float) (values: float array) : Interval =
    Guard.openUnit "level" level
    Guard.finite "values" values
    let value = ofValues values
    let sorted = Array.sort values
    let n = sorted.Length
    let out = cut n
    let kept = n - 2 * out

    if kept < 2 then
        Interval.WithoutEnds value
    else
        let winsorized = sorted |> Array.map (max sorted[out] >> min sorted[n - 1 - out])
        let variance = SquaredDeviations.sum winsorized / float (n - 1)

        let error = sqrt (variance * max (4.0 / float n) (float (n - 1) / (float kept * float (kept - 1))))

        let half = Jackknife.quantile level (kept - 1) * error
        { Value = value; Low = value - half; High = value + half }
