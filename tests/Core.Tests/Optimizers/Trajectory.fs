/// Running optimizers over a sequence of gradients, in each of the ways there are.
module CuteDl.Core.Tests.Trajectory

open System
open System.Numerics
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers

/// An optimizer and the gradients that it is given.
type Case =
    { Optimizer: Optimizer
      Gradients: float array array }

    member case.Length = case.Gradients[0].Length

/// Pure steps from a state: every Δ, and the state at the end.
let pureFrom (optimizer: Optimizer) (state: State<'T>) (gradients: 'T array array) : 'T array array * State<'T> =
    gradients
    |> Array.mapFold
        (fun state gradient ->
            let next, delta = Optimizer.step optimizer state gradient
            delta, next)
        state

/// Pure steps from the initial state.
let pure' (precision: Precision<'T>) (optimizer: Optimizer) (gradients: float array array) : 'T array array * State<'T> =
    pureFrom optimizer (Optimizer.init<'T> optimizer gradients[0].Length) (Array.map precision.OfAll gradients)

/// Every Δ of pure steps from the initial state.
let deltas (precision: Precision<'T>) (optimizer: Optimizer) (gradients: float array array) : 'T array array =
    fst (pure' precision optimizer gradients)

/// Every Δ in double.
let doubles (optimizer: Optimizer) (gradients: float array array) : float array array = deltas Precision.double optimizer gradients

/// Every Δ in double of one element.
let scalarDeltas (optimizer: Optimizer) (gradients: float array) : float array =
    doubles optimizer (gradients |> Array.map Array.singleton) |> Array.map Array.head

/// All slots of a state, one after another.
let slots (state: State<'T>) : 'T array =
    [| for name in state.SlotNames do
           yield! state[name].ToArray() |]

/// Δ of each step of a rule over exact fractions, from slots that start at 0. The rule may change from step to step.
let exactWith (ruleAt: int64 -> IRule) (gradients: float array array) : Rational array array =
    let length = gradients[0].Length
    let block = Array.create ((ruleAt 1L).Slots.Count * length) (Rational.Of 0)

    gradients
    |> Array.mapi (fun i gradient ->
        let step = int64 (i + 1)
        Optimizer.stepElements (ruleAt step) step (Array.map (fun (g: float) -> Rational.Of g) gradient) block)

/// Δ of each step of a rule over exact fractions.
let exact (rule: IRule) (gradients: float array array) : Rational array array = exactWith (fun _ -> rule) gradients

/// Δ of each step of a rule over single doubles, from given slots: for states that the rule itself would not begin with.
let fromSlots (ruleAt: int64 -> IRule) (firstStep: int64) (block: float array) (gradients: float array array) : float array array =
    let elements = Array.map (fun (value: float) -> Scalar<float> value) block

    let result =
        gradients
        |> Array.mapi (fun i gradient ->
            let step = firstStep + int64 i
            let gradient = gradient |> Array.map (fun (g: float) -> Scalar<float> g)
            Optimizer.stepElements (ruleAt step) step gradient elements |> Array.map _.Value)

    elements |> Array.iteri (fun i element -> block[i] <- element.Value)
    result
