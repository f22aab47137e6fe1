/// Rules that find their own rate: from the distance that the whole model has come, or a lower bound of the one it has to go.
module CuteDl.Core.Tests.DistancePapers

open CuteDl.Core.Tests.Paper

let private distance (a: float array) (b: float array) = norm (Array.map2 (-) a b)

let private sumOfMagnitudes (values: float array) = Array.sumBy abs values

/// Ivgi, Hinder & Carmon 2023, section 2: η = r̄ / √G; the authors' code begins G with ε.
let dog (lr: float) (initialDistance: float) (epsilon: float) =
    let name = text "dog" [ number "lr" lr; number "reps" initialDistance; number "eps" epsilon ]

    wholeModel name (fun w0 -> w0, initialDistance * (1.0 + norm w0), epsilon) (fun _ w g (w0, farthest, sum) ->
        let farthest = max farthest (distance w w0)
        let sum = sum + dot g g
        Array.map (fun g -> lr * farthest * g |> over (sqrt sum)) g, (w0, farthest, sum))

/// Khaled, Mishchenko & Jin 2023, algorithm 1; the authors' code has one ε for the first squared distance and beside the root.
let dowg (epsilon: float) =
    wholeModel (text "dowg" [ number "eps" epsilon ]) (fun w0 -> w0, epsilon, 0.0) (fun _ w g (w0, farthestSquared, v) ->
        let farthestSquared = max farthestSquared (distance w w0 ** 2.0)
        let v = v + farthestSquared * dot g g
        Array.map (fun g -> farthestSquared * g |> over (sqrt v + epsilon)) g, (w0, farthestSquared, v))

/// Defazio & Mishchenko 2023, "Adam with D-Adaptation"; decay as in AdamW, times the rate.
let dadaptAdam (lr: float) (beta1: float) (beta2: float) (epsilon: float) (decay: float) (d0: float) =
    let name =
        text
            "dadapt_adam"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "eps" epsilon
              number "weight_decay" decay
              number "d0" d0 ]

    let zeros (w0: float array) = Array.map (fun _ -> 0.0) w0

    wholeModel name (fun w0 -> zeros w0, zeros w0, zeros w0, 0.0, d0) (fun _ w g (m, v, s, r, d) ->
        let beta = sqrt beta2
        let rate = d * lr
        let m = Array.map2 (fun m g -> beta1 * m + (1.0 - beta1) * rate * g) m g
        let v = Array.map2 (fun v g -> beta2 * v + (1.0 - beta2) * g * g) v g
        let a = Array.map (fun v -> sqrt v + epsilon) v
        let product = Array.map3 (fun g s a -> g * s |> over a) g s a |> Array.sum
        let r = beta * r + (1.0 - beta) * rate * product
        let s = Array.map2 (fun s g -> beta * s + (1.0 - beta) * rate * g) s g
        let bound = if sumOfMagnitudes s = 0.0 then d else r / ((1.0 - beta) * sumOfMagnitudes s)
        let delta = Array.map3 (fun w m a -> (m |> over a) + decay * rate * w) w m a
        delta, (m, v, s, r, max d bound))

/// Mishchenko & Defazio 2024, algorithm 4; decay as in AdamW, times the rate.
let prodigy (lr: float) (beta1: float) (beta2: float) (beta3: float) (epsilon: float) (decay: float) (d0: float) (coefficient: float) =
    let name =
        text
            "prodigy"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "beta3" beta3
              number "eps" epsilon
              number "weight_decay" decay
              number "d0" d0
              number "coefficient" coefficient ]

    let zeros (w0: float array) = Array.map (fun _ -> 0.0) w0

    wholeModel name (fun w0 -> w0, zeros w0, zeros w0, zeros w0, 0.0, d0) (fun _ w g (w0, m, v, s, r, d) ->
        let r = beta3 * r + (1.0 - beta3) * lr * d * d * dot g (Array.map2 (-) w0 w)
        let s = Array.map2 (fun s g -> beta3 * s + (1.0 - beta3) * lr * d * d * g) s g
        let bound = if sumOfMagnitudes s = 0.0 then d else coefficient * r / sumOfMagnitudes s
        let m = Array.map2 (fun m g -> beta1 * m + (1.0 - beta1) * d * g) m g
        let v = Array.map2 (fun v g -> beta2 * v + (1.0 - beta2) * d * d * g * g) v g

        let delta = Array.map3 (fun w m v -> lr * d * ((m |> over (sqrt v + d * epsilon)) + decay * w)) w m v

        delta, (w0, m, v, s, r, max d bound))
