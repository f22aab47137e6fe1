/// <summary>
/// How likely a run of the one is better than a run of the other: P(X &lt; Y) + ½ P(X = Y), where less is better (Mann and Whitney 1947); over
/// several tasks the mean of each task's (Agarwal et al. 2021, §4.3). ½ says neither is; how much better is another question.
/// </summary>
module CuteDl.Studies.Statistics.Improvement

/// <summary>The share of pairs of a run of each in which the first is less; equal ones count half, two infinities are equal.</summary>
/// <exception cref="T:System.ArgumentException">No values, or a NaN.</exception>
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

/// <summary>Returns the mean over tasks, with a bootstrap interval. A seed is drawn with its runs on all tasks.</summary>
/// <param name="seed">Of the bootstrap.</param>
/// <param name="purpose">Of the bootstrap.</param>
/// <param name="level">Of the interval, in (0, 1).</param>
/// <param name="first">For each task one run a seed, the same seeds in the same order.</param>
/// <param name="second">The other's, on the same tasks and seeds.</param>
let interval seed purpose level (first: float array array) (second: float array array) : Interval =
    Guard.notEmpty "first" first
    Guard.equalLength "first" first "second" second
    first |> Array.iter (fun runs -> Guard.equalLength "first" first[0] "first" runs)
    second |> Array.iter (fun runs -> Guard.equalLength "first" first[0] "second" runs)

    Bootstrap.interval seed purpose Bootstrap.Resamples level first[0].Length (fun places ->
        let pick (values: float array) = places |> Array.map (Array.get values)
        Array.map2 (fun one other -> probability (pick one) (pick other)) first second |> Array.average)
