/// Statistics of several samples: bootstrap, sign flips, Holm, improvement, profiles, tolerance, spending.
module CuteDl.Studies.Tests.Statistics.ComparisonTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Studies.Statistics
open CuteDl.Studies.Tests.Statistics.Samples

let private bootstrap =
    testList
        "bootstrap"
        [ property "is the same each time, holds the mean, and goes along with shift and scale" numbers (fun values ->
              let of' = Bootstrap.ofSample 7 "test" 0.95 Array.average
              let interval = of' values
              Expect.equal (of' values) interval "deterministic"
              Expect.isTrue (interval.Low <= interval.Value + 1e-9 && interval.Value <= interval.High + 1e-9) "holds the estimate"
              let moved = of' (values |> Array.map (fun value -> 2.0 * value + 3.0))
              Expect.floatClose Accuracy.high moved.Low (2.0 * interval.Low + 3.0) "low"
              Expect.floatClose Accuracy.high moved.High (2.0 * interval.High + 3.0) "high")

          testCase "other purposes and seeds draw otherwise" (fun () ->
              let draw seed purpose = Bootstrap.distribution seed purpose 20 10 (Array.sumBy float)

              Expect.notEqual (draw 1 "a") (draw 1 "b") "purpose"
              Expect.notEqual (draw 1 "a") (draw 2 "a") "seed")

          property "pairs stay together: a constant difference has no width" numbers (fun values ->
              let more = values |> Array.map ((+) 5.0)

              let interval =
                  Bootstrap.interval 7 "test" 500 0.95 values.Length (fun places ->
                      places |> Array.averageBy (fun place -> more[place] - values[place]))

              Expect.floatClose Accuracy.high interval.Low 5.0 "low"
              Expect.floatClose Accuracy.high interval.High 5.0 "high")

          testCase "every place is drawn as often as any other" (fun () ->
              let counts = Array.zeroCreate 10

              Bootstrap.distribution 7 "test" 5000 10 (fun places ->
                  places
                  |> Array.iteri (fun i place ->
                      if i % 3 = 0 then
                          counts[place] <- counts[place] + 1)

                  0.0)
              |> ignore

              // 4 of 10 places, 5,000 times, over 10 values: 2,000 each, with a standard deviation of 42.
              Expect.all counts (fun count -> abs (count - 2000) < 210) $"%A{counts}")

          testCase "covers the mean of 20 about as often as it says" (fun () ->
              let random = RandomStream.stream 3 "coverage"

              let covered =
                  Seq.init 300 (fun i ->
                      let values = Array.init 20 (fun _ -> random.NextDouble() + random.NextDouble() + random.NextDouble())

                      let interval = Bootstrap.interval i "test" 500 0.95 20 (Array.averageBy (Array.get values))

                      if interval.Low <= 1.5 && 1.5 <= interval.High then 1.0 else 0.0)
                  |> Seq.average

              Expect.isGreaterThan covered 0.88 "not too short"
              Expect.isLessThan covered 0.98 "not too long") ]

/// All signs, one by one.
let private bruteForceP (differences: float array) =
    let seen = abs (Array.sum differences) - 1e-9 * Array.sumBy abs differences
    let n = differences.Length

    let far =
        Seq.init (1 <<< n) (fun signs -> differences |> Array.mapi (fun i d -> if signs >>> i &&& 1 = 1 then d else -d) |> Array.sum)
        |> Seq.filter (fun sum -> abs sum >= seen)
        |> Seq.length

    float far / float (1 <<< n)

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

          testCase "the fewest seeds that can decide" (fun () ->
              Expect.equal (SignFlip.fewest 0.05 1) 6 "2 contenders"
              Expect.equal (SignFlip.fewest 0.05 15) 10 "6 contenders"

              for pairs in [ 1; 3; 15; 28 ] do
                  let n = SignFlip.fewest 0.05 pairs
                  let least n = float pairs * SignFlip.exact (Array.replicate n 1.0)
                  Expect.isTrue (least n <= 0.05 && least (n - 1) > 0.05) $"{pairs} pairs") ]

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
              let interval = Improvement.interval 1 "test" 0.95 [| first; second |] [| second; first |]
              Expect.floatClose Accuracy.high interval.Value 0.5 "p and 1 − p"
              // A seed is drawn for both tasks at once, so what one task gains the other loses.
              Expect.floatClose Accuracy.high interval.Low 0.5 "low"
              Expect.floatClose Accuracy.high interval.High 0.5 "high")

          testCase "tasks of other seeds are refused" (fun () ->
              let runs = [| [| 1.0; 2.0 |]; [| 1.0 |] |]
              Expect.throwsT<ArgumentException> (fun () -> Improvement.interval 1 "test" 0.95 runs runs |> ignore) "2 and 1 seeds") ]

let private profile =
    testList
        "profile"
        [ testCase "ratios to the fastest, problem by problem" (fun () ->
              let never = infinity
              let ratios = Profile.ratios [| [| 10.0; 30.0; never; never |]; [| 20.0; 10.0; 5.0; never |] |]
              Expect.equal ratios [| [| 1.0; 3.0; never; never |]; [| 2.0; 1.0; 1.0; never |] |] "ratios")

          property "rises to the success rate, within its band" (Gen.arrayOfLength 8 time) (fun values ->
              let ratios = Profile.ratios [| values; Array.rev values |]
              let curve = Profile.ofRatios 1 "test" 0.95 [| 1.0; 1.5; 2.0; 5.0; 1e9 |] [| ratios[0] |]
              Expect.equal (Array.last curve.Share) (float (TimeToTarget.reached values) / 8.0) "success rate"

              for line in [ curve.Share; curve.Low; curve.High ] do
                  Expect.equal line (Array.sort line) "never falls"

              for i in 0 .. curve.At.Length - 1 do
                  Expect.isTrue (curve.Low[i] <= curve.Share[i] && curve.Share[i] <= curve.High[i]) "within the band")

          testCase "of scores it falls from 1, and each task weighs the same" (fun () ->
              let curve = Profile.ofScores 1 "test" 0.95 [| 0.0; 0.5; 1.0 |] [| [| 0.4; 0.6 |]; [| 0.7; 1.0 |] |]

              Expect.equal curve.Share [| 1.0; 0.75; 0.25 |] "shares")

          testCase "copies of a task make no band narrower: its seeds are drawn with all their runs" (fun () ->
              let scores = [| 0.1..0.1..1.0 |]
              let band tasks = Profile.ofScores 1 "test" 0.95 [| 0.45 |] (Array.replicate tasks scores)
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
    testList "comparison" [ bootstrap; signFlip; holm; improvement; profile; tolerance; spending ]
