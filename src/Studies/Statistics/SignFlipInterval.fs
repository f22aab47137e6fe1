/// <summary>
/// The interval of all locations that the sign-flip test does not reject. Its ends are values among the means of all subsets of the
/// differences (Hartigan 1969): the location is between two neighbouring means with probability 1/2ⁿ, for every distribution that is
/// symmetric around it. So the interval covers the location with at least its level, exactly, for any n. If the distribution is skewed, this
/// holds approximately.
/// </summary>
module CuteDl.Studies.Statistics.SignFlipInterval

open System
open System.Numerics
open MathNet.Numerics.Statistics
open CuteDl.Core.Numerics

/// Returns the means of all 2ⁿ − 1 subsets that have a member.
let private allMeans (differences: float array) =
    let sums = Array.zeroCreate (1 <<< differences.Length)

    for subset in 1 .. sums.Length - 1 do
        // The subset without its first member has a smaller index, so its sum is already there.
        sums[subset] <- sums[subset &&& (subset - 1)] + differences[BitOperations.TrailingZeroCount subset]

    Array.init (sums.Length - 1) (fun i -> sums[i + 1] / float (BitOperations.PopCount(uint (i + 1))))

/// Returns the means of random subsets. The interval stays valid: the location is between two neighbours with equal probabilities.
let private someMeans seed (differences: float array) =
    let random = RandomStream.stream seed "sign-flip/interval"

    let rec draw () =
        let mutable sum = 0.0
        let mutable members = 0

        for difference in differences do
            if random.Next 2 = 0 then
                sum <- sum + difference
                members <- members + 1

        if members = 0 then draw () else sum / float members

    Array.init SignFlip.Draws (fun _ -> draw ())

/// <summary>
/// Returns the mean of the differences, with its interval. There is no interval if no p-value can be as small as 1 − level: at 0.95, six
/// differences are the fewest.
/// </summary>
/// <param name="seed">The seed of the random subsets, for more than 20 differences.</param>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="differences">The differences, finite, at least 1.</param>
let ofDifferences (seed: int) (level: float) (differences: float array) : Interval =
    Guard.openUnit "level" level
    Guard.notEmpty "differences" differences
    Guard.finite "differences" differences
    let value = Array.average differences
    let isExact = differences.Length <= SignFlip.MostExact
    let most = if isExact then 1 <<< differences.Length else SignFlip.Draws + 1
    // The addend keeps levels such as 1 − 2/64 from losing a rank to rounding.
    let rank = int (floor ((1.0 - level) / 2.0 * float most + 1e-9))

    if rank = 0 then
        Interval.WithoutEnds value
    else
        let means = if isExact then allMeans differences else someMeans seed differences

        { Value = value
          Low = ArrayStatistics.OrderStatisticInplace(means, rank)
          High = ArrayStatistics.OrderStatisticInplace(means, means.Length + 1 - rank) }
