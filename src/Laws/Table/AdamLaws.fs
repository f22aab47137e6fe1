/// Laws about Adam and its closest relatives.
module internal CuteDl.Laws.AdamLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private steps = elements nonZero (1, 20)
let private value = Subject.value

/// A decay so small that the past has no weight.
let private gone = 1e-300

let private biasCorrection =
    Law.about
        [ Rules.adam.Kind; Rules.amsGrad.Kind ]
        "P8"
        "bias correction"
        "constant g: Δ = α g/(|g|+ε) at every t; the first step does not depend on the decays"
        "Kingma & Ba 2015, section 3"
        (fun _ -> constantly (elements nonZero (1, 30)))
        (fun subject case ->
            let alpha, epsilon = value "lr" subject, value "eps" subject
            let expected = elementwise (Array.map (fun g -> alpha * g / (abs g + epsilon))) case

            let other () =
                Subject.tryWith [ "beta1", 0.5; "beta2", 0.75 ] subject
                |> Option.bind (fun other -> closeEach 1e-7 expected (deltas other case))
                |> Option.map (sprintf "with beta1 = 0.5, beta2 = 0.75: %s")

            firstOf [ (fun () -> closeEach 1e-7 expected (deltas subject.Optimizer case)); other ])
    |> Law.unless (fun subject ->
        if
            Subject.isOf Rules.adam.Kind subject
            && (not (Subject.isOn "correction" subject) || Subject.isOn "inside" subject)
        then
            Some "concerns only adam with bias corrections and ε outside the root"
        else
            None)

let private asAdam =
    Law.about
        [ Rules.rmsProp.Kind ]
        "P11"
        "Adam without momentum"
        "rmsprop with decay γ equals adam with β₁ = 0 and β₂ = γ, without bias corrections"
        "Kingma & Ba 2015, section 5"
        (fun _ -> steps)
        (fun subject case ->
            let adam =
                Optimizer.create
                    { LearningRate = value "lr" subject
                      Beta1 = gone
                      Beta2 = value "decay" subject
                      Epsilon = value "eps" subject
                      Correction = false
                      Inside = Subject.isOn "inside" subject }

            closeEach 1e-9 (deltas adam case) (deltas subject.Optimizer case))
    |> Law.whenOff [ "centered"; "momentum" ]

/// Computes NAdam by its definition, from all gradients.
let private nAdam (subject: Subject) (gradients: float array) : float array =
    let beta1, beta2 = value "beta1" subject, value "beta2" subject
    let mu (t: int) = beta1 * (1.0 - 0.5 * Math.Pow(0.96, float t * value "momentum_decay" subject))
    let product (t: int) = Seq.init t (fun i -> mu (i + 1)) |> Seq.fold (*) 1.0

    let mean decay (f: float -> float) t =
        (1.0 - decay)
        * (Seq.init t (fun i -> Math.Pow(decay, float (t - 1 - i)) * f gradients[i]) |> Seq.sum)

    Array.init gradients.Length (fun i ->
        let t = i + 1
        let ofGradient = (1.0 - mu t) / (1.0 - product t)
        let ofMean = mu (t + 1) / (1.0 - product (t + 1))
        let squares = mean beta2 (fun g -> g * g) t / (1.0 - Math.Pow(beta2, float t))

        value "lr" subject * (ofGradient * gradients[i] + ofMean * mean beta1 id t)
        / (sqrt squares + value "eps" subject))

let private nAdamForms =
    Law.about
        [ Rules.nAdam.Kind ]
        "P11"
        "NAdam's coefficients"
        "the coefficients of the gradients contain each momentum μ_t once; with β₁ = 0, nadam equals adam with β₁ = 0"
        "Dozat 2016, algorithm 2"
        (fun _ -> steps)
        (fun subject case ->
            let asAdam () =
                match Subject.tryWith [ "beta1", gone; "momentum_decay", 0.0 ] subject with
                | None -> None
                | Some other ->
                    let adam =
                        Optimizer.create
                            { LearningRate = value "lr" subject
                              Beta1 = gone
                              Beta2 = value "beta2" subject
                              Epsilon = value "eps" subject
                              Correction = true
                              Inside = false }

                    closeEach 1e-9 (deltas adam case) (deltas other case)

            firstOf
                [ (fun () -> close 1e-9 (elementwise (nAdam subject) case) (deltas subject.Optimizer case))
                  asAdam ])
    |> Law.whenOff [ "legacy" ]

let private worstCase =
    Law.about
        [ Rules.adam.Kind ]
        "P12"
        "the longest step"
        "|Δ_t| ≤ α (1−β₁)/(1−β₁ᵗ) √((1−β₂ᵗ)/(1−β₂)) √Σ_{k<t}(β₁²/β₂)ᵏ, attained by g_t ∝ (β₂/β₁)ᵗ with ε = 0"
        "Cauchy and Schwarz; steps can exceed the bound printed by Kingma & Ba 2015"
        (fun _ -> elements moderate (1, 20))
        (fun subject case ->
            let alpha, beta1, beta2 = value "lr" subject, value "beta1" subject, value "beta2" subject

            let bound (t: int) =
                let squares = Seq.init t (fun k -> Math.Pow(beta1 * beta1 / beta2, float k)) |> Seq.sum

                alpha * (1.0 - beta1) / (1.0 - Math.Pow(beta1, float t))
                * sqrt ((1.0 - Math.Pow(beta2, float t)) / (1.0 - beta2))
                * sqrt squares

            let bounded () =
                firstBroken
                    (deltas subject.Optimizer case)
                    (fun t delta -> delta |> Array.forall (fun d -> abs d <= bound t * (1.0 + 1e-9)))
                    (fun t -> $"at most {Case.number (bound t)}")

            let attained () =
                match Subject.tryWith [ "eps", 0.0 ] subject with
                | None -> None
                | Some other ->
                    let growing =
                        { case with
                            Gradients = case.Gradients |> Array.mapi (fun t g -> Array.create g.Length (Math.Pow(beta2 / beta1, float t))) }

                    let last = case.Steps - 1
                    let came = deltas other growing |> Array.item last |> Array.head

                    expect (abs (came - bound case.Steps) <= 1e-7 * bound case.Steps) (fun () ->
                        $"with growing gradients, expected Δ{Case.index case.Steps} = {Case.number (bound case.Steps)}, got {Case.number came}")

            firstOf [ bounded; attained ])
    |> Law.unless (fun subject ->
        if not (Subject.isOn "correction" subject) || Subject.isOn "inside" subject then
            Some "concerns only adam with bias corrections and ε outside the root"
        else
            None)

let private boundedByNorm =
    Law.about
        [ Rules.adaMax.Kind ]
        "P13"
        "the longest step"
        "|Δ| ≤ α (1−β₁)/(1−β₁ᵗ) Σ_{k<t}(β₁/β₂)ᵏ"
        "Kingma & Ba 2015, section 7.1"
        (fun _ -> elements moderate (1, 20))
        (fun subject case ->
            let alpha, beta1, beta2 = value "lr" subject, value "beta1" subject, value "beta2" subject

            let bound (t: int) =
                alpha * (1.0 - beta1) / (1.0 - Math.Pow(beta1, float t))
                * (Seq.init t (fun k -> Math.Pow(beta1 / beta2, float k)) |> Seq.sum)

            firstBroken
                (deltas subject.Optimizer case)
                (fun t delta -> delta |> Array.forall (fun d -> abs d <= bound t * (1.0 + 1e-9)))
                (fun t -> $"at most {Case.number (bound t)}"))

/// Runs the example of Reddi et al.: gradients C, −1, −1 in the box [−1, 1]. The optimum is −1, but Adam converges to +1.
let private reddi (optimizer: Optimizer) : float =
    let rule = optimizer |> Optimizer.schedule "lr" (Schedule.InverseTime(0.5, 1.0, 0.5))
    let mutable state = Optimizer.init<float> rule 1
    let mutable x = 0.0

    for t in 1..3000 do
        let gradient = [| (if t % 3 = 1 then 3.0 else -1.0) |]
        let next, delta = Optimizer.step rule state gradient
        state <- next
        x <- max -1.0 (min 1.0 (x - delta[0]))

    x

let private neverForgets =
    Law.about
        [ Rules.amsGrad.Kind ]
        "P14"
        "the maximum"
        "amsgrad equals adam while |g_t| never falls; its maximum never falls; on the example of the paper, amsgrad converges to −1, and adam to +1"
        "Reddi, Kale & Kumar 2018, theorem 1"
        (fun _ -> steps)
        (fun subject case ->
            let rising =
                let signs = case.Gradients |> Array.map (Array.map (fun g -> if g < 0.0 then -1.0 else 1.0))

                let sizes =
                    case.Gradients
                    |> Array.scan (Array.map2 (fun top g -> max top (abs g))) (Array.zeroCreate case.Length)

                { case with Gradients = Array.map2 (Array.map2 (*)) signs (Array.tail sizes) }

            let asAdam () =
                let adam =
                    Optimizer.create
                        { LearningRate = value "lr" subject
                          Beta1 = value "beta1" subject
                          Beta2 = value "beta2" subject
                          Epsilon = value "eps" subject
                          Correction = true
                          Inside = false }

                close 1e-9 (deltas adam rising) (deltas subject.Optimizer rising)
                |> Option.map (sprintf "with rising |g|: %s")

            let neverFalls () =
                let maxima =
                    [| for t in 1 .. case.Steps do
                           let _, state, _ =
                               pureSteps<float> true subject.Optimizer { case with Gradients = Array.truncate t case.Gradients }

                           if List.contains "square_maximum" state.SlotNames then
                               state["square_maximum"].ToArray() |]

                maxima
                |> Array.pairwise
                |> Array.tryFind (fun (before, after) -> Array.exists2 (fun a b -> b < a) before after)
                |> Option.map (fun (before, after) -> $"expected a maximum of at least {Case.vector before}, got {Case.vector after}")

            let counterExample () =
                match Subject.tryWith [ "beta1", gone; "beta2", 0.1 ] subject with
                | Some other when (Subject.valueOf "lr" other).IsSome && case.Choice % 10 = 0 ->
                    let last = reddi other

                    let adam =
                        Optimizer.create
                            { LearningRate = 0.5
                              Beta1 = gone
                              Beta2 = 0.1
                              Epsilon = value "eps" subject
                              Correction = true
                              Inside = false }

                    firstOf
                        [ fun () ->
                              expect (last < -0.9) (fun () ->
                                  $"on the example of Reddi et al., expected a point near −1, got {Case.number last}")
                          // The example proves something only if Adam fails on it.
                          fun () ->
                              let last = reddi adam

                              expect (last > 0.9) (fun () ->
                                  $"on the example of Reddi et al., expected Adam near 1, got {Case.number last}") ]
                | _ -> None

            firstOf [ asAdam; neverFalls; counterExample ])

let all = [ biasCorrection; asAdam; nAdamForms; worstCase; boundedByNorm; neverForgets ]
