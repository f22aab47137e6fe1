/// Statistics of one sample: quantiles, means of times, shares, interquartile means, best of k.
module CuteDl.Studies.Tests.Statistics.SampleTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Studies.Statistics
open CuteDl.Studies.Tests.Statistics.Samples

let private isWithin (low: float) (high: float) (interval: Interval) = low <= interval.Low && interval.High <= high

let private quantiles =
    testList
        "quantile"
        [ testCase "of 1 to 10 is R's" (fun () ->
              let values = [| 1.0 .. 10.0 |]
              Expect.equal (Quantile.at 0.25 values) 3.25 "quantile(1:10, 0.25)"
              Expect.floatClose Accuracy.veryHigh (Quantile.at 0.9 values) 9.1 "quantile(1:10, 0.9)")

          property "is monotone, and from the least to the greatest" times (fun values ->
              let at = [| 0.0; 0.1; 0.25; 0.5; 0.75; 0.9; 1.0 |] |> Array.map (fun q -> Quantile.at q values)
              Expect.equal at[0] (Array.min values) "q = 0"
              Expect.equal (Array.last at) (Array.max values) "q = 1"

              for low, high in Array.pairwise at do
                  Expect.isLessThanOrEqual low high "monotone")

          property "the median is infinite when half never arrived, and only then" times (fun values ->
              let never = values.Length - TimeToTarget.reached values
              Expect.equal (Double.IsInfinity(Quantile.median values)) (2 * never >= values.Length) "infinite")

          testCase "a NaN is refused, with its place" (fun () ->
              Expect.throwsT<ArgumentException> (fun () -> Quantile.median [| 1.0; nan |] |> ignore) "NaN") ]

let private timesToTarget =
    testList
        "times"
        [ testCase "the first that meets the target" (fun () ->
              let first = TimeToTarget.first (fun accuracy -> accuracy >= 0.9) [| 100.0; 200.0; 300.0 |]
              Expect.equal (first [| 0.8; 0.9; 0.7 |]) 200.0 "reached"
              Expect.equal (first [| 0.8; nan; 0.7 |]) infinity "never")

          property "the restricted mean is at most the horizon and the mean" times (fun values ->
              let mean = RestrictedMean.ofTimes 50.0 values
              Expect.isLessThanOrEqual mean 50.0 "the horizon"
              Expect.isLessThanOrEqual mean (Array.average values) "the mean"
              Expect.isLessThanOrEqual (RestrictedMean.geometric 50.0 values) (mean * (1.0 + 1e-12)) "geometric")

          property "speed-ups of swapped samples are inverse" (Gen.zip times times) (fun (first, second) ->
              let forth = RestrictedMean.speedUp 50.0 first second
              Expect.floatClose Accuracy.high (forth * RestrictedMean.speedUp 50.0 second first) 1.0 "inverse")

          testCase "one that never arrives counts as the horizon" (fun () ->
              Expect.equal (RestrictedMean.ofTimes 100.0 [| 20.0; infinity; 150.0 |]) (220.0 / 3.0) "mean"
              Expect.equal (RestrictedMean.speedUp 100.0 [| 50.0 |] [| infinity |]) 2.0 "twice as fast, at least")

          property "the horizon is the earliest end of a run whose time is not known, at most the budget" times (fun ends ->
              let horizon = TimeToTarget.horizon 50.0 ends
              Expect.equal horizon (Array.min (Array.append [| 50.0 |] ends)) "earliest"
              Expect.equal (TimeToTarget.horizon 50.0 (ends |> Array.map (fun _ -> infinity))) 50.0 "all known: the budget")

          property
              "the earliest step is the one after the validation before"
              (Gen.zip (Gen.choose (1, 50)) (Gen.choose (1, 1000)))
              (fun (every, step) ->
                  let seen = float (every * ((step + every - 1) / every))
                  let earliest = TimeToTarget.earliest every seen
                  Expect.equal earliest (seen - float every + 1.0) "one distance before, and a step"
                  Expect.isTrue (earliest <= float step && float step <= seen) "holds the step"
                  Expect.equal (TimeToTarget.earliest every infinity) infinity "never") ]

let private wilson =
    testList
        "wilson"
        [ testCase "8 of 10 at 95 %" (fun () ->
              let interval = Wilson.interval 0.95 8 10
              Expect.equal interval.Value 0.8 "share"
              Expect.floatClose Accuracy.medium (round (interval.Low * 1e4)) 4902.0 "low"
              Expect.floatClose Accuracy.medium (round (interval.High * 1e4)) 9433.0 "high")

          testCase "0 and n of n end in 0 and 1, and have width" (fun () ->
              let none = Wilson.interval 0.95 0 10
              let all = Wilson.interval 0.95 10 10
              Expect.equal (none.Low, all.High) (0.0, 1.0) "ends"
              // z² / (n + z²) with z = 1.96: 3.8415 / 13.8415.
              Expect.floatClose Accuracy.low none.High 0.27753 "none"
              Expect.floatClose Accuracy.low all.Low (1.0 - 0.27753) "all")

          property "lies in [0, 1], holds the share, and is the mirror of the failures'" counts (fun (successes, trials) ->
              let interval = Wilson.interval 0.95 successes trials
              let mirror = Wilson.interval 0.95 (trials - successes) trials
              Expect.isTrue (isWithin 0.0 1.0 interval) "in [0, 1]"
              Expect.isTrue (interval.Low <= interval.Value && interval.Value <= interval.High) "holds it"
              Expect.floatClose Accuracy.high (interval.Low + mirror.High) 1.0 "mirror")

          testCase "covers the truth about as often as it says" (fun () ->
              // Exact: the binomial chance of the counts whose interval holds p.
              for p in [ 0.1; 0.3; 0.5; 0.8 ] do
                  let covered =
                      [ 0..20 ]
                      |> List.filter (fun k -> let i = Wilson.interval 0.95 k 20 in i.Low <= p && p <= i.High)
                      |> List.sumBy (fun k -> MathNet.Numerics.Distributions.Binomial.PMF(p, 20, k))

                  Expect.isGreaterThan covered 0.92 $"p = {p}"
                  Expect.isLessThan covered 0.99 $"p = {p}") ]

let private newcombe =
    let counts = Gen.arrayOfLength 4 (Gen.choose (0, 12)) |> Gen.filter (fun counts -> Array.sum counts > 0)

    testList
        "newcombe"
        [ testCase "36, 12, 2 and 0 of 50, as Newcombe (1998, table III) has them" (fun () ->
              let interval = Newcombe.interval 0.95 36 12 2 0
              Expect.floatClose Accuracy.high interval.Value 0.2 "difference"
              Expect.floatClose { absolute = 5e-5; relative = 0.0 } interval.Low 0.0569 "low"
              Expect.floatClose { absolute = 5e-5; relative = 0.0 } interval.High 0.3404 "high")

          property "holds the difference, lies in [−1, 1], and is turned by turning names" counts (fun counts ->
              let interval = Newcombe.interval 0.95 counts[0] counts[1] counts[2] counts[3]
              let turned = Newcombe.interval 0.95 counts[0] counts[2] counts[1] counts[3]
              Expect.isTrue (interval.Low <= interval.Value && interval.Value <= interval.High) "holds it"
              Expect.isTrue (isWithin (-1.0 - 1e-12) (1.0 + 1e-12) interval) "in [−1, 1]"
              Expect.floatClose Accuracy.high (interval.Low + turned.High) 0.0 "turned")

          testCase "agreement of all pairs is no certainty" (fun () ->
              for interval in [ Newcombe.interval 0.95 10 0 0 0; Newcombe.interval 0.95 0 0 0 10 ] do
                  Expect.equal interval.Value 0.0 "no difference seen"
                  Expect.isLessThan interval.Low -0.2 "and much is possible"
                  Expect.isGreaterThan interval.High 0.2 "to both sides") ]

/// The reference values of intervals are from numpy 1.24 and scipy 1.10.
let private isInterval (low: float) (high: float) (interval: Interval) =
    Expect.floatClose Accuracy.veryHigh interval.Low low "low"
    Expect.floatClose Accuracy.veryHigh interval.High high "high"

let private tenTimes =
    [| 1550.0; 1700.0; 1450.0; 1600.0; 2100.0; 1750.0; 1500.0; 1650.0; 1900.0; 1400.0 |]

let private interquartileMean =
    testList
        "interquartile mean"
        [ testCase "scipy.stats.trim_mean(values, 0.25)" (fun () ->
              Expect.equal (InterquartileMean.ofValues [| 0.0; 1.0; 3.0; 5.0; 90.0; 99.0 |]) 24.75 "6 values"

              Expect.floatClose
                  Accuracy.veryHigh
                  (InterquartileMean.ofValues [| 0.9771; 0.9784; 0.9712; 0.9790; 0.9768; 0.9779; 0.0 |])
                  0.97628
                  "7 values"

              Expect.equal (InterquartileMean.ofValues tenTimes) 1625.0 "10 values"
              Expect.equal (InterquartileMean.ofValues [| 1.0; 2.0; 6.0 |]) 3.0 "fewer than 4: the mean")

          testCase "scipy.stats.mstats.trimmed_mean_ci, where a quarter is no whole number; else Yuen's error" (fun () ->
              InterquartileMean.interval 0.95 tenTimes |> isInterval 1448.3536594723864 1801.6463405276136

              InterquartileMean.interval 0.95 [| 0.0; 1.0; 3.0; 5.0; 90.0; 99.0 |]
              |> isInterval -92.72399432542473 142.2239943254247

              InterquartileMean.interval 0.95 tenTimes[..7] |> isInterval 1453.1282559070546 1796.8717440929454
              Expect.isFalse (InterquartileMean.interval 0.95 [| 1.0 |]).HasEnds "one value")

          property "is between the quartiles' neighbours, and moves with shift and scale" numbers (fun values ->
              let sorted = Array.sort values
              let mean = InterquartileMean.ofValues values
              Expect.isGreaterThanOrEqual mean (sorted[values.Length / 4] - 1e-9) "lower"
              Expect.isLessThanOrEqual mean (sorted[values.Length - 1 - values.Length / 4] + 1e-9) "upper"

              if values.Length > 1 then
                  let interval = InterquartileMean.interval 0.9 values
                  let moved = InterquartileMean.interval 0.9 (values |> Array.map (fun value -> 2.0 * value + 3.0))
                  Expect.floatClose Accuracy.high moved.Low (2.0 * interval.Low + 3.0) "low"
                  Expect.floatClose Accuracy.high moved.High (2.0 * interval.High + 3.0) "high")

          testCase "an infinity outside the middle half does not matter" (fun () ->
              Expect.equal (InterquartileMean.ofValues [| 1.0; 2.0; 4.0; infinity |]) 3.0 "3") ]

let private medianInterval =
    let interval (values: float array) = MedianInterval.ofTimes 0.95 (Quantile.median values) values values

    testList
        "median interval"
        [ testCase "the ranks of scipy.stats.binom at 95 %" (fun () ->
              for n, rank in [ 6, 1; 8, 1; 9, 2; 10, 2; 12, 3; 15, 4; 20, 6; 25, 8 ] do
                  let interval = interval (Array.init n (fun i -> float (i + 1)))
                  Expect.equal (interval.Low, interval.High) (float rank, float (n + 1 - rank)) $"n = {n}"

              Expect.isFalse (interval [| 1.0 .. 5.0 |]).HasEnds "five values")

          property "contains the median, and can end in never" times (fun values ->
              let interval = interval values

              if interval.HasEnds then
                  Expect.isTrue (interval.Low <= interval.Value && interval.Value <= interval.High) "contains"

              Expect.equal interval.HasEnds (values.Length >= 6) "six values") ]

let private means =
    testList
        "mean intervals"
        [ testCase "scipy.stats.t.interval, for the jackknife of a mean" (fun () ->
              RestrictedMean.interval 0.95 1e6 tenTimes |> isInterval 1506.573036486002 1813.426963513998)

          testCase "the jackknife of a ratio of means, as in numpy" (fun () ->
              let others = [| 2400.0; 2500.0; 2350.0; 2300.0; 2900.0; 2550.0; 2700.0; 2450.0; 2650.0; 2200.0 |]

              let mean (values: float array) (places: int array) = places |> Array.averageBy (Array.get values)
              let ratio places = log (mean tenTimes places / mean others places)
              Expect.floatClose Accuracy.veryHigh (Jackknife.variance 10 ratio) 0.0006680463284298016 "variance"
              Jackknife.interval 0.95 10 ratio |> isInterval -0.4679421831867351 -0.3510040758246712
              Expect.isFalse (Jackknife.interval 0.95 1 ratio).HasEnds "one observation")

          property
              "the quantile of Student's t has its level, at every level"
              (Gen.zip (Gen.choose (50_000, 99_999)) (Gen.choose (1, 60)))
              (fun (level, freedom) ->
                  let level = float level / 1e5
                  let t = Jackknife.quantile level freedom
                  let reached = MathNet.Numerics.Distributions.StudentT.CDF(0.0, 1.0, float freedom, t)
                  Expect.floatClose { absolute = 1e-12; relative = 0.0 } reached ((1.0 + level) / 2.0) $"{level}, {freedom}")

          property
              "the quantile of Student's t has its closed form for 1 and 2 degrees of freedom"
              (Gen.choose (50_000, 99_999))
              (fun level ->
                  let level = float level / 1e5
                  Expect.floatClose Accuracy.veryHigh (Jackknife.quantile level 1) (Math.Tan(Math.PI * level / 2.0)) "1"
                  Expect.floatClose Accuracy.veryHigh (Jackknife.quantile level 2) (level * sqrt (2.0 / (1.0 - level * level))) "2")

          testCase "scipy.stats.t.ppf" (fun () ->
              for level, freedom, expected in [ 0.95, 9, 2.2621571627409915; 0.983032, 3, 4.824835065112742; 0.5, 30, 0.6827556919926214 ] do
                  Expect.floatClose Accuracy.high (Jackknife.quantile level freedom) expected $"{level}, {freedom}")

          property "the restricted mean has an interval only if every run arrived, within the possible times" times (fun values ->
              let interval = RestrictedMean.interval 0.95 50.0 values
              let arrived = values |> Array.forall (fun time -> time <= 50.0)
              Expect.equal interval.HasEnds (arrived && values.Length > 1) "an interval"

              if interval.HasEnds then
                  Expect.isTrue (isWithin 0.0 50.0 interval) "possible"
                  Expect.isTrue (interval.Low <= interval.Value && interval.Value <= interval.High) "contains the mean")

          testCase "Wilson's interval for the mean of shares, as in numpy" (fun () ->
              Wilson.ofShare 0.95 6 (2.0 / 3.0) (1.0 / 36.0) |> isInterval 0.26538175714610013 0.9171679805640758)

          property "the interval of a share is in [0, 1], and has width" counts (fun (successes, trials) ->
              let share = float successes / float trials
              let variance = share * (1.0 - share) / float (max 1 (trials - 1))
              let interval = Wilson.ofShare 0.95 trials share variance
              let mirror = Wilson.ofShare 0.95 trials (1.0 - share) variance
              Expect.isTrue (isWithin 0.0 1.0 interval && interval.Low < interval.High) "in [0, 1]"
              Expect.isTrue (interval.Low <= share && share <= interval.High) "contains the share"
              Expect.floatClose Accuracy.high (interval.Low + mirror.High) 1.0 "mirror") ]

/// The greatest of each choice of k.
let private greatestOfChoices k (values: float array) =
    let rec choices k (values: float list) =
        match k, values with
        | 0, _ -> [ [] ]
        | _, [] -> []
        | _, first :: rest -> List.map (fun others -> first :: others) (choices (k - 1) rest) @ choices k rest

    choices k (List.ofArray values) |> List.map List.max

let private bestOfK =
    testList
        "best of k"
        [ testCase "of 1, 2 and 3" (fun () ->
              let expected = BestOfK.curve 0.95 [| 3.0; 1.0; 2.0 |] |> Array.map _.Value
              Expect.floatClose Accuracy.veryHigh expected[0] 2.0 "k = 1: the mean"
              Expect.floatClose Accuracy.veryHigh expected[1] (8.0 / 3.0) "k = 2: 2 once of 3, 3 twice"
              Expect.equal expected[2] 3.0 "k = n: the greatest")

          property "never falls with k, from the mean to the greatest" numbers (fun values ->
              let curve = BestOfK.curve 0.9 values
              Expect.floatClose Accuracy.high curve[0].Value (Array.average values) "k = 1"
              Expect.equal (Array.last curve).Value (Array.max values) "k = n"

              for before, after in Array.pairwise curve do
                  Expect.isLessThanOrEqual before.Value (after.Value + 1e-9) "monotone"
                  Expect.isLessThanOrEqual before.Low after.Low "monotone")

          property "is the mean over all choices, and its interval holds so many of them" (Gen.arrayOfLength 7 number) (fun values ->
              for k in 1..7 do
                  let best = BestOfK.ofValues 0.8 k values
                  let all = greatestOfChoices k values
                  let share holds = all |> List.averageBy (fun greatest -> if holds greatest then 1.0 else 0.0)
                  Expect.floatClose Accuracy.high best.Value (List.average all) $"k = {k}"
                  Expect.isLessThanOrEqual (share (fun greatest -> greatest < best.Low)) (0.1 + 1e-9) "below"
                  Expect.isLessThanOrEqual (share (fun greatest -> greatest > best.High)) (0.1 + 1e-9) "above") ]

let tests =
    testList "sample" [ quantiles; timesToTarget; wilson; newcombe; interquartileMean; medianInterval; means; bestOfK ]
