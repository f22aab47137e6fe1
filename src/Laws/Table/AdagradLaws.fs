/// Laws about sums of squares (Adagrad), and about the units of Adadelta.
module internal CuteDl.Laws.AdagradLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private value = Subject.value

let private plainly = Law.whenOff [ "initial"; "lr_decay"; "inside" ]

let private fallingRate =
    Law.about
        [ Rules.adagrad.Kind ]
        "P17"
        "rates never rise"
        "α/(√s_t+ε) never rises; s does not depend on the order of gradients; constant g: Δ_t = α g/(|g|√t + ε)"
        "Duchi, Hazan & Singer 2011"
        (fun _ -> elements nonZero (1, 20))
        (fun subject case ->
            let alpha, epsilon = value "lr" subject, value "eps" subject

            let constant () =
                let case = { case with Gradients = Array.replicate case.Steps case.Gradients[0] }
                let law = Array.mapi (fun i (g: float) -> alpha * g / (abs g * sqrt (float (i + 1)) + epsilon))

                closeEach 1e-9 (elementwise law case) (deltas subject.Optimizer case)
                |> Option.map (sprintf "with g₁ in all steps: %s")

            let never () =
                let rates = Array.map2 (Array.map2 (fun d g -> d / g)) (deltas subject.Optimizer case) case.Gradients

                rates
                |> Array.pairwise
                |> Array.tryFind (fun (before, after) -> Array.exists2 (fun a b -> b > a * (1.0 + 1e-12)) before after)
                |> Option.map (fun (before, after) -> $"expected rates of at most {Case.vector before}, got {Case.vector after}")

            // The last step shows that the sum does not depend on the order of earlier gradients.
            let order () =
                let front = Array.truncate (case.Steps - 1) case.Gradients
                let turned = { case with Gradients = Array.append (Array.rev front) [| Array.last case.Gradients |] }

                close 1e-9 [| Array.last (deltas subject.Optimizer case) |] [| Array.last (deltas subject.Optimizer turned) |]
                |> Option.map (sprintf "with the earlier gradients in reverse order, last step: %s")

            firstOf [ constant; never; order ])
    |> Law.speaksOf (fun case -> case.Gradients |> Array.forall (Array.forall ((<>) 0.0)))
    |> Law.unless Subject.standsStill
    |> plainly

let private sumOfSteps =
    Law.about
        [ Rules.adagrad.Kind ]
        "P18"
        "sum of steps"
        "√S_T ≤ Σ g_t²/√S_t ≤ 2√S_T, where S_t = g₁² + … + g_t², with ε = 0"
        "Duchi, Hazan & Singer 2011, lemma 4"
        (fun _ -> elements nonZero (1, 20))
        (fun subject case ->
            match Subject.tryWith [ "eps", 0.0 ] subject with
            | None -> None
            | Some other ->
                let alpha = value "lr" subject
                let came = deltas other case

                Seq.init case.Length id
                |> Seq.tryPick (fun i ->
                    let root = case.Gradients |> Array.sumBy (fun g -> g[i] * g[i]) |> sqrt

                    let sum =
                        Array.fold2 (fun sum (d: float array) (g: float array) -> sum + g[i] * d[i] / alpha) 0.0 came case.Gradients

                    expect (root * (1.0 - 1e-9) <= sum && sum <= 2.0 * root * (1.0 + 1e-9)) (fun () ->
                        $"expected a sum from {Case.number root} to {Case.number (2.0 * root)}, got {Case.number sum}")))
    |> Law.unless Subject.standsStill
    |> plainly
    |> Law.unless (fun subject -> if (Subject.tryWith [ "eps", 0.0 ] subject).IsNone then Some "its ε cannot be changed" else None)

let private epsilonInside =
    Law.about
        [ Rules.adagrad.Kind ]
        "P19"
        "ε inside the root"
        "ε inside the root with the initial sum a equals ε = 0 with the initial sum a+ε"
        "algebra"
        (fun _ -> elements nonZero (1, 20))
        (fun subject case ->
            let initial, epsilon = value "initial" subject, value "eps" subject

            match
                Subject.tryWith [ "inside", 1.0 ] subject,
                Subject.tryWith [ "inside", 0.0; "eps", 0.0; "initial", initial + epsilon ] subject
            with
            | Some inside, Some other -> closeEach 1e-9 (deltas other case) (deltas inside case)
            | _ -> None)
    |> Law.unless (fun subject ->
        if (Subject.tryWith [ "inside", 0.0; "initial", 0.0 ] subject).IsNone then
            Some "its arguments cannot be changed"
        else
            None)

let private units =
    Law.about
        [ Rules.adadelta.Kind ]
        "P20"
        "units"
        "with separate ε for gradients (ε_g) and steps (ε_x): (g, ε_g) → (cg, cε_g) keeps Δ, and ε_x → cε_x multiplies Δ by c, bit for bit for c = 2ᵏ; a single ε does neither"
        "Zeiler 2012, section 3.2"
        (fun _ -> cases (vector 4) (fun length -> Gen.constant (Array.zeroCreate length)) nonZero (1, 20) powerOfTwo)
        (fun subject case ->
            let epsilon = value "eps" subject
            let own = value "eps_delta" subject
            let ofDeltas = if Double.IsNaN own then epsilon else own
            let split ofGradients ofDeltas = Subject.tryWith [ "eps", ofGradients; "eps_delta", ofDeltas ] subject

            match split epsilon ofDeltas, split (case.Factor * epsilon) ofDeltas, split epsilon (case.Factor * ofDeltas) with
            | Some plain, Some otherGradients, Some otherParameters ->
                let scaled = Array.map (Array.map ((*) case.Factor))
                let expected = deltas plain case

                firstOf
                    [ fun () ->
                          same expected (deltas otherGradients { case with Gradients = scaled case.Gradients })
                          |> Option.map (sprintf "gradients in other units: %s")
                      fun () ->
                          same (scaled expected) (deltas otherParameters case)
                          |> Option.map (sprintf "parameters in other units: %s")
                      fun () ->
                          // The scaling must need two values of ε; otherwise the rule is not Adadelta.
                          match Subject.tryWith [ "eps", case.Factor * epsilon; "eps_delta", nan ] subject with
                          | Some single when epsilon > 0.0 && ofDeltas = epsilon ->
                              let came = deltas single { case with Gradients = scaled case.Gradients }
                              expect ((same expected came).IsSome) (fun () -> "with a single ε, expected another Δ, got the same")
                          | _ -> None ]
            | _ -> None)
    |> Law.whenOff [ "inside" ]
    |> Law.unless (fun subject ->
        if (Subject.tryWith [ "eps", 1.0; "eps_delta", 1.0 ] subject).IsNone then
            Some "its ε cannot be changed"
        else
            None)

let all = [ fallingRate; sumOfSteps; epsilonInside; units ]
