namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// z ← z − γ d;  x ← (1−c) x + c z;  Δ = c (y − z) + γ (1 − β (1−c)) d, with the z before the step. Δ is 0 if d is 0 and y = z.  Slots: z,
/// x, and s.
[<Struct; NoEquality; NoComparison>]
type internal ScheduleFreeUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Share: 'E
      Rest: 'E
      RateOfDelta: 'E
      IsFirst: bool
      Divides: bool
      Decay2: Decay<'E>
      Epsilon: 'E
      WeightDecay: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, y, slots) =
            let z = if update.IsFirst then y else slots[0]
            let x = if update.IsFirst then y else slots[1]
            let mutable direction = g

            if update.Divides then
                let s = update.Decay2.Mean(slots[2], g * g)
                slots[2] <- s
                direction <- g / 'E.RootDivisor('E.Root s + update.Epsilon) + update.WeightDecay * y

            let next = z - update.Rate * direction
            slots[0] <- next
            slots[1] <- update.Rest * x + update.Share * next
            update.Share * (y - z) + update.RateOfDelta * direction

module internal ScheduleFree =
    /// Returns the weight of the newest z in the mean, γ² / Σ γ². The state stores Σ γ².
    let prepare (rate: float) (step: int64) (decision: StepDecision) =
        let sum = (if step = 1L then 0.0 else decision[0]) + rate * rate
        decision[0] <- sum
        decision.DecideAll(0, (if sum = 0.0 then 0.0 else rate * rate / sum))

    let warm (warmup: int64) (step: int64) = if warmup = 0L then 1.0 else min 1.0 (float step / float warmup)

/// <summary>SGD without a schedule: z takes the steps, gradients are computed at y, and the result is x, the mean of all z.</summary>
type ScheduleFreeSgd =
    { [<Rate(1.0)>]
      LearningRate: float
      [<Decay("beta", 0.9, "β, the position of the parameters between z and x")>]
      Beta: float
      [<Whole("warmup", 0L, "the number of warm-up steps of the learning rate", AtLeast = 0.0, Technical = true)>]
      Warmup: int64 }

    member private h.RateAt(step: int64) = h.LearningRate * ScheduleFree.warm h.Warmup step

    interface IPreparingRule with
        member _.Slots = [ "z"; "x" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight_sum" ]
        member _.Coefficients = 1

        member h.Prepare(step, decision) =
            ScheduleFree.prepare (h.RateAt step) step decision
            true

        member h.Update(step, loop) =
            let rate = h.RateAt step
            let share = loop.Coefficient 0

            loop.Run
                { ScheduleFreeUpdate.Rate = loop.Lift rate
                  Share = loop.Lift share
                  Rest = loop.Lift(1.0 - share)
                  RateOfDelta = loop.Lift(rate * (1.0 - h.Beta * (1.0 - share)))
                  IsFirst = (step = 1L)
                  Divides = false
                  Decay2 = loop.Decay 0.0
                  Epsilon = loop.Lift 0.0
                  WeightDecay = loop.Lift 0.0 }

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

    interface IDescribed<ScheduleFreeSgd> with
        static member Description =
            { Name = "schedule_free_sgd"
              Summary = "SGD that returns the mean of its iterates; needs no schedule"
              Formula = "z ← z − γ g;  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β) z + β x"
              Source = "Defazio et al. 2024, algorithm 1 and eqs. 3-5"
              Traits = [ Trait.BetweenPoints ]
              Exempt = [ "P22", "the mean depends on the number of steps"; "P9", "Δ is proportional to the gradient" ]
              Role =
                Role.Rule
                    { Reproduces = "schedulefree.SGDScheduleFree"
                      Rate = RatePlace.Inside "z, and inside the weights of x"
                      Epsilon = EpsilonPlace.None ""
                      InitialState =
                        [ "z", InitialValue.Parameters
                          "x", InitialValue.Parameters
                          "weight_sum", InitialValue.Number 0.0 ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "schedule_free_sgd(lr=1)"; Accuracy = 0.9800; Note = "" } } }
