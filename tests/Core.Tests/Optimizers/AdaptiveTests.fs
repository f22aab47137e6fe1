/// Adagrad, RMSProp and Adadelta: what the document and the papers say of rates that adapt.
module CuteDl.Core.Tests.AdaptiveTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Trajectory

let private adagrad rate epsilon =
    Optimizer.create { Rules.adagrad.Defaults with LearningRate = rate; Epsilon = epsilon }

let private rmsProp rate decay epsilon =
    Optimizer.create { Rules.rmsProp.Defaults with LearningRate = rate; Decay = decay; Epsilon = epsilon }

/// One element's gradients, 1 to 40 of them.
let private sequence elements = Gen.choose (1, 40) |> Gen.bind (fun n -> Gen.arrayOfLength n elements)

let private nonZero = signed (logUniform 1e-3 1e3)

/// A slot of one element after each step.
let private slotAfter (name: string) (optimizer: Optimizer) (gradients: float array) =
    [| for steps in 1 .. gradients.Length do
           let _, state = pure' Precision.double optimizer (gradients[.. steps - 1] |> Array.map Array.singleton)
           state[name].ToArray()[0] |]

let private adagradTests =
    testList
        "adagrad"
        [ property "the sum of squares never falls, and the effective rate never rises" (sequence nonZero) (fun gradients ->
              let sums = slotAfter "square_sum" (adagrad 0.1 1e-6) gradients
              Expect.isAscending sums "s"
              let rates = Array.map2 (fun delta g -> delta / g) (scalarDeltas (adagrad 0.1 1e-6) gradients) gradients
              // The quotient Δ/g is rounded once more.
              for before, after in Array.pairwise rates do
                  Expect.isTrue (after <= before * (1.0 + 4e-16)) $"Δ/g went from {before} to {after}")
          property "|Δ| ≤ α for any gradients" (Gen.zip (logUniform 1e-4 1.0) (sequence anySize)) (fun (rate, gradients) ->
              for delta in scalarDeltas (adagrad rate 1e-6) gradients do
                  Expect.isTrue (abs delta <= rate * (1.0 + 1e-15)) $"Δ = {delta}, α = {rate}")
          property "the sum does not depend on the order of gradients" (Gen.arrayOfLength 30 dyadic) (fun gradients ->
              let last gradients = slotAfter "square_sum" (adagrad 0.1 1e-6) gradients |> Array.last
              // Squares of small dyadic numbers add up without rounding.
              Expect.equal (last (Array.rev gradients)) (last gradients) "s of the reversed"
              Expect.equal (last (Array.sort gradients)) (last gradients) "s of the sorted")
          property "under a constant gradient and ε = 0, |Δ_t| = α/√t" nonZero (fun g ->
              scalarDeltas (adagrad 0.1 0.0) (Array.create 50 g)
              |> Array.iteri (fun i delta -> Close.relative 1e-14 (abs delta) (0.1 / sqrt (float (i + 1))) $"step {i + 1}"))
          testCase "Δ → 0 for bounded gradients" (fun () ->
              let deltas = scalarDeltas (adagrad 0.1 1e-6) (Array.init 10000 (fun i -> cos (float i)))
              Expect.all deltas[9000..] (fun delta -> abs delta < 2e-3) "Δ of the last steps")
          property "√S_T ≤ Σ g_t²/√S_t ≤ 2√S_T for any gradients (Duchi 2011)" (sequence nonZero) (fun gradients ->
              let deltas = scalarDeltas (adagrad 1.0 0.0) gradients
              let sum = Array.map2 (*) gradients deltas |> Array.sum
              let root = sqrt (gradients |> Array.sumBy (fun g -> g * g))
              Expect.isTrue (root <= sum * (1.0 + 1e-13)) $"√S = {root}, sum = {sum}"
              Expect.isTrue (sum <= 2.0 * root * (1.0 + 1e-13)) $"2√S = {2.0 * root}, sum = {sum}")
          property
              "ε inside the root with an initial sum a is ε = 0 with the initial sum a + ε"
              (Gen.zip3 (logUniform 1e-3 1.0) (logUniform 1e-8 1e-1) (sequence nonZero))
              (fun (initial, epsilon, gradients) ->
                  let rule: IRule = { Rules.adagrad.Defaults with LearningRate = 0.1; Epsilon = 0.0 }
                  let deltas = fromSlots (fun _ -> rule) 1L [| initial + epsilon |] (Array.map Array.singleton gradients)
                  let mutable sum = initial

                  for g, delta in Array.zip gradients deltas do
                      sum <- sum + g * g
                      Close.relative 1e-12 delta[0] (0.1 * g / sqrt (sum + epsilon)) "Δ") ]

let private rmsPropTests =
    testList
        "rmsprop"
        [ property
              "|Δ| ≤ α/√(1−γ) for any gradients"
              (Gen.zip3 (logUniform 1e-4 1.0) (uniform 0.01 0.999) (sequence anySize))
              (fun (rate, decay, gradients) ->
                  for delta in scalarDeltas (rmsProp rate decay 1e-6) gradients do
                      Expect.isTrue (abs delta <= rate / sqrt (1.0 - decay) * (1.0 + 1e-12)) $"Δ = {delta}, α = {rate}, γ = {decay}")
          testCase "the first step attains that bound with ε = 0" (fun () ->
              Close.relative 1e-14 (scalarDeltas (rmsProp 0.1 0.99 0.0) [| 7.0 |]).[0] (0.1 / sqrt 0.01) "Δ")
          testCase "the effective rate rises again when gradients grow small" (fun () ->
              let gradients = [| 10.0; 10.0; 0.1; 0.1; 0.1 |]
              let rates = Array.map2 (/) (scalarDeltas (rmsProp 0.1 0.9 1e-6) gradients) gradients
              Expect.isLessThan rates[1] rates[0] "falls while gradients are large"
              Expect.isAscending rates[2..] "rises after"
              Expect.isGreaterThan rates[4] rates[2] "rises after, strictly")
          property
              "is Adam with γ₁ = 0, γ₂ = γ and no correction"
              (Gen.zip (uniform 0.01 0.999) (someGradients 5 moderate))
              (fun (decay, gradients) ->
                  // By so late a step the corrections are exactly 1. γ₁ = 0 lies outside Adam's range, not outside its law.
                  let adam: IRule =
                      { Rules.adam.Defaults with LearningRate = 0.01; Beta1 = 0.0; Beta2 = decay; Epsilon = 1e-6 }

                  let expected =
                      fromSlots (fun _ -> adam) 10_000_000L (Array.zeroCreate (2 * gradients[0].Length)) gradients

                  let actual = doubles (rmsProp 0.01 decay 1e-6) gradients
                  Array.iter2 (fun a b -> Precision.expectSameNumbers a b "Δ") actual expected) ]

let private adadeltaTests =
    testList
        "adadelta"
        [ testCase "has no rate, unless one is given" (fun () ->
              Expect.equal (string (Optimizer.create Rules.adadelta.Defaults)) "adadelta(decay=0.99)" "the text form"
              Expect.equal Rules.adadelta.Defaults.LearningRate 1.0 "a factor of 1")
          property
              "the first step is at most ε/√(1−γ)"
              (Gen.zip3 (uniform 0.01 0.999) (logUniform 1e-8 1e-1) anySize)
              (fun (decay, epsilon, g) ->
                  let delta =
                      (scalarDeltas (Optimizer.create { Rules.adadelta.Defaults with Decay = decay; Epsilon = epsilon }) [| g |])[0]

                  Expect.isTrue (abs delta <= epsilon / sqrt (1.0 - decay) * (1.0 + 1e-12)) $"Δ = {delta}")
          property
              "the first step is ε g / (√(1−γ) |g| + ε)"
              (Gen.zip3 (uniform 0.01 0.999) (logUniform 1e-8 1e-1) nonZero)
              (fun (decay, epsilon, g) ->
                  let delta =
                      (scalarDeltas (Optimizer.create { Rules.adadelta.Defaults with Decay = decay; Epsilon = epsilon }) [| g |])[0]

                  Close.relative 1e-13 delta (epsilon * g / (sqrt (1.0 - decay) * abs g + epsilon)) "Δ")
          testCase "with ε = 0 it never leaves its initial state" (fun () ->
              let deltas =
                  scalarDeltas (Optimizer.create { Rules.adadelta.Defaults with Decay = 0.9; Epsilon = 0.0 }) [| 1.0; -2.0; 3.0 |]

              Expect.all deltas ((=) 0.0) "Δ")
          testCase "one ε for gradients and deltas makes the step depend on the units (Zeiler 2012, §3.2)" (fun () ->
              // Gradients and ε in other units, and Δ changes: the rules with a rate do not do that.
              let run factor =
                  scalarDeltas
                      (Optimizer.create { Rules.adadelta.Defaults with Decay = 0.9; Epsilon = factor * 1e-3 })
                      [| factor; 2.0 * factor |]

              Expect.notEqual (run 2.0) (run 1.0) "Δ") ]

/// P9: the rules with a rate do not ask for the gradients' unit, if ε comes in the same.
let private units =
    let scaleFree name (optimizer: float -> float -> Optimizer) =
        property
            $"{name}: gradients and ε 2ᵏ times as large leave Δ bit for bit"
            (Gen.zip3 (logUniform 1e-10 1e-1) (Gen.elements [ -8; -1; 1; 3; 10 ]) (someGradients 10 moderate))
            (fun (epsilon, k, gradients) ->
                let factor = 2.0 ** float k
                let scaled = gradients |> Array.map (Array.map ((*) factor))

                let check precision =
                    Array.iter2
                        (fun a b -> Precision.expectSameBits precision a b "Δ")
                        (deltas precision (optimizer epsilon factor) scaled)
                        (deltas precision (optimizer epsilon 1.0) gradients)

                check Precision.single
                check Precision.double)

    testList
        "units"
        [ scaleFree "adagrad" (fun epsilon factor -> adagrad 0.1 (factor * epsilon))
          scaleFree "rmsprop" (fun epsilon factor -> rmsProp 0.1 0.9 (factor * epsilon))
          scaleFree "adam" (fun epsilon factor ->
              Optimizer.create
                  { Rules.adam.Defaults with
                      LearningRate = 0.1
                      Beta1 = 0.9
                      Beta2 = 0.99
                      Epsilon = factor * epsilon })
          property
              "adagrad with an initial sum: scaled by the square, it leaves Δ bit for bit"
              (Gen.zip3 (logUniform 1e-3 10.0) (Gen.elements [ -8; 1; 10 ]) (someGradients 1 moderate))
              (fun (initial, k, gradients) ->
                  let factor = 2.0 ** float k
                  let rule factor : IRule = { Rules.adagrad.Defaults with LearningRate = 0.1; Epsilon = factor * 1e-4 }
                  let scaled = gradients |> Array.map (Array.map ((*) factor))
                  let expected = fromSlots (fun _ -> rule 1.0) 1L [| initial |] gradients
                  let actual = fromSlots (fun _ -> rule factor) 1L [| factor * factor * initial |] scaled
                  Array.iter2 (fun a b -> Precision.expectSameBits Precision.double a b "Δ") actual expected) ]

let tests = testList "adaptive rates" [ adagradTests; rmsPropTests; adadeltaTests; units ]
