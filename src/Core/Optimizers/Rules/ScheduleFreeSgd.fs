namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic

/// z ← z − γ d;  x ← (1−c) x + c z;  Δ = c (y − z) + γ (1 − β (1−c)) d, with the z before the step. Δ is 0 if d is 0 and y = z.  Slots: z,
/// x, and s with <c>Divides</c>.
[<Struct; NoEquality; NoComparison>]
type internal ScheduleFreeUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Share: 'E
      Rest: 'E
      RateOfDelta: 'E
      IsFirst: bool
      Divides: bool
      Decay2: Decay<'E>
      Correction2: 'E
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
                direction <- g / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon) + update.WeightDecay * y

            let next = z - update.Rate * direction
            slots[0] <- next
            slots[1] <- update.Rest * x + update.Share * next
            update.Share * (y - z) + update.RateOfDelta * direction

[<AbstractClass; Sealed>]
type internal ScheduleFreeWeights =
    /// <summary>Decides the weight c of the newest z in the mean: its weight tʳ γᵖ, divided by the sum of all weights. γ is the largest rate so far.</summary>
    static member Prepare(rate: float, stepPower: float, ratePower: float, step: int64, decision: StepDecision) : unit =
        let largest = if step = 1L then rate else max decision[1] rate
        let weight = Math.Pow(float step, stepPower) * Math.Pow(largest, ratePower)
        let sum = (if step = 1L then 0.0 else decision[0]) + weight
        decision[0] <- sum
        decision[1] <- largest
        decision.DecideAll(0, (if sum = 0.0 then 0.0 else weight / sum))

    /// <summary>Returns the update whose direction is the gradient.</summary>
    static member Plain(beta: float, rate: float, step: int64, loop: UpdateLoop<'E>) : ScheduleFreeUpdate<'E> =
        let share = loop.Coefficient 0

        { Rate = loop.Lift rate
          Share = loop.Lift share
          Rest = loop.Lift(1.0 - share)
          RateOfDelta = loop.Lift(rate * (1.0 - beta * (1.0 - share)))
          IsFirst = (step = 1L)
          Divides = false
          Decay2 = loop.Decay 0.0
          Correction2 = loop.Lift 1.0
          Epsilon = loop.Lift 0.0
          WeightDecay = loop.Lift 0.0 }

    /// <summary>Returns the share of the learning rate at a step of a linear warm-up.</summary>
    static member Warm(warmup: int64, step: int64) : float = if warmup = 0L then 1.0 else min 1.0 (float step / float warmup)

/// <summary>SGD without a schedule: z takes the steps, gradients are computed at y, and the result is x, the mean of all z.</summary>
type ScheduleFreeSgd =
    { [<Rate(1.0)>]
      LearningRate: float
      [<Decay("beta", 0.9, "β, the position of the parameters between z and x")>]
      Beta: float
      [<Whole("warmup", 0L, "the number of warm-up steps of the learning rate", AtLeast = 0.0, Technical = true)>]
      Warmup: int64 }

    member private h.RateAt(step: int64) = h.LearningRate * ScheduleFreeWeights.Warm(h.Warmup, step)

    interface IPreparingRule with
        member _.Slots = [ "z"; "x" ]
        member _.NeedsParameters = true
        member _.Scalars _ = [ "weight_sum"; "largest_rate" ]
        member _.Coefficients = 1

        member h.Prepare(step, decision) =
            ScheduleFreeWeights.Prepare(h.RateAt step, 0.0, 2.0, step, decision)
            true

        member h.Update(step, loop) = loop.Run(ScheduleFreeWeights.Plain(h.Beta, h.RateAt step, step, loop))

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

    interface IDescribed<ScheduleFreeSgd> with
        static member Description =
            { Name = "schedule_free_sgd"
              Summary = "SGD that returns the mean of its iterates; needs no schedule"
              Formula = "z ← z − γ g;  c = max(γ)²/Σ max(γ)²;  x ← (1−c) x + c z;  y = (1−β) z + β x"
              Source = "Defazio et al. 2024, algorithm 1 and eqs. 3-5"
              Traits = [ Trait.BetweenPoints ]
              Exempt = [ Exemption.meanOfSteps; Exemption.proportional ]
              Role =
                Role.Rule
                    { Reproduces = "schedulefree.SGDScheduleFree"
                      Rate = RatePlace.Inside "z, and inside the weights of x"
                      Epsilon = EpsilonPlace.None ""
                      InitialState =
                        [ "z", InitialValue.Parameters
                          "x", InitialValue.Parameters
                          "weight_sum", InitialValue.Zero
                          "largest_rate", InitialValue.Zero ]
                      BiasCorrection = BiasCorrection.None ""
                      WeightDecay = DecayForm.None
                      Learns = { Optimizer = "schedule_free_sgd(lr=1)"; Accuracy = 0.9800; Note = "" } } }
