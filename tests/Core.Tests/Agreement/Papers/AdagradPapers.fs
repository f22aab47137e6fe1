/// Rules that divide the gradient by a root of its past squares.
module CuteDl.Core.Tests.AdagradPapers

open CuteDl.Core.Tests.Paper

/// Duchi, Hazan & Singer 2011, eq. 1; PyTorch's falling rate and initial sum.
let adagrad (lr: float) (epsilon: float) (initial: float) (rateDecay: float) (inside: bool) =
    let name =
        text
            "adagrad"
            [ number "lr" lr
              number "eps" epsilon
              number "initial" initial
              number "lr_decay" rateDecay
              flag "inside" inside ]

    perElement name initial (fun t _ g s ->
        let rate = lr / (1.0 + float (t - 1) * rateDecay)
        let s = s + g * g
        rate * g |> over (root inside epsilon s), s)

/// Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, eqs. 38 to 41. PyTorch's velocity, the rate outside.
let rmsprop (lr: float) (decay: float) (epsilon: float) (centered: bool) (momentum: float) (inside: bool) =
    let name =
        text
            "rmsprop"
            [ number "lr" lr
              number "decay" decay
              number "eps" epsilon
              flag "centered" centered
              number "momentum" momentum
              flag "inside" inside ]

    perElement name (0.0, 0.0, 0.0) (fun _ _ g (s, average, v) ->
        let s = decay * s + (1.0 - decay) * g * g
        let average = decay * average + (1.0 - decay) * g
        let variance = if centered then max 0.0 (s - average * average) else s
        let v = momentum * v + (g |> over (root inside epsilon variance))
        lr * v, (s, average, v))

/// Zeiler 2012, algorithm 1, where ε is inside.
let adadelta (decay: float) (epsilon: float) (epsilonDelta: float) (lr: float) (inside: bool) =
    let name =
        text
            "adadelta"
            [ number "decay" decay
              number "eps" epsilon
              number "eps_delta" epsilonDelta
              number "lr" lr
              flag "inside" inside ]

    perElement name (0.0, 0.0) (fun _ _ g (s, d) ->
        let s = decay * s + (1.0 - decay) * g * g
        let delta = root inside epsilonDelta d * g |> over (root inside epsilon s)
        let d = decay * d + (1.0 - decay) * delta * delta
        lr * delta, (s, d))
