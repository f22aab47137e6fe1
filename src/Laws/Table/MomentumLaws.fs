/// Laws about gradient descent and momentum.
module internal CuteDl.Laws.MomentumLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private steps = elements nonZero (1, 20)

let private rate (subject: Subject) = Subject.value "lr" subject

/// Returns Σ γ^(t−i) α_i g_i at each t.
let private unrolled (decay: float) (rateAt: int -> float) (gradients: float array) : float array =
    Array.init gradients.Length (fun t -> Seq.init (t + 1) (fun i -> Math.Pow(decay, float (t - i)) * rateAt i * gradients[i]) |> Seq.sum)

let private constantGradient =
    Law.about
        [ Rules.momentum.Kind ]
        "P1"
        "constant gradient"
        "constant g: Δ_t = α g (1−γᵗ)/(1−γ)"
        "Polyak 1964"
        (fun _ -> constantly (elements nonZero (1, 30)))
        (fun subject case ->
            let alpha, gamma = rate subject, Subject.value "decay" subject

            let expected =
                elementwise (Array.mapi (fun i g -> alpha * g * (1.0 - Math.Pow(gamma, float (i + 1))) / (1.0 - gamma))) case

            closeEach 1e-9 expected (deltas subject.Optimizer case))

let private meanForm =
    Law.about
        [ Rules.momentum.Kind ]
        "P2"
        "mean form"
        "m ← γ m + (1−γ) g with the learning rate α/(1−γ) gives the same Δ"
        "Sutskever et al. 2013"
        (fun _ -> steps)
        (fun subject case ->
            let alpha, gamma = rate subject, Subject.value "decay" subject

            let mean =
                Array.scan (fun m g -> gamma * m + (1.0 - gamma) * g) 0.0
                >> Array.tail
                >> Array.map ((*) (alpha / (1.0 - gamma)))

            close 1e-12 (elementwise mean case) (deltas subject.Optimizer case))

let private whereTheRateIs =
    let falling (value: float) = Schedule.Exponential(value, 0.5, Steps 3L)
    let rateAt value (i: int) = Schedule.at (falling value) (int64 i)

    Law.about
        [ Rules.momentum.Kind; Rules.sgd.Kind ]
        "P3"
        "place of the rate"
        "momentum: Δ_t = Σγ^(t−i) α_i g_i; sgd: Δ_t = α_t Σγ^(t−i) g_i; for γ → 0 both equal fixed"
        "Sutskever et al. 2013"
        (fun _ -> steps)
        (fun subject case ->
            let alpha = rate subject
            let isInside = Subject.isOf Rules.momentum.Kind subject
            let gamma = Subject.value (if isInside then "decay" else "momentum") subject

            let scheduled () =
                if (Subject.valueOf "lr" subject.Optimizer).IsNone then
                    None
                else
                    let law (gradients: float array) =
                        if isInside then
                            unrolled gamma (rateAt alpha) gradients
                        else
                            unrolled gamma (fun _ -> 1.0) gradients |> Array.mapi (fun t v -> rateAt alpha t * v)

                    close 1e-12 (elementwise law case) (deltas (Optimizer.schedule "lr" (falling alpha) subject.Optimizer) case)
                    |> Option.map (sprintf "with lr = %O: %s" (falling alpha))

            let constant () =
                close 1e-12 (elementwise (unrolled gamma (fun _ -> alpha)) case) (deltas subject.Optimizer case)

            let plain () =
                match Subject.tryWith [ (if isInside then "decay" else "momentum"), 1e-300 ] subject with
                | None -> None
                | Some other -> close 1e-12 (elementwise (Array.map ((*) alpha)) case) (deltas other case)

            firstOf [ constant; scheduled; plain ])
    |> Law.unless (fun subject ->
        if
            Subject.isOf Rules.sgd.Kind subject
            && (Subject.isOn "dampening" subject || Subject.isOn "nesterov" subject)
        then
            Some "concerns only sgd without dampening and nesterov"
        else
            None)

/// Returns the curvatures of ½ Σ λ_i x_i², with λ from the case.
let private curvature (case: Case) = Array.init case.Length (fun i -> case.Factor * (1.0 + float i))

let private nesterovForms =
    Law.about
        [ Rules.nesterov.Kind; Rules.sgd.Kind ]
        "P4"
        "Nesterov's forms"
        "Nesterov's step at the look-ahead point passes through the same points as v ← γ v + α ∇f(x − γ v), x ← x − v"
        "Sutskever et al. 2013, eqs. 3-4"
        (fun _ -> cases (vector 4) (fun length -> Gen.arrayOfLength length nonZero) (Gen.constant 0.0) (1, 20) (uniform 0.1 5.0))
        (fun subject case ->
            let alpha = rate subject

            let gamma =
                Subject.value (if Subject.isOf Rules.nesterov.Kind subject then "decay" else "momentum") subject

            let lambda = curvature case
            let gradient = Array.map2 (*) lambda
            let came = descend subject.Optimizer case.Start case.Steps (fun _ y -> gradient y)
            let mutable x = Array.copy case.Start
            let mutable v = Array.zeroCreate case.Length

            let expected =
                [| Array.copy x
                   for _ in 1 .. case.Steps do
                       let ahead = Array.map2 (fun x v -> x - gamma * v) x v
                       v <- Array.map2 (fun v g -> gamma * v + alpha * g) v (gradient ahead)
                       x <- Array.map2 (-) x v
                       Array.map2 (fun x v -> x - gamma * v) x v |]

            closePoints 1e-9 expected came |> Option.map (sprintf "on ½λx², with the start x₁: %s"))
    |> Law.unless (fun subject ->
        if Subject.isOf Rules.sgd.Kind subject && not (Subject.isOn "nesterov" subject) then
            Some "concerns only sgd with nesterov"
        else
            None)

/// Returns the larger modulus of the roots of z² − (1 + γ − αλ) z + γ.
let private radius (gamma: float) (alphaLambda: float) =
    let trace = 1.0 + gamma - alphaLambda
    let discriminant = trace * trace - 4.0 * gamma

    if discriminant < 0.0 then
        sqrt gamma
    else
        max (abs (trace + sqrt discriminant)) (abs (trace - sqrt discriminant)) / 2.0

let private quadratic =
    Law.about
        [ Rules.fixedRate.Kind; Rules.momentum.Kind ]
        "P6"
        "convergence on ½λx²"
        "fixed: x_t = (1−αλ)ᵗ x₀; momentum converges if and only if 0 < αλ < 2(1+γ)"
        "Polyak 1964"
        (fun _ ->
            let factors = Gen.oneof [ uniform 0.1 0.95; uniform 1.1 1.5 ]
            cases (Gen.constant [ "", [ 1 ] ]) (fun length -> Gen.constant (Array.create length 1.0)) (Gen.constant 0.0) (1, 20) factors)
        (fun subject case ->
            let alpha = rate subject

            if Subject.isOf Rules.fixedRate.Kind subject then
                let lambda = 2.0 * case.Factor / alpha
                let came = descend subject.Optimizer case.Start case.Steps (fun _ x -> Array.map ((*) lambda) x)
                let expected = Array.init (case.Steps + 1) (fun t -> [| Math.Pow(1.0 - 2.0 * case.Factor, float t) |])
                closePoints 1e-9 expected came |> Option.map (sprintf "with the start x₁: %s")
            else
                let gamma = Subject.value "decay" subject
                let alphaLambda = case.Factor * 2.0 * (1.0 + gamma)
                let rho = radius gamma alphaLambda
                let steps = int (ceil (20.0 / abs (log rho)))

                let last =
                    descend subject.Optimizer [| 1.0 |] steps (fun _ x -> [| alphaLambda / alpha * x[0] |])
                    |> Array.last
                    |> Array.head

                let converges = case.Factor < 1.0

                expect ((abs last < 1e-3) = converges) (fun () ->
                    let what = if converges then "near 0" else "far from 0"
                    $"αλ = {Case.number alphaLambda}: expected x{Case.index steps} {what}, got {Case.number last}"))
    |> Law.unless Subject.standsStill
    |> Law.unless (fun subject ->
        // The distance decreases by the factor √γ per step.
        if Subject.isOf Rules.momentum.Kind subject && Subject.value "decay" subject > 0.999 then
            Some "its decay is so close to 1 that convergence needs too many steps"
        else
            None)
    |> Law.costly 20

let private regret =
    Law.about
        [ Rules.fixedRate.Kind ]
        "P7"
        "regret"
        "Σ⟨g_t, x_t−u⟩ = (‖x₁−u‖² − ‖x_{T+1}−u‖²)/2α + (α/2) Σ‖g_t‖², for any u"
        "Zinkevich 2003"
        (fun _ -> cases (vector 4) anywhere moderate (1, 20) one)
        (fun subject case ->
            let alpha = rate subject
            let u = Array.init case.Length (fun i -> float ((case.Choice >>> i) % 7) - 3.0)
            let points = descend subject.Optimizer case.Start case.Steps (fun t _ -> case.Gradients[t - 1])
            let dot a b = Array.fold2 (fun sum x y -> sum + x * y) 0.0 a b
            let square a = dot a a
            let from (x: float array) = Array.map2 (-) x u
            let left = Seq.init case.Steps (fun i -> dot case.Gradients[i] (from points[i])) |> Seq.sum
            let ends = (square (from points[0]) - square (from points[case.Steps])) / (2.0 * alpha)
            let sizes = alpha / 2.0 * Array.sumBy square case.Gradients
            let unit = (square (from points[0]) + square (from points[case.Steps])) / alpha + sizes + abs left

            expect (abs (left - (ends + sizes)) <= 1e-9 * unit) (fun () ->
                $"with u = {Case.vector u}, expected {Case.number (ends + sizes)}, got {Case.number left}"))
    |> Law.unless Subject.standsStill

let all = [ constantGradient; meanForm; whereTheRateIs; nesterovForms; quadratic; regret ]
