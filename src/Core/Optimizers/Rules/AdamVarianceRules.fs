namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

// Adam with another estimate of the variance of the gradients.

/// Δ = rate v, used until enough squares were seen.  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal UnrectifiedUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            slots[0] <- v
            slots[1] <- update.Decay2.Mean(slots[1], g * g)
            update.CorrectedRate * v

/// <summary>Adam that divides by the mean of squares only once that mean is reliable, and then rectifies its variance.</summary>
type RAdam =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999. With ⅔ or less, the rule never divides.</summary>
        Beta2: float
        /// <summary>ε, at least 0, added to the uncorrected root. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let rate = h.LearningRate / Moments.weight h.Beta1 step
            let weight2 = Moments.weight h.Beta2 step
            let longest = 2.0 / (1.0 - h.Beta2) - 1.0
            let length = longest - 2.0 * float step * Math.Pow(h.Beta2, float step) / weight2

            if length > 5.0 then
                let rectification =
                    sqrt ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))

                loop.Run
                    { AdamUpdate.CorrectedRate = loop.Lift(rate * rectification * sqrt weight2)
                      Decay1 = loop.Decay h.Beta1
                      Decay2 = loop.Decay h.Beta2
                      Correction2 = loop.Lift 1.0
                      Epsilon = loop.Lift h.Epsilon }
            else
                loop.Run
                    { UnrectifiedUpdate.CorrectedRate = loop.Lift rate
                      Decay1 = loop.Decay h.Beta1
                      Decay2 = loop.Decay h.Beta2 }

/// s ← β₂ s + (1−β₂) (g − v)² + ε;  Δ = α/c₁ v / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdaBeliefUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let surprise = g - v
            let s = update.Adam.Decay2.Mean(slots[1], surprise * surprise) + update.Adam.Epsilon
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2) + update.Adam.Epsilon)

/// <summary>Adam that divides by the deviation of gradients from their mean: steps are long where gradients are as expected.</summary>
type AdaBelief =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0, added to the mean and to its root. Default 1e-16.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "belief" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { AdaBeliefUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true) }

/// s ← s + first − (1−β₂) sign(s − g²) g²;  Δ = α/c₁ v / (√(s/c₂) + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal YogiUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Take2: 'E
      First: 'E
      Correction2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let before = slots[1] + update.First
            let square = g * g
            let s = before - update.Take2 * Element.sign (before - square) * square
            slots[0] <- v
            slots[1] <- s
            update.CorrectedRate * v / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)

/// <summary>Adam whose mean of squares changes by at most (1−β₂) g² per step, so that it decreases no faster than it increases.</summary>
type Yogi =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 0.001.</summary>
        Epsilon: float
        /// <summary>The initial mean of squares, at least 0. Default 1e-6.</summary>
        Initial: float
        /// <summary>True to correct both means as Adam does. Default false, as in the paper.</summary>
        Correction: bool
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let weight decay = Moments.weightIf h.Correction decay step

            loop.Run
                { YogiUpdate.CorrectedRate = loop.Lift(h.LearningRate / weight h.Beta1)
                  Decay1 = loop.Decay h.Beta1
                  Take2 = loop.Lift(1.0 - h.Beta2)
                  First = loop.Lift(if step = 1L then h.Initial else 0.0)
                  Correction2 = loop.Lift(1.0 / weight h.Beta2)
                  Epsilon = loop.Lift h.Epsilon }

module internal AdamVarianceRules =
    open RuleKind
    open Moments

    let rAdam =
        define
            Role.Rule
            "radam"
            (documentation
                "Adam that divides only when the variance of the mean of squares is small enough"
                "ρ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ);  ρ > 5: Δ = α r v̂ √(1−β₂ᵗ)/(√s + ε);  otherwise Δ = α v̂"
                "Liu et al. 2020, algorithm 2, threshold 5"
                "torch.optim.RAdam"
                { Rate = "outside the slots"
                  Epsilon = "outside the uncorrected root"
                  InitialState = [ "average", "0"; "square_average", "0" ]
                  BiasCorrection = "both means; the mean of squares by √(1−β₂ᵗ) outside its root; at first only the mean of gradients"
                  WeightDecay = "none" }
                [ clock; own; "P9", "its first steps are proportional to the gradient" ])
            { RAdam.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: RAdam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adaBelief =
        define
            Role.Rule
            "adabelief"
            (documentation
                "Adam that divides by the deviation of gradients from their mean"
                "s ← β₂ s + (1−β₂) (g−v)² + ε;  Δ = α v̂ / (√ŝ + ε)"
                "Zhuang et al. 2020, algorithm 2"
                "the authors' package (rectify=False, weight_decouple=False); optax.adabelief(eps_root=eps)"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root, and added to the mean of squares at every step"
                  InitialState = [ "average", "0"; "belief", "0" ]
                  BiasCorrection = "both means"
                  WeightDecay = "none" }
                [ clock; own; "P9", "its ε is used with two units" ])
            { AdaBelief.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-16 }
            [ rate (fun (h: AdaBelief) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squared deviations" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let yogi =
        define
            Role.Rule
            "yogi"
            (documentation
                "Adam whose mean of squares changes by at most (1−β₂) g² a step"
                "s ← s − (1−β₂) sign(s − g²) g²;  Δ = α v / (√s + ε)"
                "Zaheer et al. 2018, algorithm 2"
                "pytorch_optimizer and TF Addons with correction=true; optax.yogi also starts v at 1e-6"
                { Rate = "outside the slots"
                  Epsilon = "outside the root; with correction=true, outside the corrected root"
                  InitialState = [ "average", "0"; "square_average", "initial" ]
                  BiasCorrection = "none; with correction=true, both means"
                  WeightDecay = "none" }
                [ own
                  "P9", "the initial sum has a unit"
                  "P22", "with correction=true, it depends on the number of steps" ])
            { Yogi.LearningRate = 0.01
              Beta1 = 0.9
              Beta2 = 0.999
              Epsilon = 1e-3
              Initial = 1e-6
              Correction = false }
            [ rate (fun (h: Yogi) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              detail "initial" "the initial mean of squares" ArgumentRange.nonNegative _.Initial (fun v h -> { h with Initial = v })
              flag "correction" "bias correction of both means, as in Adam" _.Correction (fun v h -> { h with Correction = v }) ]
