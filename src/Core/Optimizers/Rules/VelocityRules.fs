namespace CuteDl.Core.Optimizers

open System
open System.Runtime.CompilerServices
open CuteDl.Core.Numerics
open CuteDl.Core.Numerics.Arithmetic
open CuteDl.Core.Optimizers.Laws
open CuteDl.Core.Optimizers

// Rules that go along the gradient, a velocity, or their signs.

/// <summary>The gradient, times a rate: Δ = α g.</summary>
type Fixed =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
    }

    interface IRule with
        member _.Slots = []
        member _.NeedsParameters = false
        member h.Sweep(_, pass) = pass.Run { FixedLaw.Rate = pass.Lift h.LearningRate }

/// <summary>A velocity that keeps γ of itself, with the rate inside: v ← γ v + α g, Δ = v.</summary>
type Momentum =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in (0, 1). Default 0.9.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Sweep(_, pass) =
            pass.Run { MomentumLaw.Rate = pass.Lift h.LearningRate; Decay = pass.Lift h.Decay }

/// v ← γ v + α g;  Δ = γ v + α g.  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal NesterovLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let pull = law.Rate * g
            let v = law.Decay * slots[0] + pull
            slots[0] <- v
            law.Decay * v + pull

/// <summary>A velocity that looks one step ahead, the rate inside: v ← γ v + α g, Δ = γ v + α g.</summary>
type Nesterov =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>γ in (0, 1). Default 0.9.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "velocity" ]
        member _.NeedsParameters = false

        member h.Sweep(_, pass) =
            pass.Run { NesterovLaw.Rate = pass.Lift h.LearningRate; Decay = pass.Lift h.Decay }

/// v ← μ v + τ' g;  Δ = α (v + ahead (μ v + g − v)).  Slots: v.
[<Struct; NoEquality; NoComparison>]
type internal SgdLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Momentum: 'E
      Take: 'E
      LooksAhead: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let v = law.Momentum * slots[0] + law.Take * g
            slots[0] <- v
            law.Rate * (if law.LooksAhead then g + law.Momentum * v else v)

/// <summary>A velocity with the rate outside, as PyTorch has it: v ← μ v + (1−τ) g, Δ = α v; v is g at the first step.</summary>
type Sgd =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>μ in [0, 1). Default 0: Δ = α g.</summary>
        Momentum: float
        /// <summary>τ in [0, 1]. Default 0.</summary>
        Dampening: float
        /// <summary>Δ = α (g + μ v) in place of α v. Default false; needs μ &gt; 0 and τ = 0.</summary>
        Nesterov: bool
    }

    interface IRule with
        member h.Slots = if h.Momentum = 0.0 then [] else [ "velocity" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            if h.Momentum = 0.0 then
                pass.Run { FixedLaw.Rate = pass.Lift h.LearningRate }
            else
                pass.Run
                    { SgdLaw.Rate = pass.Lift h.LearningRate
                      Momentum = pass.Lift h.Momentum
                      Take = pass.Lift(if step = 1L then 1.0 else 1.0 - h.Dampening)
                      LooksAhead = h.Nesterov }

    interface ICheckedPart with
        member h.Problem =
            if h.Nesterov && (h.Momentum = 0.0 || h.Dampening <> 0.0) then
                "nesterov needs a momentum above 0 and no dampening."
            else
                ""

/// m ← γ m + (1−γ) g;  Δ = α sign m.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal SignumLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay: Decay<'E> }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let m = law.Decay.Mean(slots[0], g)
            slots[0] <- m
            law.Rate * Element.sign m

/// <summary>The sign of a mean of gradients: m ← γ m + (1−γ) g, Δ = α sign m.</summary>
type Signum =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>γ in [0, 1). Default 0.9; 0 is the sign of the gradient itself.</summary>
        Decay: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = false

        member h.Sweep(_, pass) =
            pass.Run { SignumLaw.Rate = pass.Lift h.LearningRate; Decay = pass.Decay h.Decay }

/// Δ = α (sign(β₁ m + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g.  Slots: m.
[<Struct; NoEquality; NoComparison>]
type internal LionLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Decay1: Decay<'E>
      Decay2: Decay<'E>
      WeightDecay: 'E
      Decays: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, slots) =
            let m = slots[0]
            let direction = Element.sign (law.Decay1.Mean(m, g))
            slots[0] <- law.Decay2.Mean(m, g)

            if law.Decays then law.Rate * (direction + law.WeightDecay * w) else law.Rate * direction

/// <summary>The sign of one mean of gradients, while a slower one is remembered: Δ = α (sign(β₁ m + (1−β₁) g) + λ w), m ← β₂ m + (1−β₂) g.</summary>
type Lion =
    {
        /// <summary>α, at least 0. Default 0.0001.</summary>
        LearningRate: float
        /// <summary>β₁ in [0, 1), of the mean whose sign is taken. Default 0.9.</summary>
        Beta1: float
        /// <summary>β₂ in [0, 1), of the mean that is remembered. Default 0.99.</summary>
        Beta2: float
        /// <summary>λ, at least 0: decoupled weight decay, times the rate. Default 0.</summary>
        WeightDecay: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member h.NeedsParameters = h.WeightDecay <> 0.0

        member h.Sweep(_, pass) =
            pass.Run
                { LionLaw.Rate = pass.Lift h.LearningRate
                  Decay1 = pass.Decay h.Beta1
                  Decay2 = pass.Decay h.Beta2
                  WeightDecay = pass.Lift h.WeightDecay
                  Decays = (h.WeightDecay <> 0.0) }

/// s ← clamp(s · (η⁺ where g p > 0, η⁻ where g p < 0));  p ← g, or 0 where g p < 0;  Δ = s sign p.  Slots: p, s.
[<Struct; NoEquality; NoComparison>]
type internal RpropLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Start: 'E
      IsFirst: bool
      Shrink: 'E
      Grow: 'E
      One: 'E
      Zero: 'E
      Smallest: 'E
      Largest: 'E }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, _, slots) =
            let agreement = g * slots[0]
            let size = if law.IsFirst then law.Start else slots[1]
            let scaled = size * 'E.Choose(agreement, law.Shrink, law.One, law.Grow)
            let size = Element.lesser ('E.Greater(scaled, law.Smallest)) law.Largest
            let kept = 'E.Choose(agreement, law.Zero, g, g)
            slots[0] <- kept
            slots[1] <- size
            size * Element.sign kept

/// <summary>A step of its own for each element, longer while the gradient's sign stays and shorter where it turns. Not for minibatches.</summary>
type Rprop =
    {
        /// <summary>The first step's length, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>η⁻ in (0, 1). Default 0.5.</summary>
        Shrink: float
        /// <summary>η⁺, above 1. Default 1.2.</summary>
        Grow: float
        /// <summary>The shortest step, above 0. Default 1e-6.</summary>
        Smallest: float
        /// <summary>The longest step. Default 50.</summary>
        Largest: float
    }

    interface IRule with
        member _.Slots = [ "previous_gradient"; "step_size" ]
        member _.NeedsParameters = false

        member h.Sweep(step, pass) =
            pass.Run
                { RpropLaw.Start = pass.Lift h.LearningRate
                  IsFirst = (step = 1L)
                  Shrink = pass.Lift h.Shrink
                  Grow = pass.Lift h.Grow
                  One = pass.Lift 1.0
                  Zero = pass.Lift 0.0
                  Smallest = pass.Lift h.Smallest
                  Largest = pass.Lift h.Largest }

    interface ICheckedPart with
        member h.Problem = if h.Smallest > h.Largest then "min is above max." else ""

/// Δ = η g + λ η w;  a ← a + μ (w − Δ − a).  Slots: a.
[<Struct; NoEquality; NoComparison>]
type internal AsgdLaw<'E when 'E: struct and 'E :> IElement<'E>> =
    { Rate: 'E
      Shrink: 'E
      Share: 'E
      Replaces: bool }

    interface ILaw<'E> with
        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        member law.Delta(g, w, slots) =
            let delta = law.Shrink * w + law.Rate * g
            let next = w - delta
            let average = slots[0]
            slots[0] <- if law.Replaces then next else average + law.Share * (next - average)
            delta

/// <summary>A falling rate η and the average of the parameters from a step on (Polyak and Juditsky 1992), as PyTorch has it.</summary>
type Asgd =
    {
        /// <summary>α, at least 0. Default 0.01.</summary>
        LearningRate: float
        /// <summary>λ, at least 0: of the rate's fall, and of the decay λ η w. Default 0.0001.</summary>
        Lambda: float
        /// <summary>The power of the rate's fall, at least 0. Default 0.75.</summary>
        Power: float
        /// <summary>The step from which averages are taken, at least 0. Default 1000000.</summary>
        Start: float
    }

    interface IRule with
        member _.Slots = [ "average" ]
        member _.NeedsParameters = true

        member h.Sweep(step, pass) =
            let before = float (step - 1L)
            let rate = h.LearningRate / Math.Pow(1.0 + h.Lambda * h.LearningRate * before, h.Power)
            let share = 1.0 / max 1.0 (before - h.Start)

            pass.Run
                { AsgdLaw.Rate = pass.Lift rate
                  Shrink = pass.Lift(h.Lambda * rate)
                  Share = pass.Lift share
                  Replaces = (share = 1.0) }

    interface IAveraging with
        member _.AverageSlot = 0
        member _.Scale _ = 1.0

module internal VelocityRules =
    open RuleKind

    let private rotation = "P9", "Δ scales with the gradient"
    let private signs = "P5", "each element has a sign of its own"

    let fixedRate =
        define
            Role.Rule
            "fixed"
            (page
                "the gradient times a fixed rate"
                "Δ = α g"
                "Robbins & Monro 1951"
                "torch.optim.SGD(lr), optax.sgd, keras SGD"
                [ rotation ])
            { Fixed.LearningRate = 0.01 }
            [ rate (fun (h: Fixed) -> h.LearningRate) (fun v h -> { h with LearningRate = v }) ]

    let momentum =
        define
            Role.Rule
            "momentum"
            (page
                "a velocity, the rate inside it"
                "v ← γ v + α g;  Δ = v"
                "Polyak 1964, eq. 9"
                "keras SGD(momentum); PyTorch and Optax have the rate outside: equal at constant α"
                [ rotation ])
            { Momentum.LearningRate = 1e-4; Decay = 0.9 }
            [ rate (fun (h: Momentum) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, what the velocity keeps" _.Decay (fun v h -> { h with Decay = v }) ]

    let nesterov =
        define
            Role.Rule
            "nesterov"
            (page
                "a velocity that looks one step ahead, the rate inside it"
                "v ← γ v + α g;  Δ = γ v + α g"
                "Sutskever et al. 2013, eqs. 3-4, at the look-ahead parameters"
                "keras SGD(nesterov=True); at constant α torch.optim.SGD(momentum, nesterov=True)"
                [ rotation ])
            { Nesterov.LearningRate = 0.01; Decay = 0.9 }
            [ rate (fun (h: Nesterov) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              decay "decay" "γ, what the velocity keeps" _.Decay (fun v h -> { h with Decay = v }) ]

    let sgd =
        define
            Role.Rule
            "sgd"
            (page
                "a velocity, the rate outside it"
                "v ← μ v + (1−τ) g, g at first;  Δ = α v, or α (g + μ v)"
                "Polyak 1964, eq. 9; Sutskever et al. 2013"
                "torch.optim.SGD(lr, momentum, dampening, nesterov)"
                [ rotation; "P22", "with dampening the first gradient seen comes in whole" ])
            { Sgd.LearningRate = 0.01; Momentum = 0.0; Dampening = 0.0; Nesterov = false }
            [ rate (fun (h: Sgd) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "momentum" "μ, what the velocity keeps" Range.belowOne _.Momentum (fun v h -> { h with Momentum = v })
              detail "dampening" "τ, what is kept from the velocity" Range.fromZeroToOne _.Dampening (fun v h -> { h with Dampening = v })
              flag "nesterov" "look one step ahead" _.Nesterov (fun v h -> { h with Nesterov = v }) ]

    let signum =
        define
            Role.Rule
            "signum"
            (page
                "the sign of a mean of gradients"
                "m ← γ m + (1−γ) g;  Δ = α sign m"
                "Bernstein et al. 2018, algorithm 2"
                "optax sign of trace; lion(beta1=γ, beta2=γ)"
                [ signs ])
            { Signum.LearningRate = 1e-4; Decay = 0.9 }
            [ rate (fun (h: Signum) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "decay" "γ, of the mean of gradients" Range.belowOne _.Decay (fun v h -> { h with Decay = v }) ]

    let lion =
        define
            Role.Rule
            "lion"
            (page
                "the sign of one mean of gradients, while a slower one is remembered"
                "Δ = α (sign(β₁ m + (1−β₁) g) + λ w);  m ← β₂ m + (1−β₂) g"
                "Chen et al. 2023, algorithm 2"
                "optax.lion, whose weight_decay is 1e-3"
                [ signs ])
            { Lion.LearningRate = 1e-4; Beta1 = 0.9; Beta2 = 0.99; WeightDecay = 0.0 }
            [ rate (fun (h: Lion) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              number "beta1" "β₁, of the mean whose sign is taken" Range.belowOne _.Beta1 (fun v h -> { h with Beta1 = v })
              number "beta2" "β₂, of the mean that is remembered" Range.belowOne _.Beta2 (fun v h -> { h with Beta2 = v })
              detail "decay" "λ, decoupled weight decay" Range.nonNegative _.WeightDecay (fun v h -> { h with WeightDecay = v }) ]

    let rprop =
        define
            Role.Rule
            "rprop"
            (page
                "a step of its own for each element, by the gradient's sign alone; for whole data sets"
                "s ← clamp(s η⁺ or s η⁻ as g p is above or below 0);  p ← g, or 0 where g p < 0;  Δ = s sign p"
                "Riedmiller & Braun 1993; Igel & Hüsken 2003 (iRprop⁻)"
                "torch.optim.Rprop"
                [ signs; "P32", "the shortest and the longest step are not in proportion to it" ])
            { Rprop.LearningRate = 0.01; Shrink = 0.5; Grow = 1.2; Smallest = 1e-6; Largest = 50.0 }
            [ rate (fun (h: Rprop) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "eta_minus" "η⁻, where the sign turns" Range.betweenZeroAndOne _.Shrink (fun v h -> { h with Shrink = v })
              detail "eta_plus" "η⁺, where it stays" { Range.positive with Lower = 1.0 } _.Grow (fun v h -> { h with Grow = v })
              detail "min" "the shortest step" Range.positive _.Smallest (fun v h -> { h with Smallest = v })
              detail "max" "the longest step" Range.positive _.Largest (fun v h -> { h with Largest = v }) ]

    let asgd =
        define
            Role.Rule
            "asgd"
            (page
                "a falling rate, and the average of the parameters"
                "η = α / (1 + λ α (t−1))^κ;  Δ = η g + λ η w;  a ← a + μ (w − Δ − a) with μ = 1 / max(1, t−1−t₀)"
                "Polyak & Juditsky 1992"
                "torch.optim.ASGD, in its single-tensor form"
                [ rotation; "P22", "the rate's fall counts the steps"; "P32", "the rate sets its own fall" ])
            { Asgd.LearningRate = 0.01; Lambda = 1e-4; Power = 0.75; Start = 1e6 }
            [ rate (fun (h: Asgd) -> h.LearningRate) (fun v h -> { h with LearningRate = v })
              detail "lambd" "λ, of the rate's fall and of the decay" Range.nonNegative _.Lambda (fun v h -> { h with Lambda = v })
              detail "alpha" "κ, the power of the rate's fall" Range.nonNegative _.Power (fun v h -> { h with Power = v })
              detail "t0" "t₀, where averaging begins" Range.nonNegative _.Start (fun v h -> { h with Start = v }) ]

    let all = [ nesterov.Kind; sgd.Kind; signum.Kind; lion.Kind; rprop.Kind; asgd.Kind ]
