/// Clips, slow weights and averages.
module internal CuteDl.Laws.TransformationLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

let private norm (values: float array) = sqrt (Array.sumBy (fun x -> x * x) values)

let private clips =
    Law.about
        [ "clip_norm"; "clip_global_norm" ]
        "P25"
        "projection on a ball"
        "‖Δ‖ ≤ c, what is within stays, clipping twice is clipping once, direction is kept, distances do not grow"
        "Pascanu, Mikolov & Bengio 2013"
        (fun _ -> cases (vector 6) (fun length -> Gen.constant (Array.zeroCreate length)) moderate (2, 2) one)
        (fun subject case ->
            let limit = Subject.value "limit" subject
            let clip (gradient: float array) = (deltas subject.Optimizer { case with Gradients = [| gradient |] })[0]
            let first, second = case.Gradients[0], case.Gradients[1]
            let one, other = clip first, clip second
            let length = norm one

            let expected =
                if norm first <= limit then first else first |> Array.map (fun g -> g * limit / norm first)

            let distance a b = norm (Array.map2 (-) a b)

            firstOf
                [ fun () -> close 1e-9 [| expected |] [| one |]
                  fun () ->
                      expect (length <= limit * (1.0 + 1e-12)) (fun () ->
                          $"‖Δ₁‖ ≤ {Case.number limit} expected, {Case.number length} came")
                  fun () -> close 1e-12 [| one |] [| clip one |] |> Option.map (sprintf "clipped twice: %s")
                  fun () ->
                      expect (distance one other <= distance first second * (1.0 + 1e-9)) (fun () ->
                          $"‖Δ₁−Δ₂‖ ≤ {Case.number (distance first second)} expected, {Case.number (distance one other)} came") ])
    |> Law.speaksOf (fun case -> case.Steps = 2)

/// The rule that the transformation is put behind.
let private inner = Optimizer.momentum { LearningRate = 0.25; Decay = 0.5 }

let private fixedRate (rate: float) = Optimizer.fixedRate { LearningRate = rate }

let private slowWeights =
    Law.about
        [ "lookahead" ]
        "P27"
        "slow weights"
        "between synchronisations, and with α = 1 always, the steps are the inner rule's; k = 1 over fixed(η) is fixed(αη)"
        "Zhang et al. 2019"
        (fun _ -> cases (vector 4) anywhere nonZero (1, 20) one)
        (fun subject case ->
            let k = int (Subject.value "k" subject)
            let alpha = Subject.value "alpha" subject
            let behind rule lookahead = Optimizer.chain [ rule; lookahead ]

            let between () =
                let steps = { case with Gradients = Array.truncate (k - 1) case.Gradients }
                same (deltas inner steps) (deltas (behind inner subject.Optimizer) steps)

            let atSynchronization () =
                if case.Steps < k then
                    None
                else
                    let steps = { case with Gradients = Array.truncate k case.Gradients }
                    let _, _, fast = pureSteps<float> true inner steps
                    let _, _, came = pureSteps<float> true (behind inner subject.Optimizer) steps
                    let expected = Array.map2 (fun slow fast -> slow + alpha * (fast - slow)) case.Start fast
                    close 1e-9 [| expected |] [| came |] |> Option.map (sprintf "after %d steps, w as Δ: %s" k)

            let whole () =
                match Subject.tryWith [ "alpha", 1.0 ] subject with
                | None -> None
                | Some other ->
                    let _, _, expected = pureSteps<float> true inner case
                    let _, _, came = pureSteps<float> true (behind inner other) case
                    close 1e-9 [| expected |] [| came |] |> Option.map (sprintf "with alpha = 1, w as Δ: %s")

            let everyStep () =
                match Subject.tryWith [ "k", 1.0 ] subject with
                | None -> None
                | Some other -> close 1e-9 (deltas (fixedRate (0.25 * alpha)) case) (deltas (behind (fixedRate 0.25) other) case)

            firstOf [ between; atSynchronization; whole; everyStep ])

/// w₁, w₂, ... of the rule alone.
let private iterates (rule: Optimizer) (case: Case) : float array array =
    deltas rule case |> Array.scan (Array.map2 (-)) case.Start |> Array.tail

let private mean (points: float array array) : float array = points |> Array.transpose |> Array.map Array.average

let private averages =
    Law.about
        [ "schedule_free_sgd"; "swa"; "ema" ]
        "P28"
        "averages"
        "schedule_free_sgd: z takes the plain steps and x is the mean of all z, with β = 0 y is z; swa: the mean; ema: weights that sum to 1"
        "Polyak & Juditsky 1992; Defazio et al. 2024"
        (fun _ -> cases (vector 4) anywhere nonZero (1, 20) one)
        (fun subject case ->
            let averaged (optimizer: Optimizer) =
                let _, state, parameters = pureSteps<float> true optimizer case
                Optimizer.averaged optimizer state (ReadOnlySpan parameters)

            let compare expected came =
                close 1e-9 [| expected |] [| came |] |> Option.map (sprintf "averages as Δ: %s")

            match subject.Kind.Name with
            | "schedule_free_sgd" ->
                let points = iterates (fixedRate (Subject.value "lr" subject)) case

                firstOf
                    [ fun () -> compare (mean points) (averaged subject.Optimizer)
                      fun () ->
                          Subject.tryWith [ "beta", 0.0 ] subject
                          |> Option.bind (fun other -> close 1e-9 points (iterates other case))
                          |> Option.map (sprintf "with beta = 0, points as Δ: %s") ]
            | "swa" ->
                let start, every = int (Subject.value "start" subject), int (Subject.value "every" subject)
                let points = iterates inner case

                let counted =
                    points
                    |> Array.indexed
                    |> Array.filter (fun (i, _) -> i + 1 >= start && (i + 1 - start) % every = 0)
                    |> Array.map snd

                let expected = if counted.Length = 0 then Array.last points else mean counted
                compare expected (averaged (Optimizer.chain [ inner; subject.Optimizer ]))
            | _ ->
                let decay = Subject.value "decay" subject
                let points = iterates inner case

                let expected =
                    if Subject.isOn "debiased" subject then
                        let weights = Array.init case.Steps (fun i -> Math.Pow(decay, float (case.Steps - 1 - i)))
                        let total = Array.sum weights

                        Array.init case.Length (fun j ->
                            Array.fold2 (fun sum w (p: float array) -> sum + w / total * p[j]) 0.0 weights points)
                    else
                        points |> Array.reduce (Array.map2 (fun average point -> decay * average + (1.0 - decay) * point))

                compare expected (averaged (Optimizer.chain [ inner; subject.Optimizer ])))
    |> Law.unless (fun subject ->
        if subject.Kind.Name = "schedule_free_sgd" && Subject.isOn "warmup" subject then
            Some "about a constant rate"
        elif Subject.isClaim subject then
            Some "about the optimizer's own averages"
        else
            None)

let all = [ clips; slowWeights; averages ]
