/// What a verdict may claim: no more than shared seeds, validations and stopped runs allow.
module CuteDl.Studies.Tests.Analysis.ClaimTests

open System
open Expecto
open FsCheck.FSharp
open CuteDl.Studies
open CuteDl.Studies.Statistics
open CuteDl.Testing
open CuteDl.Studies.Tests.Analysis.Made

let private seeds n = [ 100 .. 99 + n ]
let private pairOn metric task (pairs: PairComparison array) = pairs |> Array.find (fun pair -> pair.Metric = metric && pair.Task = task)
let private text (sentences: string array) = String.concat "\n" sentences

let private withTask (change: StudyTask -> StudyTask) (study: StudyDesign) = { study with Tasks = List.map change study.Tasks }

/// One task's steps of adam and sgd, by the place of the seed.
let private runs task (adam: float list) (sgd: float list) =
    [ for i, (adam, sgd) in List.indexed (List.zip adam sgd) do
          confirmed task "adam" (100 + i) adam 0.92
          confirmed task "sgd" (100 + i) sgd 0.92 ]

let private sharedSeeds =
    // Seven of ten seeds favour adam: the exact test has p above 0.1.
    let adam = [ 200.0; 220.0; 210.0; 230.0; 190.0; 205.0; 215.0; 500.0; 520.0; 480.0 ]
    let sgd = [ 340.0; 350.0; 330.0; 360.0; 330.0; 330.0; 345.0; 350.0; 370.0; 350.0 ]

    testList
        "shared seeds"
        [ testCase "copies of an undecided task decide nothing" (fun () ->
              let names = [ for i in 1..8 -> $"copy{i}" ]
              let study = study names [ "adam"; "sgd" ] (seeds 10) []
              let analysis = Analysis.ofResults study (names |> List.collect (fun name -> runs name adam sgd)) 1
              let one = pairOn Metric.StepsToTarget "copy1" analysis.Comparisons
              let all = pairOn Metric.StepsToTarget "" analysis.Overall
              Expect.isGreaterThan one.P 0.1 "one task"
              Expect.equal (all.P, all.Seeds.Length, all.Outcome) (one.P, 10, Outcome.Undecided) "all tasks"

              let isSame (all: Interval) (one: Interval) name =
                  Expect.floatClose Expecto.Accuracy.high all.Low one.Low name
                  Expect.floatClose Expecto.Accuracy.high all.High one.High name

              isSame all.Effect one.Effect "interval"
              isSame all.RestrictedMeanRatio.Value one.RestrictedMeanRatio.Value "ratio"
              isSame all.ProbabilityOfImprovement one.ProbabilityOfImprovement "probability"
              Expect.stringContains (text analysis.Sentences) "n counts seeds: all runs of a seed are one observation" "said")

          testCase "a seed that is missing on one task is left out over all tasks" (fun () ->
              let study = study [ "one"; "two" ] [ "adam"; "sgd" ] (seeds 10) []
              let one, two = runs "one" adam sgd, runs "two" adam sgd

              let part =
                  two |> List.filter (fun result -> not (result.Trial.Contender = "sgd" && result.Trial.Seed = 103))

              let analysis = Analysis.ofResults study (one @ part) 1
              let all = pairOn Metric.StepsToTarget "" analysis.Overall

              Expect.equal
                  (all.Seeds, all.Obstacle)
                  (Array.ofList [ 100; 101; 102; 104; 105; 106; 107; 108; 109 ], Obstacle.LookIncomplete)
                  "nine seeds"

              Expect.equal (pairOn Metric.StepsToTarget "one" analysis.Comparisons).Seeds.Length 10 "ten on the other task")

          testCase "tasks with no seed in common are not compared over all tasks" (fun () ->
              let study = study [ "one"; "two" ] [ "adam"; "sgd" ] (seeds 10) []
              let of' task keep = runs task adam sgd |> List.filter (fun result -> keep result.Trial.Seed)

              let analysis =
                  Analysis.ofResults study (of' "one" (fun seed -> seed < 105) @ of' "two" (fun seed -> seed >= 105)) 1

              Expect.isEmpty analysis.Overall "nothing"
              Expect.equal analysis.Comparisons.Length 6 "each by itself") ]

let private validations =
    // Targets reached within the first 800 of 16,000 steps: half the steps, and the same validation.
    let study every =
        study [ "mnist" ] [ "adam"; "sgd" ] (seeds 10) []
        |> withTask (fun task -> { task with Steps = 16000L; ValidateEvery = every })

    let results every =
        let seen (time: float) = ceil (time / float every) * float every
        let adam = [ for i in 0..9 -> seen (300.0 + 5.0 * float i) ]
        let sgd = [ for i in 0..9 -> seen (500.0 + 7.0 * float i) ]
        runs "mnist" adam sgd

    let analyze every = Analysis.ofResults (study every) (results every) 1

    testList
        "validations"
        [ testCase "equal only by the grid of validations is no tie, and the verdict says why" (fun () ->
              let analysis = analyze 800
              let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
              Expect.equal steps.Outcome Outcome.Undecided "no tie"
              Expect.isTrue (steps.Effect.Low < 0.01 && steps.Effect.High > 100.0) $"nothing is known: {steps.Effect}"
              Expect.isFalse analysis.InterimLooks.Decided "not decided"
              let finding = Array.exactlyOne analysis.Findings
              Expect.equal (finding.Code, finding.Severity, finding.Path) ("S015", Severity.Warning, "$.tasks[0].validate_every") "finding"

              Expect.stringContains
                  (text analysis.Sentences)
                  "validations every 800 steps are too far apart for the times of adam"
                  "sentence")

          testCase "a win by more than the validations resolve is not contradicted" (fun () ->
              let times mean = [ for i in 0..9 -> mean + 100.0 * float (i % 2) ]
              let analysis = Analysis.ofResults (study 100) (runs "mnist" (times 200.0) (times 900.0)) 1
              Expect.equal (pairOn Metric.StepsToTarget "mnist" analysis.Comparisons).Winner "adam" "a winner"
              let words = text analysis.Sentences
              Expect.stringContains words "validations every 100 steps are too far apart for the times of adam" "coarse"
              Expect.stringContains words "such a difference counts neither as a win nor as a tie" "only differences within the factor"
              Expect.isFalse (words.Contains "a tie follows from them") "not all")

          testCase "the same study, validated at every step, has a winner and no warning" (fun () ->
              let analysis = analyze 1
              let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
              Expect.equal (steps.Outcome, steps.Winner) (Outcome.Wins, "adam") "winner"
              Expect.isEmpty analysis.Findings "findings"
              Expect.all analysis.Resolutions (fun row -> row.Factor = 1.0 && row.IsFine) "known exactly")

          testCase "the interval widens with the distance of validations, and holds the exact one" (fun () ->
              let exact = (pairOn Metric.StepsToTarget "mnist" (analyze 1).Comparisons).Effect

              let widths =
                  [ for every in [ 1; 10; 50; 200 ] do
                        let effect = (pairOn Metric.StepsToTarget "mnist" (analyze every).Comparisons).Effect
                        Expect.isTrue (effect.Low <= exact.Low + 1e-12 && exact.High <= effect.High + 1e-12) $"every {every} holds it"
                        effect.High / effect.Low ]

              Expect.equal widths (List.sort widths) "wider")

          testCase "until compared runs are finished, tuning is the pilot" (fun () ->
              let tuning = [ for seed in [ 1; 2 ] -> withRate Phase.Tuning 0 "adam" seed 0.1 800.0 0.9 ]
              let analysis = Analysis.ofResults (study 800) tuning 1
              let row = Array.exactlyOne analysis.Resolutions
              Expect.equal (row.Phase, row.IsFine) (Phase.Tuning, false) "pilot"
              Expect.stringContains (Array.exactlyOne analysis.Findings).Message "reached the target in tuning early" "said before") ]

let private stopped =
    // As the document's rmsprop and momentum: nine of ten runs of one are stopped, long before the budget.
    let study budget =
        documentStudy [ "momentum"; "rmsprop" ] [ 1..10 ]
        |> withTask (fun task -> { task with Steps = budget; ValidateEvery = 938 })

    let results =
        [ for seed in 1..10 do
              let stop = 115374L + 4690L * int64 seed

              if seed = 2 then
                  documentRun "rmsprop" seed 5628L Ending.TargetHeld 0.924
              else
                  documentRun "rmsprop" seed stop Ending.TooSlow 0.84

              if seed = 3 then
                  documentRun "momentum" seed 121940L Ending.TooSlow 0.84
              else
                  documentRun "momentum" seed (5628L + 938L * int64 (seed % 2)) Ending.TargetHeld 0.922 ]

    testList
        "stopped runs"
        [ testCase "no time beyond the earliest stop is compared" (fun () ->
              let analysis = Analysis.ofResults (study 4690000L) results 1
              let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
              let earliest = 115374.0 + 4690.0
              Expect.equal steps.Horizons [| earliest |] "horizon"
              Expect.all (Array.append steps.FirstValues steps.SecondValues) (fun value -> value <= earliest) "values"
              let ratio = steps.RestrictedMeanRatio.Value
              Expect.isTrue (1.0 / ratio.Value <= earliest / 5628.0) $"no ratio beyond what is known: {ratio}"
              Expect.isFalse ratio.HasEnds "no interval, because runs were stopped"
              Expect.all analysis.Summaries (fun row -> row.Steps.Horizon = earliest && row.Steps.RestrictedMean.Value <= earliest) "means"
              Expect.all analysis.Summaries (fun row -> not row.Steps.RestrictedMean.HasEnds) "no intervals")

          testCase "a median that depends on when stopped runs would have arrived is not known" (fun () ->
              let median (stop: int64) (times: float list) =
                  let results =
                      [ documentRun "adam" 1 stop Ending.TooSlow 0.84
                        for i, time in List.indexed times do
                            documentRun "adam" (i + 2) (int64 time) Ending.TargetHeld 0.92 ]

                  let analysis = Analysis.ofResults (documentStudy [ "adam" ] [ 1 .. times.Length + 1 ]) results 1
                  (Array.exactlyOne analysis.Summaries).Steps.Median.Value

              Expect.isTrue (Double.IsNaN(median 100L [ 200.0; 300.0 ])) "between 200 and 300"
              Expect.equal (median 300L [ 200.0; 300.0 ]) 300.0 "300 or later is enough"
              Expect.equal (median 100L [ 200.0; 300.0; 300.0; 400.0 ]) 300.0 "300 whenever it would have arrived"
              Expect.equal (median 100L [ 200.0 ]) infinity "half never arrived")

          testCase "the interval of the median reaches from a stop to never" (fun () ->
              let results =
                  [ documentRun "adam" 1 100L Ending.TooSlow 0.84
                    for seed in 2..6 do
                        documentRun "adam" seed (200L * int64 seed) Ending.TargetHeld 0.92 ]

              let median =
                  (Array.exactlyOne (Analysis.ofResults (documentStudy [ "adam" ] [ 1..6 ]) results 1).Summaries).Steps.Median

              Expect.equal (median.Low, median.High) (100.0, infinity) "the stopped run may have been first or last")

          testCase "a budget that no run came to changes nothing" (fun () ->
              let shown budget =
                  let analysis = Analysis.ofResults (study budget) results 1
                  sprintf "%A %A %A" analysis.Comparisons analysis.Summaries analysis.Sentences

              Expect.equal (shown 938000L) (shown 4690000L) "the same")

          testCase "a run that diverged has failed for good, and ends nothing that is known" (fun () ->
              let results =
                  [ for seed in seeds 10 do
                        let made = confirmed "mnist" "adam" seed 300.0 0.92
                        if seed = 104 then { diverged made with Steps = 20L } else made
                        confirmed "mnist" "sgd" seed 400.0 0.92 ]

              let analysis = Analysis.ofResults (Made.study [ "mnist" ] [ "adam"; "sgd" ] (seeds 10) []) results 1
              Expect.equal (pairOn Metric.StepsToTarget "mnist" analysis.Comparisons).Horizons [| 1000.0 |] "the budget")

          testCase "seconds are compared up to the earliest end of a run that never arrived" (fun () ->
              let made contender seed steps seconds = { confirmed "mnist" contender seed steps 0.92 with Seconds = seconds }

              let results =
                  [ for seed in seeds 6 do
                        made "adam" seed infinity 1.0
                        made "sgd" seed 1000.0 5.0 ]

              let analysis = Analysis.ofResults (Made.study [ "mnist" ] [ "adam"; "sgd" ] (seeds 6) []) results 1
              Expect.all analysis.Summaries (fun row -> row.Seconds.Horizon = 1.0) "one second") ]

let private failures =
    let study n = study [ "mnist" ] [ "adam"; "sgd" ] (seeds n) []

    let analyze n (adam: int -> float) (sgd: int -> float) =
        Analysis.ofResults (study n) (runs "mnist" [ for i in 0 .. n - 1 -> adam i ] [ for i in 0 .. n - 1 -> sgd i ]) 1

    testList
        "failures"
        [ testCase "one of ten arrives: no tie on time, and success is compared by itself" (fun () ->
              let analysis =
                  analyze 10 (fun i -> if i = 0 then 300.0 else infinity) (fun i -> if i = 0 then 301.0 else infinity)

              let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
              Expect.equal (steps.Outcome, steps.BothSucceeded) (Outcome.Undecided, 1) "no tie"
              let success = pairOn Metric.Success "mnist" analysis.Comparisons
              Expect.equal (success.Outcome, success.Effect.Value) (Outcome.Undecided, 0.0) "no tie on success either"

              Expect.isTrue
                  (success.Effect.Low < -20.0 && success.Effect.High > 20.0)
                  $"equal shares of ten are no certainty: {success.Effect}")

          testCase "who always arrives beats who never does, in success too" (fun () ->
              let analysis = analyze 10 (fun i -> 300.0 + float i) (fun _ -> infinity)
              let success = pairOn Metric.Success "mnist" analysis.Comparisons
              Expect.equal (success.Outcome, success.Winner, success.P) (Outcome.Wins, "adam", 2.0 / 1024.0) "success"
              Expect.stringContains (text analysis.Sentences) "mnist, success (n = 10): adam beats every other" "words")

          testCase "where all arrive, success is not compared" (fun () ->
              let analysis = analyze 10 (fun _ -> 300.0) (fun _ -> 300.0)
              Expect.isFalse (analysis.Comparisons |> Array.exists (fun pair -> pair.Metric = Metric.Success)) "nothing to compare"
              Expect.equal (pairOn Metric.StepsToTarget "mnist" analysis.Comparisons).Outcome Outcome.Equal "a tie")

          property
              "the rates of success do not turn on whether seeds are added"
              (Gen.arrayOfLength 10 (Gen.elements [ true; false ]))
              (fun arrives ->
                  let analysis = analyze 10 (fun _ -> 300.0) (fun i -> if arrives[i] then 300.0 else infinity)
                  let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
                  Expect.equal analysis.InterimLooks.Decided (steps.Outcome = Outcome.Wins || steps.Outcome = Outcome.Equal) "steps decide")

          testCase "neither arrives: no ratio is shown" (fun () ->
              for n in [ 2; 10 ] do
                  let analysis = analyze n (fun _ -> infinity) (fun _ -> infinity)
                  let steps = pairOn Metric.StepsToTarget "mnist" analysis.Comparisons
                  Expect.isTrue (Double.IsNaN steps.Effect.Value && Double.IsNaN steps.ProbabilityOfImprovement.Value) "no effect"
                  Expect.isFalse steps.RestrictedMeanRatio.HasValue "no ratio"
                  Expect.isFalse ((text analysis.Sentences).Contains "times the steps") "no sentence with a ratio"
                  Expect.stringContains (text analysis.Sentences) "neither reached the target" "but why")

          testCase "runs that diverged together are no tie in accuracy" (fun () ->
              let results =
                  [ for seed in seeds 10 do
                        for contender in [ "adam"; "sgd" ] do
                            let made = confirmed "mnist" contender seed 300.0 0.92
                            if seed < 108 then diverged made else made ]

              let analysis = Analysis.ofResults (study 10) results 1
              let final = pairOn Metric.FinalAccuracy "mnist" analysis.Comparisons
              Expect.equal (final.Outcome, final.BothSucceeded) (Outcome.Undecided, 2) "two pairs of sound runs"
              Expect.floatClose Expecto.Accuracy.high final.EqualHigh (0.1 * 8.0) "a tenth of the error of sound runs counts as equal"
              let all = Analysis.ofResults (study 10) (List.map diverged results) 1
              Expect.equal (pairOn Metric.FinalAccuracy "mnist" all.Comparisons).Obstacle Obstacle.AllDiverged "nothing to compare")

          testCase "a diverged trial of a function has no accuracy" (fun () ->
              let design = study 10 |> withTask (fun task -> { task with Problem = LogisticRegression(3, 200) })

              let results =
                  [ for seed in [ 1; 2; 3 ] -> diverged (withRate Phase.Tuning 0 "adam" seed 0.1 infinity nan) ]

              Expect.isTrue (Double.IsNaN (Analysis.ofResults design results 1).Settings[0].MedianBestAccuracy) "empty, not 0") ]

let tests = testList "claims" [ sharedSeeds; validations; stopped; failures ]
