/// Laws about slow weights and averages.
module internal CuteDl.Laws.AverageLaws

open System
open FsCheck
open FsCheck.FSharp
open CuteDl.Core.Optimizers
open CuteDl.Laws
open CuteDl.Laws.Generators
open CuteDl.Laws.Running

/// The rule before the transformation.
let private inner = Optimizer.create { Momentum.LearningRate = 0.25; Decay = 0.5 }

let private fixedRate (rate: float) = Optimizer.create { LearningRate = rate }

let private slowWeights =
    Law.about
        [ Rules.lookahead.Kind ]
        "P27"
        "slow weights"
        "between synchronizations, the steps are those of the inner rule; with α = 1, all steps are; with k = 1, lookahead after fixed(η) equals fixed(αη)"
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
                    closeOne $"w{Case.index k}" 1e-9 expected came

            let whole () =
                match Subject.tryWith [ "alpha", 1.0 ] subject with
                | None -> None
                | Some other ->
                    let _, _, expected = pureSteps<float> true inner case
                    let _, _, came = pureSteps<float> true (behind inner other) case
                    closeOne $"w{Case.index case.Steps}" 1e-9 expected came |> Option.map (sprintf "with alpha = 1, %s")

            let everyStep () =
                match Subject.tryWith [ "k", 1.0 ] subject with
                | None -> None
                | Some other -> close 1e-9 (deltas (fixedRate (0.25 * alpha)) case) (deltas (behind (fixedRate 0.25) other) case)

            firstOf [ between; atSynchronization; whole; everyStep ])

let private outerSteps =
    Law.about
        [ Rules.outer.Kind ]
        "P27"
        "outer steps"
        "without momentum, outer equals lookahead; with k = 1, outer after fixed(η) equals sgd(η lr) with the same momentum"
        "Douillard et al. 2023, algorithm 1"
        (fun _ -> cases (vector 4) anywhere nonZero (1, 20) one)
        (fun subject case ->
            let rate = Subject.value "lr" subject
            let momentum = Subject.value "momentum" subject
            let behind rule outer = Optimizer.chain [ rule; outer ]

            let withoutMomentum () =
                match Subject.tryWith [ "momentum", 0.0 ] subject with
                | Some other when rate > 0.0 && rate <= 1.0 ->
                    let lookahead =
                        Expression.parse "lookahead"
                        |> Optimizer.set "k" (Subject.value "k" subject)
                        |> Optimizer.set "alpha" rate

                    close 1e-9 (deltas (behind inner lookahead) case) (deltas (behind inner other) case)
                | _ -> None

            let everyStep () =
                match Subject.tryWith [ "k", 1.0 ] subject with
                | Some other when momentum > 0.0 ->
                    let sgd =
                        Expression.parse "sgd(momentum=0.5)"
                        |> Optimizer.set "momentum" momentum
                        |> Optimizer.set "lr" (0.25 * rate)
                        |> Optimizer.set "nesterov" (Subject.value "nesterov" subject)

                    close 1e-9 (deltas sgd case) (deltas (behind (fixedRate 0.25) other) case)
                | _ -> None

            firstOf [ withoutMomentum; everyStep ])

/// Returns w₁, w₂, ... of the rule alone.
let private iterates (rule: Optimizer) (case: Case) : float array array =
    deltas rule case |> Array.scan (Array.map2 (-)) case.Start |> Array.tail

let private mean (points: float array array) : float array = points |> Array.transpose |> Array.map Array.average

let private averaged (optimizer: Optimizer) (case: Case) : float array =
    let _, state, parameters = pureSteps<float> true optimizer case
    Optimizer.averaged optimizer state (ReadOnlySpan parameters)

let private compare (expected: float array) (came: float array) = closeOne "average" 1e-9 expected came

let private weightedMean (weights: float array) (points: float array array) : float array =
    let total = Array.sum weights

    points
    |> Array.transpose
    |> Array.map (Array.fold2 (fun sum weight x -> sum + weight / total * x) 0.0 weights)

let private averagesCases (subject: Subject) : Gen<Case> = cases (vector 4) anywhere nonZero (1, 20) one

let private aboutItsOwn (law: Law) =
    law
    |> Law.unless (fun subject -> if Subject.isClaim subject then Some "concerns only optimizers with averages of their own" else None)

let private scheduleFree =
    Law.about
        [ Rules.scheduleFreeSgd.Kind; Rules.scheduleFreeAdamW.Kind ]
        "P28"
        "running mean"
        "with β = 0, the average is the running mean of the points, weighted by tʳ γᵖ with the largest learning rate γ so far; for schedule_free_sgd and any β, it is this mean of the points of plain SGD"
        "Defazio et al. 2024, algorithm 1"
        averagesCases
        (fun subject case ->
            let isPlain = Subject.isOf Rules.scheduleFreeSgd.Kind subject
            let warmup = Subject.value "warmup" subject

            let rates =
                Array.init case.Steps (fun i ->
                    let t = float (i + 1)
                    let warm = if warmup = 0.0 then 1.0 else min 1.0 (t / warmup)

                    if isPlain || not (Subject.isOn "paper" subject) then
                        warm
                    else
                        warm * sqrt (1.0 - Math.Pow(Subject.value "beta2" subject, t)))

            let ofStep, ofRate =
                if isPlain then 0.0, 2.0 else Subject.value "r" subject, Subject.value "power" subject

            let weights =
                rates
                |> Array.scan max 0.0
                |> Array.tail
                |> Array.mapi (fun i rate -> Math.Pow(float (i + 1), ofStep) * Math.Pow(rate, ofRate))

            let atZero () =
                Subject.tryWith [ (if isPlain then "beta" else "beta1"), 0.0 ] subject
                |> Option.bind (fun other -> compare (weightedMean weights (iterates other case)) (averaged other case))
                |> Option.map (sprintf "with β = 0: %s")

            let ofPlainSteps () =
                if not isPlain then
                    None
                else
                    let rate = Subject.value "lr" subject

                    let points =
                        (case.Start, Array.zip rates case.Gradients)
                        ||> Array.scan (fun w (warm, g) -> Array.map2 (fun w g -> w - rate * warm * g) w g)
                        |> Array.tail

                    compare (weightedMean weights points) (averaged subject.Optimizer case)

            firstOf [ atZero; ofPlainSteps ])
    |> aboutItsOwn
    |> Law.unless Subject.standsStill

let private scheduleFreeOfRule =
    Law.about
        [ Rules.scheduleFree.Kind ]
        "P28"
        "schedule-free rule"
        "after fixed(η), with r = 0 and power = 2, the steps and the average are those of schedule_free_sgd(η)"
        "Defazio et al. 2024, algorithm 1"
        averagesCases
        (fun subject case ->
            Subject.tryWith [ "r", 0.0; "power", 2.0 ] subject
            |> Option.bind (fun other ->
                let sgd =
                    Expression.parse "schedule_free_sgd(lr=0.25)" |> Optimizer.set "beta" (Subject.value "beta" subject)

                let chain = Optimizer.chain [ fixedRate 0.25; other ]

                firstOf
                    [ fun () -> close 1e-9 (deltas sgd case) (deltas chain case)
                      fun () -> compare (averaged sgd case) (averaged chain case) ]))
    |> aboutItsOwn

let private arithmeticMean =
    Law.about
        [ Rules.swa.Kind ]
        "P28"
        "arithmetic mean"
        "from the step given by start on, the average is the arithmetic mean of the points; before that step, it is the newest point; the steps of the rule do not change"
        "Izmailov et al. 2018, algorithm 1"
        averagesCases
        (fun subject case ->
            let start, every = int (Subject.value "start" subject), int (Subject.value "every" subject)
            let points = iterates inner case

            let counted =
                points
                |> Array.indexed
                |> Array.filter (fun (i, _) -> i + 1 >= start && (i + 1 - start) % every = 0)
                |> Array.map snd

            let expected = if counted.Length = 0 then Array.last points else mean counted
            let chain = Optimizer.chain [ inner; subject.Optimizer ]

            firstOf
                [ (fun () -> compare expected (averaged chain case))
                  (fun () -> same (deltas inner case) (deltas chain case)) ])
    |> aboutItsOwn

let private movingAverage =
    Law.about
        [ Rules.ema.Kind ]
        "P28"
        "weights sum to 1"
        "with debiased=true, a point k steps ago has the weight βᵏ divided by the sum of all βᵏ; with debiased=false, it has the weight (1−β) βᵏ, and the first point has the remaining weight; the steps of the rule do not change"
        "Kingma & Ba 2015, section 7.2"
        averagesCases
        (fun subject case ->
            let beta = Subject.value "beta" subject
            let points = iterates inner case

            let weights =
                Array.init case.Steps (fun i ->
                    let age = float (case.Steps - 1 - i)

                    if i = 0 && not (Subject.isOn "debiased" subject) then
                        Math.Pow(beta, age)
                    else
                        (1.0 - beta) * Math.Pow(beta, age))

            let chain = Optimizer.chain [ inner; subject.Optimizer ]

            firstOf
                [ fun () -> compare (weightedMean weights points) (averaged chain case)
                  fun () -> same (deltas inner case) (deltas chain case) ])
    |> aboutItsOwn

let rec private averageProblem (optimizer: Optimizer) : string option =
    if optimizer.Groups.Count > 0 then
        optimizer.Groups |> Seq.tryPick (fun group -> averageProblem group.Optimizer)
    else
        let parts = List.ofSeq optimizer.Parts

        match parts |> List.tryFindIndex Optimizer.keepsAverages with
        | None -> None
        | Some i when parts[i].Kind.Has Trait.BetweenPoints -> Some "its points are between the average and other points"
        | Some i when parts[i].Groups.Count > 0 && parts.Length > i + 1 -> Some "parts after the averages change the points"
        | Some i when parts[i].Groups.Count > 0 -> averageProblem parts[i]
        | Some i ->
            parts
            |> List.skip (i + 1)
            |> List.tryFind (fun part -> not (part.Kind.Has Trait.LeavesStep))
            |> Option.map (fun part -> $"{part.Kind.Name} after the average changes the points")

let private amongPoints =
    { Law.general
          "P28"
          "between the points"
          "every average is between the smallest and the largest point, because its weights are nonnegative and sum to 1"
          "Polyak & Juditsky 1992"
          usual
          (fun subject case ->
              let points = Array.append [| case.Start |] (iterates subject.Optimizer case) |> Array.transpose
              let came = averaged subject.Optimizer case
              let slack = 1e-9 * (points |> largest)

              Seq.zip points came
              |> Seq.tryFind (fun (points, came) -> not (Array.min points - slack <= came && came <= Array.max points + slack))
              |> Option.map (fun (points, came) ->
                  $"expected an average from {Case.number (Array.min points)} to {Case.number (Array.max points)}, got {Case.number came}")) with
        AppliesTo = "any with averages"
        MayBeExempt = false }
    |> Law.unless (fun subject ->
        if Optimizer.keepsAverages subject.Optimizer then
            averageProblem subject.Optimizer
        else
            Some "it keeps no averages")

let all =
    [ slowWeights
      outerSteps
      scheduleFree
      scheduleFreeOfRule
      arithmeticMean
      movingAverage
      amongPoints ]
