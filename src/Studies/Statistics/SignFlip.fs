/// <summary>
/// Whether paired differences lie to one side of 0 (Fisher 1935, §21). If nothing differed, each difference could as well have had the
/// other sign; p is the share of all 2ⁿ choices of signs whose sum is at least as far from 0 as the one seen. Exact for any distribution
/// that is symmetric around 0 under the hypothesis, which swapping the names of a pair makes it; two-sided.
/// </summary>
module CuteDl.Studies.Statistics.SignFlip

open System
open CuteDl.Core.Numerics

/// <summary>The most differences whose choices of signs are all looked at.</summary>
[<Literal>]
let MostExact = 20

/// <summary>How many signs are drawn for more differences than that.</summary>
[<Literal>]
let Draws = 99999

// Sums that are equal on paper differ by rounding (0.4 − 0.3 and 0.3 − 0.2); a tie must count as at least as far.
let private asFar (differences: float array) = abs (Array.sum differences) - 1e-9 * Array.sumBy abs differences

/// All sums of these numbers with all signs.
let private signedSums (values: float array) =
    let sums = Array.zeroCreate (1 <<< values.Length)
    sums[0] <- -Array.sum values

    for choice in 1 .. sums.Length - 1 do
        // The same choice without its lowest plus, which is a smaller number.
        let plus = Numerics.BitOperations.TrailingZeroCount choice
        sums[choice] <- sums[choice &&& (choice - 1)] + 2.0 * values[plus]

    sums

/// How many of the ascending values are below the bound (or at it).
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

/// <summary>The exact p-value: a multiple of 1/2ⁿ, at least 2/2ⁿ. No differences, or none but 0: 1.</summary>
/// <remarks>Meets in the middle: the sums of each half's 2ⁿᐟ² signs, one sorted, so 20 differences need 1,024 searches and not a million sums.</remarks>
/// <exception cref="T:System.ArgumentException">More than 20 differences, or one that is not finite.</exception>
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
        let half = differences.Length / 2
        let sorted = Array.sort (signedSums differences[.. half - 1])

        let count =
            signedSums differences[half..]
            |> Array.sumBy (fun other -> (sorted.Length - countBelow false (far - other) sorted) + countBelow true (-far - other) sorted)

        float count / float (1L <<< differences.Length)

/// <summary>
/// The p-value over signs drawn by chance: (1 + those at least as far) / (1 + draws). With the 1, for what was seen, it stays a
/// valid p-value (Phipson and Smyth 2010); without it, it could be 0.
/// </summary>
/// <exception cref="T:System.ArgumentException">A difference that is not finite, or less than 1 draw.</exception>
let monteCarlo (seed: int) (draws: int) (differences: float array) : float =
    Guard.finite "differences" differences
    Guard.atLeast "draws" 1 draws
    let random = RandomStream.stream seed "sign-flip"
    let far = asFar differences
    let mutable count = 0

    for _ in 1..draws do
        let mutable sum = 0.0

        for difference in differences do
            sum <- sum + (if random.Next 2 = 0 then difference else -difference)

        if abs sum >= far then
            count <- count + 1

    float (count + 1) / float (draws + 1)

/// <summary>Exact for at most 20 differences, else by chance with 99,999 draws.</summary>
let pValue (seed: int) (differences: float array) : float =
    if differences.Length <= MostExact then exact differences else monteCarlo seed Draws differences

/// <summary>
/// Returns the largest p-value of any differences between these ends: a claim made with it holds wherever the true differences lie. The times
/// of two runs are known only to the distance of two validations, and so is their difference.
/// </summary>
/// <remarks>
/// For a sum below 0, p is twice the share of all subsets of the differences whose sum is at least 0. It rises with each difference, so the
/// upper ends have the largest; if their sum is not below 0, some differences in between add up to 0, and p is 1. The other side is the mirror.
/// </remarks>
/// <param name="seed">Of the draws, for more than 20 differences.</param>
/// <param name="least">The lower ends.</param>
/// <param name="greatest">The upper ends, none below its lower end.</param>
let largest (seed: int) (least: float array) (greatest: float array) : float =
    Guard.equalLength "least" least "greatest" greatest

    if Array.sum greatest < 0.0 then pValue seed greatest
    elif Array.sum least > 0.0 then pValue seed least
    else 1.0

/// <summary>
/// The fewest differences with which the exact test can decide, all of one sign, at the level, when Holm's correction is for so many pairs:
/// the least n with pairs × 2/2ⁿ ≤ level. Six contenders (15 pairs) at 0.05 need 10 seeds; two contenders need 6.
/// </summary>
let fewest (level: float) (pairs: int) : int =
    Guard.openUnit "level" level
    Guard.atLeast "pairs" 1 pairs

    Seq.initInfinite (fun i -> i + 1)
    |> Seq.find (fun n -> float pairs * 2.0 / Math.Pow(2.0, float n) <= level)
