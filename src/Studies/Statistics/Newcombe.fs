/// <summary>
/// The confidence interval of the difference between two proportions from paired data, built from both Wilson intervals (Newcombe 1998,
/// method 10). Its width is above 0 even if all pairs agree, where a bootstrap interval has width 0.
/// </summary>
module CuteDl.Studies.Statistics.Newcombe

/// The correlation of the two outcomes, with a continuity correction if it is positive; 0 if a row or column of the 2 × 2 table is empty.
let private correlation (both: int) (first: int) (second: int) (neither: int) =
    let product =
        float (both + first) * float (second + neither) * float (both + second) * float (first + neither)

    let determinant = float both * float neither - float first * float second
    let n = float (both + first + second + neither)

    if product = 0.0 then 0.0
    elif determinant > 0.0 then max 0.0 (determinant - n / 2.0) / sqrt product
    else determinant / sqrt product

/// <summary>Returns the proportion of the first minus the proportion of the second, with its confidence interval.</summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="both">The number of pairs in which both succeeded.</param>
/// <param name="first">The number of pairs in which only the first succeeded.</param>
/// <param name="second">The number of pairs in which only the second succeeded.</param>
/// <param name="neither">The number of pairs in which neither succeeded.</param>
let interval (level: float) (both: int) (first: int) (second: int) (neither: int) : Interval =
    let n = both + first + second + neither
    let one = Wilson.interval level (both + first) n
    let other = Wilson.interval level (both + second) n
    let phi = correlation both first second neither
    let reach (a: float) (b: float) = sqrt (max 0.0 (a * a - 2.0 * phi * a * b + b * b))
    let difference = one.Value - other.Value

    { Value = difference
      Low = difference - reach (one.Value - one.Low) (other.High - other.Value)
      High = difference + reach (one.High - one.Value) (other.Value - other.Low) }
