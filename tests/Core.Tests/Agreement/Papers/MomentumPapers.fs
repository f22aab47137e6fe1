/// Rules whose delta is a gradient, a sum of gradients, or the sign of either.
module CuteDl.Core.Tests.MomentumPapers

open CuteDl.Core.Tests.Paper

/// Polyak 1964, eq. 9; Sutskever et al. 2013, eqs. 3 and 4, at the point ahead. As in PyTorch: the rate outside the velocity,
/// and the first velocity is the first gradient, without dampening.
let sgd (lr: float) (momentum: float) (dampening: float) (nesterov: bool) =
    let name =
        text
            "sgd"
            [ number "lr" lr
              number "momentum" momentum
              number "dampening" dampening
              flag "nesterov" nesterov ]

    perElement name 0.0 (fun t _ g v ->
        if momentum = 0.0 then
            lr * g, v
        else
            let v = if t = 1 then g else momentum * v + (1.0 - dampening) * g
            lr * (if nesterov then g + momentum * v else v), v)

/// Sutskever et al. 2013, eqs. 3 and 4, with the parameters kept at the point ahead; the rate inside the velocity.
let nesterov (lr: float) (decay: float) =
    perElement (text "nesterov" [ number "lr" lr; number "decay" decay ]) 0.0 (fun _ _ g v ->
        let v = decay * v + lr * g
        decay * v + lr * g, v)

/// Polyak & Juditsky 1992, as in PyTorch: what is handed out is not the average but what is averaged.
let asgd (lr: float) (lambda: float) (alpha: float) (t0: float) =
    let name =
        text "asgd" [ number "lr" lr; number "weight_decay" lambda; number "alpha" alpha; number "t0" t0 ]

    perElement name 0.0 (fun t w g average ->
        let before = float (t - 1)
        let eta = lr / (1.0 + lambda * lr * before) ** alpha
        let mu = 1.0 / max 1.0 (before - t0)
        let delta = eta * (lambda * w + g)
        let w = w - delta
        delta, (if mu = 1.0 then w else average + mu * (w - average)))

/// Bernstein et al. 2018, algorithm 2.
let signum (lr: float) (beta: float) =
    perElement (text "signum" [ number "lr" lr; number "beta" beta ]) 0.0 (fun _ _ g m ->
        let m = beta * m + (1.0 - beta) * g
        lr * sign m, m)

/// Chen et al. 2023, algorithm 2.
let lion (lr: float) (beta1: float) (beta2: float) (decay: float) =
    let name =
        text "lion" [ number "lr" lr; number "beta1" beta1; number "beta2" beta2; number "weight_decay" decay ]

    perElement name 0.0 (fun _ w g m ->
        let c = beta1 * m + (1.0 - beta1) * g
        lr * (sign c + decay * w), beta2 * m + (1.0 - beta2) * g)

/// Riedmiller & Braun 1993, in the form of Igel & Hüsken 2003 that forgets a gradient whose sign turned: iRprop⁻, PyTorch's.
let rprop (lr: float) (etaMinus: float) (etaPlus: float) (minimum: float) (maximum: float) =
    let name =
        text
            "rprop"
            [ number "lr" lr
              number "eta_minus" etaMinus
              number "eta_plus" etaPlus
              number "min" minimum
              number "max" maximum ]

    perElement name (0.0, lr) (fun _ _ g (previous, size) ->
        let agreement = previous * g

        let factor =
            if agreement > 0.0 then etaPlus
            elif agreement < 0.0 then etaMinus
            else 1.0

        let size = min maximum (max minimum (size * factor))
        let g = if agreement < 0.0 then 0.0 else g
        size * sign g, (g, size))
