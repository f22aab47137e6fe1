/// Gradients so small or so large that their squares are not to be represented.
module CuteDl.Core.Tests.ExtremeTests

open System
open System.Numerics
open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.Trajectory

/// A matrix of one element, which all rules take.
let private layout = Layout.OfShapes [ "first", [ 1; 1 ]; "second", [ 1; 1 ] ]

/// Steps in place from w = 1 of both tensors: Δ of the second at each step, and the state. The first has a gradient of its own, or the same.
let private stepsOf
    (precision: Precision<'T>)
    (first: float option)
    (optimizer: Optimizer)
    (gradients: float array)
    : float array * State<'T> =
    let state = Optimizer.initFor<'T> optimizer layout
    let parameters = [| precision.Of 1.0; precision.Of 1.0 |]

    let all =
        [| for g in gradients do
               let gradient = [| precision.Of(defaultArg first g); precision.Of g |]

               let _, delta = Optimizer.stepAt optimizer state parameters gradient

               Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)
               precision.ToFloat delta[1] |]

    all, state

/// Each rule by its name, with every ε as small as is allowed.
let private withoutEpsilon (kind: RuleKind) : Optimizer =
    kind.Arguments
    |> List.filter (fun argument -> argument.Name.StartsWith "eps" && argument.Range.LowerIncluded)
    |> List.fold (fun optimizer argument -> Optimizer.set argument.Name argument.Range.Lower optimizer) (Expression.parse kind.Name)

/// Without ε a root of squares that have underflowed must not be divided by as if it were exact.
let private tiny (precision: Precision<'T>) (smallest: int) =
    testList
        $"a tiny gradient takes no longer steps than a gradient of 1 ({precision.Name})"
        [ for kind in Rules.all do
              testCase kind.Name (fun () ->
                  let optimizer = withoutEpsilon kind

                  let longest g =
                      stepsOf precision None optimizer (Array.create 8 g) |> fst |> Array.map abs |> Array.max

                  let usual = longest 1.0

                  // Newton and Schulz's polynomial is not monotone, so that muon's steps differ by less than a factor of 2.
                  for power in 1..smallest do
                      Expect.isLessThanOrEqual (longest (Math.Pow(10.0, float -power))) (2.0 * usual) $"1e-{power}") ]

let private smallestGradient =
    testCase "adam without ε takes whole steps down to the smallest gradient that it documents, and shorter ones below" (fun () ->
        let first (precision: Precision<'T>) (g: float) =
            (stepsOf precision (Some 1.0) (Expression.parse "adam(lr=0.001, eps=0)") [| g |] |> fst)[0]

        for g in [ 1.0; 1e-10; 1e-17 ] do
            Close.relative 1e-4 (first single g) 0.001 $"{g} in single precision"

        for g in [ 1.0; 1e-100; 1e-152 ] do
            Close.relative 1e-9 (first Precision.double g) 0.001 $"{g} in double precision"

        Close.relative 1e-3 (first single 1e-23) (0.001 * 1e-23 / 1.0842e-19) "below, in proportion"
        Close.relative 1e-3 (first Precision.double 1e-170) (0.001 * 1e-170 / 1.4917e-154) "below, in proportion")

/// Rules that keep squares of gradients, in slots or in numbers.
let private huge =
    testList
        "a gradient too large to square is told of, with its tensor, or does no lasting harm"
        [ for kind in Rules.all do
              testCase kind.Name (fun () ->
                  let gradients = Array.append [| 1.0; 2e19 |] (Array.create 20 1.0)

                  let told, state =
                      try
                          None, Some(snd (stepsOf single (Some 1.0) (Expression.parse kind.Name) gradients))
                      with :? NonFiniteStateException as error ->
                          Some error, None

                  match told, state with
                  | Some error, _ ->
                      Expect.equal (error.TensorName, error.Element) ("second", 0) error.Message
                      Expect.stringContains error.Message "of 'second'" "the tensor"
                      Expect.stringContains error.Message error.SlotName "the slot"
                  | None, Some state ->
                      Expect.all (slots state) Single.IsFinite "slots"
                      Expect.all state.Numbers (snd >> Double.IsFinite) "numbers"
                  | None, None -> failtest "neither"

                  // With the check in front the step is left out, and all goes on.
                  let optimizer = Optimizer.chain [ Expression.parse "skip_non_finite"; Expression.parse kind.Name ]
                  let skipping, state = stepsOf single (Some 1.0) optimizer gradients
                  Expect.equal skipping[1] 0.0 "the step is left out"
                  Expect.all (slots state) Single.IsFinite "slots behind the check") ]

/// Δ = g, with an infinity in the slot.
[<Struct; NoEquality; NoComparison>]
type private EndlessUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Endless: 'E }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            slots[0] <- update.Endless
            g

type private Endless() =
    interface IRule with
        member _.Slots = [ "bound" ]
        member _.NeedsParameters = false
        member _.Update(_, loop) = loop.Run { EndlessUpdate.Endless = loop.Lift infinity }

type private DeclaredEndless() =
    interface INonFiniteState

    interface IRule with
        member _.Slots = [ "bound" ]
        member _.NeedsParameters = false
        member _.Update(_, loop) = loop.Run { EndlessUpdate.Endless = loop.Lift infinity }

let private reported =
    testList
        "infinite slots"
        [ testCase "of adam in single precision are reported within 16 steps, and nothing changes by that" (fun () ->
              let optimizer = Expression.parse "clip_value(1e30) | adam"
              let state = Optimizer.initFor<float32> optimizer (Layout.OfShapes [ "a", [ 5000 ]; "b", [ 3 ] ])
              let parameters = Array.create 5003 1f
              let gradient = Array.create 5003 1f
              let bad = Array.copy gradient
              bad[5001] <- 2e19f
              Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan bad)

              for _ in 2..16 do
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)

              let before = Array.copy parameters

              for _ in 1..2 do
                  try
                      Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)
                      failtest "nothing was said"
                  with :? NonFiniteStateException as error ->
                      Expect.equal
                          (error.SlotName, error.TensorName, error.Element, error.Value)
                          ("2.adam.square_average", "b", 1, infinity)
                          error.Message

              Expect.equal parameters before "parameters"
              Expect.equal state.Step 16L "steps")
          testCase "are not reported for parameters that are not finite, which show by themselves" (fun () ->
              let optimizer = Expression.parse "adam"
              let state = Optimizer.init<float> optimizer 2
              let parameters = [| 1.0; 1.0 |]

              for _ in 1..40 do
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan [| nan; 1.0 |])

              Expect.isTrue (Double.IsNaN parameters[0]) "parameters")
          testCase "are not reported for a custom rule that declares them" (fun () ->
              let run (rule: IPart) =
                  let optimizer = Optimizer.ofRule "mine" rule
                  let state = Optimizer.init<float> optimizer 2
                  let parameters = [| 0.0; 0.0 |]

                  for _ in 1..40 do
                      Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan [| 1.0; -1.0 |])

                  parameters

              Expect.equal (run (DeclaredEndless())) [| -40.0; 40.0 |] "parameters"
              Expect.throwsT<NonFiniteStateException> (fun () -> run (Endless()) |> ignore) "not declared")
          testCase "are reported of a number for all tensors, whichever tensor has finite parameters" (fun () ->
              // As many numbers as tensors, but none of a single tensor.
              let optimizer = Expression.parse "prodigy"
              let state = Optimizer.initFor<float> optimizer layout
              Expect.equal state.Numbers.Length 2 "numbers"
              state.Scalars[1] <- nan

              try
                  Optimizer.stepInPlace optimizer state (Span [| 1.0; nan |]) (ReadOnlySpan [| 1.0; 1.0 |])
                  failtest "nothing was said"
              with :? NonFiniteStateException as error ->
                  Expect.equal (error.SlotName, error.TensorName) ("product", "first") error.Message)
          testCase "are reported of numbers too" (fun () ->
              let optimizer = Expression.parse "novograd"
              let state = Optimizer.initFor<float> optimizer layout
              let parameters = [| 1.0; 1.0 |]

              let step g =
                  Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan [| 1.0; g |])

              step 1e200

              for _ in 2..16 do
                  step 1.0

              try
                  step 1.0
                  failtest "nothing was said"
              with :? NonFiniteStateException as error ->
                  Expect.stringContains error.Message "square_norm.1" "the number") ]

let private skips (precision: Precision<'T>) (limit: float) =
    testCase $"skip_non_finite leaves out gradients too large to square ({precision.Name})" (fun () ->
        let optimizer = Expression.parse "skip_non_finite | fixed(lr=1)"

        for length in [ 1; 7; 100 ] do
            for g, isSkipped in [ limit * 0.99, false; limit * 1.01, true; -limit * 1.01, true; infinity, true; nan, true ] do
                let gradient = Array.create length (precision.Of 1.0)
                gradient[length / 2] <- precision.Of g

                let _, delta = Optimizer.step optimizer (Optimizer.init<'T> optimizer length) gradient

                Expect.equal (Array.forall (fun d -> d = 'T.Zero) delta) isSkipped $"{g} among {length}")

/// iRprop⁻ needs signs alone.
let private rprop =
    property
        "rprop's steps depend on signs alone, however small or large the gradients"
        (Gen.zip (Gen.elements [ 1e-23; 1e-40; 1e-10; 1e10; 1e30 ]) (Gen.arrayOfLength 12 (Gen.elements [ -1.0; 0.0; 1.0 ])))
        (fun (scale, signs) ->
            let optimizer = Expression.parse "rprop"
            let run (scale: float) = deltas single optimizer (signs |> Array.map (fun sign -> [| sign * scale |]))
            Array.iter2 (fun a b -> expectSameBits single a b $"times {scale}") (run scale) (run 1.0))

let private infiniteNorm =
    testCase "a norm that is infinite makes finite elements 0 and infinite ones NaN, and skip_non_finite leaves the step out" (fun () ->
        let delta (text: string) =
            let optimizer = Expression.parse text

            let _, delta = Optimizer.step optimizer (Optimizer.init<float> optimizer 3) [| 1.0; infinity; -2.0 |]

            delta

        for clip in [ "clip_norm(1)"; "clip_global_norm(1)" ] do
            let clipped = delta clip
            Expect.equal (clipped[0], clipped[2]) (0.0, -0.0) clip
            Expect.isTrue (Double.IsNaN clipped[1]) clip
            Expect.equal (delta $"skip_non_finite | {clip}") [| 0.0; 0.0; 0.0 |] "skipped")

let tests =
    testList
        "extreme gradients"
        [ tiny single 45
          tiny Precision.double 320
          smallestGradient
          huge
          reported
          skips single (sqrt (float Single.MaxValue))
          skips Precision.double (sqrt Double.MaxValue)
          rprop
          infiniteNorm ]
