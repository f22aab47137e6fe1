/// <summary>
/// The probability of improvement: how likely a run of the first is better than a run of the second. It is P(X &lt; Y) + ½ P(X = Y), where
/// less is better (Mann and Whitney 1947). Over several tasks, it is the mean of the tasks' probabilities (Agarwal et al. 2021, §4.3).
/// ½ means that neither is better. It does not measure how large the difference is.
/// </summary>
module CuteDl.Studies.Statistics.Improvement

/// <summary>
/// Returns the share of pairs, one run from each, in which the first is less. Equal values count half; two infinities are equal.
/// </summary>
/// <exception cref="T:System.ArgumentException">There are no values, or a value is NaN.</exception>
let probability (first: float array) (second: float array) : float =
    Guard.notEmpty "first" first
    Guard.notEmpty "second" second
    Guard.notNaN "first" first
    Guard.notNaN "second" second
    let mutable sum = 0.0

    for x in first do
        for y in second do
            sum <-
                sum
                + (if x < y then 1.0
                   elif x = y then 0.5
                   else 0.0)

    sum / (float first.Length * float second.Length)

/// <summary>
/// Returns the mean over tasks, with Wilson's interval for its effective sample size. The variance is from leaving out one seed at a time,
/// with its runs of both on all tasks. (rliable draws the runs of the two independently, which ignores that they share their seeds.)
/// </summary>
/// <param name="level">The confidence level, in (0, 1).</param>
/// <param name="first">For each task, one run per seed. The seeds are the same, in the same order, for every task.</param>
/// <param name="second">The runs of the second, on the same tasks and seeds.</param>
let interval (level: float) (first: float array array) (second: float array array) : Interval =
    Guard.notEmpty "first" first
    Guard.equalLength "first" first "second" second
    first |> Array.iter (fun runs -> Guard.equalLength "first" first[0] "first" runs)
    second |> Array.iter (fun runs -> Guard.equalLength "first" first[0] "second" runs)
    let size = first[0].Length

    let mean (places: int array) =
        let pick (values: float array) = places |> Array.map (Array.get values)
        Array.map2 (fun one other -> probability (pick one) (pick other)) first second |> Array.average

    Wilson.ofShare level size (mean (Array.init size id)) (if size = 1 then 0.0 else Jackknife.variance size mean)
