/// Changes of hyper-parameters on the way, errors that change nothing, and rules that go downhill.
module CuteDl.Core.Tests.AlgebraChangeTests

open System
open Expecto
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

let private messageOf<'error when 'error :> exn> (body: unit -> unit) : string =
    try
        body ()
        failtest "nothing was thrown"
    with :? 'error as error ->
        error.Message

// Changes

let private changes =
    testList
        "changes"
        [ testCase "set changes every part that has the argument, and no other" (fun () ->
              let optimizer =
                  Expression.parse "{ \"a\": adam(lr=cosine(1, steps=3)) | scale(3), \"*\": sgd(lr=2) | clip_value(5) }"

              let expected = "{ \"a\": adam(lr=0.5) | scale(3), \"*\": sgd(lr=0.5) | clip_value(5) }"
              Expect.equal (Optimizer.set "lr" 0.5 optimizer) (Expression.parse expected) "set"

              Expect.equal
                  (Optimizer.set "factor" 4.0 optimizer)
                  (Expression.parse ((string optimizer).Replace("scale(3)", "scale(4)")))
                  "other")
          testCase "update changes the parts of a kind" (fun () ->
              let optimizer = Expression.parse "l2(0.1) | adam | decoupled(0.1)"
              let changed = Optimizer.update (fun (h: L2) -> { h with Factor = 0.3 }) optimizer
              Expect.equal changed (Expression.parse "l2(0.3) | adam | decoupled(0.1)") "changed"

              let message =
                  messageOf<ArgumentException>(fun () -> Optimizer.update (id: Sgd -> Sgd) optimizer |> ignore)

              Expect.stringContains message "no part sgd" "message")
          testCase "a constant schedule is a number" (fun () ->
              let optimizer = Optimizer.schedule "momentum" (Schedule.Constant 0.0) (Expression.parse "sgd(lr=1)")
              Expect.equal optimizer.SlotNames [] "slots"
              Expect.equal (Expression.parse (string optimizer)).SlotNames optimizer.SlotNames "read again")
          testCase "unknown names and values out of range name what is known" (fun () ->
              let optimizer = Expression.parse "accumulate(2) | adam | freeze(on=false)"
              let message = messageOf<ArgumentException>(fun () -> Optimizer.set "bata1" 0.5 optimizer |> ignore)
              Expect.stringContains message "has no argument 'bata1'. Did you mean beta1?" "the nearest"

              let message =
                  messageOf<ArgumentException>(fun () ->
                      Optimizer.schedule "xxxxxxxx" (Schedule.Linear(1.0, Steps 2L, 0.0)) optimizer |> ignore)

              Expect.stringContains message "Known names are k, lr, beta1" "known"

              for name, value, range in
                  [ "beta1", 1.0, "[0, 1)"
                    "beta1", nan, "[0, 1)"
                    "lr", -1.0, "[0, ∞)"
                    "k", 0.0, "k of accumulate (the number of gradients in each mean) must be a whole number of at least 1."
                    "k", 2.5, "k of accumulate (the number of gradients in each mean) must be a whole number of at least 1."
                    "k", nan, "k of accumulate (the number of gradients in each mean) must be a whole number of at least 1."
                    "on", 0.5, "true or false"
                    "on", nan, "true or false"
                    "correction", 2.0, "true or false" ] do
                  let message =
                      messageOf<ArgumentOutOfRangeException>(fun () -> Optimizer.set name value optimizer |> ignore)

                  Expect.stringContains message range name

              for name in [ "k"; "on" ] do
                  let message =
                      messageOf<ArgumentException>(fun () ->
                          Optimizer.schedule name (Schedule.Linear(1.0, Steps 2L, 0.0)) optimizer |> ignore)

                  Expect.stringContains message "cannot follow a schedule" name)
          testCase "a momentum that begins at 0 by schedule has its slot" (fun () ->
              for text in
                  [ "sgd(lr=1, momentum=linear(0, steps=2, end=0.5))"
                    "rmsprop(lr=1, momentum=linear(0, steps=2, end=0.5))" ] do
                  let optimizer = Expression.parse text
                  let state = Optimizer.init<float> optimizer 3
                  Expect.contains state.SlotNames "velocity" text

                  for _ in 1..4 do
                      Optimizer.stepInPlace optimizer state (Span(Array.zeroCreate<float> 3)) (ReadOnlySpan [| 1.0; 2.0; 3.0 |])

                  Expect.all (state["velocity"].ToArray()) (fun v -> v <> 0.0) "velocity"

              // What is scheduled counts, not what stood there before.
              Expression.parse "sgd(lr=1, momentum=linear(0.5, steps=2, end=0.9), nesterov=true)" |> ignore)
          testCase "a momentum that is set above 0 needs another state, and says so" (fun () ->
              let optimizer = Expression.parse "sgd(lr=1)"
              let state = Optimizer.init<float> optimizer 3
              let parameters = Array.zeroCreate<float> 3

              let message =
                  messageOf<ArgumentException>(fun () ->
                      Optimizer.stepInPlace (Optimizer.set "momentum" 0.9 optimizer) state (Span parameters) (ReadOnlySpan parameters))

              Expect.stringContains message "sgd keeps [] in the state and needs [velocity]" "what it needs") ]

// Errors

/// A failing step, in place: state and parameters are what they were, and it goes on as if it had not been.
let private leavesAll (name: string) (text: string) (good: int) (change: Optimizer -> Optimizer) (argument: string) (expected: string) =
    testCase name (fun () ->
        let layout = Layout.OfShapes [ "a", [ 4100 ]; "b", [ 3; 4 ] ]
        let optimizer = Expression.parse text
        let gradient = Array.init layout.Length (fun i -> cos (float i))
        let parameters = Array.init layout.Length (fun i -> sin (float i))
        let state = Optimizer.initFor<float> optimizer layout

        for _ in 1..good do
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

        let copy = state.Copy()
        let copied = Array.copy parameters
        let failing = change optimizer

        for _ in 1..2 do
            let message =
                messageOf<ArgumentException>(fun () -> Optimizer.stepInPlace failing state (Span parameters) (ReadOnlySpan gradient))

            Expect.stringContains message expected "message"
            expectSameBits Precision.double parameters copied "parameters"
            expectSamePicture Precision.double (picture state) (picture copy) "state"

            let message =
                messageOf<ArgumentException>(fun () -> pureStep failing state parameters gradient |> ignore)

            Expect.stringContains message expected "message of the pure step"

        let goesOn = Optimizer.set argument 0.01 optimizer

        for _ in 1..2 do
            Optimizer.stepInPlace goesOn state (Span parameters) (ReadOnlySpan gradient)
            Optimizer.stepInPlace goesOn copy (Span copied) (ReadOnlySpan gradient)

        expectSameBits Precision.double parameters copied "goes on"
        expectSamePicture Precision.double (picture state) (picture copy) "goes on")

let private errors =
    testList
        "errors"
        [ leavesAll
              "a scheduled value out of range names the step"
              "nadam | ema(linear(0.5, steps=4, end=1))"
              4
              id
              "beta"
              "beta of ema must be in [0, 1), but linear(0.5, steps=4, end=1) gives 1 at step 4."
          leavesAll
              "so it does in one group of two"
              "clip_global_norm(1) | { \"a\": nadam | accumulate(2) | adam, \"*\": lookahead(3) | ema(linear(0.5, steps=2, end=1)) | sgd }"
              2
              id
              "beta"
              "beta of ema must be in [0, 1), but linear(0.5, steps=2, end=1) gives 1 at step 2."
          leavesAll
              "the state of another optimizer"
              "nadam(lr=0.1)"
              2
              (fun _ -> Expression.parse "adagrad")
              "lr"
              "the rules are nadam and adagrad"
          leavesAll
              "the state of other groups"
              "{ \"a*\": sgd(momentum=0.9), \"*\": sgd }"
              1
              (fun _ -> Expression.parse "{ \"b*\": sgd(momentum=0.9), \"*\": sgd }")
              "lr"
              "the rules are sgd at a* and sgd at b*"
          testCase "a state with the same slots is refused too, and the message names both rules" (fun () ->
              let state = Optimizer.init<float> (Expression.parse "adam") 3

              let message =
                  messageOf<ArgumentException>(fun () ->
                      Optimizer.stepInPlace
                          (Expression.parse "adamw")
                          state
                          (Span(Array.zeroCreate<float> 3))
                          (ReadOnlySpan [| 1.0; 2.0; 3.0 |]))

              Expect.stringContains message "the rules are adam and adamw" "message")
          testCase "an optimizer that looks at parameters is told where they are given" (fun () ->
              for text in [ "adamw"; "scale(2) | lars"; "{ \"*\": ema }"; "l2(0.1) | clip_norm(1)" ] do
                  let optimizer = Expression.parse text
                  let state = Optimizer.init<float32> optimizer 5
                  let before = picture state

                  let message =
                      messageOf<ArgumentException>(fun () -> Optimizer.step optimizer state (Array.zeroCreate<float32> 5) |> ignore)

                  Expect.stringContains message "StepAt" text
                  expectSamePicture single (picture state) before text)
          testCase "muon refuses what is no matrix before any step" (fun () ->
              for shape in [ []; [ 4 ]; [ 2; 2; 2 ] ] do
                  let message =
                      messageOf<ArgumentException>(fun () ->
                          Optimizer.initFor<float> (Expression.parse "scale(1) | muon") (Layout.OfShapes [ "m", [ 2; 2 ]; "v", shape ])
                          |> ignore)

                  Expect.stringContains message "muon works only on matrices, but 'v'" "message")
          testCase "two parts that would keep the same name in the state are refused" (fun () ->
              let start (text: string) (names: string list) =
                  Optimizer.initFor<float> (Expression.parse text) (Layout.OfShapes [ for name in names -> name, [ 3 ] ])

              for text, names, name in
                  [ "{ \"a\": scale(2) | adam, \"a.2.adam\": adam }", [ "a"; "a.2.adam" ], "a.2.adam.average"
                    "{ \"a*.*b\": adam, \"a*\": { \"*b\": adam, \"*\": sgd } }", [ "a.b"; "ab"; "ac" ], "a*.*b.average"
                    "{ \"a*.*b\": skip_non_finite, \"a*\": { \"*b\": skip_non_finite, \"*\": sgd } }",
                    [ "a.b"; "ab"; "ac" ],
                    "a*.*b.skipped" ] do
                  let message = messageOf<ArgumentException>(fun () -> start text names |> ignore)
                  Expect.stringContains message $"would both keep '{name}'" text

              // Points alone are no harm.
              let state = start "{ \"a\": scale(2) | adam, \"a.3.adam\": adam }" [ "a"; "a.3.adam" ]
              Expect.equal (List.distinct state.SlotNames) state.SlotNames "distinct")
          testCase "norms are right up to the largest single, and of larger doubles infinite, as the guide says" (fun () ->
              let stepOf (text: string) (gradient: 'T array) =
                  let optimizer = Expression.parse text

                  let next, delta = Optimizer.step optimizer (Optimizer.init<'T> optimizer gradient.Length) gradient

                  next, delta

              let largest = Array.create 20 Single.MaxValue
              let state, delta = stepOf "clip_global_norm(1)" largest
              Close.relative 1e-6 (snd state.Numbers[0]) (float Single.MaxValue * sqrt 20.0) "the norm"
              Close.relative 1e-5 (float delta[0]) (1.0 / sqrt 20.0) "clipped"
              let state, delta = stepOf "clip_global_norm(1)" [| 1e200; -1e200; 3.0 |]
              Expect.equal (snd state.Numbers[0]) infinity "the norm"
              Expect.all delta ((=) 0.0) "clipped"
              let _, delta = stepOf "clip_value(1e100) | clip_norm(1)" [| 1e200; -1e200; 3.0 |]
              Close.relative 1e-12 delta[0] (sqrt 0.5) "clipped by value before")
          testCase "no tensors, no elements" (fun () ->
              for kind in Rules.known do
                  for shapes in [ []; [ "a", [ 0; 3 ] ]; [ "a", [ 0; 3 ]; "b", [ 2; 0 ] ] ] do
                      let optimizer = Expression.parse $"{kind.Name}() | clip_norm(1)"
                      let state = Optimizer.initFor<float> optimizer (Layout.OfShapes shapes)

                      for step in 1L .. 3L do
                          Optimizer.stepInPlace optimizer state Span.Empty ReadOnlySpan.Empty
                          Expect.equal state.Step step kind.Name

                      Expect.equal (Optimizer.averaged optimizer state ReadOnlySpan.Empty) [||] "averages") ]

// Downhill

let private downhill =
    testList
        "downhill"
        [ for kind in Rules.all do
              testCase kind.Name (fun () ->
                  let optimizer = Expression.parse $"{kind.Name}()"
                  let layout = Layout.OfShapes [ "a", [ 2; 3 ] ]
                  let startsAtOnce = kind.Description.Exempt |> List.forall (fun (law, _) -> law <> "P31")

                  for gradient in samples (if startsAtOnce then 20 else 0) (Gen.arrayOfLength 6 (uniform -1.0 1.0)) do
                      let parameters = Array.init 6 (fun i -> 1.0 + float i)
                      let state = Optimizer.initFor<float> optimizer layout

                      let _, delta = Optimizer.stepAt optimizer state parameters gradient
                      // What decay adds points to the origin, and is no part of the way down.
                      let _, still = Optimizer.stepAt optimizer state parameters (Array.zeroCreate<float> 6)

                      Expect.isGreaterThan (Array.sumBy id (Array.map3 (fun d s g -> (d - s) * g) delta still gradient)) 0.0 "⟨Δ, g⟩"

                  // ½ Σ cᵢ (wᵢ − bᵢ)² with one of a few rates.
                  let curvature = [| 1.0; 0.5; 2.0; 1.5; 0.7; 1.0 |]
                  let target = [| 1.0; -1.0; 0.5; 0.2; -0.6; 0.9 |]

                  let loss (w: float array) =
                      Array.sum (Array.map3 (fun c w b -> 0.5 * c * (w - b) * (w - b)) curvature w target)

                  let best =
                      [ for rate in [ nan; 1e-3; 1e-2; 1e-1; 1.0 ] do
                            let hasRate = kind.Arguments |> List.exists (fun argument -> argument.Name = "lr")

                            let optimizer =
                                // Adadelta begins as slowly as its ε is small.
                                if Double.IsNaN rate then optimizer
                                elif hasRate && kind.Name <> "adadelta" then Optimizer.set "lr" rate optimizer
                                else Optimizer.set "eps" (1e-2 * rate) optimizer

                            let state = Optimizer.initFor<float> optimizer layout
                            let w = Array.create 6 0.1

                            for _ in 1..3000 do
                                let gradient = Array.map3 (fun c w b -> c * (w - b)) curvature w target
                                Optimizer.stepInPlace optimizer state (Span w) (ReadOnlySpan gradient)

                            let reached = loss w

                            if Double.IsFinite reached then
                                reached ]
                      |> List.min

                  Expect.isLessThan best (0.02 * loss (Array.create 6 0.1)) "loss") ]

let tests = testList "changes and errors" [ changes; errors; downhill ]
