namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

// Adam with a maximum instead of the mean of squares.

/// x ← max(x, s);  Δ = α/c₁ v / (√(x/c₂) + ε).  Slots: v, s, x.
[<Struct; NoEquality; NoComparison>]
type internal AmsGradUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            let x = 'E.Greater(s, slots[2])
            slots[0] <- v
            slots[1] <- s
            slots[2] <- x

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(x * update.Adam.Correction2) + update.Adam.Epsilon)

/// <summary>Adam that divides by the largest mean of squares so far, so that no element's step size rises again.</summary>
type AmsGrad =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average"; "square_maximum" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run { AmsGradUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true) }

/// u ← max(β₂ u, |g| + ε);  Δ = α/c₁ v / u.  Slots: v, u.
[<Struct; NoEquality; NoComparison>]
type internal AdaMaxUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { CorrectedRate: 'E
      Decay1: Decay<'E>
      Keep2: 'E
      Epsilon: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Decay1.Mean(slots[0], g)
            let u = 'E.Greater(Element.absolute g + update.Epsilon, update.Keep2 * slots[1])
            slots[0] <- v
            slots[1] <- u
            update.CorrectedRate * v / 'E.Divisor u

/// <summary>Adam that divides by a decaying maximum of |g| instead of the root of a mean of squares.</summary>
type AdaMax =
    {
        /// <summary>α, at least 0. Default 0.002.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
    }

    interface IRule with
        member _.Slots = [ "average"; "infinity_norm" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { AdaMaxUpdate.CorrectedRate = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  Decay1 = loop.Decay h.Beta1
                  Keep2 = loop.Lift h.Beta2
                  Epsilon = loop.Lift h.Epsilon }

module internal AdamMaximumRules =
    open RuleKind
    open Moments

    let amsGrad =
        define
            Role.Rule
            "amsgrad"
            (documentation
                "Adam with the maximum of all means of squares so far"
                "x ← max(x, s);  Δ = α v̂ / (√(x/(1−β₂ᵗ)) + ε)"
                "Reddi, Kale & Kumar 2018, algorithm 2, with Adam's corrections"
                "torch.optim.Adam(amsgrad=True); Optax uses the maximum of the corrected means"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root"
                  InitialState = [ "average", "0"; "square_average", "0"; "square_maximum", "0" ]
                  BiasCorrection = "the mean of gradients, and the maximum of the uncorrected squares"
                  WeightDecay = "none" }
                [ clock; own ])
            { AmsGrad.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: AmsGrad) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]

    let adaMax =
        define
            Role.Rule
            "adamax"
            (documentation
                "Adam with a decaying maximum of the absolute gradients"
                "u ← max(β₂ u, |g| + ε);  Δ = α v̂ / u"
                "Kingma & Ba 2015, algorithm 2"
                "torch.optim.Adamax"
                { Rate = "outside the slots"
                  Epsilon = "inside the maximum, added to |g|"
                  InitialState = [ "average", "0"; "infinity_norm", "0" ]
                  BiasCorrection = "the mean of gradients; the maximum needs no correction"
                  WeightDecay = "none" }
                [ clock; own ])
            { AdaMax.LearningRate = 2e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8 }
            [ rate (fun (h: AdaMax) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the maximum" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v }) ]
