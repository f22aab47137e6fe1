/// <summary>
/// The interval of the median between two values of the sample (Thompson 1936). Each value is below the median with probability ½, so the
/// coverage follows from the binomial distribution, whatever the distribution of the values. Runs that never reached the target count as
/// infinite times.
/// </summary>
module CuteDl.Studies.Statistics.MedianInterval

open MathNet.Numerics.Distributions

/// Returns the rank of the lower end: the greatest k with 2 P(fewer than k values are below the median) ≤ 1 − level; 0 if there is none.
let private rank (level: float) (n: int) =
    Seq.init (n / 2) (fun i -> i + 1)
    |> Seq.takeWhile (fun k -> 2.0 * Binomial.CDF(0.5, n, float (k - 1)) <= 1.0 - level + 1e-12)
    |> Seq.fold max 0

/// <summary>
/// Returns the ends of the interval, from the k-th smallest of the earliest times to the k-th greatest of the latest. At 0.95, six values
/// are the fewest that have one; their interval covers the median with probability 0.969.
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="value">The median.</param>
/// <param name="earliest">The earliest time at which each run can have reached the target.</param>
/// <param name="latest">The latest such time.</param>
let ofTimes (level: float) (value: float) (earliest: float array) (latest: float array) : Interval =
    Guard.openUnit "level" level
    Guard.equalLength "earliest" earliest "latest" latest
    Guard.notNaN "earliest" earliest
    Guard.notNaN "latest" latest

    match rank level latest.Length with
    | 0 -> Interval.WithoutEnds value
    | rank ->
        { Value = value
          Low = (Array.sort earliest)[rank - 1]
          High = (Array.sort latest)[latest.Length - rank] }
