namespace CuteDl.Core.Optimizers

open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers

// Rules that use only the sign of the gradient, or of a mean of gradients.

/// m ← γ m + (1−γ) g;  Δ = α sign m.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal SignumUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E> }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            let m = update.Decay.Mean(slots[0], g)
            slots[0] <- m
            update.Rate * Element.sign m

/// <summary>The sign of a decaying mean of gradients: m ← γ m + (1−γ) g, Δ = α sign m.</summary>
type Signum =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in [0, 1). Default 0.9. With 0, the rule uses the sign of the gradient itself.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Update(_, loop) =
            loop.Run { SignumUpdate.Rate = loop.Lift h.LearningRate; Decay = loop.Decay h.Decay }

/// Δ = α (sign(β₁ m + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal LionUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      WeightDecay: 'E
      Decays: bool }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, w, slots) =
            let m = slots[0]
            let direction = Element.sign (update.Decay1.Mean(m, g))
            slots[0] <- update.Decay2.Mean(m, g)

            if update.Decays then
                update.Rate * (direction + update.WeightDecay * w)
            else
                update.Rate * direction

/// <summary>The sign of a mean of gradients; the state keeps a slower mean: Δ = α (sign(β₁ m + (1−β₁) g) + λ w), m ← β₂ m + (1−β₂) g.</summary>
type Lion =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1), the decay of the mean whose sign is taken. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), the decay of the mean in the state. Default 0.99.</summary>
        Beta2: float
        /// <summary>λ, at least 0: decoupled weight decay, times the rate. Default 0.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Update(_, loop) =
            loop.Run
                { LionUpdate.Rate = loop.Lift h.LearningRate
                  Decay1 = loop.Decay h.Beta1
                  Decay2 = loop.Decay h.Beta2
                  WeightDecay = loop.Lift h.WeightDecay
                  Decays = (h.WeightDecay <> 0.0) }

/// s ← clamp(s · (η⁺ where g p > 0, η⁻ where g p < 0));  p ← g, or 0 where g p < 0;  Δ = s sign p.  Slots: p, s.
[<Struct; NoEquality; NoComparison>]
type internal RpropUpdate<'E when 'E: struct and 'E :> IElement<'E>> =
    { Start: 'E
      IsFirst: bool
      Shrink: 'E
      Grow: 'E
      One: 'E
      Zero: 'E
      Smallest: 'E
      Largest: 'E }

    interface IUpdate<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member update.Delta(g, _, slots) =
            // The sign of g p without the product, which can underflow to 0.
            let previous = slots[0]
            let agreement = 'E.Choose(g, update.Zero - previous, g, previous)
            let size = if update.IsFirst then update.Start else slots[1]
            let scaled = size * 'E.Choose(agreement, update.Shrink, update.One, update.Grow)
            let size = Element.lesser ('E.Greater(scaled, update.Smallest)) update.Largest
            let kept = 'E.Choose(agreement, update.Zero, g, g)
            slots[0] <- kept
            slots[1] <- size
            size * Element.sign kept

/// <summary>
/// One step size per element. It grows while the gradient keeps its sign and shrinks when the sign changes. Not suitable for minibatches.
/// </summary>
type Rprop =
    {
        /// <summary>The first step size, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>η⁻ in (0, 1). Default 0.5.</summary>
        Shrink: float
        /// <summary>η⁺, above 1. Default 1.2.</summary>
        Grow: float
        /// <summary>The smallest step size, above 0. Default 1e-6.</summary>
        Smallest: float
        /// <summary>The largest step size. Default 50.</summary>
        Largest: float
    }

    interface IRule with
        member _.Slots = [ "previous_gradient"; "step_size" ]
        member _.NeedsParameters = false

        member h.Update(step, loop) =
            loop.Run
                { RpropUpdate.Start = loop.Lift h.LearningRate
                  IsFirst = (step = 1L)
                  Shrink = loop.Lift h.Shrink
                  Grow = loop.Lift h.Grow
                  One = loop.Lift 1.0
                  Zero = loop.Lift 0.0
                  Smallest = loop.Lift h.Smallest
                  Largest = loop.Lift h.Largest }

    interface ICheckedPart with
        member h.Problem =
            if h.Smallest > h.Largest then
                $"min must be at most max, not min={NumberText.ofFloat h.Smallest} and max={NumberText.ofFloat h.Largest}."
            else
                ""

module internal SignRules =
    open RuleKind

    let private signs = "P5", "the sign is taken of each element"

    let signum =
        define
            Role.Rule
            "signum"
            (documentation
                "the sign of the mean of gradients"
                "m ← γ m + (1−γ) g;  Δ = α sign m"
                "Bernstein et al. 2018, algorithm 2"
                "the sign of the output of optax.trace(decay=γ); here also lion(beta1=γ, beta2=γ)"
                { Rate = "outside the slots"
                  Epsilon = "none"
                  InitialState = [ "average", "0" ]
                  BiasCorrection = "none; the sign does not depend on it"
                  WeightDecay = "none" }
                [ signs ])
            { Signum.LearningRate = 1e-4; Decay = 0.9 }
            [ rate (fun (h: Signum) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "decay" "γ, the decay of the mean of gradients" ArgumentRange.belowOne _.Decay (fun v h -> { h with Decay = v }) ]

    let lion =
        define
            Role.Rule
            "lion"
            (documentation
                "the sign of a mean of gradients, and a second, slower mean in the state"
                "Δ = α (sign(β₁ m + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g"
                "Chen et al. 2023, algorithm 2"
                "optax.lion, whose default weight_decay is 1e-3"
                { Rate = "outside the slots"
                  Epsilon = "none"
                  InitialState = [ "average", "0" ]
                  BiasCorrection = "none; the sign does not depend on it"
                  WeightDecay = "decoupled, multiplied by the learning rate" }
                [ signs ])
            { Lion.LearningRate = 1e-4; Beta1 = 0.9; Beta2 = 0.99; WeightDecay = 0.0 }
            [ rate (fun (h: Lion) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "beta1" "β₁, the decay of the mean whose sign is used" ArgumentRange.belowOne _.Beta1 (fun v h -> { h with Beta1 = v })
              number "beta2" "β₂, the decay of the stored mean" ArgumentRange.belowOne _.Beta2 (fun v h -> { h with Beta2 = v })
              weightDecay "decay" "λ, decoupled weight decay" true _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let rprop =
        define
            Role.Rule
            "rprop"
            (documentation
                "a step size for each element, from the signs of the gradient alone; for full-batch gradients"
                "s ← clamp(s η⁺ where g p > 0, s η⁻ where g p < 0);  p ← g, or 0 where g p < 0;  Δ = s sign p"
                "Riedmiller & Braun 1993; Igel & Hüsken 2003 (iRprop⁻)"
                "torch.optim.Rprop"
                { Rate = "inside the step sizes, as their initial value"
                  Epsilon = "none"
                  InitialState = [ "previous_gradient", "0"; "step_size", "lr" ]
                  BiasCorrection = "none"
                  WeightDecay = "none" }
                [ signs; "P32", "the smallest and the largest step do not scale with the learning rate" ])
            { Rprop.LearningRate = 0.01; Shrink = 0.5; Grow = 1.2; Smallest = 1e-6; Largest = 50.0 }
            [ rate (fun (h: Rprop) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "eta_minus" "η⁻, the factor after a sign change" ArgumentRange.betweenZeroAndOne _.Shrink (fun v h ->
                  { h with Shrink = v })
              detail "eta_plus" "η⁺, the factor after an equal sign" { ArgumentRange.positive with Lower = 1.0 } _.Grow (fun v h ->
                  { h with Grow = v })
              detail "min" "the smallest step size" ArgumentRange.positive _.Smallest (fun v h -> { h with Smallest = v })
              detail "max" "the largest step size" ArgumentRange.positive _.Largest (fun v h -> { h with Largest = v }) ]
