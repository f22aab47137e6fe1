/// <summary>
/// The power of the sign-flip test: how often a true difference is found. Differences are in standard deviations of the paired differences,
/// which are drawn from a normal distribution.
/// </summary>
module CuteDl.Studies.Statistics.Power

open System.Collections.Concurrent
open MathNet.Numerics.Distributions
open CuteDl.Core.Numerics

/// The number of simulated studies: a power of 0.8 is known to within 0.02.
[<Literal>]
let private Studies = 2000

/// From this number of seeds on, Student's t test has nearly the same power, and is far quicker.
[<Literal>]
let private MostSimulated = 12

let private normal (random: System.Random) = Normal.InvCDF(0.0, 1.0, random.NextDouble() * 0.999999 + 5e-7)

/// Returns, for each simulated study without a difference, the difference to add so that the test rejects: minus the lower end of its
/// interval. Infinite if no difference suffices.
let private simulated (level: float) (seeds: int) : float array =
    let random = RandomStream.stream 0 "power"

    Array.init Studies (fun _ ->
        let differences = Array.init seeds (fun _ -> normal random)

        if seeds <= MostSimulated then
            let interval = SignFlipInterval.ofDifferences 0 (1.0 - level) differences
            if interval.HasEnds then -interval.Low else infinity
        else
            let variance = SquaredDeviations.sum differences / float (seeds - 1)

            Jackknife.quantile (1.0 - level) (seeds - 1) * sqrt (variance / float seeds)
            - Array.average differences)

// Kept, because a report asks for several differences at the same level.
let private known = ConcurrentDictionary<struct (float * int), float array>()

let private needed (level: float) (seeds: int) : float array = known.GetOrAdd(struct (level, seeds), fun _ -> simulated level seeds)

/// <summary>Returns the share of studies that find a true difference.</summary>
/// <param name="level">The significance level of a pair, in (0, 1).</param>
/// <param name="seeds">The number of seeds, at least 2.</param>
/// <param name="difference">The difference in standard deviations, above 0.</param>
let ofDifference (level: float) (seeds: int) (difference: float) : float =
    Guard.openUnit "level" level
    Guard.atLeast "seeds" 2 seeds
    needed level seeds |> Array.averageBy (fun least -> if difference > least then 1.0 else 0.0)

/// <summary>
/// Returns the smallest difference, in standard deviations, that four of five studies find; infinite if no difference can be found.
/// </summary>
/// <param name="level">The significance level of a pair, in (0, 1).</param>
/// <param name="seeds">The number of seeds, at least 2.</param>
let detectable (level: float) (seeds: int) : float =
    Guard.openUnit "level" level
    Guard.atLeast "seeds" 2 seeds
    needed level seeds |> Quantile.at 0.8
