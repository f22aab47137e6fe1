/// The document's stop rules, around each of their boundaries and against a transcription of their description.
module CuteDl.Core.Tests.StopRuleTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Models
open CuteDl.Core.Training
open CuteDl.Core.Tests.Generators

let private history (losses: float list) (accuracies: float list) : History =
    List.map2
        (fun loss accuracy ->
            { Step = 0L
              TrainingLoss = nan
              Quality = Quality.Of(struct (loss, accuracy))
              Training = Quality.Unknown })
        losses
        accuracies
    |> List.mapi (fun i validation -> { validation with Step = int64 i })
    |> List.toArray
    :> History

let private losses values = history values (List.replicate (List.length values) 0.0)
let private accuracies values = history (List.replicate (List.length values) 1.0) values

let private stagnation = Stagnation(20, 0.001)
let private target = Target(0.91, 20)

let private decides rule expected history name =
    testCase name (fun () -> Expect.equal (StopRule.decide rule history) expected "decision")

/// Falls by so much at every validation.
let private falling (gain: float) count = List.init count (fun i -> 100.0 - gain * float i)

let private noImprovement =
    // The first 20 do not count, however small; then the smallest, then nothing smaller.
    let flatAfterMinimum count = losses (List.replicate 20 0.0 @ [ 1.0 ] @ List.replicate count 2.0)

    testList
        "no improvement"
        [ "is not asked of 20 validations" |> decides stagnation None (losses (List.replicate 20 1.0))
          "is not said of 21 equal ones" |> decides stagnation None (losses (List.replicate 21 1.0))
          "waits 19 validations behind the smallest" |> decides stagnation None (flatAfterMinimum 19)
          "ends the run 20 validations behind the smallest"
          |> decides stagnation (Some NoImprovement) (flatAfterMinimum 20)
          "counts from the first smallest, on ties"
          |> decides stagnation (Some NoImprovement) (losses (List.replicate 41 1.0))
          "a tie is no improvement" |> decides stagnation None (losses (List.replicate 40 1.0))
          "a new smallest loss begins anew"
          |> decides stagnation None (losses (List.replicate 20 0.0 @ [ 1.0 ] @ List.replicate 19 2.0 @ [ 0.5; 2.0 ])) ]

let private tooSlow =
    testList
        "too slow"
        [ "needs 20 validations behind the first 20" |> decides stagnation None (losses (falling 1e-6 39))
          "ends the run if 19 steps back the loss was less than 0.001 higher"
          |> decides stagnation (Some TooSlow) (losses (falling 1e-6 40))
          "waits while the gain over 20 validations is larger"
          |> decides stagnation None (losses (falling (0.00101 / 19.0) 40))
          "ends the run at once when it is smaller"
          |> decides stagnation (Some TooSlow) (losses (falling (0.00099 / 19.0) 40))
          // Multiples of 1/1024 make the gain exact: 0.0009765625 · 19 = 0.0185546875.
          "a gain of exactly the least is enough"
          |> decides (Stagnation(20, 0.0185546875)) None (losses (falling 0.0009765625 40))
          "is not asked when the newest is not the smallest"
          |> decides stagnation None (losses (falling 1e-6 40 @ [ 99.99999 ])) ]

let private targetHeld =
    testList
        "target held"
        [ "is not asked of 20 validations" |> decides target None (accuracies (List.replicate 20 0.95))
          "ends the run with the 21st"
          |> decides target (Some TargetHeld) (accuracies (List.replicate 21 0.95))
          "looks at the last 20 only"
          |> decides target (Some TargetHeld) (accuracies (0.1 :: List.replicate 20 0.95))
          "wants all 20 above"
          |> decides target None (accuracies (List.replicate 10 0.95 @ [ 0.90 ] @ List.replicate 19 0.95))
          "wants them above, not at" |> decides target None (accuracies (List.replicate 20 0.95 @ [ 0.91 ]))
          "with another hold asks later"
          |> decides (Target(0.5, 3)) (Some TargetHeld) (accuracies [ 0.1; 0.6; 0.6; 0.6 ])
          "with another hold asks no earlier" |> decides (Target(0.5, 3)) None (accuracies [ 0.6; 0.6; 0.6 ]) ]

/// The rules as their description has them, for any patience: lists, copies and indices.
let private transcribed (rule: StopRule) (history: History) : StopReason option =
    let validations = List.ofSeq history

    match rule with
    | Stagnation(patience, minGain) when validations.Length > patience ->
        let w = validations |> List.skip patience |> List.map _.Loss
        let m = List.min w
        let i = w |> List.findIndex (fun loss -> loss = m)

        if w.Length - i > patience then Some NoImprovement
        elif i = w.Length - 1 && i + 1 >= patience && w[i - (patience - 1)] - m < minGain then Some TooSlow
        else None
    | Target(accuracy, hold) when validations.Length > hold ->
        let last = validations |> List.rev |> List.take hold

        if last |> List.forall (fun validation -> validation.Accuracy > accuracy) then
            Some TargetHeld
        else
            None
    | _ -> None

let private rulesAndHistories =
    gen {
        let! patience = Gen.elements [ 1; 2; 3; 5; 20 ]

        let! rule =
            Gen.elements
                [ Stagnation(patience, 0.001)
                  Stagnation(patience, 0.2)
                  Stagnation(patience, 0.0)
                  Target(0.5, patience) ]

        let! count = Gen.choose (0, 3 * patience + 3)
        let! slope = Gen.elements [ 0.0; 0.01; 0.1 ]
        // Few different values, so that ties and long holds do come about.
        let! noise = Gen.listOfLength count (Gen.choose (0, 3))

        let! accuracies =
            Gen.listOfLength count (Gen.frequency [ 1, Gen.constant 0.5; 12, Gen.elements [ 0.6; 0.7 ] ])

        let losses = noise |> List.mapi (fun i n -> 5.0 - slope * float i + 0.05 * float n)
        return rule, history losses accuracies
    }

let private properties =
    testList
        "for any history"
        [ property "the decision is that of the description" rulesAndHistories (fun (rule, history) ->
              for count in 0 .. history.Count do
                  let prefix = history |> Seq.truncate count |> Array.ofSeq
                  Expect.equal (StopRule.decide rule prefix) (transcribed rule prefix) $"{rule} after {count} of {history.Count}")
          property "no run ends before the earliest number of validations" rulesAndHistories (fun (rule, history) ->
              let before = int (StopRule.earliest rule) - 1
              Expect.equal (StopRule.decide rule (history |> Seq.truncate before |> Array.ofSeq)) None "decision")
          testCase "some runs end at the earliest number of validations" (fun () ->
              for patience in 1..30 do
                  for rule in [ Stagnation(patience, 1e9); Target(0.5, patience) ] do
                      let count = int (StopRule.earliest rule)
                      let history = history (falling 1e-6 count) (List.replicate count 0.6)
                      Expect.isSome (StopRule.decide rule history) $"{rule}")
          property "the decision looks at losses and accuracies alone" rulesAndHistories (fun (rule, history) ->
              let other =
                  history |> Seq.map (fun v -> { v with Step = v.Step * 7L; TrainingLoss = 3.0 }) |> Array.ofSeq

              Expect.equal (StopRule.decide rule other) (StopRule.decide rule history) "decision"
              Expect.equal (StopRule.decide rule history) (StopRule.decide rule history) "asked twice") ]

let private refused rule name =
    testCase $"{rule} is refused" (fun () ->
        try
            StopRule.validate rule
            failtest "nothing was thrown"
        with :? ArgumentOutOfRangeException as error ->
            Expect.equal error.ParamName name "the argument at fault")

/// Any history, also one with equal losses.
let private anyHistory =
    gen {
        let! count = Gen.choose (0, 30)
        let! losses = Gen.listOfLength count (Gen.choose (1, 8) |> Gen.map (fun n -> float n / 8.0))
        let! accuracies = Gen.listOfLength count (Gen.choose (0, 8) |> Gen.map (fun n -> float n / 8.0))
        return history losses accuracies
    }

/// The validations before which a rule ends a run for the first time, if it does.
let private firstEnd rule (history: History) : int option =
    seq { 0 .. history.Count }
    |> Seq.tryFind (fun count -> (StopRule.decide rule (history |> Seq.truncate count |> Seq.toArray)).IsSome)

let private asked =
    testList
        "the rules that a user asks for"
        [ property
              "early stopping ends at the first validation that is so many after the first smallest loss"
              (Gen.zip (Gen.choose (1, 6)) anyHistory)
              (fun (patience, history) ->
                  let smallestBefore i = seq { 0 .. i - 1 } |> Seq.forall (fun j -> history[j].Loss > history[i].Loss)

                  // Record lows, each of which restarts the count.
                  let lows = [ 0 .. history.Count - 1 ] |> List.filter smallestBefore

                  let expected =
                      [ for low, next in
                            List.zip
                                lows
                                (List.append (List.skip (min 1 lows.Length) lows) [ Int32.MaxValue ] |> List.truncate lows.Length) do
                            if low + patience < min next history.Count then
                                low + patience + 1 ]
                      |> List.tryHead

                  Expect.equal (firstEnd (EarlyStopping patience) history) expected "validations")
          property
              "reached accuracy and loss end at the first validation that meets them"
              (Gen.zip (Gen.choose (1, 8)) anyHistory)
              (fun (n, history) ->
                  let goal = float n / 8.0
                  let first meets = history |> Seq.tryFindIndex meets |> Option.map ((+) 1)
                  Expect.equal (firstEnd (ReachedAccuracy goal) history) (first (fun v -> v.Accuracy >= goal)) "accuracy"
                  Expect.equal (firstEnd (ReachedLoss goal) history) (first (fun v -> v.Loss <= goal)) "loss")
          testCase "have reasons" (fun () ->
              Expect.equal (StopRule.decide (EarlyStopping 1) (losses [ 1.0; 1.0 ])) (Some NoImprovement) "early stopping"
              Expect.equal (StopRule.decide (ReachedLoss 1.0) (losses [ 1.0 ])) (Some TargetHeld) "loss"
              Expect.equal (StopRule.decide (ReachedAccuracy 0.5) (accuracies [ 0.5 ])) (Some TargetHeld) "accuracy")
          testCase "refuse what cannot be" (fun () ->
              for rule in
                  [ EarlyStopping 0
                    ReachedAccuracy 0.0
                    ReachedAccuracy 1.1
                    ReachedAccuracy nan
                    ReachedLoss 0.0
                    ReachedLoss infinity ] do
                  Expect.throwsT<ArgumentOutOfRangeException> (fun () -> StopRule.validate rule) $"%A{rule}")
          property "no rule ends a run before its earliest validation" (Gen.zip (Gen.choose (1, 6)) anyHistory) (fun (n, history) ->
              for rule in
                  [ EarlyStopping n
                    ReachedAccuracy(float n / 8.0)
                    ReachedLoss(float n / 8.0)
                    Target(float n / 8.0, n)
                    Stagnation(n, 0.1) ] do
                  match firstEnd rule history with
                  | Some count -> Expect.isGreaterThanOrEqual (int64 count) (StopRule.earliest rule) $"%A{rule}"
                  | None -> ()) ]

let tests =
    testList
        "stop rules"
        [ noImprovement
          tooSlow
          targetHeld
          properties
          asked
          refused (Stagnation(0, 0.1)) "patience"
          refused (Stagnation(20, -0.1)) "minGain"
          refused (Stagnation(20, nan)) "minGain"
          refused (Target(1.1, 20)) "accuracy"
          refused (Target(nan, 20)) "accuracy"
          refused (Target(0.9, 0)) "hold"
          testCase "the document's are its two, in its order" (fun () ->
              Expect.equal StopRule.document [ stagnation; target ] "rules"
              List.iter StopRule.validate StopRule.document)
          testCase "reasons are named in lower case with hyphens" (fun () ->
              let reasons = [ NoImprovement; TooSlow; TargetHeld; MaxSteps; Diverged ]

              let names = [ "no-improvement"; "too-slow"; "target-held"; "max-steps"; "diverged" ]
              Expect.equal (reasons |> List.map string) names "names") ]
