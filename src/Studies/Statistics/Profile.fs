/// <summary>
/// A whole distribution at a glance, over all (task, seed): performance profiles of times (Dolan and Moré 2002) and score distributions
/// (Agarwal et al. 2021, §4.2), with a bootstrap band that draws each seed with its runs on all tasks. A curve that is never below another's is
/// better throughout.
/// </summary>
module CuteDl.Studies.Statistics.Profile

/// <summary>A step curve with its band, at the places asked for: arrays of equal length.</summary>
type Curve =
    {
        /// <summary>The ratio to the best, or the score.</summary>
        At: float array
        /// <summary>The share of (task, seed).</summary>
        Share: float array
        /// <summary>The band's lower edge.</summary>
        Low: float array
        /// <summary>The band's upper edge.</summary>
        High: float array
    }

/// <summary>
/// Dolan and Moré's r = t / min over contenders of t, for each contender and problem: 1 for the fastest, infinite for what never
/// arrived.
/// </summary>
/// <param name="times">For each contender the time on each problem (task and seed), problems in one order.</param>
let ratios (times: float array array) : float array array =
    Guard.notEmpty "times" times
    times |> Array.iter (Guard.notNaN "times")
    times |> Array.iter (Guard.equalLength "times" times[0] "times")

    let fastest =
        Array.init times[0].Length (fun problem -> times |> Array.map (Array.item problem) |> Array.min)

    times
    |> Array.map (
        Array.map2
            (fun best time ->
                if time = infinity then infinity
                elif time = best then 1.0
                else time / best)
            fastest
    )

/// <summary>The share of values for which it is so; each stratum weighs the same.</summary>
let private share (holds: float -> bool) (strata: float array array) =
    strata
    |> Array.averageBy (fun stratum -> stratum |> Array.averageBy (fun value -> if holds value then 1.0 else 0.0))

let private curve seed purpose resamples level (holds: float -> float -> bool) (at: float array) (strata: float array array) =
    Guard.notEmpty "tasks" strata

    strata |> Array.iter (fun stratum -> Guard.equalLength "strata[0]" strata[0] "strata" stratum)

    let points =
        at
        |> Array.map (fun place ->
            // The same purpose for every place: one set of samples drawn, so that the band's edges are as monotone as the curve.
            Bootstrap.interval seed purpose resamples level strata[0].Length (fun places ->
                strata |> Array.map (fun stratum -> places |> Array.map (Array.get stratum)) |> share (holds place)))

    { At = at
      Share = points |> Array.map _.Value
      Low = points |> Array.map _.Low
      High = points |> Array.map _.High }

/// Enough for a band that is looked at.
[<Literal>]
let private BandResamples = 1000

/// <summary>ρ(τ): the share of problems on which the contender needs at most τ times what the fastest does. Ends at the success rate.</summary>
/// <param name="seed">Of the bootstrap.</param>
/// <param name="purpose">Of the bootstrap.</param>
/// <param name="level">Of the band, at each place by itself.</param>
/// <param name="at">The τ at which it is asked, from 1.</param>
/// <param name="ratios">One contender's <see cref="M:CuteDl.Studies.Statistics.Profile.ratios"/>, by task, of the same seeds.</param>
let ofRatios seed purpose level (at: float array) (ratios: float array array) : Curve =
    curve seed purpose BandResamples level (fun place ratio -> ratio <= place) at ratios

/// <summary>The share of runs whose score is at least so much: the run-score distribution of rliable. Falls from 1.</summary>
/// <param name="seed">Of the bootstrap.</param>
/// <param name="purpose">Of the bootstrap.</param>
/// <param name="level">Of the band, at each place by itself.</param>
/// <param name="at">The scores at which it is asked.</param>
/// <param name="scores">One contender's scores, by task; more is better.</param>
let ofScores seed purpose level (at: float array) (scores: float array array) : Curve =
    curve seed purpose BandResamples level (fun place score -> score >= place) at scores
