namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.DocumentUpdates
open CuteDl.Core.Optimizers

// Adam, and Adam with weight decay or with a second mean.

/// v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α/c₁ v / √(s/c₂ + ε).  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamInsideUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2 + update.Adam.Epsilon))

/// <summary>The mean of gradients over the root of the mean of their squares. Both are corrected for their start at zero. ε is outside the root.</summary>
type Adam =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1), of the mean of gradients. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), of the mean of squared gradients. Default 0.99.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>True to correct the means for their start at zero. Default true.</summary>
        Correction: bool
        /// <summary>True to use √(ŝ + ε) instead of √ŝ + ε. Default false.</summary>
        Inside: bool
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            let update =
                AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = h.Correction)

            if h.Inside then loop.Run { AdamInsideUpdate.Adam = update } else loop.Run update

/// Adam's Δ + α λ w.  Slots: v, s.
[<Struct; NoEquality; NoComparison>]
type internal AdamWUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Adam: AdamUpdate<'E>
      Shrink: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let v = update.Adam.Decay1.Mean(slots[0], g)
            let s = update.Adam.Decay2.Mean(slots[1], g * g)
            slots[0] <- v
            slots[1] <- s

            update.Adam.CorrectedRate * v
            / 'E.RootDivisor('E.Root(s * update.Adam.Correction2) + update.Adam.Epsilon)
            + update.Shrink * w

/// <summary>Adam with decoupled weight decay: α λ w is added to Adam's Δ.</summary>
type AdamW =
    {
        /// <summary>α, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1). Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1). Default 0.999.</summary>
        Beta2: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0, multiplied by the learning rate. Default 0.01.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average"; "square_average" ]
        member _.NeedsParameters = true

        member h.Update(step, loop) =
            loop.Run
                { AdamWUpdate.Adam = AdamConstants.At(step, loop, h.LearningRate, h.Beta1, h.Beta2, h.Epsilon, isCorrected = true)
                  Shrink = loop.Lift(h.LearningRate * h.WeightDecay) }

/// Δ = (a v₁ + b v₂) / (√(s/c₂) + ε) + shrink w.  Slots: v₁, v₂, s.
[<Struct; NoEquality; NoComparison>]
type internal AdEmaMixUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { OfFast: 'E
      OfSlow: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      Decay3: Decay<'E>
      Correction2: 'E
      Epsilon: 'E
      Shrink: 'E
      Decays: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let fast = update.Decay1.Mean(slots[0], g)
            let slow = update.Decay3.Mean(slots[1], g)
            let s = update.Decay2.Mean(slots[2], g * g)
            slots[0] <- fast
            slots[1] <- slow
            slots[2] <- s

            let delta =
                (update.OfFast * fast + update.OfSlow * slow)
                / 'E.RootDivisor('E.Root(s * update.Correction2) + update.Epsilon)

            if update.Decays then delta + update.Shrink * w else delta

/// <summary>Adam with a second, much slower mean of gradients beside the first.</summary>
type AdEmaMix =
    {
        /// <summary>The learning rate, at least 0. Default 0.001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1), of the fast mean. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), of the mean of squares. Default 0.999.</summary>
        Beta2: float
        /// <summary>β₃ in [0, 1), of the slow mean. Default 0.9999.</summary>
        Beta3: float
        /// <summary>α, at least 0: the slow mean's weight. Default 5.</summary>
        Mixing: float
        /// <summary>ε, at least 0. Default 1e-8.</summary>
        Epsilon: float
        /// <summary>λ, at least 0: decoupled weight decay, multiplied by the learning rate. Default 0.</summary>
        WeightDecay: float
        /// <summary>The number of steps over which α and β₃ rise to their values. 0, the default, is no warm-up.</summary>
        Warmup: int64
    }

    interface IRule with
        member _.Slots = [ "average"; "slow_average"; "square_average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(step, loop) =
            let struct (mixing, beta3) =
                if step >= h.Warmup then
                    struct (h.Mixing, h.Beta3)
                else
                    let share = float step / float h.Warmup
                    let first = log h.Beta1
                    let last = log h.Beta3

                    // Interpolates the half-lives. The second form avoids ∞/∞ where a β is 0.
                    let beta =
                        if h.Beta1 > 0.0 && h.Beta3 > 0.0 then
                            exp (first * last / ((1.0 - share) * last + share * first))
                        else
                            exp (1.0 / ((1.0 - share) / first + share / last))

                    struct (h.Mixing * share, min h.Beta3 beta)

            loop.Run
                { AdEmaMixUpdate.OfFast = loop.Lift(h.LearningRate / Moments.weight h.Beta1 step)
                  OfSlow = loop.Lift(h.LearningRate * mixing)
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  Decay3 = loop.Decay beta3
                  Correction2 = loop.Lift(1.0 / Moments.weight h.Beta2 step)
                  Epsilon = loop.Lift h.Epsilon
                  Shrink = loop.Lift(h.LearningRate * h.WeightDecay)
                  Decays = (h.WeightDecay <> 0.0) }

module internal AdamRules =
    open RuleKind
    open Moments

    let private decoupled get set =
        weightDecay "decay" "λ, decoupled weight decay, multiplied by the learning rate" false get set

    let adam =
        define
            Role.Rule
            "adam"
            (documentation
                "bias-corrected means of gradients and of squared gradients"
                "v ← β₁ v + (1−β₁) g;  s ← β₂ s + (1−β₂) g²;  Δ = α v̂ / (√ŝ + ε), v̂ = v/(1−β₁ᵗ), ŝ = s/(1−β₂ᵗ)"
                "Kingma & Ba 2015, algorithm 1"
                "torch.optim.Adam; optax.adam, where eps_root is inside=true"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root; with inside=true, inside it"
                  InitialState = [ "average", "0"; "square_average", "0" ]
                  BiasCorrection = "both means; with correction=false, none"
                  WeightDecay = "none" }
                [ clock; own ])
            { LearningRate = 1e-4
              Beta1 = 0.9
              Beta2 = 0.99
              Epsilon = 1e-8
              Correction = true
              Inside = false }
            [ rate (fun (h: Adam) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "beta1" "β₁, the decay of the mean of gradients" _.Beta1 (fun v h -> { h with Beta1 = v })
              decay "beta2" "β₂, the decay of the mean of squared gradients" _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              flag "correction" "bias correction of the means" _.Correction (fun v h -> { h with Correction = v })
              flag "inside" "ε within the root" _.Inside (fun v h -> { h with Inside = v }) ]

    let adamW =
        define
            Role.Rule
            "adamw"
            (documentation
                "Adam with decoupled weight decay"
                "Δ = α v̂ / (√ŝ + ε) + α λ w"
                "Loshchilov & Hutter 2019, algorithm 2, with λ multiplied by the learning rate"
                "torch.optim.AdamW, optax.adamw"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root"
                  InitialState = [ "average", "0"; "square_average", "0" ]
                  BiasCorrection = "both means"
                  WeightDecay = "decoupled, multiplied by the learning rate" }
                [ clock; own; "P16", "decay forms: its decay is decoupled and bypasses the means by design" ])
            { AdamW.LearningRate = 1e-3; Beta1 = 0.9; Beta2 = 0.999; Epsilon = 1e-8; WeightDecay = 0.01 }
            [ rate (fun (h: AdamW) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              decoupled _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let adEmaMix =
        define
            Role.Rule
            "ademamix"
            (documentation
                "Adam with a second, much slower mean of gradients"
                "Δ = lr ((v̂₁ + α v₂) / (√ŝ + ε) + λ w), v₂ the mean with β₃"
                "Pagliardini, Ablin & Grangier 2024, algorithm 1"
                "apple/ml-ademamix, except that its logarithms add 1e-8"
                { Rate = "outside the slots"
                  Epsilon = "outside the corrected root"
                  InitialState = [ "average", "0"; "slow_average", "0"; "square_average", "0" ]
                  BiasCorrection = "the fast mean and the mean of squares; the slow mean is not corrected"
                  WeightDecay = "decoupled, multiplied by the learning rate" }
                [ clock; own ])
            { AdEmaMix.LearningRate = 1e-3
              Beta1 = 0.9
              Beta2 = 0.999
              Beta3 = 0.9999
              Mixing = 5.0
              Epsilon = 1e-8
              WeightDecay = 0.0
              Warmup = 0L }
            [ number "lr" "the learning rate" ArgumentRange.nonNegative (fun (h: AdEmaMix) -> h.LearningRate) (fun v h ->
                  { h with LearningRate = v })
              beta1 _.Beta1 (fun v h -> { h with Beta1 = v })
              beta2 _.Beta2 (fun v h -> { h with Beta2 = v })
              decay "beta3" "β₃, the decay of the slow mean" _.Beta3 (fun v h -> { h with Beta3 = v })
              number "alpha" "α, the weight of the slow mean in the step" ArgumentRange.nonNegative _.Mixing (fun v h ->
                  { h with Mixing = v })
              epsilon _.Epsilon (fun v h -> { h with Epsilon = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v })
              whole
                  "warmup"
                  "the number of steps over which alpha and beta3 rise to their values"
                  ArgumentRange.countsOrNone
                  true
                  _.Warmup
                  (fun v h -> { h with Warmup = v }) ]
