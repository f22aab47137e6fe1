/// Statistics of several samples: sign flips, Holm, improvement, profiles, tolerance, spending.
module CuteDl.Studies.Tests.Statistics.ComparisonTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Studies.Statistics
open CuteDl.Studies.Tests.Statistics.Samples

/// All signs, one by one.
let private bruteForceP (differences: float array) =
    let seen = abs (Array.sum differences) - 1e-9 * Array.sumBy abs differences
    let n = differences.Length

    let far =
        Seq.init (1 <<< n) (fun signs -> differences |> Array.mapi (fun i d -> if signs >>> i &&& 1 = 1 then d else -d) |> Array.sum)
        |> Seq.filter (fun sum -> abs sum >= seen)
        |> Seq.length

    float far / float (1 <<< n)

let private eightDifferences = [| 0.3; -0.1; 0.8; 1.2; 0.4; -0.6; 0.9; 0.2 |]

let private signFlip =
    testList
        "sign-flip"
        [ testCase "Darwin's maize, as Fisher (1935, §21) counts it" (fun () ->
              let eighths = [| 49; -67; 8; 16; 6; 23; 28; 41; 14; 29; 56; 24; 75; 60; -48 |]
              // 863 of 2¹⁵ sums are at least 314; as many at most −314.
              Expect.equal (SignFlip.exact (Array.map float eighths)) (2.0 * 863.0 / 32768.0) "p")

          property "is the share of all signs" differences (fun values -> Expect.equal (SignFlip.exact values) (bruteForceP values) "p")

          property "is in (0, 1], and cares for neither side, order nor scale" differences (fun values ->
              let p = SignFlip.exact values
              Expect.isTrue (p > 0.0 && p <= 1.0) "in (0, 1]"
              Expect.equal (SignFlip.exact (Array.map (~-) values)) p "side"
              Expect.equal (SignFlip.exact (Array.rev values)) p "order"
              Expect.equal (SignFlip.exact (values |> Array.map ((*) 0.001))) p "scale")

          property
              "a wrong yes is no more likely than it says: over all signs, p ≤ a in at most a"
              (Gen.arrayOfLength 8 number)
              (fun values ->
                  let ps =
                      Array.init 256 (fun signs ->
                          values |> Array.mapi (fun i d -> if signs >>> i &&& 1 = 1 then d else -d) |> SignFlip.exact)

                  for a in [ 0.01; 0.05; 0.1; 0.5 ] do
                      let share = ps |> Array.averageBy (fun p -> if p <= a then 1.0 else 0.0)
                      Expect.isLessThanOrEqual share a $"a = {a}")

          testCase "ties that rounding breaks are ties" (fun () ->
              // ±0.1 ± 0.1 ± 0.05 is never nearer to 0 than 0.05; in floating point, swapping the two 0.1 is, by 1e-16.
              let nearly = [| 0.4 - 0.3; -(0.3 - 0.2); 0.05 |]
              Expect.isGreaterThan (Array.sum nearly) 0.05 "not 0.05 in floating point"
              Expect.equal (SignFlip.exact nearly) 1.0 "p")

          testCase "n of one sign have 2/2ⁿ, at 20 too; none, or zeros, have 1" (fun () ->
              Expect.equal (SignFlip.exact (Array.init 20 (fun i -> 1.0 + float i))) (2.0 / 1048576.0) "20"
              Expect.equal (SignFlip.exact [||]) 1.0 "none"
              Expect.equal (SignFlip.exact [| 0.0; 0.0 |]) 1.0 "zeros"
              Expect.throwsT<ArgumentException> (fun () -> SignFlip.exact (Array.replicate 21 1.0) |> ignore) "21"
              Expect.throwsT<ArgumentException> (fun () -> SignFlip.exact [| infinity |] |> ignore) "infinite")

          testCase "by chance it is near the exact one, repeatable, and never 0" (fun () ->
              let values = [| 3.0; -1.0; 4.0; 1.0; 5.0; -2.0; 6.0; 5.0 |]
              let p = SignFlip.monteCarlo 1 20000 values
              Expect.isLessThan (abs (p - SignFlip.exact values)) 0.01 "near"
              Expect.equal (SignFlip.monteCarlo 1 20000 values) p "repeatable"
              Expect.equal (SignFlip.monteCarlo 1 99 (Array.replicate 60 1.0)) 0.01 "1 / (1 + draws)")

          property
              "the largest p between two ends is at least that of any differences between them"
              (Gen.arrayOfLength 8 (Gen.zip3 number (Gen.choose (0, 100)) (Gen.choose (0, 100))))
              (fun drawn ->
                  let ends =
                      drawn
                      |> Array.map (fun (difference, width, place) ->
                          struct (difference, difference + float width / 10.0, float place / 100.0))

                  let least = ends |> Array.map (fun struct (low, _, _) -> low)
                  let greatest = ends |> Array.map (fun struct (_, high, _) -> high)
                  let between = ends |> Array.map (fun struct (low, high, share) -> low + share * (high - low))
                  let largest = SignFlip.largest 1 least greatest
                  Expect.isGreaterThanOrEqual largest (SignFlip.exact between) "at least"
                  Expect.equal (SignFlip.largest 1 between between) (SignFlip.exact between) "known differences: the test's own p")

          testCase "one-sided p-values, as scipy.stats.permutation_test has them" (fun () ->
              Expect.equal (SignFlip.below 1 (eightDifferences |> Array.map (fun value -> value - 1.0))) 0.015625 "below 1"
              Expect.equal (SignFlip.below 1 (eightDifferences |> Array.map (fun value -> -value - 0.2))) 0.015625 "above −0.2"
              Expect.equal (SignFlip.below 1 [| 0.0; 0.0 |]) 1.0 "zeros")

          property "a one-sided p is the share of all signs, and half of the two-sided one" differences (fun values ->
              let n = values.Length
              let bound = Array.sum values + 1e-9 * Array.sumBy abs values

              let count =
                  Seq.init (1 <<< n) (fun signs -> values |> Array.mapi (fun i d -> if signs >>> i &&& 1 = 1 then d else -d) |> Array.sum)
                  |> Seq.filter (fun sum -> sum <= bound)
                  |> Seq.length

              let p = SignFlip.below 1 values
              Expect.equal p (float count / float (1 <<< n)) "share"

              if Array.sum values < -1e-6 then
                  Expect.equal (2.0 * p) (SignFlip.exact values) "half")

          testCase "a one-sided p by chance is near the exact one" (fun () ->
              let values = Array.init 24 (fun i -> float (i % 5) - 2.3)
              let folded = SignFlip.below 1 values
              Expect.equal (SignFlip.below 1 values) folded "repeatable"
              let deviation = sqrt (values |> Array.sumBy (fun value -> value * value))
              let expected = MathNet.Numerics.Distributions.Normal.CDF(0.0, 1.0, Array.sum values / deviation)
              Expect.isLessThan (abs (folded - expected)) 0.02 "near the normal approximation")

          testCase "the fewest seeds that can decide" (fun () ->
              Expect.equal (SignFlip.fewest 0.05 1) 6 "2 contenders"
              Expect.equal (SignFlip.fewest 0.05 15) 10 "6 contenders"

              for pairs in [ 1; 3; 15; 28 ] do
                  let n = SignFlip.fewest 0.05 pairs
                  let least n = float pairs * SignFlip.exact (Array.replicate n 1.0)
                  Expect.isTrue (least n <= 0.05 && least (n - 1) > 0.05) $"{pairs} pairs") ]

let private signFlipInterval =
    let interval level values = SignFlipInterval.ofDifferences 1 level values

    testList
        "sign-flip interval"
        [ testCase "of eight differences, as numpy sorts the means of subsets" (fun () ->
              for level, low, high in [ 0.95, -0.13333333333333333, 0.85; 0.8, 0.1, 0.68 ] do
                  let interval = interval level eightDifferences
                  Expect.floatClose Accuracy.veryHigh interval.Low low $"low at {level}"
                  Expect.floatClose Accuracy.veryHigh interval.High high $"high at {level}")

          property
              "holds exactly the locations that the test does not reject"
              (Gen.zip (Gen.arrayOfLength 8 number) number)
              (fun (values, location) ->
                  // No mean of at most eight thousandths is a location, so no location is at an end.
                  let location = location + 0.00047
                  let interval = interval 0.9 values
                  let p = SignFlip.exact (values |> Array.map (fun value -> value - location))
                  Expect.equal (interval.Low <= location && location <= interval.High) (p > 0.1) $"p = {p}, {interval}")

          property "contains the mean, and moves with shift and scale" (Gen.arrayOfLength 9 number) (fun values ->
              let first = interval 0.95 values
              Expect.isTrue (first.Low <= first.Value + 1e-9 && first.Value <= first.High + 1e-9) "contains"
              let moved = interval 0.95 (values |> Array.map (fun value -> 3.0 - 2.0 * value))
              Expect.floatClose Accuracy.high moved.Low (3.0 - 2.0 * first.High) "low"
              Expect.floatClose Accuracy.high moved.High (3.0 - 2.0 * first.Low) "high")

          testCase "six differences end at the least and the greatest; five have no interval" (fun () ->
              let six = interval 0.95 [| 1.0 .. 6.0 |]
              Expect.equal (six.Low, six.High) (1.0, 6.0) "six"
              Expect.isFalse (interval 0.95 [| 1.0 .. 5.0 |]).HasEnds "five")

          testCase "of 21 differences, random subsets give nearly Student's interval" (fun () ->
              let random = RandomStream.stream 3 "interval"
              let values = Array.init 21 (fun _ -> random.NextDouble() + random.NextDouble() + random.NextDouble())
              let student = Jackknife.interval 0.95 21 (Array.averageBy (Array.get values))
              let interval = interval 0.95 values
              Expect.isLessThan (abs (interval.Low - student.Low)) 0.03 "low"
              Expect.isLessThan (abs (interval.High - student.High)) 0.03 "high"
              Expect.equal (SignFlipInterval.ofDifferences 1 0.95 values) interval "repeatable") ]

let private power =
    testList
        "power"
        [ testCase "with ten seeds and 15 pairs, only ten of one sign suffice: Φ(difference)¹⁰" (fun () ->
              for difference in [ 1.0; 1.5; 2.0; 3.0 ] do
                  let exact = Math.Pow(MathNet.Numerics.Distributions.Normal.CDF(0.0, 1.0, difference), 10.0)
                  Expect.isLessThan (abs (Power.ofDifference (0.05 / 15.0) 10 difference - exact)) 0.03 $"{difference} deviations")

          testCase "what is detectable is found in 80 %, and falls with the number of seeds" (fun () ->
              let detectable = [ for seeds in [ 10; 12; 13; 20; 40 ] -> Power.detectable (0.05 / 15.0) seeds ]
              Expect.equal detectable (List.sortDescending detectable) "falls"
              Expect.floatClose Accuracy.low (Power.ofDifference (0.05 / 15.0) 10 detectable[0]) 0.8 "found"
              Expect.equal (Power.detectable (0.05 / 15.0) 9) infinity "nothing is found with nine") ]

let private holm =
    testList
        "holm"
        [ testCase "R's p.adjust(c(0.01, 0.04, 0.03, 0.005), \"holm\")" (fun () ->
              let adjusted = Holm.adjust [| 0.01; 0.04; 0.03; 0.005 |]

              for actual, expected in Array.zip adjusted [| 0.03; 0.06; 0.06; 0.02 |] do
                  Expect.floatClose Accuracy.veryHigh actual expected "adjusted")

          property "between the raw p and Bonferroni's, in the same order, whatever the order given" pValues (fun p ->
              let adjusted = Holm.adjust p

              for raw, after in Array.zip p adjusted do
                  Expect.isGreaterThanOrEqual after raw "at least raw"
                  Expect.isLessThanOrEqual after (min 1.0 (float p.Length * raw)) "at most Bonferroni"

              let sorted = Array.zip p adjusted |> Array.sortBy fst |> Array.map snd
              Expect.equal sorted (Array.sort sorted) "monotone"
              Expect.equal (Holm.adjust (Array.rev p)) (Array.rev adjusted) "order") ]

let private improvement =
    testList
        "improvement"
        [ property "the two directions add up to 1" (Gen.zip times times) (fun (first, second) ->
              let sum = Improvement.probability first second + Improvement.probability second first
              Expect.floatClose Accuracy.high sum 1.0 "sum")

          testCase "counts pairs, ties half" (fun () ->
              Expect.equal (Improvement.probability [| 1.0; 3.0 |] [| 2.0; 3.0; infinity |]) (4.5 / 6.0) "(3 + ½ + 1) of 6"
              Expect.equal (Improvement.probability [| infinity |] [| infinity |]) 0.5 "both never")

          property "over tasks it is the mean, within its interval" (Gen.zip times times) (fun (first, second) ->
              let n = min first.Length second.Length
              let first, second = Array.truncate n first, Array.truncate n second
              let interval = Improvement.interval 0.95 [| first; second |] [| second; first |]
              Expect.floatClose Accuracy.high interval.Value 0.5 "p and 1 − p"
              Expect.floatClose Accuracy.high (interval.Low + interval.High) 1.0 "around ½"
              // What one task gains by a seed the other loses, so the variance is 0, and the interval the shortest possible.
              let shortest = Wilson.ofShare 0.95 n 0.5 0.0
              Expect.floatClose Accuracy.high interval.Low shortest.Low "low")

          testCase "always better is no certainty" (fun () ->
              let interval = Improvement.interval 0.95 [| [| 1.0 .. 10.0 |] |] [| [| 11.0 .. 20.0 |] |]
              Expect.equal (interval.Value, interval.High) (1.0, 1.0) "value"
              Expect.isLessThan interval.Low 0.75 "ten seeds allow less")

          testCase "tasks of other seeds are refused" (fun () ->
              let runs = [| [| 1.0; 2.0 |]; [| 1.0 |] |]
              Expect.throwsT<ArgumentException> (fun () -> Improvement.interval 0.95 runs runs |> ignore) "2 and 1 seeds") ]

let private profile =
    testList
        "profile"
        [ testCase "ratios to the fastest, problem by problem" (fun () ->
              let never = infinity
              let ratios = Profile.ratios [| [| 10.0; 30.0; never; never |]; [| 20.0; 10.0; 5.0; never |] |]
              Expect.equal ratios [| [| 1.0; 3.0; never; never |]; [| 2.0; 1.0; 1.0; never |] |] "ratios")

          property "rises to the success rate, within its band" (Gen.arrayOfLength 8 time) (fun values ->
              let ratios = Profile.ratios [| values; Array.rev values |]
              let curve = Profile.ofRatios 0.95 [| 1.0; 1.5; 2.0; 5.0; 1e9 |] [| ratios[0] |]
              Expect.equal (Array.last curve.Share) (float (TimeToTarget.reached values) / 8.0) "success rate"

              for line in [ curve.Share; curve.Low; curve.High ] do
                  Expect.equal line (Array.sort line) "never falls"

              for i in 0 .. curve.At.Length - 1 do
                  Expect.isTrue (curve.Low[i] <= curve.Share[i] && curve.Share[i] <= curve.High[i]) "within the band")

          testCase "of scores it falls from 1, and each task weighs the same" (fun () ->
              let curve = Profile.ofScores 0.95 [| 0.0; 0.5; 1.0 |] [| [| 0.4; 0.6 |]; [| 0.7; 1.0 |] |]

              Expect.equal curve.Share [| 1.0; 0.75; 0.25 |] "shares")

          testCase "copies of a task make no band narrower: a seed with all its runs is one observation" (fun () ->
              let scores = [| 0.1..0.1..1.0 |]
              let band tasks = Profile.ofScores 0.95 [| 0.45 |] (Array.replicate tasks scores)
              Expect.floatClose Accuracy.high (band 8).Low[0] (band 1).Low[0] "low"
              Expect.floatClose Accuracy.high (band 8).High[0] (band 1).High[0] "high") ]

let private tolerance =
    let rates = [| 1e-4; 1e-3; 1e-2; 1e-1; 1.0 |]

    let ofObjective objective =
        match RateTolerance.ofObjective 2.0 rates objective with
        | Some tolerance -> tolerance
        | None -> failtest "nothing"

    testList
        "tolerance"
        [ testCase "is cut where the line through the logarithms crosses" (fun () ->
              // 400 = 4 · 100 over one decade is straight; 2 · 100 is reached half-way.
              let tolerance = ofObjective [| 4000.0; 400.0; 100.0; 400.0; 4000.0 |]
              Expect.equal tolerance.Best 1e-2 "best"
              Expect.floatClose Accuracy.high tolerance.Decades 1.0 "half a decade to each side"
              Expect.isFalse tolerance.IsAtLeast "both ends are inside")

          testCase "says when an end is the grid's, and ends at the last rate before one that never arrives" (fun () ->
              let tolerance = ofObjective [| 150.0; 120.0; 100.0; infinity; infinity |]
              Expect.equal (tolerance.Low, tolerance.High) (1e-4, 1e-2) "from end to best"
              Expect.equal (tolerance.LowIsEnd, tolerance.HighIsEnd, tolerance.IsAtLeast) (true, false, true) "ends"
              Expect.floatClose Accuracy.high tolerance.Decades 2.0 "decades")

          testCase "an island farther off does not count; nothing reached is nothing" (fun () ->
              Expect.equal (ofObjective [| 100.0; infinity; 90.0; infinity; 95.0 |]).Decades 0.0 "the best alone"
              Expect.isNone (RateTolerance.ofObjective 2.0 rates (Array.replicate 5 infinity)) "nothing")

          property "is wider with a larger factor" (Gen.arrayOfLength 5 time) (fun objective ->
              let width factor = RateTolerance.ofObjective factor rates objective |> Option.map _.Decades
              Expect.isTrue (width 1.5 <= width 3.0) "monotone") ]

let private spending =
    testList
        "spending"
        [ testCase "the published values at half and three quarters of the information" (fun () ->
              let at spending t = Math.Round(ErrorSpending.spent spending 0.05 t, 4)
              Expect.equal (at Spending.OBrienFleming 0.5) 0.0056 "O'Brien–Fleming, 0.5"
              Expect.equal (at Spending.OBrienFleming 0.75) 0.0236 "O'Brien–Fleming, 0.75"
              Expect.equal (at Spending.Pocock 0.5) 0.031 "Pocock, 0.5")

          property
              "the levels add up to alpha, and none is below 0"
              (Gen.choose (1, 6) |> Gen.bind (fun n -> Gen.arrayOfLength n (Gen.choose (1, 10))))
              (fun gaps ->
                  let looks = gaps |> Array.scan (+) 0 |> Array.tail

                  for spending in [ Spending.OBrienFleming; Spending.Pocock ] do
                      let levels = ErrorSpending.levels spending 0.05 looks
                      Expect.floatClose Accuracy.high (Array.sum levels) 0.05 "sum"
                      Expect.isTrue (levels |> Array.forall (fun level -> level >= 0.0)) "not below 0")

          testCase "looks must ascend" (fun () ->
              Expect.throwsT<ArgumentException> (fun () -> ErrorSpending.levels Spending.Pocock 0.05 [| 10; 10 |] |> ignore) "10, 10")

          testCase "nothing to find is found in at most alpha of all studies, looks and all" (fun () ->
              let random = RandomStream.stream 5 "null"
              let looks = [| 6; 10; 15; 20 |]
              let levels = ErrorSpending.levels Spending.Pocock 0.1 looks

              let found =
                  Seq.init 2000 (fun _ ->
                      let values = Array.init 20 (fun _ -> random.NextDouble() - 0.5)

                      if Array.exists2 (fun look level -> SignFlip.exact (Array.truncate look values) <= level) looks levels then
                          1.0
                      else
                          0.0)
                  |> Seq.average

              Expect.isLessThan found 0.1 "at most alpha"
              Expect.isGreaterThan found 0.04 "and not never") ]

let tests =
    testList "comparison" [ signFlip; signFlipInterval; power; holm; improvement; profile; tolerance; spending ]
