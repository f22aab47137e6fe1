/// Changes of hyper-parameters on the way, errors that change nothing, steps that allocate nothing, and rules that go downhill.
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

let private stepwise =
    property
        "a schedule is the same as setting each step's value"
        (runs { any with Scheduled = false; Groups = false } moderate false)
        (fun run ->
            let rates = Schedule.Piecewise(0.1, [ 1L, 0.02; 3L, 0.5 ], Interpolation.Constant)

            if
                run.Optimizer.Parts
                |> Seq.exists (fun part -> part.Kind.Arguments |> List.exists (fun a -> a.Name = "lr"))
            then
                // A part behind a gate counts its own steps.
                if not (run.Optimizer.Parts |> Seq.exists (fun part -> List.contains part.Kind.Name gates)) then
                    let scheduled = Optimizer.schedule "lr" rates run.Optimizer
                    let expected, expectedState = trajectory single { run with Optimizer = scheduled }
                    let state = Optimizer.initFor<float32> run.Optimizer run.Layout
                    let parameters = single.OfAll run.Parameters

                    for t in 0 .. run.Gradients.Length - 1 do
                        let now = Optimizer.set "lr" (Schedule.at rates (int64 t)) scheduled
                        inPlaceStep now state parameters (single.OfAll run.Gradients[t]) |> ignore
                        expectSameBits single parameters expected[t] $"step {t + 1}"

                    expectSamePicture single (picture state) (picture expectedState) "state")

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
              let optimizer = Expression.parse "decay(0.1) | adam | decoupled(0.1)"
              let changed = Optimizer.update Rules.decay (fun h -> { h with Factor = 0.3 }) optimizer
              Expect.equal changed (Expression.parse "decay(0.3) | adam | decoupled(0.1)") "changed"
              let message = messageOf<ArgumentException>(fun () -> Optimizer.update Rules.sgd id optimizer |> ignore)
              Expect.stringContains message "no part sgd" "message")
          testCase "a constant schedule is a number" (fun () ->
              let optimizer = Optimizer.schedule "momentum" (Schedule.Constant 0.0) (Expression.parse "sgd(lr=1)")
              Expect.equal optimizer.SlotNames [] "slots"
              Expect.equal (Expression.parse (string optimizer)).SlotNames optimizer.SlotNames "read again")
          testCase "unknown names and values out of range name what is known" (fun () ->
              let optimizer = Expression.parse "accumulate(2) | adam | freeze(on=false)"
              let message = messageOf<ArgumentException>(fun () -> Optimizer.set "bata1" 0.5 optimizer |> ignore)
              Expect.stringContains message "did you mean beta1? Known are k, lr, beta1" "known, the nearest first"

              let message =
                  messageOf<ArgumentException>(fun () -> Optimizer.schedule "rate" (Schedule.Linear(1.0, 2L, 0.0)) optimizer |> ignore)

              Expect.stringContains message "known are k, lr, beta1" "known"

              for name, value, range in
                  [ "beta1", 1.0, "(0, 1)"
                    "beta1", nan, "(0, 1)"
                    "lr", -1.0, "[0, ∞)"
                    "k", 0.0, "k (how many gradients make one) of accumulate must be a whole number of at least 1."
                    "k", 2.5, "k (how many gradients make one) of accumulate must be a whole number of at least 1."
                    "k", nan, "k (how many gradients make one) of accumulate must be a whole number of at least 1."
                    "on", 0.5, "true or false"
                    "on", nan, "true or false"
                    "correction", 2.0, "true or false" ] do
                  let message =
                      messageOf<ArgumentOutOfRangeException>(fun () -> Optimizer.set name value optimizer |> ignore)

                  Expect.stringContains message range name

              for name in [ "k"; "on" ] do
                  let message =
                      messageOf<ArgumentException>(fun () -> Optimizer.schedule name (Schedule.Linear(1.0, 2L, 0.0)) optimizer |> ignore)

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

              Expect.stringContains message "[velocity]" "what it needs") ]

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
              "decay"
              "at step 4; (0, 1)"
          leavesAll
              "so it does in one group of two"
              "clip_global_norm(1) | { \"a\": nadam | accumulate(2) | adam, \"*\": lookahead(3) | ema(linear(0.5, steps=2, end=1)) | sgd }"
              2
              id
              "decay"
              "at step 2; (0, 1)"
          leavesAll "the state of another optimizer" "nadam(lr=0.1)" 2 (fun _ -> Expression.parse "adagrad") "lr" "another optimizer's"
          leavesAll
              "the state of other groups"
              "{ \"a*\": sgd(momentum=0.9), \"*\": sgd }"
              1
              (fun _ -> Expression.parse "{ \"b*\": sgd(momentum=0.9), \"*\": sgd }")
              "lr"
              "another optimizer's"
          testCase "an optimizer that looks at parameters is told where they are given" (fun () ->
              for text in [ "adamw"; "scale(2) | lars"; "{ \"*\": ema }"; "decay(0.1) | clip_norm(1)" ] do
                  let optimizer = Expression.parse text
                  let state = Optimizer.init<float32> optimizer 5
                  let before = picture state

                  let message =
                      messageOf<ArgumentException>(fun () ->
                          Optimizer.step optimizer state (ReadOnlySpan(Array.zeroCreate<float32> 5)) |> ignore)

                  Expect.stringContains message "StepAt" text
                  expectSamePicture single (picture state) before text)
          testCase "muon refuses what is no matrix before any step" (fun () ->
              for shape in [ []; [ 4 ]; [ 2; 2; 2 ] ] do
                  let message =
                      messageOf<ArgumentException>(fun () ->
                          Optimizer.initFor<float> (Expression.parse "scale(1) | muon") (Layout.OfShapes [ "m", [ 2; 2 ]; "v", shape ])
                          |> ignore)

                  Expect.stringContains message "muon is for matrices; 'v'" "message")
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
          testCase "no tensors, no elements" (fun () ->
              for kind in Rules.known do
                  for shapes in [ []; [ "a", [ 0; 3 ] ]; [ "a", [ 0; 3 ]; "b", [ 2; 0 ] ] ] do
                      let optimizer = Expression.parse $"{kind.Name}() | clip_norm(1)"
                      let state = Optimizer.initFor<float> optimizer (Layout.OfShapes shapes)

                      for step in 1L .. 3L do
                          Optimizer.stepInPlace optimizer state Span.Empty ReadOnlySpan.Empty
                          Expect.equal state.Step step kind.Name

                      Expect.equal (Optimizer.averaged optimizer state ReadOnlySpan.Empty) [||] "averages") ]

// Allocation

let private allocatedBy (optimizer: Optimizer) : int64 =
    let layout = Layout.OfShapes [ "a", [ 70; 61 ]; "b", [ 3; 4 ]; "c", [ 1; 7 ] ]
    let state = Optimizer.initFor<float32> optimizer layout
    let parameters = Array.init layout.Length (fun i -> 0.1f * float32 (i % 7))
    let gradient = Array.init layout.Length (fun i -> 0.1f * float32 (i % 5) - 0.2f)

    let steps () =
        for _ in 1..40 do
            Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

    steps ()
    let before = GC.GetAllocatedBytesForCurrentThread()
    steps ()
    GC.GetAllocatedBytesForCurrentThread() - before

/// The kind with one hyper-parameter after the other on its way from one value to another, and all of them at once.
let private scheduled (kind: RuleKind) (setting: Argument -> Setting) : Optimizer list =
    let free =
        kind.Arguments
        |> List.filter (fun argument -> argument.Form = ValueForm.Number && not (Double.IsNaN argument.Default))

    let following =
        List.fold (fun optimizer (argument: Argument) -> Optimizer.follow argument.Name (setting argument) optimizer)

    [ for arguments in free :: List.map List.singleton free do
          if not arguments.IsEmpty then
              following (Expression.parse $"{kind.Name}()") arguments ]

/// A little below what is usual, so that values which must be in an order are.
let private falling (argument: Argument) : float * float =
    let first = if argument.Default > 0.0 then argument.Default else Scheduled.middle argument.Range
    first, (first + argument.Range.Lower) / 2.0

let private allocation =
    testList
        "allocation"
        [ for text in
              [ for kind in Rules.known do
                    $"{kind.Name}()"
                    $"clip_global_norm(1) | {{ \"a\": {kind.Name}() | scale(0.5), \"*\": sgd }} | clip_norm(1)" ]
              |> List.filter (fun text -> not (text.Contains "\"a\": clip_global_norm")) do
              testCase text (fun () -> Expect.equal (allocatedBy (Expression.parse text)) 0L "bytes in 40 steps")
          for kind in Rules.known do
              testCase $"{kind.Name}, scheduled" (fun () ->
                  let schedule argument =
                      let first, last = falling argument
                      Setting.Schedule(Schedule.Cosine(first, 60L, last))

                  let plateau argument =
                      let first, last = falling argument
                      Setting.Plateau { Plateau.parse "plateau(1, patience=0)" with Value = first; Minimum = last }

                  for optimizer in scheduled kind schedule @ scheduled kind plateau do
                      Expect.equal (allocatedBy optimizer) 0L $"bytes in 40 steps of {optimizer}") ]

// Downhill

let private downhill =
    testList
        "downhill"
        [ for kind in Rules.all do
              testCase kind.Name (fun () ->
                  let optimizer = Expression.parse $"{kind.Name}()"
                  let layout = Layout.OfShapes [ "a", [ 2; 3 ] ]

                  for gradient in samples 20 (Gen.arrayOfLength 6 (uniform -1.0 1.0)) do
                      let parameters = Array.init 6 (fun i -> 1.0 + float i)
                      let state = Optimizer.initFor<float> optimizer layout

                      let struct (_, delta) =
                          Optimizer.stepAt optimizer state (ReadOnlySpan parameters) (ReadOnlySpan gradient)
                      // What decay adds points to the origin, and is no part of the way down.
                      let struct (_, still) =
                          Optimizer.stepAt optimizer state (ReadOnlySpan parameters) (ReadOnlySpan(Array.zeroCreate<float> 6))

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

let tests = testList "changes and errors" [ stepwise; changes; errors; allocation; downhill ]
