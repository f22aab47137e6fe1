/// <summary>
/// The mean of min(T, τ): the expected time until the target or the horizon τ, whichever is first. It is finite even if some runs never
/// reach the target, and assumes nothing about the distribution. It is the restricted mean survival time of Royston and Parmar (2013). Uno
/// et al. (2014) recommend ratios of it, as in <c>speedUp</c>. The plain mean estimates it only if every run is known up to τ: see <see
/// cref="M:CuteDl.Studies.Statistics.TimeToTarget.horizon"/>.
/// </summary>
module CuteDl.Studies.Statistics.RestrictedMean

/// <summary>Returns mean(min(T, τ)).</summary>
/// <param name="horizon">τ, finite and above 0.</param>
/// <param name="times">The times; infinite for runs that never reached the target.</param>
/// <exception cref="T:System.ArgumentException">There are no times, a time is NaN, or τ is not finite and above 0.</exception>
let ofTimes (horizon: float) (times: float array) : float =
    Guard.notEmpty "times" times
    Array.average (TimeToTarget.restrict horizon times)

/// <summary>
/// Returns the ratio mean(min(others, τ)) / mean(min(times, τ)): above 1 if <c>times</c> are faster. The estimate is conservative, because
/// runs that did not reach the target count as τ, which makes the ratio closer to 1.
/// </summary>
let speedUp (horizon: float) (times: float array) (others: float array) : float = ofTimes horizon others / ofTimes horizon times

/// <summary>Returns the geometric mean of min(T, τ): exp(mean(log min(T, τ))). It suits ratios. All times must be above 0.</summary>
let geometric (horizon: float) (times: float array) : float =
    Guard.notEmpty "times" times
    TimeToTarget.restrict horizon times |> Array.averageBy log |> exp

/// <summary>
/// Returns the mean with Student's t interval, cut off at 0 and τ. There is no interval if a run did not reach the target within τ: the mean
/// then depends on how often runs fail, and no short interval of few runs contains it reliably. Wilson's interval shows how often they can
/// fail, and the median has an interval in every case.
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="horizon">τ, finite and above 0.</param>
/// <param name="times">The times; infinite for runs that never reached the target.</param>
let interval (level: float) (horizon: float) (times: float array) : Interval =
    if Array.exists (fun time -> time > horizon) times then
        Interval.WithoutEnds(ofTimes horizon times)
    else
        Jackknife.interval level times.Length (fun places -> places |> Array.map (Array.get times) |> ofTimes horizon)
        |> _.CutTo(0.0, horizon)
