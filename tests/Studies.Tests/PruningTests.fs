/// The rules by which trials end early, worked out by hand.
module CuteDl.Studies.Tests.PruningTests

open System
open Expecto
open CuteDl.Studies
open CuteDl.Studies.Tests.Analysis

/// Validations after 10, 20, ... steps.
let private curve (accuracies: float list) : Curve =
    Made.curve [| for i in 1 .. accuracies.Length -> 10L * int64 i |] (Array.ofList accuracies)

let private target = Accuracy 0.9
let private flat accuracy = curve [ accuracy; accuracy ]
let private threshold pruning earlier position = Pruning.threshold pruning target 20L (Array.ofList earlier) position

let tests =
    testList
        "pruning"
        [ testCase "trials are looked at where they are validated, and never at their end" (fun () ->
              let task = { Made.imagesTask "one" with Steps = 90L; ValidateEvery = 10 }
              Expect.equal (Pruning.rungs (SuccessiveHalving 3) task) [ 10L; 30L ] "90/9 and 90/3"
              Expect.equal (Pruning.rungs (Median 1) { task with Steps = 100L }) [ for i in 1L .. 9L -> 10L * i ] "each tenth"
              Expect.equal (Pruning.rungs (Median 1) { task with Steps = 25L }) [ 10L; 20L ] "to the next validation"
              Expect.isEmpty (Pruning.rungs (SuccessiveHalving 2) { task with Steps = 15L }) "the next is behind the end"
              Expect.isEmpty (Pruning.rungs NoPruning task) "none")

          testCase "successive halving: among the best ⌈n/η⌉ of those before it and itself" (fun () ->
              let earlier = [ flat 0.5; flat 0.8; flat 0.6; flat 0.7 ]
              let halving = SuccessiveHalving 3
              Expect.equal (threshold halving [] 0) -infinity "the first"
              Expect.equal (threshold halving (List.truncate 2 earlier) 2) 0.8 "1 of 3"
              Expect.equal (threshold halving (List.truncate 3 earlier) 3) 0.6 "2 of 4"
              Expect.equal (threshold halving earlier 4) 0.7 "2 of 5")

          testCase "median: of the means so far, behind the trials that warm up" (fun () ->
              let earlier = [ curve [ 0.1; 0.5 ]; curve [ 0.4; 0.6 ]; curve [ 0.7; 0.9 ] ]
              Expect.equal (threshold (Median 3) (List.truncate 2 earlier) 2) -infinity "warming up"
              Expect.equal (threshold (Median 3) earlier 3) 0.5 "0.3, 0.5 and 0.8"
              Expect.equal (threshold (Median 3) [] 3) -infinity "nobody before it came so far")

          testCase "what lies behind the rung does not count, and NaN is the worst objective" (fun () ->
              let late = curve [ 0.1; 0.2; 0.95 ]
              Expect.equal (Pruning.best target late 20L, Pruning.mean target late 20L) (0.2, (0.1 + 0.2) / 2.0) "up to the rung"
              Expect.equal (Pruning.best target late 5L, Pruning.mean target late 5L) (-infinity, -infinity) "before the first"
              Expect.equal (Pruning.objective target nan 1.0) -infinity "NaN"
              Expect.equal (Pruning.objective (Target.Loss 1.0) 0.5 0.25) -0.25 "a loss") ]
