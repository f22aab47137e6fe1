/// <summary>
/// The score interval of Wilson (1927) for a proportion. It is always within [0, 1]. Its width is above 0 even for 0 or n successes, where
/// the usual p ± z √(p (1 − p) / n) has width 0 (Brown, Cai and DasGupta 2001).
/// </summary>
module CuteDl.Studies.Statistics.Wilson

open System
open MathNet.Numerics.Distributions

/// <summary>
/// Returns (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n), with p = successes / n and z the normal quantile of (1 + level) / 2.
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="successes">The number of successes, from 0 to n.</param>
/// <param name="trials">n, at least 1.</param>
let interval (level: float) (successes: int) (trials: int) : Interval =
    Guard.openUnit "level" level
    Guard.atLeast "trials" 1 trials

    if successes < 0 || successes > trials then
        raise (
            ArgumentOutOfRangeException(
                "successes",
                successes,
                $"The number of successes must be from 0 to {trials}, the number of trials."
            )
        )

    let n = float trials
    let p = float successes / n
    let z = Normal.InvCDF(0.0, 1.0, (1.0 + level) / 2.0)
    let z2 = z * z
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n)
    let half = z * sqrt (p * (1.0 - p) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n)

    // With 0 or n successes, one end is exactly 0 or 1; the formula would round it.
    { Value = p
      Low = if successes = 0 then 0.0 else max 0.0 (middle - half)
      High = if successes = trials then 1.0 else min 1.0 (middle + half) }
