/// <summary>
/// What tuning with a budget of k would have found: the best of k settings drawn from the n tried (Dodge et al. 2019). Drawn without
/// replacement, for which the order statistics are exact and the estimate has no bias (Tang et al. 2020).
/// </summary>
module CuteDl.Studies.Statistics.BestOfK

open MathNet.Numerics

/// P(the i-th smallest, from 1, is the greatest of k of n) = C(i − 1, k − 1) / C(n, k).
let private chance n k i =
    exp (SpecialFunctions.BinomialLn(i - 1, k - 1) - SpecialFunctions.BinomialLn(n, k))

/// <summary>
/// The expected greatest of k: Σ from i = k to n of v₍ᵢ₎ C(i − 1, k − 1) / C(n, k), and between which values the greatest lies with
/// the level's chance. k = 1 is the mean, k = n the greatest.
/// </summary>
/// <param name="level">In (0, 1).</param>
/// <param name="k">From 1 to n.</param>
/// <param name="values">The worth of each setting, more is better; negate where less is.</param>
let ofValues (level: float) (k: int) (values: float array) : Interval =
    Guard.openUnit "level" level
    Guard.atLeast "k" 1 k
    Guard.atLeast "values.Length" k values.Length
    Guard.notNaN "values" values
    let sorted = Array.sort values
    let n = sorted.Length
    let chances = Array.init (n - k + 1) (fun i -> chance n k (i + k))
    // The logarithms' rounding is taken out, so that the chances of few values add up to 1 in full.
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

/// <summary>For k = 1 to n.</summary>
let curve (level: float) (values: float array) : Interval array = Array.init values.Length (fun i -> ofValues level (i + 1) values)
