/// Momentum's geometric sums, exactly over fractions: its law has no root, so nothing need be said about rounding.
module CuteDl.Core.Tests.MomentumTests

open Expecto
open CuteDl.Testing
open FsCheck.FSharp
open CuteDl.Core.Numerics
open CuteDl.Core.Optimizers
open CuteDl.Core.Tests.Generators
open CuteDl.Core.Tests.Trajectory

let private fraction (value: float) = Rational.Of value
let private one = Rational.Of 1
let private zero = Rational.Of 0
let private sum (values: Rational seq) = Seq.fold (+) zero values
let private power (value: Rational) (exponent: int) = Seq.replicate exponent value |> Seq.fold (*) one
let private rule rate decay : IRule = { Momentum.LearningRate = rate; Decay = decay }

/// Δ of each step of one element.
let private velocities rate decay (gradients: float array) =
    exact (rule rate decay) (Array.map Array.singleton gradients) |> Array.map Array.head

let private sequences =
    Gen.zip3 dyadicRate dyadicDecay (Gen.choose (1, 14) |> Gen.bind (fun n -> Gen.arrayOfLength n dyadic))

let private constants = Gen.zip3 dyadicRate dyadicDecay (Gen.zip dyadic (Gen.choose (1, 20)))

let private unrolled =
    property "v_t = α Σ γ^(t−i) g_i, exactly" sequences (fun (rate, decay, gradients) ->
        let alpha, gamma = fraction rate, fraction decay

        velocities rate decay gradients
        |> Array.iteri (fun t v ->
            let expected = alpha * sum [ for i in 0..t -> power gamma (t - i) * fraction gradients[i] ]
            Expect.equal v expected $"v at step {t + 1}"))

let private coefficients =
    property "the coefficients sum to (1−γᵗ)/(1−γ), exactly" (Gen.zip dyadicDecay (Gen.choose (1, 25))) (fun (decay, steps) ->
        let gamma = fraction decay
        let sumOfCoefficients = Array.last (velocities 1.0 decay (Array.create steps 1.0))
        Expect.equal sumOfCoefficients ((one - power gamma steps) / (one - gamma)) "the sum")

/// P1, and the effective rate α/(1−γ) that it tends to.
let private constantGradient =
    property "under a constant gradient Δ_t = α g (1−γᵗ)/(1−γ), exactly" constants (fun (rate, decay, (g, steps)) ->
        let alpha, gamma = fraction rate, fraction decay

        velocities rate decay (Array.create steps g)
        |> Array.iteri (fun i delta ->
            let expected = alpha * fraction g * (one - power gamma (i + 1)) / (one - gamma)
            Expect.equal delta expected $"Δ at step {i + 1}"))

let private effectiveRate =
    testCase "the effective rate tends to α/(1−γ)" (fun () ->
        let deltas =
            scalarDeltas (Optimizer.create { Momentum.LearningRate = 0.002; Decay = 0.9 }) (Array.create 1000 1.0)

        Close.relative 1e-13 (Array.last deltas) 0.02 "Δ / g")

/// P2: m ← γ m + (1−γ) g, Δ = α' m with α' = α/(1−γ).
let private meanForm =
    property "the mean form with the rate α/(1−γ) takes the same steps, exactly" sequences (fun (rate, decay, gradients) ->
        let alpha, gamma = fraction rate, fraction decay
        let mutable mean = zero

        for g, v in Array.zip gradients (velocities rate decay gradients) do
            mean <- gamma * mean + (one - gamma) * fraction g
            Expect.equal ((one - gamma) * v / alpha) mean "(1−γ) v / α is the weighted mean"
            Expect.equal v (alpha / (one - gamma) * mean) "Δ")

let private share =
    testCase "the last 1/(1−γ) steps carry 1 − γⁿ of the weight: 0.651 for γ = 0.9" (fun () ->
        let optimizer = Optimizer.create { Momentum.LearningRate = 1.0; Decay = 0.9 }

        let last steps =
            scalarDeltas optimizer (Array.init 2000 (fun i -> if i >= 2000 - steps then 1.0 else 0.0))
            |> Array.last

        Close.relative 1e-12 (last 10 / last 2000) (1.0 - 0.9 ** 10.0) "share"
        Close.within 5e-4 (last 10 / last 2000) 0.651 "the document's figure")

let private coasts =
    property
        "when the gradient vanishes momentum coasts: k steps later v is γᵏ of what it was, exactly"
        (Gen.zip sequences (Gen.choose (1, 10)))
        (fun ((rate, decay, gradients), k) ->
            let all = velocities rate decay (Array.append gradients (Array.zeroCreate k))
            Expect.equal (Array.last all) (power (fraction decay) k * all[gradients.Length - 1]) "v")

let private newestWeight =
    property "the newest gradient weighs 1−γ in the mean, however large, exactly" (Gen.zip sequences dyadic) (fun (case, large) ->
        let rate, decay, gradients = case
        let more = Array.append gradients[.. gradients.Length - 2] [| Array.last gradients + 1024.0 * large |]

        let mean gradients =
            (one - fraction decay) * Array.last (velocities rate decay gradients) / fraction rate

        Expect.equal (mean more - mean gradients) ((one - fraction decay) * fraction (1024.0 * large)) "change of the mean")

let private superposition =
    property "deltas of a sum of gradients are the sum of the deltas, exactly" (Gen.zip sequences dyadic) (fun (case, factor) ->
        let rate, decay, gradients = case
        let others = gradients |> Array.rev |> Array.map ((*) factor)
        let together = velocities rate decay (Array.map2 (+) gradients others)
        let apart = Array.map2 (+) (velocities rate decay gradients) (velocities rate decay others)
        Expect.equal together apart "Δ")

/// P3: where the rate sits matters as soon as it changes.
let private schedule =
    let run rates decay (gradients: float array) =
        exactWith (fun step -> rule (Array.get rates (int step - 1)) decay) (Array.map Array.singleton gradients)
        |> Array.map Array.head

    let outside (rates: float array) decay gradients =
        velocities 1.0 decay gradients |> Array.map2 (fun rate v -> fraction rate * v) rates

    testList
        "the rate is inside the velocity"
        [ property "under a schedule Δ_t = Σ γ^(t−i) α_i g_i, exactly" sequences (fun (_, decay, gradients) ->
              let rates = gradients |> Array.mapi (fun i _ -> float (i % 5 + 1) / 8.0)

              run rates decay gradients
              |> Array.iteri (fun t delta ->
                  let term i = power (fraction decay) (t - i) * fraction rates[i] * fraction gradients[i]
                  Expect.equal delta (sum (Seq.map term [ 0..t ])) $"Δ at step {t + 1}"))
          property "at a constant rate it is the same outside, exactly" sequences (fun (rate, decay, gradients) ->
              let rates = Array.create gradients.Length rate
              Expect.equal (velocities rate decay gradients) (outside rates decay gradients) "Δ")
          testCase "under a schedule it is not the same outside" (fun () ->
              let rates, gradients = [| 1.0; 0.5 |], [| 1.0; 1.0 |]
              Expect.equal (run rates 0.5 gradients) [| one; one |] "inside: 0.5·1 + 0.5·1"
              Expect.equal (outside rates 0.5 gradients) [| one; fraction 0.75 |] "outside: 0.5·(0.5·1 + 1)") ]

let private vanishingDecay =
    property "Δ differs from the fixed rate's by γ v, so γ → 0 is the fixed rate" sequences (fun (rate, _, gradients) ->
        for decay in [ 0.5; 1.0 / 1024.0; 2.0 ** -40.0 ] do
            let deltas = velocities rate decay gradients
            let before = Array.append [| zero |] deltas[.. deltas.Length - 2]

            Array.iter2
                (fun (delta: Rational, before) g ->
                    Expect.equal (delta - fraction rate * fraction g) (fraction decay * before) $"γ = {decay}")
                (Array.zip deltas before)
                gradients)

/// P6, second half: Polyak's stability condition for the heavy ball.
let private heavyBall =
    let distanceAfter steps decay ratio =
        let optimizer = Optimizer.create { Momentum.LearningRate = ratio * 2.0 * (1.0 + decay); Decay = decay }
        let mutable state = Optimizer.init<float> optimizer 1
        let x = [| 1.0 |]

        for _ in 1..steps do
            Optimizer.stepInPlace optimizer state (System.Span x) (System.ReadOnlySpan(Array.copy x))

        abs x[0]

    let cases lower upper = Gen.zip (uniform 0.05 0.95) (uniform lower upper)

    testList
        "on ½x², the heavy ball"
        [ property "converges for 0 < α < 2(1+γ)" (cases 0.02 0.98) (fun (decay, ratio) ->
              Expect.isLessThan (distanceAfter 3000 decay ratio) 1e-6 $"γ = {decay}, α = {ratio} · 2(1+γ)")
          property "diverges for α > 2(1+γ)" (cases 1.02 1.5) (fun (decay, ratio) ->
              Expect.isGreaterThan (distanceAfter 500 decay ratio) 1e6 $"γ = {decay}, α = {ratio} · 2(1+γ)") ]

let tests =
    testList
        "momentum"
        [ unrolled
          coefficients
          constantGradient
          effectiveRate
          meanForm
          share
          coasts
          newestWeight
          superposition
          schedule
          vanishingDecay
          heavyBall ]
