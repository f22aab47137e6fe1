/// <summary>
/// The bootstrap: samples drawn with replacement from the given sample (Efron 1979). Draws are indices, not values. The same indices for
/// two samples keep pairs together, and the same indices for every task keep all runs of a seed together (the cluster bootstrap: Davison
/// and Hinkley 1997, §3.8).
/// </summary>
/// <remarks>
/// Percentile intervals of few values are somewhat too short: a nominal 95 % interval of 10 values covers the truth about 90 % of the time
/// (Hesterberg 2015). So p-values come from an exact test, not from these intervals.
/// </remarks>
module CuteDl.Studies.Statistics.Bootstrap

open CuteDl.Core.Numerics

/// <summary>The default number of resamples.</summary>
[<Literal>]
let Resamples = 5000

/// <summary>Returns the statistic of each resample, in the order of drawing.</summary>
/// <param name="seed">The seed. With the purpose, it determines the resamples.</param>
/// <param name="purpose">The name of the random stream. Different purposes draw independently.</param>
/// <param name="resamples">The number of resamples, at least 1.</param>
/// <param name="size">The size of the sample, at least 1.</param>
/// <param name="statistic">Computes the statistic from the drawn indices. The array is reused: do not keep it.</param>
let distribution seed purpose (resamples: int) (size: int) (statistic: int array -> float) : float array =
    Guard.atLeast "resamples" 1 resamples
    Guard.atLeast "size" 1 size
    let random = RandomStream.stream seed $"bootstrap/{purpose}"
    let places = Array.zeroCreate<int> size

    Array.init resamples (fun _ ->
        for i in 0 .. size - 1 do
            places[i] <- random.Next size

        statistic places)

/// <summary>Returns the percentile interval of an estimate.</summary>
/// <param name="level">The confidence level, in (0, 1): 0.95 uses the 2.5th and the 97.5th percentile.</param>
/// <param name="estimate">The statistic of the original sample.</param>
/// <param name="distribution">The statistic of each resample.</param>
let percentile (level: float) (estimate: float) (distribution: float array) : Interval =
    Guard.openUnit "level" level
    Guard.notNaN "distribution" distribution
    let sorted = Array.sort distribution

    { Value = estimate
      Low = Quantile.ofSorted ((1.0 - level) / 2.0) sorted
      High = Quantile.ofSorted ((1.0 + level) / 2.0) sorted }

/// <summary>Returns the statistic of the original sample, with its percentile interval.</summary>
let interval seed purpose resamples level (size: int) (statistic: int array -> float) : Interval =
    distribution seed purpose resamples size statistic
    |> percentile level (statistic (Array.init size id))

/// <summary>Returns a statistic of one sample, with its percentile interval from the default number of resamples.</summary>
let ofSample seed purpose level (statistic: float array -> float) (values: float array) : Interval =
    Guard.notEmpty "values" values
    interval seed purpose Resamples level values.Length (fun places -> places |> Array.map (Array.get values) |> statistic)
