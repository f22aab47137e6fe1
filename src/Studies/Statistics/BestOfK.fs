/// <summary>
/// The result to expect from a tuning budget of k: the best of k settings, drawn from the n that were tried (Dodge et al. 2019). The draw
/// is without replacement: its order statistics are exact and the estimate has no bias (Tang et al. 2020).
/// </summary>
module CuteDl.Studies.Statistics.BestOfK

open MathNet.Numerics

/// P(the i-th smallest, counted from 1, is the greatest of k of n) = C(i − 1, k − 1) / C(n, k).
let private chance n k i =
    exp (SpecialFunctions.BinomialLn(i - 1, k - 1) - SpecialFunctions.BinomialLn(n, k))

/// <summary>
/// Returns the expected maximum of k values: Σ from i = k to n of v₍ᵢ₎ C(i − 1, k − 1) / C(n, k). The interval contains the maximum with
/// the given probability. k = 1 gives the mean, k = n the maximum.
/// </summary>
/// <param name="level">The probability that the interval contains the maximum, in (0, 1).</param>
/// <param name="k">The tuning budget, from 1 to n.</param>
/// <param name="values">The score of each setting; more is better. Negate values for which less is better.</param>
let ofValues (level: float) (k: int) (values: float array) : Interval =
    Guard.openUnit "level" level
    Guard.atLeast "k" 1 k
    Guard.atLeast "values.Length" k values.Length
    Guard.notNaN "values" values
    let sorted = Array.sort values
    let n = sorted.Length
    let chances = Array.init (n - k + 1) (fun i -> chance n k (i + k))
    // Dividing by the total removes the rounding of the logarithms, so that the chances add up to 1.
    let total = Array.sum chances
    let mutable expected = 0.0
    let mutable before = 0.0
    let mutable low = nan
    let mutable high = nan

    for i in 0 .. chances.Length - 1 do
        let value = sorted[i + k - 1]
        expected <- expected + chances[i] / total * value
        before <- before + chances[i] / total

        if System.Double.IsNaN low && before >= (1.0 - level) / 2.0 then
            low <- value

        if System.Double.IsNaN high && before >= (1.0 + level) / 2.0 then
            high <- value

    { Value = (if k = n then sorted[n - 1] else expected)
      Low = low
      High = if System.Double.IsNaN high then sorted[n - 1] else high }

/// <summary>Returns the expected maximum for each k from 1 to n.</summary>
let curve (level: float) (values: float array) : Interval array = Array.init values.Length (fun i -> ofValues level (i + 1) values)
