/// Steps of whole optimizers, and what they leave behind.
module CuteDl.Core.Tests.AlgebraSteps

open System
open System.Numerics
open Expecto
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.AlgebraSamples

/// A state as the outside sees it: the step, all slots, all numbers.
type Picture<'T> = { Step: int64; Slots: (string * 'T array) list; Numbers: (string * float) list }

let picture (state: State<'T>) : Picture<'T> =
    { Step = state.Step
      Slots = [ for name in state.SlotNames -> name, state[name].ToArray() ]
      Numbers = state.Numbers }

let expectSamePicture (precision: Precision<'T>) (actual: Picture<'T>) (expected: Picture<'T>) (what: string) =
    Expect.equal actual.Step expected.Step $"{what}: step"
    Expect.equal (List.map fst actual.Slots) (List.map fst expected.Slots) $"{what}: names of slots"

    for (name, a), (_, b) in List.zip actual.Slots expected.Slots do
        Precision.expectSameBits precision a b $"{what}: slot {name}"

    Expect.equal (List.map fst actual.Numbers) (List.map fst expected.Numbers) $"{what}: names of numbers"

    for (name, a), (_, b) in List.zip actual.Numbers expected.Numbers do
        Precision.expectSameBits Precision.double [| a |] [| b |] $"{what}: number {name}"

/// w − Δ.
let taken<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (parameters: 'T array) (delta: 'T array) : 'T array =
    Array.map2 (fun (w: 'T) (d: 'T) -> 'T.op_Subtraction (w, d)) parameters delta

/// A pure step by element: the next state and parameters; both as before, and the message, if it is an error.
let pureStep (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) (gradient: 'T array) =
    try
        let next, delta = Optimizer.stepByElement optimizer state parameters gradient

        next, taken parameters delta, None
    with :? NonFiniteGradientException as error ->
        state, parameters, Some error.Message

let inPlaceStep (optimizer: Optimizer) (state: State<'T>) (parameters: 'T array) (gradient: 'T array) : string option =
    try
        Optimizer.stepInPlace optimizer state (Span parameters) (ReadOnlySpan gradient)
        None
    with :? NonFiniteGradientException as error ->
        Some error.Message

/// Steps in place from the beginning, each with its loss: the parameters after each, and the state at the end.
let trajectory (precision: Precision<'T>) (run: Run) : 'T array array * State<'T> =
    let state = Optimizer.initFor<'T> run.Optimizer run.Layout
    let parameters = precision.OfAll run.Parameters

    let all =
        [| for i in 0 .. run.Gradients.Length - 1 do
               inPlaceStep run.Optimizer state parameters (precision.OfAll run.Gradients[i]) |> ignore
               Optimizer.observeInPlace run.Optimizer state run.Losses[i]
               Array.copy parameters |]

    all, state

/// The run up to its first refused step. A part that refuses a step refuses it for the tensors of all groups.
let upToRefusal (precision: Precision<'T>) (run: Run) : Run =
    let state = Optimizer.initFor<'T> run.Optimizer run.Layout
    let parameters = precision.OfAll run.Parameters

    let isTaken (step: int) (gradient: float array) =
        let refusal = inPlaceStep run.Optimizer state parameters (precision.OfAll gradient)
        Optimizer.observeInPlace run.Optimizer state run.Losses[step]
        refusal.IsNone

    let taken = run.Gradients |> Seq.mapi isTaken |> Seq.takeWhile id |> Seq.length
    { run with Gradients = Array.truncate taken run.Gradients }

let expectSameTrajectory (precision: Precision<'T>) (actual: 'T array array) (expected: 'T array array) (what: string) =
    Expect.equal actual.Length expected.Length "steps"
    Array.iteri2 (fun i a b -> Precision.expectSameBits precision a b $"{what}: parameters after step {i + 1}") actual expected
