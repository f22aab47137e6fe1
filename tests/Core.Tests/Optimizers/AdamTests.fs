/// Adam: bias correction, and the bound on its steps.
module CuteDl.Core.Tests.AdamTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Trajectory

let private adam rate beta1 beta2 epsilon =
    Optimizer.create { Rules.adam.Defaults with LearningRate = rate; Beta1 = beta1; Beta2 = beta2; Epsilon = epsilon }

let private decays = Gen.zip (uniform 0.01 0.999) (uniform 0.01 0.9999)
let private nonZero = signed (logUniform 1e-3 1e3)

/// P8: v̂ = g and ŝ = g² at every step.
let private constantGradient =
    property "under a constant gradient Δ = α g / (|g| + ε) at every step, to rounding" (Gen.zip decays nonZero) (fun (decays, g) ->
        let beta1, beta2 = decays

        scalarDeltas (adam 0.01 beta1 beta2 1e-4) (Array.create 60 g)
        |> Array.iteri (fun i delta -> Close.relative 1e-10 delta (0.01 * g / (abs g + 1e-4)) $"step {i + 1}"))

let private firstStep =
    property "the first step does not depend on the decays, to rounding" (Gen.zip decays nonZero) (fun (decays, g) ->
        let beta1, beta2 = decays
        let delta = (scalarDeltas (adam 0.01 beta1 beta2 1e-4) [| g |])[0]
        let other = (scalarDeltas (adam 0.01 0.5 0.5 1e-4) [| g |])[0]
        Close.relative 1e-11 delta other "Δ₁")

/// v̂ = Σ γ₁^(t−i) g_i / Σ γ₁^(t−i), and ŝ likewise: corrected means weigh what there is, and only that.
let private weightedMeans =
    property
        "v̂ and ŝ are the weighted means of what came so far"
        (Gen.zip decays (Gen.arrayOfLength 12 moderate))
        (fun (decays, gradients) ->
            let beta1, beta2 = decays

            let mean (decay: float) (values: float array) =
                let weights = values |> Array.mapi (fun i _ -> decay ** float (values.Length - 1 - i))
                Array.sum (Array.map2 (*) weights values) / Array.sum weights

            scalarDeltas (adam 0.01 beta1 beta2 1e-4) gradients
            |> Array.iteri (fun i delta ->
                let soFar = gradients[..i]
                let first, second = mean beta1 soFar, mean beta2 (soFar |> Array.map (fun g -> g * g))
                // The mean of gradients may cancel, so its error is measured against the largest term.
                let scale = 0.01 * (soFar |> Array.map abs |> Array.max) / (sqrt second + 1e-4)
                Close.within (1e-9 * scale + 1e-300) delta (0.01 * first / (sqrt second + 1e-4)) $"Δ at step {i + 1}"))

/// The document's printed formula has √s for √ŝ; its code and the paper correct both.
let private correctsUnderTheRoot =
    testCase "the second moment is corrected under the root" (fun () ->
        let delta = (scalarDeltas (adam 0.1 0.9 0.99 0.0) [| 2.0 |])[0]
        Close.relative 1e-12 delta 0.1 "with √s it would be 1, ten times as large")

let private correctionVanishes =
    testCase "late corrections are 1: v̂ → v and ŝ → s" (fun () ->
        let gradients = Array.init 6000 (fun i -> [| cos (float i) |])
        let delta, state = pure' Precision.double (adam 0.1 0.9 0.99 1e-8) gradients
        let v, s = state["average"].ToArray()[0], state["square_average"].ToArray()[0]
        Close.relative 1e-12 (Array.last delta).[0] (0.1 * v / (sqrt s + 1e-8)) "Δ without corrections")

let private slots =
    property "the slots are the uncorrected means" (Gen.zip decays (Gen.arrayOfLength 10 moderate)) (fun (decays, gradients) ->
        let beta1, beta2 = decays
        let _, state = pure' Precision.double (adam 0.01 beta1 beta2 1e-8) (Array.map Array.singleton gradients)
        let mean decay = Array.fold (fun mean g -> decay * mean + (1.0 - decay) * g) 0.0
        let squares = gradients |> Array.map (fun g -> g * g)
        Expect.equal (state["average"].ToArray()) [| mean beta1 gradients |] "average"
        Expect.equal (state["square_average"].ToArray()) [| mean beta2 squares |] "square_average")

/// P12, by Cauchy and Schwarz; the bound printed in the paper is not a worst case.
let private bound =
    let limit (beta1: float) (beta2: float) (t: int) =
        let sum = Seq.sum (seq { for k in 0 .. t - 1 -> (beta1 * beta1 / beta2) ** float k })

        (1.0 - beta1) / (1.0 - beta1 ** float t)
        * sqrt ((1.0 - beta2 ** float t) / (1.0 - beta2))
        * sqrt sum

    testList
        "with ε = 0, |Δ_t|/α"
        [ property
              "≤ (1−γ₁)/(1−γ₁ᵗ) · √((1−γ₂ᵗ)/(1−γ₂)) · √Σ(γ₁²/γ₂)ᵏ for any gradients"
              (Gen.zip decays (Gen.arrayOfLength 20 nonZero))
              (fun ((beta1, beta2), gradients) ->
                  scalarDeltas (adam 1.0 beta1 beta2 0.0) gradients
                  |> Array.iteri (fun i delta ->
                      Expect.isTrue (abs delta <= limit beta1 beta2 (i + 1) * (1.0 + 1e-9)) $"Δ = {delta} at step {i + 1}"))
          testCase "attains the bound for g_t ∝ (γ₂/γ₁)ᵗ" (fun () ->
              let gradients = Array.init 20 (fun i -> (0.99 / 0.9) ** float i)
              let delta = scalarDeltas (adam 1.0 0.9 0.99 0.0) gradients |> Array.last
              Close.relative 1e-10 delta (limit 0.9 0.99 20) "Δ₂₀") ]

let tests =
    testList
        "adam"
        [ constantGradient
          firstStep
          weightedMeans
          correctsUnderTheRoot
          correctionVanishes
          slots
          bound ]
