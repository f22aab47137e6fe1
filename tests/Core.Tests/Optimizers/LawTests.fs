/// Laws that every rule of the table obeys, or is exempt from with a reason.
module CuteDl.Core.Tests.LawTests

open System
open Expecto
open CuteDl.Testing
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Precision
open CuteDl.Core.Tests.Subjects
open CuteDl.Core.Tests.Trajectory

let private case (optimizers: Gen<CuteDl.Core.Optimizers.Optimizer>) (gradients: Gen<float array array>) : Gen<Case> =
    Gen.map2 (fun optimizer gradients -> { Optimizer = optimizer; Gradients = gradients }) optimizers gradients

let private forAllSubjects (name: string) (cases: Subject -> Gen<'case>) (check: 'case -> unit) =
    testList name [ for subject in all -> property subject.Name (cases subject) check ]

let private holds (check: 'case -> unit) (case: 'case) =
    try
        check case
        true
    with :? AssertException ->
        false

/// A law that some rules are exempt from: those must break it, or the exemption has gone stale.
let private forAllButExempt (law: Law) (name: string) (cases: Subject -> Gen<'case>) (check: 'case -> unit) =
    testList
        name
        [ for subject in all do
              match exemption law subject with
              | None -> property subject.Name (cases subject) check
              | Some reason ->
                  testCase $"{subject.Name} is exempt, because {reason}, and does break the law" (fun () ->
                      let broken = samples 100 (cases subject) |> Array.exists (holds check >> not)
                      Expect.isTrue broken "a case in which the law does not hold") ]

let private signs (precision: Precision<'T>) =
    forAllSubjects
        "the opposite gradients give the opposite deltas, exactly"
        (fun subject -> case (optimizers subject) (someGradients 20 anySize))
        (fun case ->
            let plus = deltas precision case.Optimizer case.Gradients
            let minus = deltas precision case.Optimizer (case.Gradients |> Array.map (Array.map (~-)))
            Array.iter2 (fun a b -> expectSameNumbers (Array.map (fun d -> 'T.op_UnaryNegation d) a) b $"{case.Optimizer}") plus minus)

let private zeroGradient (precision: Precision<'T>) =
    let withoutEpsilon subject = optimizers subject |> Gen.map (change "eps" (fun _ -> 0.0))

    forAllSubjects
        "a zero gradient from the initial state gives a zero delta, with ε = 0 too"
        (fun subject -> case (Gen.oneof [ optimizers subject; withoutEpsilon subject ]) (someGradients 20 (Gen.constant 0.0)))
        (fun case ->
            for delta in deltas precision case.Optimizer case.Gradients do
                expectSameNumbers delta (Array.zeroCreate case.Length) $"{case.Optimizer}")

let private zerosInFront (precision: Precision<'T>) =
    forAllButExempt
        ZerosInFront
        "zero gradients in front change no later delta"
        (fun subject -> case (optimizers subject) (someGradients 20 anySize))
        (fun case ->
            let zeros = Array.init 3 (fun _ -> Array.zeroCreate case.Length)
            let expected = deltas precision case.Optimizer case.Gradients
            let actual = deltas precision case.Optimizer (Array.append zeros case.Gradients)
            Array.iter2 (fun a b -> expectSameBits precision a b $"{case.Optimizer}") actual[3..] expected)

let private permuted (precision: Precision<'T>) =
    forAllSubjects
        "permuting the elements permutes the deltas"
        (fun subject ->
            gen {
                let! case = case (optimizers subject) (someGradients 40 anySize)
                let! permutation = permutation case.Length
                return case, permutation
            })
        (fun (case, permutation) ->
            let permute (values: 'a array) = permutation |> Array.map (fun i -> values[i])
            let expected = deltas precision case.Optimizer case.Gradients |> Array.map permute
            let actual = deltas precision case.Optimizer (Array.map permute case.Gradients)
            Array.iter2 (fun a b -> expectSameBits precision a b $"{case.Optimizer}") actual expected)

let private split (precision: Precision<'T>) =
    forAllSubjects
        "the deltas of a part are the part of the deltas"
        (fun subject ->
            gen {
                let! case = case (optimizers subject) (someGradients 40 anySize)
                let! border = Gen.choose (0, case.Length)
                return case, border
            })
        (fun (case, border) ->
            let left, right = case.Gradients |> Array.map (Array.splitAt border) |> Array.unzip

            let actual =
                Array.map2 Array.append (deltas precision case.Optimizer left) (deltas precision case.Optimizer right)

            let expected = deltas precision case.Optimizer case.Gradients
            Array.iter2 (fun a b -> expectSameBits precision a b $"{case.Optimizer}") actual expected)

let private downhill (precision: Precision<'T>) =
    forAllSubjects
        "the first step goes downhill: ⟨Δ₁, g⟩ > 0, and no element goes up"
        (fun subject -> case (movingOptimizers subject) (gradients 1 8 (signed (logUniform 1e-3 1e3))))
        (fun case ->
            let delta = (deltas precision case.Optimizer case.Gradients)[0] |> Array.map precision.ToFloat
            let products = Array.map2 (*) delta case.Gradients[0]
            Expect.isTrue (Array.sum products > 0.0) $"{case.Optimizer}: ⟨Δ₁, g⟩ = {Array.sum products}"
            Expect.isTrue (products |> Array.forall (fun p -> p > 0.0)) $"{case.Optimizer}: every element")

let private rateMultiplies (precision: Precision<'T>) =
    forAllButExempt
        RateMultiplies
        "a rate 2ᵏ times as large gives deltas 2ᵏ times as large, exactly"
        (fun subject ->
            Gen.map2
                (fun case k -> case, k)
                (case (movingOptimizers subject) (someGradients 20 moderate))
                (Gen.elements [ -6; -1; 1; 2; 8 ]))
        (fun (case, k) ->
            let factor = Math.Pow(2.0, float k)
            let expected = deltas precision case.Optimizer case.Gradients
            let actual = deltas precision (change "lr" ((*) factor) case.Optimizer) case.Gradients
            let scale = Array.map (fun d -> 'T.op_Multiply (d, precision.Of factor))
            Array.iter2 (fun a b -> expectSameNumbers a (scale b) $"{case.Optimizer}") actual expected)

/// Q g, for a rotation in the plane of each two neighbours.
let private rotate (angle: float) (vector: float array) : float array =
    vector
    |> Array.chunkBySize 2
    |> Array.collect (fun pair -> [| cos angle * pair[0] - sin angle * pair[1]; sin angle * pair[0] + cos angle * pair[1] |])

let private rotation =
    forAllButExempt
        Rotation
        "rotating the gradients rotates the deltas, to rounding"
        (fun subject ->
            let gradients = Gen.choose (1, 12) |> Gen.bind (fun steps -> gradients steps 6 moderate)
            Gen.map2 (fun case angle -> case, angle) (case (movingOptimizers subject) gradients) (uniform 0.3 1.2))
        (fun (case, angle) ->
            let expected = doubles case.Optimizer case.Gradients |> Array.map (rotate angle)
            let actual = doubles case.Optimizer (case.Gradients |> Array.map (rotate angle))
            let largest = expected |> Array.collect (Array.map abs) |> Array.max

            Array.iter2 (Array.iter2 (fun a b -> Close.within (1e-13 * largest) a b $"{case.Optimizer}")) actual expected)

let private inPrecision (precision: Precision<'T>) =
    testList
        precision.Name
        [ signs precision
          zeroGradient precision
          zerosInFront precision
          permuted precision
          split precision
          downhill precision
          rateMultiplies precision ]

let tests = testList "laws" [ inPrecision single; inPrecision Precision.double; rotation ]
