/// <summary>
/// The two-sided sign-flip test: do paired differences have a location other than 0 (Fisher 1935, §21)? Under the null, each difference
/// could as well have had the other sign. p is the share of all 2ⁿ choices of signs whose sum is at least as far from 0 as the observed
/// sum. The test is exact for every distribution that is symmetric around 0 under the null. Differences within a pair are symmetric if the
/// two names can be swapped.
/// </summary>
module CuteDl.Studies.Statistics.SignFlip

open System
open CuteDl.Core.Numerics

/// <summary>The largest number of differences for which all choices of signs are enumerated.</summary>
[<Literal>]
let MostExact = 20

/// <summary>The number of random choices of signs for more differences.</summary>
[<Literal>]
let Draws = 99999

// Rounding makes equal sums differ (0.4 − 0.3 and 0.3 − 0.2). A tie must count as at least as far.
let private asFar (differences: float array) = abs (Array.sum differences) - 1e-9 * Array.sumBy abs differences

/// Returns the sums of these numbers under all choices of signs.
let private signedSums (values: float array) =
    let sums = Array.zeroCreate (1 <<< values.Length)
    sums[0] <- -Array.sum values

    for choice in 1 .. sums.Length - 1 do
        // The choice without its lowest plus has a smaller index, so its sum is already there.
        let plus = Numerics.BitOperations.TrailingZeroCount choice
        sums[choice] <- sums[choice &&& (choice - 1)] + 2.0 * values[plus]

    sums

/// Returns the number of ascending values below the bound; with <c>inclusive</c>, also those equal to it.
let private countBelow (inclusive: bool) (bound: float) (ascending: float array) =
    let mutable low = 0
    let mutable high = ascending.Length

    while low < high do
        let middle = (low + high) / 2

        if ascending[middle] < bound || inclusive && ascending[middle] = bound then
            low <- middle + 1
        else
            high <- middle

    low

/// Returns the share of all choices of signs that count. The function returns how many of the ascending sums of one half of the differences
/// count together with a sum of the other half. So 20 differences need 1,024 binary searches instead of a million sums.
let private shareOfAll (differences: float array) (count: float array -> float -> int) : float =
    let half = differences.Length / 2
    let sorted = Array.sort (signedSums differences[.. half - 1])

    float (signedSums differences[half..] |> Array.sumBy (count sorted))
    / float (1L <<< differences.Length)

/// Returns (1 + random choices of signs whose sum counts) / (1 + draws).
let private shareOfDrawn (random: Random) (draws: int) (differences: float array) (counts: float -> bool) : float =
    let mutable count = 0

    for _ in 1..draws do
        let mutable sum = 0.0

        for difference in differences do
            sum <- sum + (if random.Next 2 = 0 then difference else -difference)

        if counts sum then
            count <- count + 1

    float (count + 1) / float (draws + 1)

/// <summary>Returns the exact p-value: a multiple of 1/2ⁿ, at least 2/2ⁿ. It is 1 if there are no differences or all are 0.</summary>
/// <exception cref="T:System.ArgumentException">There are more than 20 differences, or a difference is not finite.</exception>
let exact (differences: float array) : float =
    Guard.finite "differences" differences

    if differences.Length > MostExact then
        let message =
            $"The exact test takes at most {MostExact} differences, not {differences.Length}. Use monteCarlo."

        raise (ArgumentException(message, "differences"))

    let far = asFar differences

    if far <= 0.0 then
        1.0
    else
        shareOfAll differences (fun sorted other ->
            (sorted.Length - countBelow false (far - other) sorted) + countBelow true (-far - other) sorted)

/// <summary>
/// Returns the p-value from random choices of signs: (1 + choices at least as far) / (1 + draws). The 1 counts the observed signs. With it
/// the p-value is valid; without it, it could be 0 (Phipson and Smyth 2010).
/// </summary>
/// <exception cref="T:System.ArgumentException">A difference is not finite, or there are fewer than 1 draws.</exception>
let monteCarlo (seed: int) (draws: int) (differences: float array) : float =
    Guard.finite "differences" differences
    Guard.atLeast "draws" 1 draws
    let far = asFar differences
    shareOfDrawn (RandomStream.stream seed "sign-flip") draws differences (fun sum -> abs sum >= far)

/// <summary>Returns the exact p-value for at most 20 differences, and the p-value of 99,999 random choices for more.</summary>
let pValue (seed: int) (differences: float array) : float =
    if differences.Length <= MostExact then exact differences else monteCarlo seed Draws differences

/// <summary>
/// Returns the one-sided p-value: the share of all choices of signs whose sum is at most the observed one. A small p-value shows that the
/// location is below 0. It increases with each difference. Above 20 differences, random choices are used.
/// </summary>
/// <param name="seed">The seed of the random choices.</param>
/// <param name="differences">The differences, finite.</param>
let below (seed: int) (differences: float array) : float =
    Guard.finite "differences" differences
    // As in the two-sided test, a sum that differs by rounding only is a tie.
    let bound = Array.sum differences + 1e-9 * Array.sumBy abs differences

    if differences.Length <= MostExact then
        shareOfAll differences (fun sorted other -> countBelow true (bound - other) sorted)
    else
        shareOfDrawn (RandomStream.stream seed "sign-flip/below") Draws differences (fun sum -> sum <= bound)

/// <summary>
/// Returns the largest p-value over all differences between these ends. A claim based on it is valid wherever the true differences are.
/// (The time of a run is known only to the distance between two validations.)
/// </summary>
/// <remarks>
/// For a sum below 0, p is twice the share of all subsets of the differences whose sum is at least 0. It increases with each difference, so
/// the upper ends have the largest p. If the sum of the upper ends is not below 0, differences in between can add up to 0, and p is 1. Sums
/// above 0 are symmetric.
/// </remarks>
/// <param name="seed">The seed of the random choices, for more than 20 differences.</param>
/// <param name="least">The lower ends.</param>
/// <param name="greatest">The upper ends. None is below its lower end.</param>
let largest (seed: int) (least: float array) (greatest: float array) : float =
    Guard.equalLength "least" least "greatest" greatest

    if Array.sum greatest < 0.0 then pValue seed greatest
    elif Array.sum least > 0.0 then pValue seed least
    else 1.0

/// <summary>
/// Returns the smallest number of differences, all of one sign, with which the exact test can be significant after Holm's correction for
/// this many pairs: the least n with pairs × 2/2ⁿ ≤ level. At level 0.05, six contenders (15 pairs) need 10 seeds, and two contenders need
/// 6.
/// </summary>
let fewest (level: float) (pairs: int) : int =
    Guard.openUnit "level" level
    Guard.atLeast "pairs" 1 pairs

    Seq.initInfinite (fun i -> i + 1)
    |> Seq.find (fun n -> float pairs * 2.0 / Math.Pow(2.0, float n) <= level)
