/// What a report says, and how it is asked for.
module CuteDl.Laws.Tests.ReportTests

open System
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Tests.Mutations

let private climbing = Optimizer.ofRule "mine" { SignLost.LearningRate = None }

let private line (id: string) (report: LawReport) = (string report).Split '\n' |> Array.find (fun line -> line.Contains $"  {id} ")

let tests =
    testList
        "report"
        [ testCase "is a summary and a line for each law, in columns" (fun () ->
              let report = Laws.checkWith (LawOptions.Defaults.WithCases 20) climbing
              let lines = (string report).TrimEnd('\n').Split '\n'
              Expect.equal lines[0] "mine(): 12 held, 1 broken, 40 exempt (seed 1)" "summary"
              Expect.equal lines.Length (1 + report.Results.Count) "a line for each"

              Expect.equal
                  (line "P31" report)
                  "broken  P31  downhill at first         g₁ = [1]: expected ⟨Δ₁, g₁⟩ > 0, got Δ₁ = [-1]"
                  "broken"

              Expect.equal (line "P10" report) "held    P10  opposite gradients        20 cases" "held"
              Expect.equal (line "P1" report) "exempt  P1   constant gradient         concerns only momentum" "about others")
          testCase "finds the smallest counter-example wherever it begins" (fun () ->
              for seed in 1..12 do
                  let report = Laws.checkWith (LawOptions.Defaults.WithSeed(seed).WithCases 20) climbing

                  Expect.stringEnds
                      (line "P31" report)
                      " g₁ = [1]: expected ⟨Δ₁, g₁⟩ > 0, got Δ₁ = [-1]"
                      $"seed {seed}, out of matrices too")
          testCase "shows where a run that was saved went another way" (fun () ->
              let report = Laws.check (Optimizer.ofRule "mine" (CountsItself 0.1))
              let result = report.Results |> Seq.find (fun result -> result.Name = "saved and resumed")
              Expect.stringStarts result.CounterExample "g₁ = [" "gradients"
              Expect.stringContains result.CounterExample "saved at step " "where")
          testCase "says gradients that stay the same once" (fun () ->
              let report = Laws.check (Optimizer.ofRule "mine" { Unclamped.LearningRate = 0.01; Decay = 0.9 })
              let result = report.Results |> Seq.find (fun result -> result.Name = "finite steps")
              Expect.isMatch result.CounterExample @"^g = \[[^]]*\] for \d+ steps: " "constant")
          testCase "says of an exemption whether it is made use of" (fun () ->
              Expect.stringEnds
                  (line "P22" (Laws.check (Expression.parse "adam")))
                  "the bias corrections depend on the number of steps (confirmed by a counter-example)"
                  "used"

              let report = Laws.check (Expression.parse "adam(correction=false)")

              Expect.stringEnds
                  (line "P22" report)
                  "the bias corrections depend on the number of steps (not needed: the law held in 100 cases)"
                  "unused"

              Expect.equal [ for law in report.UnusedExemptions -> law.Id ] [ "P22" ] "list")
          testCase "is the same for the same seed" (fun () ->
              let text seed = string (Laws.checkWith (LawOptions.Defaults.WithSeed seed) climbing)
              Expect.equal (text 7) (text 7) "seed 7"
              Expect.notEqual (text 7) (text 8) "other seeds")
          testCase "throws what broke, with the counter-example" (fun () ->
              let report = Laws.check climbing

              let message =
                  try
                      report.ThrowIfBroken()
                      ""
                  with :? LawsBrokenException as error ->
                      error.Message

              Expect.stringContains
                  message
                  "P31 downhill at first (⟨Δ₁, g⟩ > 0 for g ≠ 0 (with weight decay: at w = 0)): g₁ = [1]: expected ⟨Δ₁, g₁⟩ > 0, got Δ₁ = [-1]"
                  "message")
          testCase "obeys exemptions of the options" (fun () ->
              let report = Laws.checkWith (LawOptions.Defaults.WithExemption("P31", "it is meant to climb")) climbing
              Expect.isFalse report.IsBroken "broken"
              Expect.stringEnds (line "P31" report) "it is meant to climb (confirmed by a counter-example)" "line")
          testCase "what a rule of one's own does not claim breaks nothing" (fun () ->
              let report = Laws.check (Optimizer.ofRule "mine" Rules.adam.Defaults)
              Expect.isFalse report.IsBroken $"{report}"
              Expect.stringContains (line "P22" report) "a custom rule, which does not claim this law" "line")
          testCase "a rule of one's own that can be remade is held against the laws of its rate" (fun () ->
              let make rate = Optimizer.ofRule "mine" { SignLost.LearningRate = Some rate }
              let options = LawOptions.Defaults.WithValue("lr", 0.5).WithRemake(fun _ value -> make value)
              let report = Laws.checkWith options (make 0.5)
              Expect.stringContains (line "P32" report) "100 cases" "held")
          testCase "checks from C#: by expression, by optimizer, by kind" (fun () ->
              Expect.isFalse (LawChecker.Check("adam").IsBroken) "expression"
              Expect.isTrue (LawChecker.Check(climbing, LawChecker.DefaultOptions.WithSeed 3).IsBroken) "optimizer"
              Expect.isTrue (LawChecker.CheckAs(climbing, "fixed", LawChecker.DefaultOptions).IsBroken) "kind"
              let rule: IPart = { SignLost.LearningRate = Some 0.5 }
              Expect.isFalse (LawChecker.Check(rule).IsBroken) "rule"
              Expect.stringStarts (LawChecker.Check(rule).Summary) "SignLost(): " "named by its type"

              let options =
                  LawChecker.DefaultOptions.WithValue("lr", 0.5).WithRemadeRule(fun _ value -> { SignLost.LearningRate = Some value })

              Expect.isFalse (LawChecker.CheckAs(rule, "fixed", options).IsBroken) "rule as fixed"
              let wrong = LawChecker.CheckAs(({ SignLost.LearningRate = None }: IPart), "fixed", options)
              Expect.isTrue wrong.IsBroken "wrong rule as fixed"
              let linear (report: LawReport) = report.Results |> Seq.find (fun result -> result.Id = "P32")
              Expect.equal (linear (LawChecker.Check(rule, options))).Verdict Verdict.Held "remade"

              let source =
                  { new CuteDl.IOptimizerSource with
                      member _.Optimizer = Expression.parse "adam(lr=0.5)" }

              Expect.stringStarts (LawChecker.Check(source).Summary) "adam(lr=0.5, " "an optimizer of the facade"
              Expect.equal LawChecker.Laws.Count Laws.known.Length "laws"

              Expect.throwsC (fun () -> LawChecker.CheckAs(climbing, "adma", LawChecker.DefaultOptions) |> ignore) (fun error ->
                  Expect.stringContains error.Message "'adma'" "message"))
          testCase "refuses no cases, and tensors that do not fit" (fun () ->
              Expect.throwsT<ArgumentOutOfRangeException>
                  (fun () -> Laws.checkWith (LawOptions.Defaults.WithCases 0) climbing |> ignore)
                  "cases"

              Expect.throwsT<ArgumentException>
                  (fun () ->
                      let options = LawOptions.Defaults.WithTensor("weight", [ 2; 2 ])
                      Laws.checkWith options (Expression.parse "{ \"*.bias\": sgd() }") |> ignore)
                  "tensors")
          testCase "runs over the options' tensors" (fun () ->
              let options = LawOptions.Defaults.WithTensor("fc.weight", [ 3; 2 ]).WithTensor("fc.bias", [ 2 ])
              (Laws.checkWith options (Expression.parse "{ \"fc.weight\": muon(), \"*\": adam() }")).ThrowIfBroken()) ]
