/// Compares an optimizer with the library's rule of the kind that it claims to be.
module internal CuteDl.Laws.Oracle

open System
open System.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Laws

// How far may a correct rule be from the library's? Both compute the same real numbers, but round in other places. Textbook error analysis
// writes each rounding as a small relative change of an operand: fl(a + b) = (a + b)(1 + δ) with |δ| ≤ u. So a rule that computes in
// precision u has the exact result for slightly changed arguments, inputs and slots. The size of the resulting change of Δ depends on the
// case: a mean that cancels, a root near 0, or a decay near 1 magnifies it.
//
// The bound is therefore measured. The reference is the library's rule in double precision. Beside it run copies of it, each with one
// source of rounding disturbed in the same direction at every step, which is the worst case for sums and means:
//
// - each number argument: a decay β by ± 4u, others by ± 2u of their value. A constant of the step such as 1 − β or α/(1 − βᵗ) can be
//   rounded before or after it is computed. The form m + (1 − β)(x − m) rounds to the digits of m, even for β = 0;
// - each slot that a step changes, by ± 4u (|before| + |after| + |after − before|/(1 − β)) + 4η, where η is the smallest number and β the
//   largest decay. |before| counts because the operands of a mean can be much larger than the mean. The quotient is the distance from the
//   mean to its newest value x: the form x + β (m − x) rounds to the digits of x, which at first is much larger than the mean;
// - the numbers that the state keeps, likewise;
// - three copies with everything above 4u random at each step: gradients, parameters, slots and numbers, each element with a sign of its
//   own. They show the cancellation in sums over elements.
//
// The tolerance of an element in a step is the sum of these changes of Δ, plus
//
// - 8u |Δ|, for the last operations;
// - 4u |w| if a side needs the parameters, because w' = w (1 − αλ) − ... rounds to the digits of w;
// - four times the distance between the reference and the library's rule in the precision of the subject. This covers the limits of the
//   precision itself: squares that lose digits, or smallest divisors.
//
// All copies and the subject get the same parameters: those of the reference, rounded to the precision of the subject. So a difference in
// one step does not move the parameters of the next. Where a jump is within the disturbances (the sign of a mean that is almost 0), one of
// them jumps too.

/// The unit of rounding and the limits of a precision.
[<NoComparison; NoEquality>]
type private Precision =
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

let private single =
    { Name = "single"
      Rounding = 5.9604644775390625e-8
      Smallest = 1.401298464324817e-45
      Gradients = 1e-18, 1e18
      Largest = 1e34 }

let private double =
    { Name = "double"
      Rounding = 1.1102230246251565e-16
      Smallest = 4.94065645841246544e-324
      Gradients = 1e-150, 1e150
      Largest = 1e300 }

/// One source of rounding.
[<RequireQualifiedAccess; NoComparison; NoEquality>]
type private Disturbance =
    | None
    | Slot of name: string * sign: float
    | Scalars of sign: float
    /// Everything, with random signs.
    | Everything of random: Random

let private ofArgument = 2.0
let private ofValue = 4.0

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
type private ReferenceStep = { Before: State<float>; After: State<float> }

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
type private Copy(optimizer: Optimizer, layout: Layout, precision: Precision, disturbance: Disturbance) =
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

/// Returns the library's rule of the claimed kind, with the values and schedules of the subject.
let ofClaim (subject: Subject) : Optimizer =
    let kind = subject.Kind

    let settings =
        [ for argument in kind.Arguments do
              for pair in Subject.schedulesOf subject.Optimizer do
                  if pair.Key = argument.Name then
                      argument, Setting.Schedule pair.Value ]

    let part =
        kind.Arguments
        |> List.fold (fun part argument -> argument.Set(part, Subject.value argument.Name subject)) kind.Defaults

    Optimizer(OptimizerTree.Single(kind, part, settings))

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
let private copies (precision: Precision) (oracle: Optimizer) (layout: Layout) (seed: int) : Copy list list =
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

/// Returns Δ, or None if the library's rule itself cannot continue: its slots are then beyond the precision.
let private within (precision: Precision) (step: unit -> float array) : float array option =
    try
        let delta = step ()
        if delta |> Array.forall (fun d -> abs d <= precision.Largest) then Some delta else None
    with :? NonFiniteException ->
        None

/// Adds the largest changes among the directions of each source to the tolerances.
let private addChanges (tolerance: float array) (reference: float array) (changed: float array list) : unit =
    for i in 0 .. reference.Length - 1 do
        let largest =
            changed |> List.fold (fun most (delta: float array) -> max most (abs (delta[i] - reference[i]))) 0.0

        tolerance[i] <- tolerance[i] + largest

let private compareIn<'T when 'T: unmanaged and 'T :> IFloatingPointIeee754<'T>> (precision: Precision) (subject: Subject) (case: Case) =
    let toT = Array.map (fun (value: float) -> 'T.CreateTruncating value)
    let fromT = Array.map (fun (value: 'T) -> Double.CreateTruncating value)
    let layout = Layout.OfShapes case.Shapes
    let oracle = ofClaim subject
    let mutable reference = Optimizer.initFor<float> oracle layout
    let disturbed = copies precision oracle layout case.Choice
    let usesParameters = Subject.usesParameters oracle || Subject.usesParameters subject.Optimizer
    let mutable inPrecision = Optimizer.initFor<'T> oracle layout
    let mutable state = Optimizer.initFor<'T> subject.Optimizer layout
    let mutable parameters = toT case.Start
    let mutable complaint = None
    let mutable t = 0

    while complaint.IsNone && t < case.Steps do
        let gradient = toT case.Gradients[t]
        let w = fromT parameters
        let g = fromT gradient

        let ofLibrary () =
            let next, delta = Optimizer.stepAt oracle inPrecision parameters gradient
            inPrecision <- next
            fromT delta

        let before = reference

        let ofReference () =
            let next, delta = Optimizer.stepAt oracle before w g
            reference <- next
            delta

        let expected = within precision ofReference
        let rounded = expected |> Option.bind (fun _ -> within precision ofLibrary)

        let changes =
            rounded
            |> Option.bind (fun _ ->
                let step = { Before = before; After = reference }

                let changes =
                    [ for directions in disturbed -> [ for copy in directions -> within precision (fun () -> copy.Step(step, w, g)) ] ]

                if changes |> List.forall (List.forall _.IsSome) then
                    Some(changes |> List.map (List.choose id))
                else
                    None)

        match expected, rounded, changes with
        | Some expected, Some rounded, Some changes ->
            let next, delta = Optimizer.stepAt subject.Optimizer state parameters gradient
            state <- next
            let came = fromT delta
            let u = precision.Rounding

            let tolerance =
                Array.init expected.Length (fun i ->
                    2.0 * ofValue * u * abs expected[i]
                    + (if usesParameters then ofValue * u * abs w[i] else 0.0)
                    + 4.0 * abs (rounded[i] - expected[i])
                    + ofValue * precision.Smallest)

            for changed in changes do
                addChanges tolerance expected changed

            match
                Seq.init expected.Length id
                |> Seq.tryFind (fun i -> not (abs (came[i] - expected[i]) <= tolerance[i]))
            with
            | Some i ->
                let place = if expected.Length = 1 then "" else $" of element {i}"

                complaint <-
                    Some
                        $"expected Δ{Case.index (t + 1)}{place} = {Case.number expected[i]} ± {Case.number tolerance[i]} as {oracle}, got {Case.number came[i]} in {precision.Name} precision"
            | None ->
                parameters <- toT (Array.map2 (-) w expected)
                t <- t + 1
        | _ -> t <- case.Steps

    complaint

let private isWithin (precision: Precision) (case: Case) : bool =
    let least, most = precision.Gradients

    case.Gradients |> Array.forall (Array.forall (fun g -> g = 0.0 || least <= abs g && abs g <= most))

/// Compares the steps of the subject with those of the library's rule. A precision whose range of squares the gradients leave is left out.
let compare (subject: Subject) (case: Case) : string option =
    [ fun () -> if isWithin double case then compareIn<float> double subject case else None
      fun () -> if isWithin single case then compareIn<float32> single subject case else None ]
    |> List.tryPick (fun check -> check ())
