/// Correct rules of other hands: the equations of the library's rules with other operations, in another order.
module CuteDl.Laws.Tests.Transcriptions

open System
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

let private root (value: 'T) : 'T :> Numerics.IFloatingPointIeee754<'T> = 'T.Sqrt value
let private lift (value: float) : 'T :> Numerics.IFloatingPointIeee754<'T> = 'T.CreateTruncating value

/// Adam as PyTorch writes it: means by linear interpolation, the step size and the root corrected apart.
type TorchAdam =
    { LearningRate: float
      Beta1: float
      Beta2: float
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let average = tensor.Slot 0
            let squares = tensor.Slot 1
            let stepSize: 'T = lift (h.LearningRate / (1.0 - Math.Pow(h.Beta1, float step)))
            let correction2Root: 'T = lift (sqrt (1.0 - Math.Pow(h.Beta2, float step)))
            let epsilon: 'T = lift h.Epsilon
            let take1: 'T = lift (1.0 - h.Beta1)
            let keep2: 'T = lift h.Beta2
            let take2: 'T = lift (1.0 - h.Beta2)

            for i in 0 .. g.Length - 1 do
                average[i] <- average[i] + take1 * (g[i] - average[i])
                squares[i] <- squares[i] * keep2 + take2 * g[i] * g[i]
                g[i] <- stepSize * (average[i] / (root squares[i] / correction2Root + epsilon))

/// Adam as the paper writes it, with all constants in the precision of the elements and powers by repeated products.
type ProductAdam =
    { LearningRate: float
      Beta1: float
      Beta2: float
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = [ "m"; "v" ]
        member _.NeedsParameters = false

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let m = tensor.Slot 0
            let v = tensor.Slot 1
            let one = 'T.One
            let beta1: 'T = lift h.Beta1
            let beta2: 'T = lift h.Beta2
            let mutable power1 = one
            let mutable power2 = one

            for _ in 1L .. step do
                power1 <- power1 * beta1
                power2 <- power2 * beta2

            for i in 0 .. g.Length - 1 do
                m[i] <- (one - beta1) * g[i] + beta1 * m[i]
                v[i] <- (one - beta2) * (g[i] * g[i]) + beta2 * v[i]
                let corrected1 = m[i] / (one - power1)
                let corrected2 = v[i] / (one - power2)
                g[i] <- lift h.LearningRate * corrected1 / (root corrected2 + lift h.Epsilon)

/// AdamW that shrinks the parameters by 1 − α λ before the step, and returns the difference of the parameters.
type ShrinkingAdamW =
    { LearningRate: float
      Beta1: float
      Beta2: float
      Epsilon: float
      WeightDecay: float }

    interface ITensorRule with
        member _.Slots = [ "exp_avg"; "exp_avg_sq" ]
        member _.NeedsParameters = true

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let average = tensor.Slot 0
            let squares = tensor.Slot 1
            let keep: 'T = lift (1.0 - h.LearningRate * h.WeightDecay)
            let correction1: 'T = lift (1.0 - Math.Pow(h.Beta1, float step))
            let correction2: 'T = lift (1.0 - Math.Pow(h.Beta2, float step))

            for i in 0 .. g.Length - 1 do
                let w = tensor.Parameters[i]
                average[i] <- average[i] + (g[i] - average[i]) * lift (1.0 - h.Beta1)
                squares[i] <- squares[i] + (g[i] * g[i] - squares[i]) * lift (1.0 - h.Beta2)
                let denominator = root squares[i] / root correction2 + lift h.Epsilon
                let next = w * keep - lift h.LearningRate / correction1 * average[i] / denominator
                g[i] <- w - next

/// Momentum with the learning rate outside of the velocity, which is a mean: m ← γ m + (1−γ) g, Δ = α/(1−γ) m.
type MeanMomentum =
    { LearningRate: float
      Decay: float }

    interface ITensorRule with
        member _.Slots = [ "mean" ]
        member _.NeedsParameters = false

        member h.Transform(_, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let mean = tensor.Slot 0

            for i in 0 .. g.Length - 1 do
                mean[i] <- g[i] + lift h.Decay * (mean[i] - g[i])
                g[i] <- lift (h.LearningRate / (1.0 - h.Decay)) * mean[i]

/// Adadelta with the quotient of the roots last, and means by linear interpolation.
type LateAdadelta =
    { Decay: float
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = [ "square_avg"; "acc_delta" ]
        member _.NeedsParameters = false

        member h.Transform(_, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let squares = tensor.Slot 0
            let deltas = tensor.Slot 1
            let take: 'T = lift (1.0 - h.Decay)
            let epsilon: 'T = lift h.Epsilon

            for i in 0 .. g.Length - 1 do
                squares[i] <- squares[i] + take * (g[i] * g[i] - squares[i])
                let delta = g[i] * (root deltas[i] + epsilon) / (root squares[i] + epsilon)
                deltas[i] <- deltas[i] + take * (delta * delta - deltas[i])
                g[i] <- delta

/// Lion by comparisons, with both means by linear interpolation.
type ComparingLion =
    { LearningRate: float
      Beta1: float
      Beta2: float }

    interface ITensorRule with
        member _.Slots = [ "exp_avg" ]
        member _.NeedsParameters = false

        member h.Transform(_, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let average = tensor.Slot 0

            for i in 0 .. g.Length - 1 do
                let direction = average[i] + (g[i] - average[i]) * lift (1.0 - h.Beta1)
                average[i] <- g[i] + (average[i] - g[i]) * lift h.Beta2
                let sign = 'T.CreateTruncating('T.Sign direction)
                g[i] <- sign * lift h.LearningRate

/// RAdam with the root of the correction inside the divisor.
type DividingRAdam =
    { LearningRate: float
      Beta1: float
      Beta2: float
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = [ "exp_avg"; "exp_avg_sq" ]
        member _.NeedsParameters = false

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let average = tensor.Slot 0
            let squares = tensor.Slot 1
            let power2 = exp (float step * log h.Beta2)
            let correction1 = 1.0 - exp (float step * log h.Beta1)
            let correction2 = 1.0 - power2
            let limit = (1.0 + h.Beta2) / (1.0 - h.Beta2)
            let length = limit - 2.0 * float step * (power2 / correction2)

            for i in 0 .. g.Length - 1 do
                average[i] <- lift h.Beta1 * average[i] + (g[i] - lift h.Beta1 * g[i])
                squares[i] <- squares[i] + lift (1.0 - h.Beta2) * (g[i] * g[i] - squares[i])
                let corrected = average[i] / lift correction1

                let adaptive: 'T =
                    if length > 5.0 then
                        let rectification =
                            sqrt ((length - 4.0) / (limit - 4.0) * ((length - 2.0) / (limit - 2.0)) * (limit / length))

                        lift (sqrt correction2) / (root squares[i] + lift h.Epsilon) * lift rectification
                    else
                        'T.One

                g[i] <- corrected * lift h.LearningRate * adaptive

/// LAMB with norms that are summed in the precision of the elements, and a learning rate that is multiplied in last.
type SummingLamb =
    { LearningRate: float
      Beta1: float
      Beta2: float
      Epsilon: float }

    interface ITensorRule with
        member _.Slots = [ "exp_avg"; "exp_avg_sq" ]
        member _.NeedsParameters = true

        member h.Transform(step, tensor: WholeTensor<'T>) =
            let g = tensor.Gradient
            let average = tensor.Slot 0
            let squares = tensor.Slot 1
            let correction1: 'T = lift (1.0 - Math.Pow(h.Beta1, float step))
            let correction2: 'T = lift (1.0 - Math.Pow(h.Beta2, float step))
            let mutable ofDirections = 'T.Zero
            let mutable ofParameters = 'T.Zero

            for i in 0 .. g.Length - 1 do
                let w = tensor.Parameters[i]
                average[i] <- average[i] + (g[i] - average[i]) * lift (1.0 - h.Beta1)
                squares[i] <- squares[i] + (g[i] * g[i] - squares[i]) * lift (1.0 - h.Beta2)
                g[i] <- average[i] / correction1 / (root (squares[i] / correction2) + lift h.Epsilon)
                ofDirections <- ofDirections + g[i] * g[i]
                ofParameters <- ofParameters + w * w

            let ratio =
                if 'T.IsZero ofDirections || 'T.IsZero ofParameters then
                    'T.One
                else
                    root (ofParameters / ofDirections)

            for i in 0 .. g.Length - 1 do
                g[i] <- lift h.LearningRate * (g[i] * ratio)
