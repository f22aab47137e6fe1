/// <summary>
/// What else could have been seen: samples drawn anew, with replacement, from the one at hand (Efron 1979). Drawn are places and
/// not values: the same places in two samples keep their pairs together (the paired bootstrap), and places of each task by themselves keep
/// the number of its runs (the stratified bootstrap: Agarwal et al. 2021, §4.1).
/// </summary>
/// <remarks>
/// Percentile intervals of few values are somewhat too short: a nominal 95 % of 10 values holds the truth about 90 % of the time (Hesterberg
/// 2015). That is why p-values here come from an exact test, and not from these.
/// </remarks>
module CuteDl.Studies.Statistics.Bootstrap

open CuteDl.Core.Numerics

/// <summary>How many samples are drawn where nothing else is said.</summary>
[<Literal>]
let Resamples = 5000

/// <summary>The statistic of each sample drawn: its whole distribution, in the order of drawing.</summary>
/// <param name="seed">Decides, with the purpose, what is drawn.</param>
/// <param name="purpose">What it is for: other purposes draw independently.</param>
/// <param name="resamples">Samples to draw, at least 1.</param>
/// <param name="sizes">The size of each stratum, all at least 1.</param>
/// <param name="statistic">From the places drawn in each stratum; the arrays are used again, and must not be kept.</param>
let distribution seed purpose (resamples: int) (sizes: int array) (statistic: int array array -> float) : float array =
    Guard.atLeast "resamples" 1 resamples
    Guard.notEmpty "sizes" sizes
    sizes |> Array.iter (Guard.atLeast "size" 1)
    let random = Random.stream seed $"bootstrap/{purpose}"
    let places = sizes |> Array.map Array.zeroCreate<int>

    Array.init resamples (fun _ ->
        for stratum in places do
            for i in 0 .. stratum.Length - 1 do
                stratum[i] <- random.Next stratum.Length

        statistic places)

/// <summary>The percentile interval: the estimate, and the middle share of the distribution.</summary>
/// <param name="level">The share, in (0, 1): 0.95 goes from the 2.5th to the 97.5th percentile.</param>
/// <param name="estimate">The statistic of the sample at hand.</param>
/// <param name="distribution">The statistic of the samples drawn.</param>
let percentile (level: float) (estimate: float) (distribution: float array) : Interval =
    Guard.openUnit "level" level
    Guard.notNaN "distribution" distribution
    let sorted = Array.sort distribution

    { Value = estimate
      Low = Quantile.ofSorted ((1.0 - level) / 2.0) sorted
      High = Quantile.ofSorted ((1.0 + level) / 2.0) sorted }

let private untouched (sizes: int array) = sizes |> Array.map (fun size -> Array.init size id)

/// <summary>The estimate from the sample at hand, with its percentile interval.</summary>
let interval seed purpose resamples level (sizes: int array) (statistic: int array array -> float) : Interval =
    distribution seed purpose resamples sizes statistic
    |> percentile level (statistic (untouched sizes))

/// <summary>A statistic of one sample, with its interval.</summary>
let ofSample seed purpose level (statistic: float array -> float) (values: float array) : Interval =
    Guard.notEmpty "values" values
    interval seed purpose Resamples level [| values.Length |] (fun places -> places[0] |> Array.map (Array.get values) |> statistic)

/// <summary>A statistic of samples that belong to strata (the runs of each task), with its interval; strata are drawn from one by one.</summary>
let stratified seed purpose level (statistic: float array array -> float) (strata: float array array) : Interval =
    let sizes = strata |> Array.map Array.length

    interval seed purpose Resamples level sizes (fun places ->
        Array.map2 (fun stratum drawn -> drawn |> Array.map (Array.get stratum)) strata places |> statistic)

/// <summary>A statistic of two samples that come in pairs, with its interval; pairs are drawn, and stay together.</summary>
let paired seed purpose level (statistic: float array -> float array -> float) (first: float array) (second: float array) : Interval =
    Guard.equalLength "first" first "second" second

    interval seed purpose Resamples level [| first.Length |] (fun places ->
        statistic (places[0] |> Array.map (Array.get first)) (places[0] |> Array.map (Array.get second)))
