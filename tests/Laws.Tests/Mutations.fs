/// Optimizers that are wrong, each in a way in which one was shipped somewhere.
module CuteDl.Laws.Tests.Mutations

open System
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers
open CuteDl.Core.Optimizers.DocumentUpdates

[<Struct; NoEquality; NoComparison>]
type LinearLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfGradient: 'E
      OfParameter: 'E }

    interface IUpdate<'E> with
        member update.Delta(g, w, _) = update.OfGradient * g + update.OfParameter * w

/// Without a rate it hands back what the optimizer in front would add, not what it would take away.
type SignLost =
    { LearningRate: float option }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            let rate = h.LearningRate |> Option.defaultValue -1.0
            loop.Run { FixedUpdate.Rate = loop.Lift rate }

/// Climbs by turning all of Δ round, decay too.
type FlippedDecay =
    { LearningRate: float
      WeightDecay: float }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = true

        member h.Update(_, loop) =
            loop.Run
                { LinearLaw.OfGradient = loop.Lift -h.LearningRate
                  OfParameter = loop.Lift(-h.LearningRate * h.WeightDecay) }

[<Struct; NoEquality; NoComparison>]
type SwappedLionLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E> }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            let direction = Element.sign (update.Decay2.Mean(slots[0], g))
            slots[0] <- update.Decay1.Mean(slots[0], g)
            update.Rate * direction

/// Lion that remembers by β₁ and takes the sign by β₂.
type SwappedLion =
    { LearningRate: float
      Beta1: float
      Beta2: float }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run
                { SwappedLionLaw.Rate = loop.Lift h.LearningRate
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2 }

[<Struct; NoEquality; NoComparison>]
type UndividedLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E> }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            slots[0] <- update.Decay1.Mean(slots[0], g)
            slots[1] <- update.Decay2.Mean(slots[1], g * g)
            update.Rate * slots[0]

/// RAdam whose rectified steps have the rate squared.
type SquaredRate =
    { LearningRate: float
      IsWrong: bool }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let beta1, beta2 = 0.9, 0.999
            let rate = h.LearningRate / (1.0 - Math.Pow(beta1, float step))
            let weight = 1.0 - Math.Pow(beta2, float step)
            let longest = 2.0 / (1.0 - beta2) - 1.0
            let length = longest - 2.0 * float step * (1.0 - weight) / weight

            if length > 5.0 then
                let r = sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))
                let rate = if h.IsWrong then rate * h.LearningRate else rate

                loop.Run
                    { AdamUpdate.CorrectedRate = loop.Lift(rate * r * sqrt weight)
                      Decay1 = loop.Decay beta1
                      Decay2 = loop.Decay beta2
                      Correction2 = loop.Lift 1.0
                      Epsilon = loop.Lift 1e-8 }
            else
                loop.Run { UndividedLaw.Rate = loop.Lift rate; Decay1 = loop.Decay beta1; Decay2 = loop.Decay beta2 }

[<Struct; NoEquality; NoComparison>]
type DoubleStartLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: 'E
      IsFirst: bool }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            let before = if update.IsFirst then update.Rate * g else slots[0]
            slots[0] <- update.Decay * before + update.Rate * g
            slots[0]

/// A velocity that starts at the first gradient, and then decays and takes it up once more.
type DoubleStart =
    { LearningRate: float
      Decay: float }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run { DoubleStartLaw.Rate = loop.Lift h.LearningRate; Decay = loop.Lift h.Decay; IsFirst = (step = 1L) }

[<Struct; NoEquality; NoComparison>]
type MeanLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E> }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            slots[0] <- update.Decay.Mean(slots[0], g)
            update.Rate * slots[0]

/// A corrected mean whose count of steps goes up once for each tensor.
type CountsTensors =
    { LearningRate: float
      Decay: float }

    interface IReducingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false
        member _.Scalars _ = [ "count" ]
        member _.Coefficients = 1
        member _.Sums = 0
        member _.Waits = true
        member _.Prepare(_, _) = true
        member _.Reduce(_, _) = ()

        member h.Decide(_, decision) =
            for tensor in 0 .. decision.Tensors - 1 do
                decision[0] <- decision[0] + 1.0
                decision.Decide(tensor, 0, h.LearningRate / (1.0 - Math.Pow(h.Decay, decision[0])))

            true

        member h.Update(_, loop) =
            loop.Run { MeanLaw.Rate = loop.Lift(loop.Coefficient 0); Decay = loop.Decay h.Decay }

[<Struct; NoEquality; NoComparison>]
type UnclampedLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E>
      Epsilon: 'E }

    interface IUpdate<'E> with
        member update.Delta(g, _, slots) =
            let s = update.Decay.Mean(slots[0], g * g)
            let m = update.Decay.Mean(slots[1], g)
            slots[0] <- s
            slots[1] <- m
            update.Rate * g / ('E.Root(s - m * m) + update.Epsilon)

/// Centred RMSProp with the root of a difference that rounding takes below 0.
type Unclamped =
    { LearningRate: float
      Decay: float }

    interface IRule with
        member _.Slots = [ "square_average"; "average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run
                { UnclampedLaw.Rate = loop.Lift h.LearningRate
                  Decay = loop.Decay h.Decay
                  Epsilon = loop.Lift 1e-6 }

/// A rate that falls with the steps, counted by the rule itself and not by its state.
type CountsItself(learningRate: float) =
    let mutable steps = 0

    interface IPreparingRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member _.Scalars _ = []
        member _.Coefficients = 1

        member _.Prepare(_, decision) =
            steps <- steps + 1
            decision.DecideAll(0, learningRate / float steps)
            true

        member _.Update(_, loop) = loop.Run { FixedUpdate.Rate = loop.Lift(loop.Coefficient 0) }

/// Clips that go to the limit and never to what is within it, or go by the largest element where they should go by all.
type WrongClip =
    {
        Limit: float
        /// Every gradient gets the limit's length, the short ones too.
        Stretches: bool
        /// The limit is on the largest element.
        OfLargest: bool
    }

    interface ITensorRule with
        member _.Slots = []
        member _.NeedsParameters = false

        member h.Transform(_, tensor: WholeTensor<'T>) =
            let gradient = tensor.Gradient
            let mutable squares = 0.0
            let mutable largest = 0.0

            for i in 0 .. gradient.Length - 1 do
                let g = Double.CreateTruncating gradient[i]
                squares <- squares + g * g
                largest <- max largest (abs g)

            let length = if h.OfLargest then largest else sqrt squares

            if length > h.Limit || h.Stretches && length > 0.0 then
                for i in 0 .. gradient.Length - 1 do
                    gradient[i] <- gradient[i] * 'T.CreateTruncating(h.Limit / length)

[<Struct; NoEquality; NoComparison>]
type AverageUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Decay: Decay<'E> }

    interface IUpdate<'E> with
        member update.Delta(delta, w, slots) =
            slots[0] <- update.Decay.Mean(slots[0], w - delta)
            delta

/// A moving average of the parameters that starts at 0 and is read as it is, or corrected.
type MovingAverage =
    { Decay: float
      IsCorrected: bool }

    interface IPreparingRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight" ]
        member _.Coefficients = 0

        member h.Prepare(_, decision) =
            decision[0] <- h.Decay * decision[0] + (1.0 - h.Decay)
            true

        member h.Update(_, loop) = loop.Run { AverageUpdate.Decay = loop.Decay h.Decay }

    interface IAveraging with
        member _.AverageSlot = 0
        member h.Scale numbers = if h.IsCorrected then 1.0 / numbers[0] else 1.0
