/// <summary>
/// The score interval of Wilson (1927) for a proportion. It is always within [0, 1]. Its width is above 0 even for 0 or n successes, where
/// the usual p ± z √(p (1 − p) / n) has width 0 (Brown, Cai and DasGupta 2001).
/// </summary>
module CuteDl.Studies.Statistics.Wilson

open System
open MathNet.Numerics.Distributions

/// Returns the ends (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n). With p = 0 or p = 1, one end is exactly p; the formula would
/// round it.
let private score (z: float) (p: float) (n: float) : Interval =
    let z2 = z * z
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n)
    let half = z * sqrt (p * (1.0 - p) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n)

    { Value = p
      Low = if p = 0.0 then 0.0 else max 0.0 (middle - half)
      High = if p = 1.0 then 1.0 else min 1.0 (middle + half) }

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

    score (Normal.InvCDF(0.0, 1.0, (1.0 + level) / 2.0)) (float successes / float trials) (float trials)

/// <summary>
/// Returns the interval for a share whose observations are not single successes: a mean of shares over seeds, or a probability of
/// improvement. n is the effective sample size p (1 − p) / variance, and z is the quantile of Student's t (Kott and Carr 1997). A share of 0
/// or 1 has no variance; n is then the number of observations. The interval of one observation is [0, 1].
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="size">The number of observations, at least 1.</param>
/// <param name="share">The share, in [0, 1].</param>
/// <param name="variance">The variance of the share, at least 0.</param>
let ofShare (level: float) (size: int) (share: float) (variance: float) : Interval =
    Guard.openUnit "level" level
    Guard.atLeast "size" 1 size

    if size = 1 then
        { Value = share; Low = 0.0; High = 1.0 }
    else
        let spread = share * (1.0 - share)
        let most = float size * float size

        let effective =
            if spread = 0.0 then float size
            elif spread >= most * variance then most
            else spread / variance

        score (Jackknife.quantile level (size - 1)) share effective
