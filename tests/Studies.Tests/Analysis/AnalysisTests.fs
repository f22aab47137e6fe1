/// From results to what a report shows: what is said must be what was seen, and no more.
module CuteDl.Studies.Tests.Analysis.AnalysisTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Training
open CuteDl.Studies
open CuteDl.Studies.Statistics
open CuteDl.Studies.Tests.Statistics.Samples
open CuteDl.Studies.Tests.Analysis.Made

let private seeds n = [ 100 .. 99 + n ]
let private two n looks = study [ "mnist" ] [ "adam"; "sgd" ] (seeds n) looks

/// adam and sgd on n seeds: steps and accuracies by the place of the seed.
let private pairOf n (adam: int -> float * float) (sgd: int -> float * float) =
    [ for i in 0 .. n - 1 do
          confirmed "mnist" "adam" (100 + i) (fst (adam i)) (snd (adam i))
          confirmed "mnist" "sgd" (100 + i) (fst (sgd i)) (snd (sgd i)) ]

let private comparison metric (analysis: StudyAnalysis) = analysis.Comparisons |> Array.find (fun pair -> pair.Metric = metric)
let private verdict metric (analysis: StudyAnalysis) = analysis.Verdicts |> Array.find (fun verdict -> verdict.Metric = metric)
let private text (sentences: string array) = String.concat "\n" sentences

let private clear = pairOf 10 (fun i -> 200.0 + float i, 0.92) (fun i -> 400.0 + 3.0 * float i, 0.92)

let private verdicts =
    testList
        "verdict"
        [ testCase "a clear winner in steps, and a tie in accuracy" (fun () ->
              let analysis = Analysis.ofResults (two 10 []) clear 1
              let steps = comparison Metric.StepsToTarget analysis
              Expect.equal (steps.Outcome, steps.Winner, steps.Seeds.Length) (Outcome.Wins, "adam", 10) "steps"
              Expect.equal steps.P (2.0 / 1024.0) "all of one sign"
              Expect.isTrue (0.48 < steps.Effect.Low && steps.Effect.High < 0.51) "half the steps"
              Expect.equal steps.ProbabilityOfImprovement.Value 1.0 "always better"
              Expect.equal (verdict Metric.StepsToTarget analysis).Winner "adam" "winner"
              Expect.equal (comparison Metric.FinalAccuracy analysis).Outcome Outcome.Equal "accuracy"
              Expect.isTrue analysis.InterimLooks.Decided "decided"
              let words = text analysis.Sentences
              Expect.stringContains words "adam beats sgd" "winner in words"

              Expect.stringContains
                  words
                  "Tied: adam and sgd (+0.00 [+0.00, +0.00] percentage points; −0.80 to +0.80 counts as equal, p = 0.001)"
                  "tie"

              Expect.stringContains words "do not include the luck of that choice" "limit of tuning"
              Expect.stringContains words "n = 10" "n")

          testCase "the order of contenders does not matter" (fun () ->
              let other = study [ "mnist" ] [ "sgd"; "adam" ] (seeds 10) []
              let turned = comparison Metric.StepsToTarget (Analysis.ofResults other (List.rev clear) 1)
              let steps = comparison Metric.StepsToTarget (Analysis.ofResults (two 10 []) clear 1)
              Expect.equal turned.Winner "adam" "winner"
              Expect.floatClose Expecto.Accuracy.high (turned.Effect.Value * steps.Effect.Value) 1.0 "inverse"
              Expect.stringContains (text (Analysis.ofResults other clear 1).Sentences) "adam beats sgd (0." "from the winner's side")

          testCase "below 6 seeds nothing is ranked, and what was seen is said" (fun () ->
              let analysis =
                  Analysis.ofResults (two 5 []) (List.filter (fun result -> result.Trial.Seed < 105) clear) 1

              Expect.all analysis.Comparisons (fun pair -> pair.Outcome = Outcome.NotRanked && pair.Winner = "") "not ranked"
              Expect.all analysis.Verdicts (fun verdict -> verdict.Winner = "" && verdict.Unbeaten.Length = 0) "no winner"
              Expect.isFalse analysis.InterimLooks.Decided "not decided"
              let words = text analysis.Sentences
              Expect.stringContains words "5 seeds are too few" "why"
              Expect.all analysis.Comparisons (fun pair -> not pair.Effect.HasEnds) "no interval"
              Expect.isFalse (words.Contains "beats" || words.Contains "A tie") "silent")

          testCase "what sways from seed to seed is undecided" (fun () ->
              let steps i = if i % 2 = 0 then 200.0, 0.92 else 600.0, 0.92
              let analysis = Analysis.ofResults (two 10 []) (pairOf 10 steps (fun _ -> 350.0, 0.92)) 1
              Expect.equal (comparison Metric.StepsToTarget analysis).Outcome Outcome.Undecided "steps"
              Expect.isFalse analysis.InterimLooks.Decided "not decided"
              Expect.stringContains (text analysis.Sentences) "Undecided: adam and sgd" "words")

          testCase "a difference within what counts as equal is none, however sure" (fun () ->
              let analysis =
                  Analysis.ofResults (two 10 []) (pairOf 10 (fun _ -> 500.0, 0.92) (fun _ -> 510.0, 0.92)) 1

              let steps = comparison Metric.StepsToTarget analysis
              Expect.isLessThan steps.AdjustedP 0.05 "sure"
              Expect.equal (steps.Outcome, steps.TieP) (Outcome.Equal, 1.0 / 1024.0) "equal")

          testCase "ties are corrected over all pairs" (fun () ->
              let names = [ "a"; "b"; "c" ]
              // Two one-sided tests of six equal seeds: 1/64 alone, 3/64 among three, 10/64 among five of which two have not run.
              let equal names =
                  [ for name in names do
                        for seed in seeds 6 -> confirmed "mnist" name seed 300.0 0.92 ]

              let three = Analysis.ofResults (study [ "mnist" ] names (seeds 6) []) (equal names) 1
              let five = Analysis.ofResults (study [ "mnist" ] (names @ [ "d"; "e" ]) (seeds 6) []) (equal names) 1

              for pair in Array.append three.Comparisons five.Comparisons do
                  Expect.equal pair.TieP (1.0 / 64.0) "one pair"

              Expect.all three.Comparisons (fun pair -> pair.AdjustedTieP = 3.0 / 64.0 && pair.Outcome = Outcome.Equal) "three pairs"
              Expect.all five.Comparisons (fun pair -> pair.AdjustedTieP = 10.0 / 64.0 && pair.Outcome = Outcome.Undecided) "ten pairs")

          testCase "a win is said to depend on the chosen rates, or not" (fun () ->
              let tuning contender chosen (steps: float list) =
                  [ for setting, steps in List.indexed steps do
                        let rate = Math.Pow(10.0, float setting - 3.0)

                        for seed in [ 1; 2 ] do
                            withRate Phase.Tuning setting contender seed rate steps 0.92
                    for seed in seeds 10 do
                        let steps = steps[chosen] + float seed
                        withRate Phase.Confirmation chosen contender seed (Math.Pow(10.0, float chosen - 3.0)) steps 0.92 ]

              // Beside its chosen rate, adam takes 350 or 700 steps against 400. sgd's only neighbour never reaches the target.
              let results = tuning "adam" 1 [ 350.0; 200.0; 700.0 ] @ tuning "sgd" 0 [ 400.0; infinity ]
              let analysis = Analysis.ofResults (two 10 []) results 1
              let steps = comparison Metric.StepsToTarget analysis
              Expect.equal (steps.Winner, steps.NeighbouringRates) ("adam", Nullable { Cases = 3; Held = 2; Seeds = 2 }) "two of three"

              Expect.stringContains
                  (text analysis.Sentences)
                  "with one of the two at a neighbouring learning rate of tuning (median of 2 seeds), the winner stays ahead in all cases for 0 of 1 wins. Not in all cases: adam over sgd in 2 of 3."
                  "sentence"

              Expect.isFalse
                  (comparison Metric.StepsToTarget (Analysis.ofResults (two 10 []) clear 1)).NeighbouringRates.HasValue
                  "no tuning")


          testCase "nobody arrives: nothing is ranked in steps" (fun () ->
              let never _ = infinity, 0.5
              let steps = comparison Metric.StepsToTarget (Analysis.ofResults (two 10 []) (pairOf 10 never never) 1)
              Expect.equal steps.Outcome Outcome.NotRanked "not ranked"
              Expect.stringContains steps.Reason "neither" "why")

          testCase "six contenders: Holm counts all 15 pairs, also those not yet run" (fun () ->
              let names = [ "a"; "b"; "c"; "d"; "e"; "f" ]
              let whole = study [ "mnist" ] names (seeds 10) []

              let results =
                  [ for i, name in List.indexed names do
                        for seed in seeds 10 -> confirmed "mnist" name seed (100.0 * float (i + 1)) 0.92 ]

              let full = Analysis.ofResults whole results 1
              Expect.equal (full.InterimLooks.FewestSeeds, (verdict Metric.StepsToTarget full).Winner) (10, "a") "10 seeds suffice"
              let some = results |> List.filter (fun result -> result.Trial.Contender < "c")
              let part = Analysis.ofResults whole some 1
              Expect.equal (comparison Metric.StepsToTarget part).AdjustedP (15.0 * 2.0 / 1024.0) "15 pairs"
              Expect.equal (verdict Metric.StepsToTarget part).Winner "" "no winner against those not run"
              Expect.stringContains part.Sentences[0] "Incomplete: 20 of 60" "said first")

          testCase "a look decides at its own level only" (fun () ->
              let withLooks = two 20 [ 6; 20 ]
              let first = clear |> List.filter (fun result -> result.Trial.Seed < 106)
              let analysis = Analysis.ofResults withLooks first 1
              Expect.floatClose Expecto.Accuracy.high (Array.sum analysis.InterimLooks.Levels) 0.05 "levels"
              Expect.isLessThan analysis.InterimLooks.Level 0.001 "little at first"
              Expect.equal (comparison Metric.StepsToTarget analysis).Outcome Outcome.Undecided "2/2⁶ does not do"
              Expect.equal (comparison Metric.StepsToTarget (Analysis.ofResults (two 6 []) first 1)).Outcome Outcome.Wins "at 0.05 it does") ]

let private failures =
    testList
        "failures"
        [ testCase "a diverged trial never arrived, and answers nothing rightly" (fun () ->
              let results =
                  clear
                  |> List.map (fun result -> if result.Trial.Id.EndsWith "sgd/0/103" then diverged result else result)

              let analysis = Analysis.ofResults (two 10 []) results 1
              let sgd = analysis.Summaries |> Array.find (fun summary -> summary.Contender = "sgd")
              Expect.equal (sgd.Trials, sgd.Reached, sgd.Diverged) (10, 9, 1) "counted"
              Expect.equal sgd.Success.Value 0.9 "rate"
              Expect.equal (comparison Metric.StepsToTarget analysis).SecondValues[3] 1000.0 "the budget"
              Expect.equal (comparison Metric.FinalAccuracy analysis).SecondValues[3] 0.0 "accuracy"
              Expect.stringContains (text analysis.Sentences) "sgd reached the target in 9 of 10" "named"
              let autopsy = Array.exactlyOne analysis.Autopsies
              Expect.equal (autopsy.Failure, autopsy.Seed, autopsy.Others.Length) (FailureKind.Diverged, 103, 1) "autopsy"
              Expect.stringContains (text autopsy.Sentences) "not finite is at step 120" "the first step"
              Expect.stringContains (text autopsy.Sentences) "With the same seed, the target was reached by adam" "the others")

          testCase "an autopsy finds the lost class, its ceiling and an unusual update" (fun () ->
              let mend (result: TrialResult) =
                  if result.Trial.Contender = "adam" && result.Trial.Seed = 104 then
                      let made = dead 5 0.8443 (confirmed "mnist" "adam" 104 infinity 0.84)
                      { made with Curve = { made.Curve with UpdateRatio = [| 0.001; 0.1 |] } }
                  else
                      result

              let autopsy = Array.exactlyOne (Analysis.ofResults (two 10 []) (List.map mend clear) 1).Autopsies
              Expect.equal autopsy.Failure FailureKind.TargetMissed "missed"
              let words = text autopsy.Sentences
              Expect.stringContains words "Dead logits: 5" "class"
              Expect.stringContains words "at most 0.8443, below the target of 0.9100" "ceiling"
              Expect.stringContains words "100 times the optimizer's median" "update"
              Expect.isFalse (words.Contains "‖g‖") "the gradient is usual")

          testCase "an outlier that arrived is looked at, without a cause if none is seen" (fun () ->
              let low =
                  pairOf 10 (fun i -> 200.0, (if i = 7 then 0.912 else 0.95 + 0.0001 * float i)) (fun _ -> 300.0, 0.95)

              let autopsy = Array.exactlyOne (Analysis.ofResults (two 10 []) low 1).Autopsies
              Expect.equal (autopsy.Failure, autopsy.Seed) (FailureKind.Outlier, 107) "outlier"
              Expect.equal autopsy.Sentences[0] "No cause was found." "no cause") ]

let private tables =
    testList
        "tables"
        [ testCase "the frontier's smallest rates, and the tolerance of both phases" (fun () ->
              let reached rate = if rate < 1e-3 then infinity else 100.0 * 0.01 / rate

              let results =
                  [ for setting, rate in List.indexed [ 1e-4; 1e-3; 1e-2 ] do
                        for seed in [ 1; 2; 3 ] do
                            let steps = if rate = 1e-3 && seed = 3 then infinity else reached rate
                            withRate Phase.Frontier setting "adam" seed rate steps 0.9
                            withRate Phase.Tuning setting "adam" seed rate steps (0.9 + 0.01 * float setting) ]

              let analysis = Analysis.ofResults (two 10 []) results 1
              let limit = Array.exactlyOne analysis.FrontierLimits
              Expect.equal (limit.AllSeeds, limit.MostSeeds, limit.MostSeedsIsEnd) (Nullable 1e-2, Nullable 1e-3, false) "limits"
              Expect.equal (analysis.Frontier |> Array.map _.MedianSteps) [| infinity; 1000.0; 100.0 |] "cells"
              Expect.equal (analysis.Tolerances |> Array.map _.Phase) [| Phase.Tuning; Phase.Frontier |] "both"

              for row in analysis.Tolerances do
                  match row.Tolerance with
                  | null -> failtest "no tolerance"
                  | tolerance ->
                      Expect.equal (tolerance.Best, tolerance.HighIsEnd) (1e-2, true) "best at the end"
                      Expect.floatClose Expecto.Accuracy.high tolerance.Decades (log10 2.0) "twice the steps at half the rate"

              let best = analysis.BestOfK |> Array.find (fun row -> row.Metric = Metric.BestAccuracy)
              Expect.floatClose Expecto.Accuracy.high best.Expected[0] 0.91 "one setting: the mean"
              Expect.floatClose Expecto.Accuracy.high best.Expected[2] 0.92 "all: the best")

          testCase "several tasks are taken together, each weighing the same" (fun () ->
              let both = study [ "one"; "two" ] [ "adam"; "sgd" ] (seeds 6) []

              let results =
                  [ for seed in seeds 6 do
                        confirmed "one" "adam" seed 100.0 0.92
                        confirmed "one" "sgd" seed 400.0 0.92
                        confirmed "two" "adam" seed 300.0 0.92
                        confirmed "two" "sgd" seed 300.0 0.92 ]

              let analysis = Analysis.ofResults both results 1
              let steps = analysis.Overall |> Array.find (fun pair -> pair.Metric = Metric.StepsToTarget)
              Expect.floatClose Expecto.Accuracy.high steps.Effect.Value 0.5 "√(¼ · 1)"
              Expect.equal (steps.Seeds.Length, steps.Winner) (6, "adam") "a seed counts once"

              let profile =
                  analysis.Profiles
                  |> Array.find (fun row -> row.Contender = "sgd" && row.Metric = Metric.StepsToTarget)

              Expect.equal profile.Curve.Share[0] 0.5 "as fast as the fastest on half"
              Expect.equal (Array.last profile.Curve.At, Array.last profile.Curve.Share) (4.0, 1.0) "4 times at most")

          property
              "any subset of results is analyzed, the same whatever its order"
              (Gen.arrayOfLength 20 (Gen.elements [ true; false ]))
              (fun kept ->
                  let results = clear |> List.indexed |> List.filter (fun (i, _) -> kept[i]) |> List.map snd
                  let analysis = Analysis.ofResults (two 10 []) results 1
                  Expect.equal analysis.Trials results.Length "trials"
                  let turned = Analysis.ofResults (two 10 []) (List.rev results) 1
                  Expect.equal (sprintf "%A" turned.Sentences) (sprintf "%A" analysis.Sentences) "order") ]

let private document =
    let runs =
        [ for seed in 1..10 do
              let lost = seed > 1
              let held = documentRun "fixed-0.2" seed 19000L Ending.TargetHeld 0.9236
              if lost then dead 5 0.8445 (documentRun "fixed-0.2" seed 15000L Ending.TooSlow 0.8378) else held
              documentRun "adam" seed (if seed <= 3 then 20000L else 30000L) Ending.TargetHeld 0.924
              documentRun "momentum" seed 23000L Ending.TargetHeld 0.922
              documentRun "fixed-0.01" seed 28000L Ending.TargetHeld 0.92 ]

    let analysis =
        lazy Analysis.ofResults (documentStudy [ "adam"; "momentum"; "fixed-0.01"; "fixed-0.2" ] [ 1..10 ]) runs 1

    testList
        "document"
        [ testCase "how often logits die, with and without" (fun () ->
              let row = analysis.Value.Document |> Array.find (fun row -> row.Contender = "fixed-0.2")
              Expect.equal (row.Trials, row.Dead.Value, row.Diverged.Value) (10, 0.9, 0.0) "shares"
              Expect.equal (row.AccuracyWith, row.AccuracyWithout) (0.8378, 0.9236) "accuracies"
              Expect.equal row.LostClasses [| struct (5, 9) |] "class 5"
              Expect.stringContains row.Figures "diverged" "the document's words")

          testCase "what that does to its conclusions" (fun () ->
              let words = text analysis.Value.DocumentSentences
              Expect.stringContains words "infinite or NaN in 0 of 10 runs, and 9 lost a class" "diverged"
              Expect.stringContains words "with 3 of 10 seeds" "the order"
              Expect.stringContains words "momentum (7), adam (2) and fixed-0.2 (1)" "the first to hold"
              Expect.stringContains words "9 of 40 runs ended below 0.9100, and 9 of these had lost a class" "luck")

          testCase "values at the stop are called so" (fun () ->
              let metrics = analysis.Value.Comparisons |> Array.map _.Metric |> Array.distinct
              Expect.equal metrics [| Metric.StepsToTarget; Metric.Success; Metric.AccuracyAtStop |] "metrics"

              let has metric (row: Summary) =
                  (row.Metrics |> Array.find (fun summary -> summary.Metric = metric)).Value.HasValue

              Expect.all
                  analysis.Value.Summaries
                  (fun row -> not (has Metric.FinalAccuracy row) && has Metric.AccuracyAtStop row)
                  "summaries")

          testCase "runs that were not tuned are summarized, and no pair of them is compared" (fun () ->
              let study = documentStudy [ "adam"; "momentum"; "fixed-0.01"; "fixed-0.2" ] [ 1..10 ]
              let study = { study with Protocol = RunsProtocol.make [ 1..10 ] StopRule.document }

              let runs =
                  runs |> List.map (fun result -> { result with Trial = { result.Trial with Phase = Phase.Run } })

              let analysis = Analysis.ofResults study runs 1
              Expect.hasLength analysis.Summaries 4 "summaries"
              Expect.isEmpty analysis.Comparisons "pairs"
              Expect.isFalse ((text analysis.Sentences).Contains "pair") (text analysis.Sentences)) ]

let private looks =
    let upTo n = clear |> List.filter (fun result -> result.Trial.Seed < 100 + n)

    testList
        "looks"
        [ testCase "a look that is not finished names no winner, however clear it seems" (fun () ->
              let analysis = Analysis.ofResults (two 10 []) (upTo 9) 1
              let steps = comparison Metric.StepsToTarget analysis
              Expect.equal (steps.Outcome, steps.Seeds.Length) (Outcome.NotRanked, 9) "steps"
              Expect.stringContains (text analysis.Sentences) "only 9 of the 10 seeds of this interim look are finished" "why"
              Expect.isFalse analysis.InterimLooks.Decided "not decided"
              Expect.equal (comparison Metric.StepsToTarget (Analysis.ofResults (two 10 []) clear 1)).Winner "adam" "with the last")

          testCase "nor does it call ties of unfinished looks an answer" (fun () ->
              let same = pairOf 9 (fun _ -> 300.0, 0.92) (fun _ -> 300.0, 0.92)
              Expect.isFalse (Analysis.ofResults (two 10 []) same 1).InterimLooks.Decided "unfinished"
              let never = pairOf 9 (fun _ -> infinity, 0.92) (fun _ -> infinity, 0.92)
              Expect.isFalse (Analysis.isDecided (two 10 []) never 1) "nor where none arrives"
              let finished = pairOf 10 (fun _ -> infinity, 0.92) (fun _ -> infinity, 0.92)
              Expect.isTrue (Analysis.isDecided (two 10 []) finished 1) "nobody arrives, and all are equal")

          testCase "trials of the next look have no part in this one" (fun () ->
              let study = two 6 [ 6; 10 ]
              let now, more = Analysis.ofResults study (upTo 6) 1, Analysis.ofResults study clear 1
              Expect.equal (sprintf "%A" more) (sprintf "%A" now) "the same"
              Expect.equal (comparison Metric.StepsToTarget (Analysis.ofResults study clear 2)).Seeds.Length 10 "the next look's")

          testCase "looks that are not taken spend nothing" (fun () ->
              let study = two 10 [ 6; 20 ]
              let analysis = Analysis.ofResults (StudyDesign.carriedOut false study) clear 1
              Expect.equal (analysis.InterimLooks.Level, analysis.InterimLooks.Planned) (0.05, [| 10 |]) "one look, at alpha"
              Expect.equal (verdict Metric.StepsToTarget analysis).Winner "adam" "decides"
              Expect.equal (StudyDesign.carriedOut true study) study "as declared")

          testCase "deciding and analyzing agree" (fun () ->
              for look, n in [ 1, 6; 2, 10 ] do
                  let study = two 6 [ 6; 10 ]
                  let decided = Analysis.isDecided study (upTo n) look
                  Expect.equal decided (Analysis.ofResults study (upTo n) look).InterimLooks.Decided $"look {look}"
                  Expect.equal decided (look = 2) "the second only") ]

let private metrics =
    testList
        "metrics"
        [ testCase "the more accurate wins in accuracy" (fun () ->
              let analysis =
                  Analysis.ofResults (two 10 []) (pairOf 10 (fun _ -> 300.0, 0.90) (fun i -> 300.0, 0.95 + 0.001 * float i)) 1

              let final = comparison Metric.FinalAccuracy analysis
              Expect.equal (final.Outcome, final.Winner) (Outcome.Wins, "sgd") "final accuracy"
              Expect.isLessThan final.Effect.Value 0.0 "adam's side")

          testCase "what only the uncorrected p-value would allow is undecided" (fun () ->
              let names = [ "a"; "b"; "c" ]
              // Six pairs of one sign: 2/64 alone, 3 · 2/64 among three.
              let results =
                  [ for i, name in List.indexed names do
                        for seed in seeds 6 -> confirmed "mnist" name seed (100.0 * float (i + 1)) 0.92 ]

              for pair in (Analysis.ofResults (study [ "mnist" ] names (seeds 6) []) results 1).Comparisons do
                  if pair.Metric = Metric.StepsToTarget then
                      Expect.equal (pair.P, pair.Outcome) (2.0 / 64.0, Outcome.Undecided) $"{pair.First} and {pair.Second}")

          testCase "the test set has no part in whether seeds are added" (fun () ->
              let sway (result: TrialResult) =
                  let accuracy = if result.Trial.Contender = "adam" && result.Trial.Seed % 2 = 0 then 0.5 else 0.9
                  { result with Test = Nullable(Score(1000L, 0.1, accuracy)) }

              let analysis = Analysis.ofResults (two 10 []) (List.map sway clear) 1
              Expect.equal (comparison Metric.TestAccuracy analysis).Outcome Outcome.Undecided "open on the test set"
              Expect.isTrue analysis.InterimLooks.Decided "decided without it") ]

let private power =
    testList
        "power"
        [ testCase "is stated for the seeds and pairs of the study" (fun () ->
              let sentence = StudyPower.sentence (study [ "mnist" ] [ "a"; "b"; "c"; "d"; "e"; "f" ] (seeds 10) [])
              Expect.stringContains sentence "Power: with 10 seeds and 15 pairs, a difference of 2.0" "the smallest difference"
              Expect.stringContains sentence "of 1.5 in 50 %" "another difference"
              Expect.stringContains (StudyPower.sentence (two 10 [])) "with 10 seeds and 1 pair, a difference of" "one pair")

          testCase "with interim looks, it is that of the last one" (fun () ->
              Expect.stringContains (StudyPower.sentence (two 6 [ 6; 20 ])) "with 20 seeds" "looks")

          testCase "with too few seeds, no difference is found" (fun () ->
              for study in [ two 5 []; study [ "mnist" ] [ "a"; "b"; "c" ] (seeds 6) [] ] do
                  Expect.stringContains (StudyPower.sentence study) "no difference is found" "nothing")

          testCase "one contender has no power" (fun () ->
              Expect.equal (StudyPower.sentence (study [ "mnist" ] [ "a" ] (seeds 10) [])) "" "empty") ]

let private conventions =
    testList
        "conventions"
        [ testCase "of a diverged trial the best accuracy is none either" (fun () ->
              let results =
                  [ for setting in 0..1 do
                        for seed in [ 1; 2; 3 ] do
                            let made = withRate Phase.Tuning setting "adam" seed (0.1 * float (setting + 1)) 100.0 0.95
                            if setting = 1 then { diverged made with StepsToTarget = 100.0 } else made ]

              let rows = (Analysis.ofResults (two 10 []) results 1).Settings
              Expect.equal (rows |> Array.map _.MedianBestAccuracy) [| 0.95; 0.0 |] "accuracy"
              Expect.equal (rows |> Array.map _.MedianSteps) [| 100.0; infinity |] "steps"
              Expect.equal (rows |> Array.map _.Reached) [| 3; 0 |] "reached")

          testCase "who saw the target and then diverged did not reach it" (fun () ->
              let results =
                  [ for seed in seeds 6 -> { diverged (confirmed "mnist" "adam" seed 100.0 0.95) with StepsToTarget = 100.0 } ]

              Expect.equal (Analysis.ofResults (two 6 []) results 1).Summaries[0].Reached 0 "failures")

          testCase "half of the seeds are not most of them" (fun () ->
              let results =
                  [ for seed in [ 1..4 ] -> withRate Phase.Frontier 0 "adam" seed 0.1 (if seed <= 2 then 100.0 else infinity) 0.9 ]

              let limit = (Analysis.ofResults (two 6 []) results 1).FrontierLimits[0]
              Expect.isFalse limit.MostSeeds.HasValue "two of four")

          testCase "the examples of a regression's budget are those of all its steps" (fun () ->
              let study = two 6 []

              let regression =
                  { study with Tasks = [ { study.Tasks.Head with Problem = LogisticRegression(3, 200) } ] }

              let results =
                  [ for seed in seeds 6 -> { confirmed "mnist" "adam" seed 100.0 nan with ExamplesToTarget = 100.0 * 200.0 } ]

              let summary = (Analysis.ofResults regression results 1).Summaries[0]
              Expect.equal summary.Examples.RestrictedMean.Value 20000.0 "not cut off at 1,000 examples") ]

let private ratios =
    testCase "a ratio has two significant digits, however small it is" (fun () ->
        for value, text in
            [ 1234.0, "1,234"
              1.306, "1.31"
              0.0, "0.00"
              0.0042, "0.0042"
              0.000042, "0.000042"
              3.2e-7, "3.2e-7"
              4.94e-324, "4.9e-324"
              -1e-20, "-1e-20" ] do
            Expect.equal (SentenceText.ratio value) text $"{value}")

let tests =
    testList "analysis" [ verdicts; failures; tables; document; looks; metrics; power; conventions; ratios ]
