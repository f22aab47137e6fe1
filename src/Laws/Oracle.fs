/// Compares an optimizer with the library's rule of the kind that it claims to be.
module internal CuteDl.Laws.Oracle

open System
open System.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Rounding

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
    [ fun () -> if isWithin doublePrecision case then compareIn<float> doublePrecision subject case else None
      fun () -> if isWithin singlePrecision case then compareIn<float32> singlePrecision subject case else None ]
    |> List.tryPick (fun check -> check ())
