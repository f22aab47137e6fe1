/// <summary>
/// The jackknife: a statistic's variance from leaving out one observation at a time (Tukey 1958; Miller 1974). An observation is an index,
/// so that all runs of a seed are left out together. For a mean, it gives Student's t interval.
/// </summary>
module CuteDl.Studies.Statistics.Jackknife

open MathNet.Numerics.Distributions

/// <summary>Returns the quantile of Student's t distribution that bounds a two-sided interval.</summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="freedom">The degrees of freedom, at least 1.</param>
let internal quantile (level: float) (freedom: int) : float =
    // StudentT.InvCDF does not converge for some levels with few degrees of freedom. The distribution function grows, so halving finds the
    // quantile to its last bits.
    let target = (1.0 + level) / 2.0
    let isBelow (t: float) = StudentT.CDF(0.0, 1.0, float freedom, t) < target
    let mutable low = 0.0
    let mutable high = 1.0

    while isBelow high do
        low <- high
        high <- 2.0 * high

    let mutable middle = low + (high - low) / 2.0

    while low < middle && middle < high do
        if isBelow middle then low <- middle else high <- middle

        middle <- low + (high - low) / 2.0

    high

/// <summary>Returns (n − 1)/n · Σ (θ₍ᵢ₎ − mean of θ₍ᵢ₎)², where θ₍ᵢ₎ is the statistic without observation i.</summary>
/// <param name="size">n, the number of observations, at least 2.</param>
/// <param name="statistic">Computes the statistic from the indices of observations.</param>
let variance (size: int) (statistic: int array -> float) : float =
    Guard.atLeast "size" 2 size

    let parts =
        Array.init size (fun left -> statistic (Array.init (size - 1) (fun i -> if i < left then i else i + 1)))

    float (size - 1) / float size * SquaredDeviations.sum parts

/// <summary>
/// Returns the statistic ± t √variance, with n − 1 degrees of freedom. There is no interval for one observation.
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="size">n, the number of observations, at least 1.</param>
/// <param name="statistic">Computes the statistic from the indices of observations.</param>
let interval (level: float) (size: int) (statistic: int array -> float) : Interval =
    Guard.openUnit "level" level
    Guard.atLeast "size" 1 size
    let value = statistic (Array.init size id)

    if size = 1 then
        Interval.WithoutEnds value
    else
        let half = quantile level (size - 1) * sqrt (variance size statistic)
        { Value = value; Low = value - half; High = value + half }
