namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Schedule-free rules (Defazio et al. 2024). z takes the steps. x is the mean of all z, and is the result to evaluate. The parameters are
// y, a point between z and x. z and x both start at the parameters.

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
    {
        /// <summary>α, at least 0. Default 1.</summary>
        LearningRate: float
        /// <summary>β in [0, 1): the weight of x in the point y where gradients are computed. Default 0.9.</summary>
        Beta: float
        /// <summary>The number of steps over which the learning rate rises. 0, the default, is no warm-up.</summary>
        Warmup: int64
    }

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

/// <summary>
/// AdamW without a schedule: z takes RMSProp's steps, gradients are computed at y, and the result is x, the mean of all z.
/// </summary>
type ScheduleFreeAdamW =
    {
        /// <summary>α, at least 0. Default 0.0025.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1): the weight of x in the point y where gradients are computed. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), the decay of the mean of squares. Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: weight decay of y, multiplied by the learning rate. Default 0.</summary>
        WeightDecay: float
        /// <summary>The number of steps over which the learning rate rises. 0, the default, is no warm-up.</summary>
        Warmup: int64
    }

    member private h.RateAt(step: int64) =
        h.LearningRate * sqrt (1.0 - Math.Pow(h.Beta2, float step)) * ScheduleFree.warm h.Warmup step

    interface IPreparingRule with
        member _.Slots = [ "z"; "x"; "square_average" ]
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
                  RateOfDelta = loop.Lift(rate * (1.0 - h.Beta1 * (1.0 - share)))
                  IsFirst = (step = 1L)
                  Divides = true
                  Decay2 = loop.Decay h.Beta2
                  Epsilon = loop.Lift h.Epsilon
                  WeightDecay = loop.Lift h.WeightDecay }

    interface IAveraging with
        member _.AverageSlot = 1
        member _.Scale _ = 1.0

module internal ScheduleFreeRules =
    open RuleKind

    let private clock = "P22", "the mean depends on the number of steps"

    let private warmup get set =
        whole "warmup" "the number of warm-up steps of the learning rate" ArgumentRange.countsOrNone true get set

    let scheduleFreeSgd =
        define
            Role.Rule
            "schedule_free_sgd"
            (documentation
                "SGD that returns the mean of its iterates; needs no schedule"
                "z ← z − γ g;  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β) z + β x"
                "Defazio et al. 2024, algorithm 1 and eqs. 3-5"
                "schedulefree.SGDScheduleFree"
                { Rate = "inside z, and inside the weights of x"
                  Epsilon = "none"
                  InitialState = [ "z", "the parameters"; "x", "the parameters"; "weight_sum", "0" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ clock; "P9", "Δ is proportional to the gradient" ])
            { ScheduleFreeSgd.LearningRate = 1.0; Beta = 0.9; Warmup = 0L }
            [ rate (fun (h: ScheduleFreeSgd) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "beta" "β, the position of the parameters between z and x" ArgumentRange.belowOne _.Beta (fun v h ->
                  { h with Beta = v })
              warmup _.Warmup (fun v h -> { h with Warmup = v }) ]

    let scheduleFreeAdamW =
        define
            Role.Rule
            "schedule_free_adamw"
            (documentation
                "AdamW that returns the mean of its iterates; needs no schedule"
                "γ = α √(1−β₂ᵗ);  z ← z − γ (g/(√s + ε) + λ y);  c = γ²/Σγ²;  x ← (1−c) x + c z;  y = (1−β₁) z + β₁ x"
                "Defazio et al. 2024, algorithm 1"
                "schedulefree.AdamWScheduleFreePaper"
                { Rate = "inside z, and in the weights of x"
                  Epsilon = "outside the uncorrected root"
                  InitialState = [ "z", "the parameters"; "x", "the parameters"; "square_average", "0"; "weight_sum", "0" ]
                  BiasCorrection = "the mean of squares, by √(1−β₂ᵗ) in the learning rate"
                  WeightDecay = "decoupled, multiplied by the learning rate; the step of z contains λ y" }
                [ clock; "P5", "each element has its own effective learning rate" ])
            { ScheduleFreeAdamW.LearningRate = 0.0025
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-8
              WeightDecay = 0.0
              Warmup = 0L }
            [ rate (fun (h: ScheduleFreeAdamW) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "beta1" "β₁, the position of the parameters between z and x" ArgumentRange.belowOne _.Beta1 (fun v h ->
                  { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squares" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, the weight decay of y" true _.WeightDecay (fun v h -> { h with WeightDecay = v })
              warmup _.Warmup (fun v h -> { h with Warmup = v }) ]
