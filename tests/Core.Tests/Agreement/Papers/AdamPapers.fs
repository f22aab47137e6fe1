/// Adam and what came of it, element by element.
module CuteDl.Core.Tests.AdamPapers

open CuteDl.Core.Tests.Paper

/// What a mean that began at 0 has taken in after t steps: 1 − βᵗ.
let private weight (beta: float) (t: int) = 1.0 - beta ** float t

let private rateBetasEpsilon lr beta1 beta2 epsilon =
    [ number "lr" lr; number "beta1" beta1; number "beta2" beta2; number "eps" epsilon ]

/// Kingma & Ba 2015, algorithm 1.
let adam (lr: float) (beta1: float) (beta2: float) (epsilon: float) (correction: bool) (inside: bool) =
    let name =
        text "adam" (rateBetasEpsilon lr beta1 beta2 epsilon @ [ flag "correction" correction; flag "inside" inside ])

    perElement name (0.0, 0.0) (fun t _ g (m, v) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let mHat = if correction then m / weight beta1 t else m
        let vHat = if correction then v / weight beta2 t else v
        lr * mHat |> over (root inside epsilon vHat), (m, v))

/// Loshchilov & Hutter 2019, algorithm 2; as in PyTorch the decay is multiplied by the rate.
let adamw (lr: float) (beta1: float) (beta2: float) (epsilon: float) (decay: float) =
    perElement (text "adamw" (rateBetasEpsilon lr beta1 beta2 epsilon @ [ number "weight_decay" decay ])) (0.0, 0.0) (fun t w g (m, v) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let mHat = m / weight beta1 t
        let vHat = v / weight beta2 t
        lr * ((mHat |> over (sqrt vHat + epsilon)) + decay * w), (m, v))

/// Reddi, Kale & Kumar 2018, algorithm 2; as in PyTorch the maximum is of the raw mean, corrected afterwards.
let amsgrad (lr: float) (beta1: float) (beta2: float) (epsilon: float) =
    perElement (text "amsgrad" (rateBetasEpsilon lr beta1 beta2 epsilon)) (0.0, 0.0, 0.0) (fun t _ g (m, v, maximum) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let maximum = max maximum v
        let mHat = m / weight beta1 t
        let vHat = maximum / weight beta2 t
        lr * mHat |> over (sqrt vHat + epsilon), (m, v, maximum))

/// Kingma & Ba 2015, algorithm 2; PyTorch's ε beside the new gradient.
let adamax (lr: float) (beta1: float) (beta2: float) (epsilon: float) =
    perElement (text "adamax" (rateBetasEpsilon lr beta1 beta2 epsilon)) (0.0, 0.0) (fun t _ g (m, u) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let u = max (beta2 * u) (abs g + epsilon)
        lr / weight beta1 t * m |> over u, (m, u))

/// Dozat 2016, algorithm 2. As in PyTorch, the momentum that rises is not the weight of the mean. The weight of the mean in the
/// delta is μ_{t+1} / (1 − Π), Π the product of all μ that the function given makes of μ_t, μ_{t+1} and the product up to μ_t.
let nadamWith
    (productAhead: float -> float -> float -> float)
    (lr: float)
    (beta1: float)
    (beta2: float)
    (epsilon: float)
    (momentumDecay: float)
    =
    let name =
        text "nadam" (rateBetasEpsilon lr beta1 beta2 epsilon @ [ number "momentum_decay" momentumDecay ])

    let momentum (t: int) = beta1 * (1.0 - 0.5 * 0.96 ** (float t * momentumDecay))

    perElement name (0.0, 0.0, 1.0) (fun t _ g (m, v, product) ->
        let mu = momentum t
        let muAhead = momentum (t + 1)
        let product = product * mu
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let mBar = (1.0 - mu) / (1.0 - product) * g + muAhead / (1.0 - productAhead mu muAhead product) * m
        let vHat = v / weight beta2 t
        lr * mBar |> over (sqrt vHat + epsilon), (m, v, product))

let nadam = nadamWith (fun _ muAhead product -> product * muAhead)

/// Liu et al. 2020, algorithm 2, rectified from a length over 5 (4 in the paper); PyTorch's ε, beside the root before it is corrected.
let radam (lr: float) (beta1: float) (beta2: float) (epsilon: float) =
    perElement (text "radam" (rateBetasEpsilon lr beta1 beta2 epsilon)) (0.0, 0.0) (fun t _ g (m, v) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let mHat = m / weight beta1 t
        let longest = 2.0 / (1.0 - beta2) - 1.0
        let length = longest - 2.0 * float t * beta2 ** float t / weight beta2 t

        let delta =
            if length > 5.0 then
                let adaptive = mHat * sqrt (weight beta2 t) |> over (sqrt v + epsilon)

                let rectification =
                    sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))

                lr * rectification * adaptive
            else
                lr * mHat

        delta, (m, v))

/// Zhuang et al. 2020, algorithm 2 with corrections: ε is added to the mean for good, and to the root.
let adabelief (lr: float) (beta1: float) (beta2: float) (epsilon: float) =
    perElement (text "adabelief" (rateBetasEpsilon lr beta1 beta2 epsilon)) (0.0, 0.0) (fun t _ g (m, s) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let s = beta2 * s + (1.0 - beta2) * (g - m) * (g - m) + epsilon
        let mHat = m / weight beta1 t
        let sHat = s / weight beta2 t
        lr * mHat |> over (sqrt sHat + epsilon), (m, s))

/// Zaheer et al. 2018, algorithm 2, which corrects nothing.
let yogi (lr: float) (beta1: float) (beta2: float) (epsilon: float) (initial: float) (correction: bool) =
    let name =
        text "yogi" (rateBetasEpsilon lr beta1 beta2 epsilon @ [ number "initial" initial; flag "correction" correction ])

    perElement name (0.0, initial) (fun t _ g (m, v) ->
        let m = beta1 * m + (1.0 - beta1) * g
        let v = v - (1.0 - beta2) * sign (v - g * g) * g * g
        let mHat = if correction then m / weight beta1 t else m
        let vHat = if correction then v / weight beta2 t else v
        lr * mHat |> over (sqrt vHat + epsilon), (m, v))

/// Xie et al. 2022, algorithm 1, in the convention of the authors' code: β for the paper's 1 − β, and means that begin at 0, corrected.
let adan (lr: float) (beta1: float) (beta2: float) (beta3: float) (epsilon: float) (decay: float) =
    let name =
        text
            "adan"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "beta3" beta3
              number "eps" epsilon
              number "weight_decay" decay ]

    perElement name (0.0, 0.0, 0.0, 0.0) (fun t w g (m, v, n, previous) ->
        let difference = if t = 1 then 0.0 else g - previous
        let ahead = g + beta2 * difference
        let m = beta1 * m + (1.0 - beta1) * g
        let v = beta2 * v + (1.0 - beta2) * difference
        let n = beta3 * n + (1.0 - beta3) * ahead * ahead
        let mean = m / weight beta1 t + beta2 * (v / weight beta2 t)
        let update = lr * mean |> over (sqrt (n / weight beta3 t) + epsilon)
        w - (w - update) / (1.0 + decay * lr), (m, v, n, g))

/// Pagliardini, Ablin & Grangier 2024, algorithm 1; α and β₃ warm up over so many steps, 0 for not at all.
let ademamix (lr: float) (beta1: float) (beta2: float) (beta3: float) (alpha: float) (epsilon: float) (decay: float) (warmup: int) =
    let name =
        text
            "ademamix"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "beta3" beta3
              number "alpha" alpha
              number "eps" epsilon
              number "weight_decay" decay
              number "warmup" (float warmup) ]

    let alphaAt (t: int) = if t < warmup then alpha * float t / float warmup else alpha

    // Linear in the half-life.
    let beta3At (t: int) =
        if t < warmup then
            let share = float t / float warmup
            exp (log beta1 * log beta3 / ((1.0 - share) * log beta3 + share * log beta1))
        else
            beta3

    perElement name (0.0, 0.0, 0.0) (fun t w g (fast, slow, v) ->
        let fast = beta1 * fast + (1.0 - beta1) * g
        let slow = beta3At t * slow + (1.0 - beta3At t) * g
        let v = beta2 * v + (1.0 - beta2) * g * g
        let mixture = fast / weight beta1 t + alphaAt t * slow
        let vHat = v / weight beta2 t
        lr * ((mixture |> over (sqrt vHat + epsilon)) + decay * w), (fast, slow, v))
