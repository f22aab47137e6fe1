/// Defazio et al. 2024, "The Road Less Scheduled", algorithm 1. Parameters in and out are y, where the gradient is taken; z is the
/// sequence that the steps are taken on, x its weighted mean, to be evaluated at.
module CuteDl.Core.Tests.ScheduleFreePapers

open CuteDl.Core.Tests.Paper

let private warm (warmup: int) (t: int) = if t < warmup then float t / float warmup else 1.0

/// What of x the newest z becomes.
let private share (rate: float) (sum: float) = rate * rate |> over sum

let scheduleFreeSgd (lr: float) (beta: float) (warmup: int) =
    let name =
        text "schedule_free_sgd" [ number "lr" lr; number "beta" beta; number "warmup" (float warmup) ]

    perElementFrom name (fun w -> w, w, 0.0) (fun t y g (z, x, sum) ->
        let rate = lr * warm warmup t
        let sum = sum + rate * rate
        let c = share rate sum
        let z = z - rate * g
        let x = (1.0 - c) * x + c * z
        y - ((1.0 - beta) * z + beta * x), (z, x, sum))

let scheduleFreeAdamw (lr: float) (beta1: float) (beta2: float) (epsilon: float) (decay: float) (warmup: int) =
    let name =
        text
            "schedule_free_adamw"
            [ number "lr" lr
              number "beta1" beta1
              number "beta2" beta2
              number "eps" epsilon
              number "weight_decay" decay
              number "warmup" (float warmup)
              flag "paper" true ]

    perElementFrom name (fun w -> w, w, 0.0, 0.0) (fun t y g (z, x, v, sum) ->
        let v = beta2 * v + (1.0 - beta2) * g * g
        let rate = lr * sqrt (1.0 - beta2 ** float t) * warm warmup t
        let sum = sum + rate * rate
        let c = share rate sum
        let z = z - rate * (g |> over (sqrt v + epsilon)) - rate * decay * y
        let x = (1.0 - c) * x + c * z
        y - ((1.0 - beta1) * z + beta1 * x), (z, x, v, sum))
