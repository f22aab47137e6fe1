/// The fixed rate, exactly: Δ = α g over fractions.
module CuteDl.Core.Tests.FixedTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Trajectory

let private fraction (value: float) = Rational.Of value
let private zero = Rational.Of 0
let private rule rate : IRule = { Fixed.LearningRate = rate }

let private dot (a: Rational array) (b: Rational array) = Array.map2 (*) a b |> Array.fold (+) zero

let private delta =
    property "Δ = α g, exactly" (Gen.zip dyadicRate (someGradients 8 dyadic)) (fun (rate, gradients) ->
        let expected = gradients |> Array.map (Array.map (fun g -> fraction rate * fraction g))
        Expect.equal (exact (rule rate) gradients) expected "Δ")

/// P6, first half.
let private quadratic =
    let cases = Gen.zip3 dyadicRate dyadic (Gen.choose (0, 12))

    property "on ½λx², x_t = (1−αλ)ᵗ x₀, exactly" cases (fun (rate, curvature, steps) ->
        let start = fraction 3.0
        let mutable x = start

        for step in 1..steps do
            let gradient = [| fraction curvature * x |]
            x <- x - (Optimizer.stepElements (rule rate) (int64 step) gradient [||])[0]

        let factor = Rational.Of 1 - fraction rate * fraction curvature
        let expected = Seq.replicate steps factor |> Seq.fold (*) start
        Expect.equal x expected "x")

/// P7, from expanding ‖x_{t+1} − u‖² = ‖x_t − αg_t − u‖².
let private regret =
    let cases =
        gen {
            let! rate = dyadicRate
            let! steps = Gen.choose (1, 10)
            let! start = Gen.arrayOfLength 4 dyadic
            let! comparator = Gen.arrayOfLength 4 dyadic
            let! gradients = gradients steps 4 dyadic
            return rate, start, comparator, gradients
        }

    property
        "for any gradients and any u: Σ⟨g_t, x_t−u⟩ = (‖x₁−u‖² − ‖x_{T+1}−u‖²)/2α + (α/2) Σ‖g_t‖², exactly"
        cases
        (fun (rate, start, comparator, gradients) ->
            let u = Array.map fraction comparator
            let difference (x: Rational array) = Array.map2 (-) x u
            let mutable x = Array.map fraction start
            let first = difference x
            let mutable sum = zero
            let mutable squares = zero

            for gradient, delta in Array.zip gradients (exact (rule rate) gradients) do
                let g = Array.map fraction gradient
                sum <- sum + dot g (difference x)
                squares <- squares + dot g g
                x <- Array.map2 (-) x delta

            let last = difference x
            let half = fraction 0.5
            let alpha = fraction rate
            Expect.equal sum ((dot first first - dot last last) * half / alpha + half * alpha * squares) "the identity")

let private stops =
    property "when the gradient vanishes the fixed rate stops at once" (someGradients 8 moderate) (fun gradients ->
        let zeros = Array.create gradients[0].Length 0.0
        let deltas = doubles (Optimizer.create { LearningRate = 0.5 }) (Array.append gradients [| zeros |])
        Expect.all (Array.last deltas) ((=) 0.0) "Δ")

let tests = testList "fixed" [ delta; quadratic; regret; stops ]
