/// The error rates of verdicts, by simulation: null studies are drawn in place of trained ones. The draws are the same in every run, and each
/// limit is three standard deviations of the simulation above the nominal rate.
module CuteDl.Studies.Tests.Analysis.ErrorRateTests

open System
open Expecto
open MathNet.Numerics.Distributions
open CuteDl.Core.Numerics
open CuteDl.Studies
open CuteDl.Studies.Statistics
open CuteDl.Testing

/// The number of simulated studies for each rate.
let private studies =
    match Tier.current.Value.Tier with
    | Tier.Quick -> 500
    | Tier.Long -> 20000

let private alpha = 0.05

/// Three standard deviations of a simulated rate above it.
let private limit rate = rate + 3.0 * sqrt (rate * (1.0 - rate) / float studies)

let private normal (random: Random) = Normal.InvCDF(0.0, 1.0, random.NextDouble() * 0.999999 + 5e-7)

/// The share of studies for which it is so.
let private rate purpose (holds: Random -> bool) =
    let random = RandomStream.stream 11 $"error rate/{purpose}"
    Seq.init studies (fun _ -> if holds random then 1.0 else 0.0) |> Seq.average

/// Known differences on one task.
let private known (differences: float array) : PairedRuns.OnTask =
    { Horizon = infinity
      First = differences
      Second = Array.zeroCreate differences.Length
      Differences = differences
      Least = differences
      Greatest = differences
      BothSucceeded = Array.replicate differences.Length true
      AnySucceeded = true }

let private allTasks =
    testList
        "over all tasks"
        [ for tasks in [ 2; 5 ] do
              for correlation in [ 0.0; 0.3; 0.6; 0.9 ] do
                  testCase $"{tasks} tasks that share their seeds, correlated {correlation}" (fun () ->
                      let wrong =
                          rate $"{tasks}/{correlation}" (fun random ->
                              let common = Array.init 10 (fun _ -> normal random)

                              let runs: PairedRuns.PairedRuns =
                                  { Seeds = [| 1..10 |]
                                    Tasks =
                                      [| for _ in 1..tasks ->
                                             known (
                                                 common
                                                 |> Array.map (fun shared ->
                                                     sqrt correlation * shared + sqrt (1.0 - correlation) * normal random)
                                             ) |] }

                              Pairs.pValue runs <= alpha)

                      Expect.isLessThanOrEqual wrong (limit alpha) "wrong winners"
                      Expect.isGreaterThan wrong 0.02 "and not for want of power") ]

/// Runs seen by validations every so many steps, through the function that verdicts use.
let private seen every (budget: float) (first: float array) (second: float array) : PairedRuns.PairedRuns =
    let task = { Made.imagesTask "mnist" with Steps = int64 budget; ValidateEvery = every }

    let result contender (seed: int) (time: float) =
        let seen = if time > budget then infinity else ceil (time / float every) * float every
        { Made.confirmed "mnist" contender seed seen 0.9 with Steps = task.Steps }

    let results = Array.append (Array.mapi (result "first") first) (Array.mapi (result "second") second)

    match PairedRuns.ofResults results Phase.Confirmation Metric.StepsToTarget [ task ] "first" "second" with
    | Some runs -> runs
    | None -> failtest "No seed is finished."

let private rules: Pairs.Rules = { Level = alpha; EqualWithin = 1.05; LookSeeds = 10 }

let private isTie (runs: PairedRuns.PairedRuns) = Pairs.tieP rules Metric.StepsToTarget runs <= alpha

let private validations =
    testList
        "between validations"
        [ testCase "the grid of validations names no winner where the mean of the times' logarithms is equal" (fun () ->
              // The worst case: the first always arrives just at a validation, the second just after one.
              let every = 100

              let wrong =
                  rate "grid" (fun random ->
                      let draw () = if random.Next 2 = 0 then struct (200.0, 101.0) else struct (100.0, 199.0)

                      let pairs = Array.init 10 (fun _ -> draw ())
                      let first = pairs |> Array.map (fun struct (first, _) -> first)
                      let second = pairs |> Array.map (fun struct (_, second) -> second)
                      Pairs.pValue (seen every 1000.0 first second) <= alpha)

              Expect.isLessThanOrEqual wrong (limit alpha) "wrong winners")

          testCase "the same times up to luck have a winner in at most alpha" (fun () ->
              let wrong =
                  rate "null" (fun random ->
                      let times () = Array.init 10 (fun _ -> 500.0 * exp (0.2 * normal random))
                      Pairs.pValue (seen 10 10000.0 (times ()) (times ())) <= alpha)

              Expect.isLessThanOrEqual wrong (limit alpha) "wrong winners")

          testCase "a difference far above the distance of validations is found" (fun () ->
              let found =
                  rate "power" (fun random ->
                      let times mean = Array.init 10 (fun _ -> mean * exp (0.1 * normal random))
                      Pairs.pValue (seen 10 10000.0 (times 500.0) (times 600.0)) <= alpha)

              Expect.isGreaterThan found 0.9 "winners")

          testCase "half the steps between the same two validations are no tie" (fun () ->
              let tied =
                  rate "coarse" (fun random ->
                      let times mean = Array.init 10 (fun _ -> mean * exp (0.1 * normal random))
                      isTie (seen 800 16000.0 (times 200.0) (times 400.0)))

              Expect.equal tied 0.0 "ties") ]

let private failures =
    testList
        "failures"
        [ for n in [ 10; 20 ] do
              for first, second in [ 0.1, 0.1; 0.3, 0.1; 0.3, 0.3 ] do
                  testCase $"{n} seeds, success {first} and {second}: no tie out of runs that never arrived" (fun () ->
                      let tied =
                          rate $"success/{n}/{first}/{second}" (fun random ->
                              // Where both arrive, one takes 1.5 times the steps of the other.
                              let times success mean =
                                  Array.init n (fun _ -> if random.NextDouble() < success then mean else infinity)

                              isTie (seen 1 1000.0 (times first 200.0) (times second 300.0)))

                      Expect.isLessThanOrEqual tied 0.005 "ties")

          testCase "where nearly all arrive, a true tie is still called" (fun () ->
              let tied =
                  rate "true tie" (fun random ->
                      // A seed fails for both, or for none.
                      let fails = Array.init 10 (fun _ -> random.NextDouble() < 0.1)

                      let times () =
                          fails |> Array.map (fun fails -> if fails then infinity else 500.0 * exp (0.02 * normal random))

                      isTie (seen 1 1000.0 (times ()) (times ())))

              Expect.isGreaterThan tied 0.8 "ties") ]

/// Two groups of contenders, apart by the margin: the pairs within a group are equal, and the others differ by the margin.
let private families (fast: string list) (slow: string list) spread =
    let study = Made.study [ "mnist" ] (fast @ slow) [ 1..10 ] []
    let isSlow name = List.contains name slow
    let random = RandomStream.stream 11 $"error rate/family/{slow.Length}/{spread}"

    let wrong =
        Array.init studies (fun _ ->
            let results =
                [| for contender in study.Contenders do
                       let mean = if isSlow contender.Name then 500.0 * rules.EqualWithin else 500.0

                       for seed in 1..10 do
                           Made.confirmed "mnist" contender.Name seed (mean * exp (spread * normal random)) nan |]

            let pairs =
                Pairs.ofTasks rules study results |> Array.filter (fun pair -> pair.Metric = Metric.StepsToTarget)

            let differ (pair: PairComparison) = isSlow pair.First <> isSlow pair.Second

            struct (pairs |> Array.exists (fun pair -> pair.Outcome = Outcome.Equal && differ pair),
                    pairs |> Array.exists (fun pair -> pair.Outcome = Outcome.Wins && not (differ pair))))

    let share wrongIn = wrong |> Array.averageBy (fun study -> if wrongIn study then 1.0 else 0.0)
    Expect.isLessThanOrEqual (share (fun struct (tie, _) -> tie)) (limit alpha) "wrong ties"
    Expect.isLessThanOrEqual (share (fun struct (_, winner) -> winner)) (limit alpha) "wrong winners"
    // Holm's correction bounds each kind of error by alpha. Both together stay far below 2 alpha.
    Expect.isLessThanOrEqual (share (fun struct (tie, winner) -> tie || winner)) (limit 0.06) "wrong claims"

let private ties =
    /// Times whose logarithms differ by the margin on average.
    let atTheMargin n spread (random: Random) =
        let first = Array.init n (fun _ -> 5000.0 * exp (spread * normal random))
        let second = Array.init n (fun _ -> 5000.0 * rules.EqualWithin * exp (spread * normal random))
        struct (first, second)

    testList
        "ties"
        [ for n in [ 6; 10; 20 ] do
              for spread in [ 0.01; 0.03; 0.1 ] do
                  testCase $"a true ratio at the margin is called a tie in at most alpha, n = {n}, spread {spread}" (fun () ->
                      let tied =
                          rate $"margin/{n}/{spread}" (fun random ->
                              let struct (first, second) = atTheMargin n spread random
                              isTie (seen 1 1e6 first second))

                      Expect.isLessThanOrEqual tied (limit alpha) "wrong ties")

          testCase "accuracies that differ by the margin are called a tie in at most alpha" (fun () ->
              let task = Made.imagesTask "mnist"

              let tied =
                  rate "margin/accuracy" (fun random ->
                      let result contender error seed =
                          Made.confirmed "mnist" contender seed 100.0 (1.0 - error * exp (0.02 * normal random))

                      // The difference is 5 % of the mean of both error rates.
                      let results =
                          [| for seed in 1..10 do
                                 result "first" 0.02 seed
                                 result "second" (0.02 * 1.025 / 0.975) seed |]

                      match PairedRuns.ofResults results Phase.Confirmation Metric.FinalAccuracy [ task ] "first" "second" with
                      | Some runs -> Pairs.tieP rules Metric.FinalAccuracy runs <= alpha
                      | None -> failtest "No seed is finished.")

              Expect.isLessThanOrEqual tied (limit alpha) "wrong ties"
              Expect.isGreaterThan tied 0.01 "and not for want of power")

          testCase "a true ratio at the margin is called a tie at any interim look in at most alpha" (fun () ->
              let looks = [| 6; 10; 15; 20 |]
              let levels = ErrorSpending.levels Spending.OBrienFleming alpha looks

              let tied =
                  rate "margin/looks" (fun random ->
                      let struct (first, second) = atTheMargin 20 0.02 random

                      Array.exists2
                          (fun look level ->
                              let runs = seen 1 1e6 (Array.truncate look first) (Array.truncate look second)
                              Pairs.tieP rules Metric.StepsToTarget runs <= level)
                          looks
                          levels)

              Expect.isLessThanOrEqual tied (limit alpha) "wrong ties")

          testCase "of 3 pairs, any wrong tie in at most alpha, and any wrong winner" (fun () -> families [ "a"; "b" ] [ "c" ] 0.02)

          for spread in [ 0.015; 0.02; 0.03; 0.06 ] do
              longTest
                  "It compares 15 pairs in each study."
                  $"of 15 pairs, any wrong tie in at most alpha, and any wrong winner, spread {spread}"
                  (fun () -> families [ "a"; "b"; "c" ] [ "d"; "e"; "f" ] spread) ]

let tests = testList "error rates" [ allTasks; validations; failures; ties ]
