/// The measurements of a step, compared with the arrays of steps without them.
module CuteDl.Core.Tests.AlgebraTelemetryTests

open System
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.AlgebraSamples
open CuteDl.Core.Tests.AlgebraSteps

/// True if two norms of n elements agree: each sum of n squares has a relative error below (n + 1) 2⁻⁵³ in any order.
let private sameNorm (n: int) (actual: float) (expected: float) : bool =
    actual = expected
    || (Double.IsNaN actual && Double.IsNaN expected)
    || Close.isRelative (float (n + 4) * Math.ScaleB(1.0, -53)) actual expected

let private expectNorm (n: int) (actual: float) (expected: float) (what: string) : unit =
    if not (sameNorm n actual expected) then
        failtest $"{what}: %.17g{actual}, expected %.17g{expected}"

let private normOf (values: 'T array) : float =
    let square (value: 'T) =
        let x = Double.CreateTruncating value
        x * x

    sqrt (Array.sumBy square values)

let private slice (tensor: Parameter) (values: 'T array) : 'T array = Array.sub values tensor.Offset tensor.Length

/// Equal in every bit, except that one NaN is as good as another.
let private expectSameTelemetry (actual: StepTelemetry) (expected: StepTelemetry) (what: string) : unit =
    Expect.equal actual.Tensors.Count expected.Tensors.Count $"{what}: tensors"

    for a, b in Seq.zip actual.Tensors expected.Tensors do
        Expect.isTrue (a.Equals b) $"{what}: {a} and {b}"

/// Compares the norms of a step with its arrays.
let private expectArrays
    (_: Precision<'T>)
    (layout: Layout)
    (telemetry: StepTelemetry)
    (parameters: 'T array)
    (gradient: 'T array)
    (delta: 'T array)
    : unit =
    for tensor, actual in Seq.zip layout.Parameters telemetry.Tensors do
        let n = tensor.Length
        Expect.equal (actual.Name, actual.Length) (tensor.Name, n) "the tensor"
        let given, w, ofDelta = slice tensor gradient, slice tensor parameters, slice tensor delta

        match actual.Outcome with
        | StepOutcome.Frozen ->
            Expect.equal
                actual
                { Name = tensor.Name
                  Length = n
                  Outcome = StepOutcome.Frozen
                  GradientNorm = 0.0
                  RuleGradientNorm = 0.0
                  UpdateNorm = 0.0
                  ParameterNorm = 0.0
                  ClippedCount = 0
                  NonFiniteCount = 0 }
                "a frozen tensor is not measured"

            Expect.equal (normOf ofDelta) 0.0 "the Δ of a frozen tensor"
        | StepOutcome.Stepped
        | StepOutcome.Skipped ->
            expectNorm n actual.GradientNorm (normOf given) $"the norm of the gradient of {tensor.Name}"
            expectNorm n actual.ParameterNorm (normOf w) $"the norm of the parameters of {tensor.Name}"
            expectNorm n actual.UpdateNorm (normOf ofDelta) $"the norm of Δ of {tensor.Name}"
            let nonFinite = given |> Array.filter (fun value -> not ('T.IsFinite value)) |> Array.length
            Expect.equal actual.NonFiniteCount nonFinite "elements that are not finite"

            if actual.Outcome = StepOutcome.Skipped then
                Expect.equal (normOf ofDelta) 0.0 "the Δ of a skipped step"
        | StepOutcome.NoGradient -> failtest "Every tensor has a gradient."

    let isMoving (tensor: TensorTelemetry) = tensor.Outcome <> StepOutcome.Frozen

    let total (values: 'T array) =
        Array.concat
            [ for tensor, actual in Seq.zip layout.Parameters telemetry.Tensors do
                  if isMoving actual then
                      slice tensor values ]
        |> normOf

    expectNorm (layout.Length + 10) telemetry.GradientNorm (total gradient) "the norm of the whole gradient"
    expectNorm (layout.Length + 10) telemetry.ParameterNorm (total parameters) "the norm of all parameters"
    expectNorm (layout.Length + 10) telemetry.UpdateNorm (total delta) "the norm of the whole Δ"

/// A step with telemetry, in place and pure, and over tensors, beside one by element.
let private sameSteps (precision: Precision<'T>) (run: Run) =
    let mutable state = Optimizer.initFor<'T> run.Optimizer run.Layout
    let mutable parameters = precision.OfAll run.Parameters
    let inPlaceState = Optimizer.initFor<'T> run.Optimizer run.Layout
    let inPlace = Array.copy parameters
    let ofTensors = Optimizer.initFor<'T> run.Optimizer run.Layout
    let apart = [| for tensor in run.Layout.Parameters -> slice tensor parameters |]

    let attempt (act: unit -> 'result) : 'result option =
        try
            Some(act ())
        with :? NonFiniteGradientException ->
            None

    for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
        let before = picture state
        let plain = attempt (fun () -> Optimizer.stepByElement run.Optimizer state parameters gradient)
        let pureStep = attempt (fun () -> Telemetry.stepAt run.Optimizer state parameters gradient)
        expectSamePicture precision (picture state) before "the pure step leaves its state"

        let ofPlace =
            attempt (fun () -> Telemetry.stepInPlace run.Optimizer inPlaceState (Span inPlace) (ReadOnlySpan gradient))

        let tensors =
            [ for k in 0 .. apart.Length - 1 do
                  let tensor = run.Layout.Parameters[k]
                  StepTensor.Of(tensor.Name, apart[k], slice tensor gradient) ]

        let ofApart = attempt (fun () -> Telemetry.stepTensorsInPlace run.Optimizer ofTensors tensors)

        match plain, pureStep, ofPlace, ofApart with
        | None, None, None, None -> ()
        | Some(next, delta), Some(pureNext, pureDelta, telemetry), Some inPlaceTelemetry, Some tensorTelemetry ->
            expectSameBits precision pureDelta delta "Δ"
            expectSamePicture precision (picture pureNext) (picture next) "the pure step"
            expectSamePicture precision (picture inPlaceState) (picture next) "the step in place"
            expectSamePicture precision (picture ofTensors) (picture next) "the step over tensors"
            expectArrays precision run.Layout telemetry parameters gradient delta
            expectSameTelemetry inPlaceTelemetry telemetry "the step in place"
            expectSameTelemetry tensorTelemetry telemetry "the step over tensors"
            let nextParameters = taken parameters delta
            expectSameBits precision inPlace nextParameters "parameters in place"
            expectSameBits precision (Array.concat apart) nextParameters "parameters of tensors"
            state <- Optimizer.observe run.Optimizer next loss
            Optimizer.observeInPlace run.Optimizer inPlaceState loss
            Optimizer.observeInPlace run.Optimizer ofTensors loss
            parameters <- nextParameters
        | _ -> failtest "Only some of the steps failed."

// The parts before the rule

/// Chains without groups in which parts before a rule clip, skip steps or reduce whole tensors.
let private chains =
    let kinds =
        Rules.known
        |> List.filter (fun kind -> not kind.IsRule || List.contains kind.Name [ "adam"; "lion"; "lars"; "adafactor" ])

    let clips = kinds |> List.filter (fun kind -> kind.Has Trait.Clips || kind.Name = "adam")
    let choice = { any with Groups = false }

    Gen.oneof
        [ runs choice moderate true
          runs { choice with Kinds = kinds } moderate true
          runs { choice with Kinds = clips } moderate true ]

/// Counts the steps that reach it.
type private Counter() =
    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = [ "taken" ]
        member _.Coefficients = 0

        member _.Prepare(_, decision) =
            decision[0] <- decision[0] + 1.0
            true

        member _.Update(_, loop) = loop.Run(IdentityUpdate())

let private isOnFreeze (part: Optimizer) =
    match part.Tree with
    | OptimizerTree.Single(_, (:? Freeze as freeze), _) -> freeze.On
    | OptimizerTree.Single _
    | OptimizerTree.Chain _
    | OptimizerTree.Groups _ -> false

/// Every beginning of the chain is an optimizer, whose Δ is the input of the next part.
let private beforeTheRule (precision: Precision<'T>) (run: Run) =
    let parts = Seq.toArray run.Optimizer.Parts

    let ruleAt =
        match parts |> Array.tryFindIndex _.Kind.IsRule with
        | Some index -> index
        | None -> parts.Length

    let beginnings = [| for count in 0..ruleAt -> Optimizer.chain (Array.take count parts) |]

    let counting = Optimizer.chain [ run.Optimizer; Optimizer.ofRule "counter" (Counter()) ]

    let start optimizer = Optimizer.initFor<'T> optimizer run.Layout
    let states = Array.map start beginnings
    let mutable counted = start counting
    let mutable state = start run.Optimizer
    let mutable parameters = precision.OfAll run.Parameters
    let isFrozen = Array.exists isOnFreeze parts

    for loss, gradient in Seq.zip run.Losses (Array.map precision.OfAll run.Gradients) do
        try
            let next, delta, telemetry = Telemetry.stepAt run.Optimizer state parameters gradient

            let inputs =
                Array.map2 (fun optimizer state -> Optimizer.stepByElement optimizer state parameters gradient) beginnings states

            let nextCounted, _ = Optimizer.stepByElement counting counted parameters gradient
            let takenSteps (state: State<'T>) = state.Numbers |> List.find (fun (name, _) -> name.EndsWith "taken") |> snd

            for tensor, actual in Seq.zip run.Layout.Parameters telemetry.Tensors do
                if isFrozen then
                    Expect.equal actual.Outcome StepOutcome.Frozen "outcome"
                else
                    let hasStepped = takenSteps nextCounted > takenSteps counted
                    Expect.equal actual.Outcome (if hasStepped then StepOutcome.Stepped else StepOutcome.Skipped) "outcome"
                    let input count = slice tensor (snd inputs[count])
                    expectNorm tensor.Length actual.RuleGradientNorm (normOf (input ruleAt)) "the gradient that enters the rule"

                    let clipped =
                        [ 0
                          for i in 0 .. ruleAt - 1 do
                              if parts[i].Kind.Has Trait.Clips then
                                  Array.zip (input i) (input (i + 1))
                                  |> Array.filter (fun (a: 'T, b: 'T) -> not (a.Equals b))
                                  |> Array.length ]
                        |> List.max

                    Expect.equal actual.ClippedCount clipped "clipped elements"

            let observe optimizer state = Optimizer.observe optimizer state loss
            Array.iteri2 (fun i optimizer (next, _) -> states[i] <- observe optimizer next) beginnings inputs
            counted <- observe counting nextCounted
            state <- observe run.Optimizer next
            parameters <- taken parameters delta
        with :? NonFiniteGradientException ->
            // Nothing has changed.
            ()

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ property "telemetry changes no bit, and its norms are those of the arrays" (runs any moderate true) (sameSteps precision)
          property "also for gradients of any size" (runs any anySize true) (sameSteps precision)
          property "the gradient at the rule and clipped elements are those of the chain's beginnings" chains (beforeTheRule precision) ]

// By hand

let private measure (optimizer: string) (tensors: (string * int list) list) (parameters: float array) (gradient: float array) =
    let optimizer = Expression.parse optimizer
    let state = Optimizer.initFor<float> optimizer (Layout.OfShapes tensors)
    let _, _, telemetry = Telemetry.stepAt optimizer state parameters gradient
    telemetry

let private flat (optimizer: string) (gradient: float array) =
    (measure optimizer [ "", [ gradient.Length ] ] (Array.create gradient.Length 2.0) gradient).Tensors[0]

let private examples =
    testList
        "by hand"
        [ testCase "shares of clipped and non-finite elements" (fun () ->
              let tensor = flat "clip_value(1) | fixed(lr=1)" [| 0.5; -2.0; 3.0; nan |]
              Expect.equal (tensor.ClippedShare, tensor.NonFiniteShare) (0.5, 0.25) "NaN stays, so it is not clipped"
              let tensor = flat "clip_value(1) | fixed(lr=1)" [| infinity; -infinity; 0.0; 1.0; -1.0 |]
              Expect.equal (tensor.ClippedShare, tensor.NonFiniteShare) (0.4, 0.4) "infinities are clipped"
              Expect.equal (tensor.GradientNorm, tensor.RuleGradientNorm) (infinity, 2.0) "norms"
              let tensor = flat "clip_value(1) | fixed(lr=1)" [| 1e200; 0.0 |]
              Expect.equal (tensor.GradientNorm, tensor.NonFiniteCount) (infinity, 0) "a square that overflows"
              Expect.equal (flat "adam" [||]).ClippedShare 0.0 "no elements")

          testCase "norms before and after clipping" (fun () ->
              let tensor = flat "clip_norm(1) | fixed(lr=0.5)" [| 3.0; 0.0; 4.0 |]
              Expect.equal tensor.GradientNorm 5.0 "before"
              Close.relative 1e-15 tensor.RuleGradientNorm 1.0 "after"
              Close.relative 1e-15 tensor.UpdateNorm 0.5 "Δ"
              Close.relative 1e-15 tensor.UpdateRatio (0.5 / sqrt 12.0) "Δ and parameters"
              Expect.equal tensor.ClippedCount 2 "0 does not change"
              Expect.equal (flat "clip_norm(5) | fixed(lr=0.5)" [| 3.0; 0.0; 4.0 |]).ClippedCount 0 "within the limit"
              Expect.equal (flat "fixed(lr=0.5) | clip_value(1)" [| 3.0; 0.0; 4.0 |]).ClippedCount 0 "after the rule"
              Expect.equal (flat "clip_value(3.5) | clip_value(1) | adam" [| 3.0; 0.0; 4.0 |]).ClippedCount 2 "the part that clips more"
              Expect.equal (flat "scale(2) | clip_value(1) | ema | adam" [| 0.5; 0.75; 4.0 |]).ClippedCount 2 "within a segment"
              Expect.equal (flat "clip_norm(1)" [| 3.0; 4.0 |]).RuleGradientNorm (flat "clip_norm(1)" [| 3.0; 4.0 |]).UpdateNorm "no rule")

          testCase "clipping by units and over all tensors" (fun () ->
              // The columns have the norms 5 and 0.5, and those of the weights are √8: only the first is above the limit.
              let tensors = [ "w", [ 2; 2 ]; "b", [ 1 ] ]
              let parameters, gradient = Array.create 5 2.0, [| 3.0; 0.3; 4.0; 0.4; 1.0 |]
              let telemetry = measure "clip_adaptive(1) | adam" tensors parameters gradient
              Expect.equal (telemetry["w"].ClippedShare, telemetry["b"].ClippedShare) (0.5, 0.0) "by units"
              Expect.equal telemetry.ClippedShare 0.4 "of all"

              let telemetry =
                  measure "scale(2) | clip_norm(100) | clip_adaptive(1) | adam" tensors parameters gradient

              Expect.equal (telemetry["w"].ClippedShare, telemetry["b"].ClippedShare) (0.5, 0.0) "after another segment"
              let telemetry = measure "clip_global_norm(1) | adam" tensors parameters gradient
              Expect.equal (telemetry["w"].ClippedCount, telemetry["b"].ClippedCount) (4, 1) "over all tensors"
              Close.relative 1e-15 telemetry.RuleGradientNorm 1.0 "the norm at the rule"
              Close.relative 1e-15 telemetry.GradientNorm (sqrt 26.25) "the norm of the gradient")

          testCase "groups, frozen tensors and gates" (fun () ->
              let tensors = [ "a", [ 2 ]; "b", [ 1 ]; "c", [ 1 ] ]

              let optimizer =
                  "{ \"a\": clip_value(1) | fixed(lr=1), \"b\": freeze | fixed(lr=1), \"*\": accumulate(2) | adam }"

              let telemetry = measure optimizer tensors [| 2.0; 2.0; 2.0; 3.0 |] [| 3.0; 4.0; 5.0; 6.0 |]
              let outcomes = [ for tensor in telemetry.Tensors -> tensor.Outcome ]
              Expect.equal outcomes [ StepOutcome.Stepped; StepOutcome.Frozen; StepOutcome.Skipped ] "outcomes"
              Expect.equal (telemetry["a"].ClippedShare, telemetry["b"].ClippedShare) (1.0, 0.0) "clipped"
              let skipped = telemetry["c"]
              Expect.equal (skipped.GradientNorm, skipped.RuleGradientNorm, skipped.UpdateNorm) (6.0, 0.0, 0.0) "skipped"
              Expect.equal (skipped.ParameterNorm, skipped.UpdateRatio) (3.0, 0.0) "skipped"
              Close.relative 1e-15 telemetry.GradientNorm (sqrt 61.0) "without the frozen tensor"
              Close.relative 1e-15 telemetry.ParameterNorm (sqrt 17.0) "without the frozen tensor")

          testCase "a tensor without a gradient" (fun () ->
              let optimizer = Expression.parse "clip_value(1) | adam"
              let state = Optimizer.initFor<float> optimizer (Layout.OfShapes [ "a", [ 2 ]; "b", [ 1 ] ])

              let telemetry =
                  Telemetry.stepTensorsInPlace
                      optimizer
                      state
                      [ StepTensor.Of("b", [| 2.0 |], [| 3.0 |])
                        { Name = "a"; Parameters = Memory [| 1.0; 1.0 |]; Gradient = ValueNone } ]

              Expect.equal (telemetry["a"].Outcome, telemetry["b"].Outcome) (StepOutcome.NoGradient, StepOutcome.Stepped) "outcomes"
              Expect.equal (telemetry["a"].ParameterNorm, telemetry.ParameterNorm) (0.0, 2.0) "not measured"
              Expect.equal (telemetry.GradientNorm, telemetry.RuleGradientNorm) (3.0, 1.0) "norms")

          testCase "a text, and an unknown name" (fun () ->
              let telemetry =
                  measure "clip_norm(1) | fixed(lr=0.5)" [ "layers.0.weight", [ 2 ] ] [| 3.0; 4.0 |] [| 6.0; 8.0 |]

              Expect.equal (string telemetry) "‖g‖ 10, 1 at the rule, ‖Δ‖ 0.5, ‖w‖ 5, clipped 100 %, not finite 0 %" "text"

              Expect.throwsC (fun () -> telemetry["layers.0.weights"] |> ignore) (fun error ->
                  Expect.stringContains error.Message "Did you mean layers.0.weight?" "the nearest name")) ]

let private allocations =
    testCase "a step in place allocates its telemetry alone: at most 60 bytes a tensor, and 150" (fun () ->
        let optimizer = Expression.parse "clip_global_norm(1) | adam"
        let layout = Layout.OfShapes [ for k in 0..9 -> $"layers.{k}", [ 5 ] ]
        let state = Optimizer.initFor<float> optimizer layout
        let parameters, gradient = Array.create 50 1.0, Array.create 50 0.5

        let take count =
            for _ in 1..count do
                Telemetry.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient) |> ignore

        take 100
        let before = GC.GetAllocatedBytesForCurrentThread()
        take 100
        let bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / 100L
        Expect.isLessThanOrEqual bytes 750L "bytes a step")

let tests =
    testList "telemetry" [ inPrecision single; inPrecision Precision.double; examples; allocations ]
