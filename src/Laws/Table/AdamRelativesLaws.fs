/// The characteristic laws of RAdam, Yogi and Lion.
module internal CuteDl.Laws.AdamRelativesLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running
open CuteDl.Core.Optimizers

let private value = Subject.value

/// Returns r_t if the variance can be rectified, otherwise None.
let private rectification (beta2: float) (t: int) : float option =
    let longest = 2.0 / (1.0 - beta2) - 1.0
    let power = Math.Pow(beta2, float t)
    let length = longest - 2.0 * float t * power / (1.0 - power)

    if length > 5.0 then
        Some(sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)))
    else
        None

let private rectified =
    Law.about
        [ Rules.rAdam.Kind ]
        "P15"
        "rectified steps"
        "constant g: Δ = α g while ρ_t ≤ 5, then Δ = α r_t g/(|g| + ε/√(1−β₂ᵗ)); r_t → 1; with β₂ = 0.999, ρ_t > 5 from t = 6 on"
        "Liu et al. 2020, algorithm 2"
        (fun _ -> constantly (elements nonZero (8, 40)))
        (fun subject case ->
            let alpha, beta2, epsilon = value "lr" subject, value "beta2" subject, value "eps" subject

            let law =
                Array.mapi (fun i g ->
                    let weight = sqrt (1.0 - Math.Pow(beta2, float (i + 1)))

                    match rectification beta2 (i + 1) with
                    | Some r -> alpha * r * g / (abs g + epsilon / weight)
                    | None -> alpha * g)

            closeEach 1e-7 (elementwise law case) (deltas subject.Optimizer case))

let private slowSquares =
    Law.about
        [ Rules.yogi.Kind ]
        "P15"
        "slow squares"
        "|s_t − s_{t−1}| ≤ (1−β₂) g²"
        "Zaheer et al. 2018, section 3"
        (fun _ -> elements moderate (2, 20))
        (fun subject case ->
            let beta2 = value "beta2" subject

            let squares =
                [| for t in 1 .. case.Steps do
                       let _, state, _ =
                           pureSteps<float> true subject.Optimizer { case with Gradients = Array.truncate t case.Gradients }

                       if List.contains "square_average" state.SlotNames then
                           state["square_average"].ToArray() |]

            squares
            |> Array.pairwise
            |> Array.mapi (fun i (before, after) -> i + 2, before, after)
            |> Array.tryPick (fun (t, before, after) ->
                let limit = case.Gradients[t - 1] |> Array.map (fun g -> (1.0 - beta2) * g * g)

                let isOver i = abs (after[i] - before[i]) > limit[i] * (1.0 + 1e-9) + 1e-12 * abs before[i]

                if Seq.exists isOver (seq { 0 .. limit.Length - 1 }) then
                    Some $"expected s{Case.index t} within {Case.vector limit} of {Case.vector before}, got {Case.vector after}"
                else
                    None))
    |> Law.unless (fun subject ->
        if List.contains "square_average" subject.Optimizer.SlotNames then
            None
        else
            Some "it has no slot square_average")

/// Returns the sign of β₁ m + (1−β₁) g, with m unrolled by β₂; 0 if rounding can change the sign.
let private lion (beta1: float) (beta2: float) (gradients: float array) : float array =
    Array.init gradients.Length (fun t ->
        let terms =
            [| (1.0 - beta1) * gradients[t]
               for i in 0 .. t - 1 do
                   beta1 * (1.0 - beta2) * Math.Pow(beta2, float (t - 1 - i)) * gradients[i] |]

        let sum = Array.sum terms
        if abs sum <= 1e-9 * Array.sumBy abs terms then 0.0 else float (sign sum))

let private signs =
    Law.about
        [ Rules.lion.Kind; Rules.signum.Kind ]
        "P15"
        "signs"
        "Δ = α sign(β₁ m + (1−β₁) g) with m ← β₂ m + (1−β₂) g, so |Δ| is 0 or α"
        "Chen et al. 2023, algorithm 2; Bernstein et al. 2018, algorithm 2"
        (fun _ -> elements moderate (1, 20))
        (fun subject case ->
            let alpha = value "lr" subject

            let law =
                if Subject.isOf Rules.lion.Kind subject then
                    lion (value "beta1" subject) (value "beta2" subject)
                else
                    let beta = value "beta" subject
                    lion beta beta

            let came = deltas subject.Optimizer case

            let direction () =
                let expected = elementwise law case
                // If rounding can change the sign, both signs are correct.
                let settled =
                    Array.map2 (Array.map2 (fun sign d -> if sign = 0.0 then d else alpha * sign)) expected came

                close 1e-9 settled came

            let length () =
                firstBroken came (fun _ delta -> delta |> Array.forall (fun d -> d = 0.0 || abs (abs d - alpha) <= 1e-9 * alpha)) (fun _ ->
                    $"0 or ±{Case.number alpha}")

            firstOf [ direction; length ])
    |> Law.unless (fun subject ->
        if Subject.isOf Rules.lion.Kind subject && Subject.isOn "weight_decay" subject then
            Some "concerns only lion without weight decay"
        else
            None)

let all = [ rectified; slowSquares; signs ]
