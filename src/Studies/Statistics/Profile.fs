/// <summary>
/// Distributions over all tasks and seeds: performance profiles of times (Dolan and Moré 2002) and score distributions (Agarwal et al.
/// 2021, §4.2). The band is Wilson's interval at each place; a seed with its runs on all tasks is one observation. A curve that is never
/// below another is at least as good everywhere.
/// </summary>
module CuteDl.Studies.Statistics.Profile

/// <summary>A step curve with its band. All arrays have the same length.</summary>
type Curve =
    {
        /// <summary>The ratios to the best time, or the scores.</summary>
        At: float array
        /// <summary>The share of all tasks and seeds.</summary>
        Share: float array
        /// <summary>The lower edge of the band.</summary>
        Low: float array
        /// <summary>The upper edge of the band.</summary>
        High: float array
    }

/// <summary>
/// Returns the ratio r = t / min over contenders of t of Dolan and Moré, for each contender and problem. It is 1 for the fastest, and
/// infinite if the contender did not reach the target.
/// </summary>
/// <param name="times">For each contender, the time on each problem (task and seed). The order of problems is the same for all.</param>
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

/// Returns the share at each place. The variance of a share is that of the seeds' means over the tasks.
let private curve level (holds: float -> float -> bool) (at: float array) (strata: float array array) : Curve =
    Guard.notEmpty "tasks" strata
    strata |> Array.iter (fun stratum -> Guard.equalLength "strata[0]" strata[0] "strata" stratum)
    let seeds = strata[0].Length

    let point (place: float) =
        let shares =
            Array.init seeds (fun seed -> strata |> Array.averageBy (fun stratum -> if holds place stratum[seed] then 1.0 else 0.0))

        let share = Array.average shares

        let variance = if seeds = 1 then 0.0 else SquaredDeviations.sum shares / float (seeds * (seeds - 1))

        Wilson.ofShare level seeds share variance

    let points = at |> Array.map point

    { At = at
      Share = points |> Array.map _.Value
      Low = points |> Array.map _.Low
      High = points |> Array.map _.High }

/// <summary>
/// Returns ρ(τ): the share of problems on which the contender needs at most τ times as long as the fastest. Its limit is the success rate.
/// </summary>
/// <param name="level">The confidence level of the band, for each place separately.</param>
/// <param name="at">The values of τ, at least 1.</param>
/// <param name="ratios">The <see cref="M:CuteDl.Studies.Statistics.Profile.ratios"/> of one contender, by task. All tasks have the same
/// seeds.</param>
let ofRatios level (at: float array) (ratios: float array array) : Curve = curve level (fun place ratio -> ratio <= place) at ratios

/// <summary>
/// Returns the share of runs whose score is at least each given score: the run-score distribution of rliable. It decreases.
/// </summary>
/// <param name="level">The confidence level of the band, for each place separately.</param>
/// <param name="at">The scores at which the share is computed.</param>
/// <param name="scores">The scores of one contender, by task; more is better.</param>
let ofScores level (at: float array) (scores: float array array) : Curve = curve level (fun place score -> score >= place) at scores
