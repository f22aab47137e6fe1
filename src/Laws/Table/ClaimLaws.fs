/// Laws about a rule that claims to be of a kind: it takes the steps of the library's rule.
module internal CuteDl.Laws.ClaimLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators

/// Lengths around every width of a vector register.
let private lengths = [ 1; 2; 3; 4; 5; 7; 8; 9; 15; 16; 17; 31; 32; 33; 63; 64; 65 ]

let private claimShapes (subject: Subject) : Gen<(string * int list) list> =
    if
        subject.Options.Shapes.IsEmpty
        && not (Subject.isGroups subject)
        && not (Subject.needsMatrix subject)
    then
        Gen.frequency [ 3, Gen.elements lengths |> Gen.map (fun length -> [ "", [ length ] ]); 1, shapes 4 subject ]
    else
        shapes 4 subject

/// Returns gradients of one scale. Some are 0, some seven times as large, and some have a mean that is not 0.
let private gradients (seed: int) (scale: float) (isDrifting: bool) (steps: int) (length: int) : float array array =
    let random = Random seed
    let sign () = float (2 * random.Next 2 - 1)
    let means = Array.init length (fun _ -> if isDrifting then 3.0 * sign () else 0.0)

    Array.init steps (fun _ ->
        Array.init length (fun i ->
            let size = Math.Pow(10.0, 2.0 * random.NextDouble() - 1.0)
            let g = means[i] + sign () * size

            match random.Next 20 with
            | 0 -> 0.0
            | 1 -> 7.0 * scale * g
            | _ -> scale * g))

let private claimCases (shapes: Gen<(string * int list) list>) (scales: Gen<float>) (fewest: int, most: int) : Gen<Case> =
    gen {
        let! case = cases shapes anywhere (Gen.constant 0.0) (1, 1) one
        let! steps = Gen.choose (fewest, most)
        let! scale = scales
        let! isDrifting = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        return { case with Gradients = gradients case.Choice scale isDrifting steps case.Length }
    }

/// The scales of gradients: usual ones, those of ε and of limits, all that single precision can square, and all that double can.
let private scales =
    Gen.frequency
        [ 4, logUniform 1e-3 1e3
          3, logUniform 1e-10 1e10
          2, logUniform 1e-17 1e16
          1, logUniform 1e-148 1e148 ]

let private ofClaims (law: Law) =
    { law with AppliesTo = "any with a claim" }
    |> Law.unless (fun subject ->
        if not (Subject.isClaim subject) then
            Some "concerns only custom rules that claim to be of a kind"
        elif Subject.isOf Rules.noise.Kind subject then
            Some "noise of the same deviation can have other values"
        else
            None)

let private sameSteps =
    Law.general
        "P33"
        "the library's rule"
        "a custom rule takes the steps of the library's rule that it claims to be, except for rounding, in both precisions"
        "the equations of the kind"
        (fun subject -> claimCases (claimShapes subject) scales (1, 64))
        Oracle.compare
    |> ofClaims

/// Two elements, or the tensors that the optimizer needs.
let private fewElements (subject: Subject) =
    if
        subject.Options.Shapes.IsEmpty
        && not (Subject.isGroups subject)
        && not (Subject.needsMatrix subject)
    then
        Gen.constant [ "", [ 2 ] ]
    else
        shapes 4 subject

let private longRun =
    { Law.general
          "P33"
          "the library's rule, long"
          "a custom rule takes the steps of the library's rule that it claims to be, except for rounding, for 1,200 steps"
          "the equations of the kind"
          (fun subject -> claimCases (fewElements subject) (logUniform 1e-3 1e3) (subject.Options.LongRun, subject.Options.LongRun))
          Oracle.compare with
        Shrinks = false }
    |> ofClaims
    |> Law.costly 2

let all = [ sameSteps; longRun ]
