/// The coverage of intervals, by simulation: samples are drawn from known distributions, and an interval must contain the true value as often
/// as it says. The draws are the same in every run. The limits allow three standard deviations of the simulation.
module CuteDl.Studies.Tests.Statistics.CoverageTests

open System
open Expecto
open MathNet.Numerics.Distributions
open CuteDl.Core.Numerics
open CuteDl.Studies.Statistics
open CuteDl.Testing

let private level = 0.95

/// The number of simulated studies for each rate.
let private studies =
    match Tier.current.Value.Tier with
    | Tier.Quick -> 500
    | Tier.Long -> 20000

let private normal (random: Random) = Normal.InvCDF(0.0, 1.0, random.NextDouble() * 0.999999 + 5e-7)

/// Student's t distribution with three degrees of freedom.
let private heavyTailed (random: Random) =
    let squares = Seq.init 3 (fun _ -> let z = normal random in z * z) |> Seq.sum
    normal random / sqrt (squares / 3.0)

/// One run of ten fails, far below all others.
let private failing (random: Random) = if random.NextDouble() < 0.1 then -50.0 else normal random

let private coverage purpose (draw: Random -> Interval) (truth: float) =
    let random = RandomStream.stream 13 $"coverage/{purpose}"

    Seq.init studies (fun _ ->
        let interval = draw random
        if interval.Low <= truth && truth <= interval.High then 1.0 else 0.0)
    |> Seq.average

/// Expects a coverage of at least this, up to the error of the simulation.
let private atLeast least covered =
    let limit = least - 3.0 * sqrt (least * (1.0 - least) / float studies)
    Expect.isGreaterThan covered limit $"a coverage of at least {least}"

let private sample (n: int) (draw: Random -> float) random = Array.init n (fun _ -> draw random)

/// The approximate intervals cover slightly less than 0.95 with some distributions; docs/studies.md states by how much.
let private approximate = 0.94

let private pairedEffects =
    testList
        "paired effects"
        [ for name, draw in
              [ "normal", normal
                "heavy-tailed", heavyTailed
                // Each of the two runs fails by itself.
                "with failures", (fun random -> failing random - failing random) ] do
              for n in [ 6; 10; 20 ] do
                  testCase $"{name}, n = {n}: exact" (fun () ->
                      let interval (differences: float array) : Interval =
                          if n < 20 then SignFlipInterval.ofDifferences 0 level differences
                          // A million subsets take too long. The interval contains 0 exactly if 0 is not rejected, as a property shows.
                          elif SignFlip.exact differences > 1.0 - level then { Value = 0.0; Low = -infinity; High = infinity }
                          else Interval.WithoutEnds 0.0

                      coverage $"effect/{name}/{n}" (sample n draw >> interval) 0.0 |> atLeast level) ]

let private groups =
    testList
        "groups"
        [ for n in [ 6; 10; 20 ] do
              testCase $"the median of runs of which one in ten fails, n = {n}: exact" (fun () ->
                  // The true median is the 4/9 quantile of the runs that do not fail.
                  let interval (values: float array) = MedianInterval.ofTimes level (Quantile.median values) values values
                  let truth = Normal.InvCDF(0.0, 1.0, 4.0 / 9.0)
                  coverage $"median/{n}" (sample n failing >> interval) truth |> atLeast level)

              for name, draw in [ "normal", normal; "heavy-tailed", heavyTailed ] do
                  testCase $"the restricted mean, {name}, n = {n}" (fun () ->
                      // Far from both ends of the possible times.
                      let interval values = RestrictedMean.interval level 1e6 (values |> Array.map ((+) 1e3))
                      coverage $"mean/{name}/{n}" (sample n draw >> interval) 1e3 |> atLeast approximate)

              for name, draw, truth in
                  [ "normal", normal, 0.0
                    "heavy-tailed", heavyTailed, 0.0
                    // The middle half of all runs is from the quantiles 1/6 to 13/18 of those that do not fail.
                    "with failures",
                    failing,
                    let at share = Normal.PDF(0.0, 1.0, Normal.InvCDF(0.0, 1.0, share))
                    (at (1.0 / 6.0) - at (13.0 / 18.0)) / (13.0 / 18.0 - 1.0 / 6.0) ] do
                  testCase $"the interquartile mean, {name}, n = {n}" (fun () ->
                      coverage $"iqm/{name}/{n}" (sample n draw >> InterquartileMean.interval level) truth
                      |> atLeast approximate) ]

let private pairs =
    testList
        "pairs"
        [ for n in [ 6; 10; 20 ] do
              testCase $"the ratio of restricted means, n = {n}" (fun () ->
                  let draw (random: Random) =
                      let shared = sample n normal random

                      let times spread =
                          shared |> Array.map (fun z -> 500.0 * exp (spread * (0.45 * z + 0.893 * normal random)))

                      let first, second = times 0.2, times 0.3
                      let mean (values: float array) (places: int array) = places |> Array.averageBy (Array.get values)
                      Jackknife.interval level n (fun places -> log (mean first places / mean second places))

                  let truth = 0.5 * (0.04 - 0.09) * (0.45 * 0.45 + 0.893 * 0.893)
                  coverage $"ratio/{n}" draw truth |> atLeast approximate)

              for distance in [ 0.0; 0.8; 2.0; 3.5 ] do
                  testCase $"the probability of improvement, distance {distance}, n = {n}" (fun () ->
                      let draw (random: Random) =
                          let first = sample n normal random
                          let second = first |> Array.map (fun z -> distance + 0.5 * z + 0.866 * normal random)
                          Improvement.interval level [| first |] [| second |]

                      // A run of the first against an independent run of the second.
                      let truth = Normal.CDF(0.0, 1.0, distance / sqrt 2.0)
                      coverage $"improvement/{distance}/{n}" draw truth |> atLeast approximate)

              for share in [ 0.1; 0.5; 0.9 ] do
                  testCase $"a share of seeds over two tasks, {share}, n = {n}" (fun () ->
                      let draw (random: Random) =
                          // The tasks agree in half of the seeds.
                          let hit () = if random.NextDouble() < share then 1.0 else 0.0
                          let first = Array.init n (fun _ -> hit ())
                          let second = first |> Array.map (fun same -> if random.Next 2 = 0 then same else hit ())
                          let curve = Profile.ofScores level [| 0.5 |] [| first; second |]
                          { Value = curve.Share[0]; Low = curve.Low[0]; High = curve.High[0] }

                      coverage $"share/{share}/{n}" draw share |> atLeast approximate) ]

let tests = testList "coverage" [ pairedEffects; groups; pairs ]
