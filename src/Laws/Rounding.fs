/// Runs the library's rule with disturbances that have the size of rounding.
module internal CuteDl.Laws.Rounding

open System
open CuteDl.Core.Optimizers
open CuteDl.Laws

/// The unit of rounding and the limits of a precision.
[<NoComparison; NoEquality>]
type Precision =
    {
        Name: string
        /// u, half the distance from 1 to the next number.
        Rounding: float
        /// η, the smallest number above 0.
        Smallest: float
        /// The gradients whose squares neither overflow nor underflow.
        Gradients: float * float
        /// A Δ beyond this is not compared.
        Largest: float
    }

let singlePrecision =
    { Name = "single"
      Rounding = 5.9604644775390625e-8
      Smallest = 1.401298464324817e-45
      Gradients = 1e-18, 1e18
      Largest = 1e34 }

let doublePrecision =
    { Name = "double"
      Rounding = 1.1102230246251565e-16
      Smallest = 4.94065645841246544e-324
      Gradients = 1e-150, 1e150
      Largest = 1e300 }

/// One source of rounding.
[<RequireQualifiedAccess; NoComparison; NoEquality>]
type Disturbance =
    | None
    | Slot of name: string * sign: float
    | Scalars of sign: float
    /// Everything, with random signs.
    | Everything of random: Random

let private ofArgument = 2.0
let ofValue = 4.0

/// True for an argument in [0, 1), such as the decay of a mean.
let private isDecay (argument: Argument) =
    let range = argument.Range
    range.Lower = 0.0 && range.Upper = 1.0 && not range.UpperIncluded

/// Returns 1/(1 − β) for the largest decay β among the arguments.
let private reach (oracle: Optimizer) : float =
    oracle.Kind.Arguments
    |> List.filter isDecay
    |> List.choose (fun argument -> Subject.valueOf argument.Name oracle)
    |> List.filter Double.IsFinite
    |> List.fold max 0.0
    |> fun decay -> 1.0 / (1.0 - decay)

/// A step of the reference: its states before and after.
[<Struct; NoEquality; NoComparison>]
type ReferenceStep = { Before: State<float>; After: State<float> }

/// Disturbs values where the step of the reference changes them, by the size of the operands there. It disturbs them before the step, so that
/// the Δ of the step changes too. Exact zeros stay.
let private disturb
    (precision: Precision)
    (reach: float)
    (sign: unit -> float)
    (before: ReadOnlySpan<float>)
    (after: ReadOnlySpan<float>)
    (values: Span<float>)
    : unit =
    for i in 0 .. values.Length - 1 do
        if after[i] <> before[i] && after[i] <> 0.0 && Double.IsFinite after[i] then
            let operands = abs before[i] + abs after[i] + reach * abs (after[i] - before[i])
            let value = values[i]

            let disturbed = value + sign () * ofValue * (precision.Rounding * operands + precision.Smallest)
            // A mean of squares must not become negative.
            let isNonnegative = value >= 0.0 && before[i] >= 0.0 && after[i] >= 0.0
            values[i] <- if isNonnegative then max disturbed (value / 2.0) else disturbed

/// Returns the number, or 0 for a whole number: counts are exact.
let private withoutCounts (scalars: float array) : float array =
    scalars
    |> Array.map (fun value -> if Math.Floor value = value && abs value < 1e9 then 0.0 else value)

/// The library's rule in double precision, with a disturbance.
[<Sealed>]
type Copy(optimizer: Optimizer, layout: Layout, precision: Precision, disturbance: Disturbance) =
    let mutable state = Optimizer.initFor<float> optimizer layout
    let reach = reach optimizer
    let slots = state.SlotNames

    let disturbedInput (random: Random) (values: float array) =
        values
        |> Array.map (fun value -> value * (1.0 + float (2 * random.Next 2 - 1) * ofValue * precision.Rounding))

    let disturbSlot (reference: ReferenceStep) (sign: unit -> float) (slot: string) =
        disturb precision reach sign reference.Before[slot].Span reference.After[slot].Span (state.WritableSlot slot).Span

    let disturbScalars (reference: ReferenceStep) (sign: unit -> float) =
        disturb
            precision
            reach
            sign
            (ReadOnlySpan(withoutCounts reference.Before.Scalars))
            (ReadOnlySpan(withoutCounts reference.After.Scalars))
            (Span state.Scalars)

    member _.Step(reference: ReferenceStep, parameters: float array, gradient: float array) : float array =
        let next, delta =
            match disturbance with
            | Disturbance.None -> Optimizer.stepAt optimizer state parameters gradient
            | Disturbance.Slot(name, sign) ->
                disturbSlot reference (fun () -> sign) name
                Optimizer.stepAt optimizer state parameters gradient
            | Disturbance.Scalars sign ->
                disturbScalars reference (fun () -> sign)
                Optimizer.stepAt optimizer state parameters gradient
            | Disturbance.Everything random ->
                let sign () = float (2 * random.Next 2 - 1)

                for slot in slots do
                    disturbSlot reference sign slot

                disturbScalars reference sign
                Optimizer.stepAt optimizer state (disturbedInput random parameters) (disturbedInput random gradient)

        state <- next
        delta

/// Returns the optimizers with one number argument a little larger, and a little smaller.
let private nearby (precision: Precision) (oracle: Optimizer) : Optimizer list list =
    [ for argument in oracle.Kind.Arguments do
          let changed (sign: float) =
              let factor = 1.0 + sign * ofArgument * precision.Rounding

              match oracle.Settings |> Seq.tryFind (fun pair -> pair.Key = argument.Name) with
              | Some pair ->
                  match pair.Value with
                  | Setting.Schedule schedule ->
                      [ Optimizer.schedule argument.Name (Schedule.Product(schedule, [ Schedule.Constant factor ])) oracle ]
                  | Setting.Plateau _ -> []
              | None ->
                  let value = Subject.valueOf argument.Name oracle |> Option.defaultValue nan

                  let other = if isDecay argument then value + sign * ofValue * precision.Rounding else value * factor

                  if Double.IsFinite value && other <> value && argument.Allows other then
                      [ Optimizer.set argument.Name other oracle ]
                  else
                      []

          match argument.Form with
          | ValueForm.Number -> changed 1.0 @ changed -1.0
          | ValueForm.Whole
          | ValueForm.Flag -> [] ]

/// Returns the disturbed copies. The copies of a list are directions of one source, of which the larger change counts.
let copies (precision: Precision) (oracle: Optimizer) (layout: Layout) (seed: int) : Copy list list =
    let copy optimizer disturbance = Copy(optimizer, layout, precision, disturbance)
    let state = Optimizer.initFor<float> oracle layout

    [ for optimizers in nearby precision oracle do
          [ for optimizer in optimizers -> copy optimizer Disturbance.None ]
      for slot in state.SlotNames do
          [ for sign in [ 1.0; -1.0 ] -> copy oracle (Disturbance.Slot(slot, sign)) ]
      if state.Scalars.Length > 0 then
          [ for sign in [ 1.0; -1.0 ] -> copy oracle (Disturbance.Scalars sign) ]
      for direction in 1..3 do
          [ copy oracle (Disturbance.Everything(Random(seed + direction))) ] ]
