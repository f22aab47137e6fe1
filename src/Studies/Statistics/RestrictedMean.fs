/// <summary>
/// The mean of min(T, τ): the expected time until the target or the horizon τ, whichever is first. Finite even if some runs never arrive, and
/// free of assumptions about the distribution: the restricted mean survival time of Royston and Parmar (2013), for which Uno et al. (2014)
/// recommend ratios as below. The plain mean estimates it only if every run is known up to τ: <see cref="M:CuteDl.Studies.Statistics.TimeToTarget.horizon"/>.
/// </summary>
module CuteDl.Studies.Statistics.RestrictedMean

/// <summary>Returns mean(min(T, τ)).</summary>
/// <param name="horizon">τ, above 0.</param>
/// <param name="times">Infinite where the target was never reached.</param>
/// <exception cref="T:System.ArgumentException">No times, a NaN, or τ not above 0 and finite.</exception>
let ofTimes (horizon: float) (times: float array) : float =
    Guard.notEmpty "times" times
    Array.average (TimeToTarget.restrict horizon times)

/// <summary>
/// How many times as long the others take in the mean: mean(min(others, τ)) / mean(min(times, τ)); above 1 where these are faster. Never
/// more than it seems: runs that did not arrive count as τ, which pulls it towards 1.
/// </summary>
let speedUp (horizon: float) (times: float array) (others: float array) : float = ofTimes horizon others / ofTimes horizon times

/// <summary>The geometric mean of min(T, τ): exp(mean(log min(T, τ))), the middle of ratios; all times above 0.</summary>
let geometric (horizon: float) (times: float array) : float =
    Guard.notEmpty "times" times
    TimeToTarget.restrict horizon times |> Array.averageBy log |> exp
