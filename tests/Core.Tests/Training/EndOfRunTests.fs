/// How a run ends: by its limits, by a stop rule, by cancellation, by divergence.
module CuteDl.Core.Tests.EndOfRunTests

open System
open System.Threading
open Expecto
open CuteDl.Core.Networks
open CuteDl.Core.Optimizers
open CuteDl.Core.Training
open CuteDl.Core.Tests.SmallRuns

let private limits =
    testList
        "limits"
        [ testCase "a run validates after each epoch" (fun () ->
              let result = train adam options
              Expect.equal result.Stop (ValueSome MaxSteps) "reason"
              Expect.equal result.Steps 24L "6 epochs of 4 steps"
              Expect.equal [ for v in result.History -> v.Step ] [ 4L; 8L; 12L; 16L; 20L; 24L ] "validations")
          testCase "MaxSteps ends a run within an epoch" (fun () ->
              for limit in 1L .. 9L do
                  let result = train adam { options with MaxSteps = Some limit }
                  Expect.equal (result.Stop, result.Steps) (ValueSome MaxSteps, limit) $"limit {limit}"

                  let expected =
                      [ 4L .. 4L .. limit ]
                      @ [ if limit % 4L <> 0L then
                              limit ]

                  Expect.equal [ for v in result.History -> v.Step ] expected $"validations at limit {limit}, the last steps' too")
          testCase "ValidateEvery counts steps across epochs" (fun () ->
              let result = train adam { options with ValidateEvery = Some 5 }
              Expect.equal [ for v in result.History -> v.Step ] [ 5L; 10L; 15L; 20L; 24L ] "validations, the last steps' too")
          testCase "when and whether a run validates does not change it" (fun () ->
              Expect.equal (train adam { options with ValidateEvery = Some 1 }).Parameters (train adam options).Parameters "parameters")
          testCase "a stop rule ends a run at the validation at which it holds" (fun () ->
              let rule = Target(0.0, 3)
              let result = train adam { options with MaxEpochs = 100; StopRules = [ Stagnation(50, 0.0); rule ] }
              Expect.equal (result.Stop, result.Steps) (ValueSome TargetHeld, 16L) "after the fourth validation"
              Expect.equal (StopRule.decide rule result.History) (Some TargetHeld) "by its history"
              Expect.equal (StopRule.decide rule result.History[..2]) None "and not before")
          testCase "the first rule that holds gives the reason" (fun () ->
              let rules = [ Target(0.0, 2); Stagnation(1, 1e9) ]
              let run rules = (train adam { options with MaxEpochs = 100; StopRules = rules }).Stop
              Expect.equal (run [ Target(0.0, 1); Stagnation(1, 1e9) ]) (ValueSome TargetHeld) "target first"
              Expect.notEqual (run (List.rev rules)) (ValueSome TargetHeld) "stagnation first")
          testCase "training learns" (fun () ->
              let result = train adam { options with MaxEpochs = 100 }
              Expect.isLessThan (Array.last result.History).Loss (0.5 * result.History[0].Loss) "loss"
              Expect.isGreaterThan (Array.last result.History).Accuracy 0.9 "accuracy") ]

let private cancellation =
    testList
        "cancellation"
        [ testCase "a token cancelled before ends the run before its first batch" (fun () ->
              let result = trainWith model adam options ignore (CancellationToken true)
              Expect.equal (result.Stop, result.Steps, result.History.Length) (ValueNone, 0L, 0) "run"
              Expect.equal result.Parameters (Model.initialParameters<float> model Glorot 5) "parameters")
          testCase "a token cancelled on the way ends the run before the next batch, with the history kept" (fun () ->
              use source = new CancellationTokenSource()

              let watch (progress: TrainingProgress) =
                  if progress.Validations = 2 then
                      source.Cancel()

              let result = trainWith model adam options watch source.Token
              Expect.equal (result.Stop, result.Steps) (ValueNone, 8L) "within one batch"
              Expect.equal result.History (train adam options).History[..1] "history so far") ]

let private divergence =
    testCase "a run whose loss is no longer finite ends as diverged, with the history kept" (fun () ->
        let model = Model.create 8 [ Dense(3, Linear) ] MeanSquaredError
        let wild = Optimizer.create { LearningRate = 1e3 }

        let result =
            trainWith model wild { options with MaxEpochs = 1000; ValidateEvery = Some 1 } ignore CancellationToken.None

        Expect.equal result.Stop (ValueSome Diverged) "reason"
        Expect.isGreaterThan result.History.Length 3 "validations before"
        Expect.isTrue (Array.forall (fun v -> Double.IsFinite v.TrainingLoss) result.History) "training losses"

        Expect.isTrue
            (result.History
             |> Seq.take (result.History.Length - 1)
             |> Seq.forall (fun v -> Double.IsFinite v.Loss))
            "losses"

        Expect.isEmpty result.Logits.Dead "of diverged weights nothing is said")

let tests = testList "end of a run" [ limits; cancellation; divergence ]
